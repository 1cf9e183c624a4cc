"""The row that watches the window during a bias-variance study: how it is judged. Its numbers are for `nnviz bench`."""

from __future__ import annotations

import pytest

from nnviz import bench
from nnviz.bench import BenchmarkError, bias_variance
from nnviz.bench.bias_variance import BiasVarianceFrames, Watched


def test_it_is_one_of_the_rows() -> None:
    assert "bias-variance" in bench.rows.names()


def test_frames_are_held_against_bars_and_against_those_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Watched([0.016] * 50, [0.016] * 97 + [0.030, 0.040, 0.070], 12_345.0, 4.2)
    monkeypatch.setattr(bias_variance, "watch", lambda: seen)
    found = {row.id: row for row in BiasVarianceFrames().measure()}
    assert found["bias-variance/p50"].met
    assert found["bias-variance/p50"].value == pytest.approx(16.0)
    assert not found["bias-variance/p99"].met
    assert found["bias-variance/worst"].value == pytest.approx(70.0)
    assert not found["bias-variance/worst"].met
    assert "12,345 network-epochs/s" in found["bias-variance/p99"].note
    assert "without the study 16.0 ms" in found["bias-variance/p99"].note


def test_a_window_that_fails_is_a_row_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bias_variance.sys, "executable", "false")
    with pytest.raises(BenchmarkError, match="The window failed: no message"):
        bias_variance.watch()
