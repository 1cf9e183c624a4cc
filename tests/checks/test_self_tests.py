"""The self-tests pass here, find what is wrong, and say what is missing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnviz.checks import Finding, SelfTest, Unavailable, run_all, self_tests, summary
from nnviz.checks import ridgeless as least_squares
from nnviz.checks.agreement import difference
from nnviz.checks.gradients import BOUND, compiled_error, compiled_kinds, layer_error
from nnviz.engines import choose
from nnviz.engines.compiled.folder import kernel_folder
from nnviz.engines.compiled_engine import CompiledEngine
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.torch_engine import TorchEngine
from nnviz.network.layers import Layer
from nnviz.network.layers.sine import Sine
from nnviz.network.layers.tanh import Tanh

kernel_folder()  # remembered before tests get homes of their own: kernels stay compiled from one session to the next


def findings(name: str) -> list[Finding]:
    return list(self_tests[name]().run(quick=True))


@pytest.mark.parametrize("name", self_tests.names())
def test_it_passes_here(name: str) -> None:
    found = list(self_tests[name]().run(quick=False))
    assert {finding.status for finding in found} == {"passed"}, [f for f in found if f.status != "passed"]
    assert {finding.check for finding in found} == {name}
    subjects = [finding.subject for finding in found]
    assert len(set(subjects)) == len(subjects)


def test_all_are_run_in_order() -> None:
    assert list(dict.fromkeys(finding.check for finding in run_all(quick=True))) == self_tests.names()


def test_every_kind_of_layer_and_every_optimizer_is_checked() -> None:
    subjects = {finding.subject for finding in findings("gradients")}
    assert {f"{name}, PyTorch" for name in Layer.registry.names()} <= subjects
    assert {f"{name}, compiled" for name in compiled_kinds()} <= subjects
    assert {"linear", "dropout", "flatten", "relu", "sine"} <= set(compiled_kinds())
    subjects = {finding.subject.partition(",")[0] for finding in findings("agreement")}
    assert subjects == set(Optimizer.registry.names())


def test_quick_is_less(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, quick = (list(self_tests["agreement"]().run(quick)) for quick in (False, True))
    assert len(whole) == 2 * len(quick)


# ---------------------------------------------------------------- what is wrong is found


def test_a_wrong_gradient_of_a_layer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
            context.save_for_backward(x)
            return torch.sin(x)

        @staticmethod
        def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * torch.cos(context.saved_tensors[0]) * (1.0 + 1e-5)

    class WrongSine(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return Wrong.apply(x)

    monkeypatch.setattr(Sine, "module", lambda layer, shape: WrongSine())
    assert layer_error(Sine()) == pytest.approx(1e-5, rel=0.01)
    assert layer_error(Tanh()) < BOUND / 100
    failed = [finding for finding in findings("gradients") if finding.status == "failed"]
    assert [finding.subject for finding in failed] == ["sine, PyTorch"]


@pytest.mark.parametrize("kind", ["linear", "tanh", "dropout"])
def test_a_wrong_gradient_of_the_compiled_engine_is_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled_error(kind) < BOUND / 100
    gradients = CompiledEngine.gradients
    monkeypatch.setattr(CompiledEngine, "gradients", lambda engine: gradients(engine) * (1.0 + 1e-5))
    assert compiled_error(kind) > BOUND


def test_engines_that_differ_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert difference("adam", 0.003, 1) <= 1e-12
    parameters = CompiledEngine.parameters
    monkeypatch.setattr(CompiledEngine, "parameters", lambda engine: parameters(engine) * (1.0 + 1e-11))
    assert {finding.status for finding in findings("agreement")} == {"failed"}


def test_a_training_that_does_not_repeat_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, ways = TorchEngine.parameters, itertools.cycle((np.inf, -np.inf))
    monkeypatch.setattr(TorchEngine, "parameters", lambda engine: np.nextafter(parameters(engine), next(ways)))
    statuses = {finding.subject: finding.status for finding in findings("determinism")}
    assert statuses == {
        "dense network, compiled": "passed",
        "dense network, PyTorch": "failed",
        "convolutions, PyTorch": "failed",
    }


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_a_wrong_risk_is_found(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = least_squares.ridgeless_risk
    monkeypatch.setattr(least_squares, "ridgeless_risk", lambda *case: factor * right(*case))
    statuses = [f.status for f in self_tests["ridgeless"]().run(quick=False) if "features" in f.subject]
    assert statuses.count("failed") >= 4


# ---------------------------------------------------------------- what is missing is said


def test_without_numba_the_rest_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "Numba, which compiles the faster engine, is not installed."
    monkeypatch.setattr(choose, "compiled_problem", lambda precision: reason)
    found = [finding for name in self_tests.names() for finding in findings(name)]
    missing = [finding for finding in found if finding.status == "not available"]
    assert all(reason in finding.note and reason in finding.words for finding in missing)
    assert all("compiled" in finding.subject or finding.check == "agreement" for finding in missing)
    rest = [finding for finding in found if finding not in missing]
    assert {finding.status for finding in rest} == {"passed"}
    assert {finding.check for finding in rest} == {"gradients", "ridgeless", "determinism"}
    assert f"{len(missing)} not available here" in summary(found)
    assert "failed" not in summary(found)


class Probe(SelfTest):
    """Not registered: for the tests of what all self-tests share."""

    name, title, help, quantity = "probe", "Probe", "Nothing.", "error"


def raising(error: Exception) -> Callable[[], float]:
    def measure() -> float:
        raise error

    return measure


def test_a_measurement_decides() -> None:
    compare = Probe().compare
    assert compare("it", lambda: 0.5, 0.5).status == "passed"
    assert compare("it", lambda: 0.500001, 0.5).status == "failed"
    nothing = compare("it", lambda: float("nan"), 0.5)
    assert nothing.status == "failed"
    assert nothing.plain()["measured"] is None
    assert compare("it", lambda: float("inf"), 0.5).plain()["measured"] is None
    assert compare("it", raising(Unavailable("There is none.")), 0.5).words == "not available: There is none."


def test_a_broken_self_test_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    found = Probe().compare("it", raising(ZeroDivisionError("by nothing")), 0.5)
    assert (found.status, found.measured, found.words) == ("failed", None, "ZeroDivisionError: by nothing")
    assert "by nothing" in caplog.text


def test_numbers_are_short() -> None:
    assert Probe().compare("it", lambda: 1.23456e-10, 1e-6).words == "error 1.2e-10 ≤ 1e-6"
    assert Probe().compare("it", lambda: 0.0, 0.0, "bytes").words == "bytes 0 ≤ 0"
    assert Probe().compare("it", lambda: 2.5, 1.0, note="much").words == "error 2.5 not ≤ 1  (much)"
