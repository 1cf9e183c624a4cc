"""Settings of figures for common uses: one file each. Here: the contract of a preset."""

from __future__ import annotations

from typing import ClassVar

from nnviz.export.figure import FigureSettings
from nnviz.registry import Registry


class Preset:
    """Settings of a figure under a name; `help` says what they are for."""

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    order: ClassVar[int] = 100
    figure: ClassVar[FigureSettings]


presets: Registry[Preset] = Registry("preset", "nnviz.export.presets", name_of=lambda preset: str(preset.name))

FIRST = "paper-column"
"""The preset that nobody asked for."""


def matching(figure: FigureSettings) -> str:
    """Return the name of the preset that a figure has the size, type and lines of; empty when there is none.

    Palette, theme, heading and epochs are no part of a preset.
    """
    return next((preset.name for preset in presets if applied(preset.name, figure) == figure), "")


def applied(name: str, figure: FigureSettings) -> FigureSettings:
    """Return a figure with the settings of a preset, but its own palette, theme, heading and epochs.

    Raises UnknownMemberError when there is no such preset.
    """
    kept = ("theme", "palette", "heading", "epochs_from", "epochs_to")
    return presets[name].figure.replace(**{field: getattr(figure, field) for field in kept})
