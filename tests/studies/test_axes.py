"""How places on an axis are written."""

from __future__ import annotations

import pytest

from nnviz.studies.axes import axes, number


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("width", 1.0, "1 unit"),
        ("width", 1200.0, "1,200 units"),
        ("samples", 1.0, "1 sample"),
        ("epochs", 2.0, "2 epochs"),
        ("label-noise", 0.01, "1 %"),
        ("weight-decay", 1.0, "1"),
    ],
)
def test_a_place_has_its_unit(name: str, value: float, words: str) -> None:
    assert number(axes[name](), value) == words
