"""Samples of a sweep are made once, and few large sets of them are kept."""

from __future__ import annotations

import numpy as np
import pytest
from sweep_runs import small, swept

from nnviz.data import split as splitting
from nnviz.data.dataset import Dataset
from nnviz.sweeps import samples
from nnviz.sweeps.samples import Recent


def test_every_seed_of_the_data_is_split_once_however_many_networks_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(*arguments: object) -> object:
        made.append(arguments)
        return splitting.split(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(samples, "split", counted)
    assert len(swept(small(["data.seed=0:11"], epochs=1, seeds=3))) == 36
    assert len(made) == 12


def table_of(numbers: int) -> Dataset:
    return Dataset(np.zeros((numbers, 1)), np.zeros(numbers), "regression", ("a",))


def test_of_large_samples_a_few_sets_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    recent: Recent[Dataset] = Recent()
    monkeypatch.setattr(samples, "_MOST_BYTES", 20 * 16 * 100)
    first = recent.get(0, lambda: table_of(100))
    for number in range(1, 20):
        recent.get(number, lambda: table_of(100))
    assert recent.get(0, lambda: table_of(1)) is first, "twenty fit"
    recent.get("another", lambda: table_of(100))
    assert recent.get(0, lambda: table_of(1)) is first, "asked for a moment ago"
    assert recent.get(1, lambda: table_of(1)).n_samples == 1, "not for the longest time"
    for number in range(100, 110):
        recent.get(number, lambda: table_of(10_000))
    asked = [*range(102, 110), 100, 101]
    kept = [number for number in asked if recent.get(number, lambda: table_of(1)).n_samples > 1]
    assert kept == asked[:8], "eight, however large"
