"""Colours of figures: one file each. Here: the contract of a palette.

A palette says which colours of the window it replaces, on light and on dark ground. It may name `train`, `validation`,
`test`, `gap`, `danger` and `accent` (the one colour of a single series), `classes` and `layers` (tuples, which begin
again when there are more), and `negative` and `positive`, the ends of diverging scales. The first two classes look
like the two ends: a surface between two classes runs from one end to the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from nnviz.settings import Choice, kinds


class Palette(Choice):
    """Base of all palettes."""

    __slots__ = ()
    registry = kinds("palette", "nnviz.export.palettes")

    on_light: ClassVar[Mapping[str, Any]] = {}
    on_dark: ClassVar[Mapping[str, Any]] = {}
