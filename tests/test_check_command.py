"""`nnviz check`: everything about an installation, in text and JSON, and its exit status."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import nnviz
from nnviz import checks, cli, installation
from nnviz.checks import Finding
from nnviz.commands import check
from nnviz.engines.compiled.folder import kernel_folder
from nnviz.installation import Display
from nnviz.registry import REGISTRIES

kernel_folder()  # remembered before tests get homes of their own

GOOD = Finding("gradients", "linear", "relative error", 1e-10, 1e-6, "passed")
BAD = Finding("gradients", "tanh", "relative error", 0.3, 1e-6, "failed")
MISSING = Finding("agreement", "adam", "difference", None, 1e-12, "not available", "Numba is not installed.")
SECTIONS = ["versions", "machine", "devices", "display", "paths", "registries", "engine"]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Return the list of what the self-tests of this test find."""
    listed = [GOOD]

    def run_all(quick: bool) -> Iterator[Finding]:
        yield from listed

    monkeypatch.setattr(checks, "run_all", run_all)
    monkeypatch.setattr(check, "_display", lambda: Display({"qt": "6"}, "offscreen", ("800×800",), "/settings"))
    return listed


@pytest.mark.parametrize(
    ("more", "status", "last"),
    [
        ([], 0, "1 of 1 self-tests passed."),
        ([MISSING], 0, "1 of 1 self-tests passed; 1 not available here."),
        ([BAD, MISSING], 1, "1 of 2 self-tests passed; 1 failed; 1 not available here."),
    ],
)
def test_the_exit_status_is_that_of_the_self_tests(
    more: list[Finding], status: int, last: str, found: list[Finding], capsys: pytest.CaptureFixture[str]
) -> None:
    found += more
    assert cli.main(["check"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith(last)
    assert any(line.split() == ["nnviz", nnviz.__version__] for line in lines)
    assert [line for line in lines if line.lower() in SECTIONS] == [name.capitalize() for name in SECTIONS]
    assert any(line.split("  ")[1].startswith("✓ linear") for line in lines if "linear" in line)
    assert cli.main(["check", "--json"]) == status
    plain = json.loads(capsys.readouterr().out)
    assert plain["ok"] == (status == 0)
    assert [finding["status"] for finding in plain["checks"]] == [finding.status for finding in found]


def test_every_registry_is_counted(found: list[Finding], capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["check", "--json"])
    counted = json.loads(capsys.readouterr().out)["registries"]
    assert counted == {registry.noun: len(registry) for registry in REGISTRIES}
    assert {"layer", "optimizer", "view", "probe", "benchmark", "command", "self-test", "data source"} <= set(counted)


@pytest.mark.parametrize("option", ["--jsn", "everything"])
def test_a_wrong_option_is_one_sentence(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", option]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("nnviz: Unrecognized arguments")
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_library_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert installation.versions()["numba"] == "not installed"


def test_a_driver_that_is_broken_is_said_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def broken() -> int:
        raise OSError("[WinError 126] nvcuda.dll cannot be found")

    monkeypatch.setattr(torch.cuda, "device_count", broken)
    assert installation.devices() == {"problem": "torch cannot be used: [WinError 126] nvcuda.dll cannot be found"}


def test_a_package_that_is_broken_in_any_way_leaves_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    load = importlib.import_module

    def broken(name: str) -> object:
        if name == "nnviz.bench":
            raise OSError("a library of it cannot be loaded")
        return load(name)

    monkeypatch.setattr(importlib, "import_module", broken)
    assert installation.registries()["layer"] > 10


@pytest.mark.parametrize("compiled", [True, False])
def test_what_takes_long_is_said_beforehand(
    compiled: bool, found: list[Finding], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installation, "has_kernels", lambda precision: compiled)
    cli.main(["check"])
    first = capsys.readouterr().out.splitlines()[0]
    assert first == ("Versions" if compiled else installation.patience())
    assert bool(installation.patience()) != compiled
    cli.main(["check", "--json"])
    assert json.loads(capsys.readouterr().out)["ok"], "JSON and nothing else"


def test_qt_that_cannot_be_loaded_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nnviz.gui.display", None)
    import nnviz.gui

    monkeypatch.delattr(nnviz.gui, "display", raising=False)
    assert check._display().problem.startswith("Qt cannot be loaded")


# ---------------------------------------------------------------- in a process of its own


def run(*arguments: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    command = [sys.executable, "-m", "nnviz", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, env=known)


@pytest.mark.slow
def test_a_real_process_checks_itself() -> None:
    done = run("--json", "--quick")
    assert done.stderr == ""
    assert done.returncode == 0, done.stdout[-2000:]
    plain = json.loads(done.stdout.splitlines()[-1])
    assert plain["ok"] is True
    assert [name for name in plain if name in SECTIONS] == SECTIONS
    assert {"nnviz", "python", "numpy", "torch", "numba", "pyside6", "qt", "pyqtgraph"} <= set(plain["versions"])
    assert plain["display"] == {"platform": "offscreen", "screens": plain["display"]["screens"], "problem": ""}
    assert len(plain["display"]["screens"]) == 1
    assert {"settings", "log", "crash_reports", "cache", "resources"} <= set(plain["paths"])
    assert plain["engine"]["compiled"] is True
    assert {finding["check"] for finding in plain["checks"]} == set(checks.self_tests.names())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
@pytest.mark.parametrize(
    ("display", "words"), [(None, "There is no display"), ("nonsense", "Qt cannot open a window here")]
)
def test_no_screen_is_no_obstacle(display: str | None, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from nnviz.gui import display as screens

    monkeypatch.delenv("QT_QPA_PLATFORM")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if display is not None:
        monkeypatch.setenv("DISPLAY", display)
    found = screens.asked()
    assert found.problem.startswith(words)
    assert found.screens == ()
    assert found.versions["qt"]


def test_a_process_that_does_not_answer_is_not_said_to_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnviz.gui import display

    monkeypatch.setattr(display, "_PATIENCE", 0.0)
    assert display.asked().problem.startswith("Qt did not say within 60 s")


def test_a_real_process_finds_the_screen() -> None:
    from nnviz.gui import display

    found: Any = display.asked()
    assert (found.platform, found.problem) == ("offscreen", "")
    assert "Hz" in found.screens[0]
