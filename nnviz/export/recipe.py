"""Which views stand in a figure and how: a value with a file format, to be used again for another run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli_w

from nnviz.export.figure import FigureSettings
from nnviz.export.presets import FIRST, presets
from nnviz.settings import Settings, SettingsError, decode, encode, knob

MOST_PANELS = 24
"""Views in one figure: the letters of the alphabet nearly end there, and so does what a page holds."""


class Panel(Settings, frozen=True):
    """One view of a figure, and what was chosen in its title bar: plain values by name, as the view itself calls them.

    What is not said is as in a new window.
    """

    view: Annotated[str, knob("View", "Name of the view.", live=True)]
    choices: Annotated[dict[str, Any], knob("Choices", "What was chosen in its title bar.", live=True)] = {}


class Recipe(Settings, frozen=True):
    """Views in a grid, row by row, with or without letters, and the settings of the figure."""

    panels: Annotated[tuple[Panel, ...], knob("Views", "What is shown, row by row.", live=True)]
    columns: Annotated[
        int, knob("Columns", "Views side by side; rows follow from that.", ge=1, le=6, soft_max=4, live=True)
    ] = 1
    letters: Annotated[bool, knob("Letters", "Call the views a, b, c …, as captions do.", live=True)] = True
    figure: Annotated[FigureSettings, knob("Figure", "Size, type and colours.", live=True)] = presets[FIRST].figure

    @property
    def rows(self) -> int:
        """Rows of the grid; the last may not be full."""
        return -(-len(self.panels) // self.columns)


def single(view: str, choices: Mapping[str, Any], figure: FigureSettings) -> Recipe:
    """Return the recipe of one view alone."""
    return Recipe(panels=(Panel(view=view, choices=dict(choices)),), letters=False, figure=figure)


def to_toml(recipe: Recipe) -> str:
    """Return a recipe as TOML text.

    Of the choices only plain ones are written: the others, such as how a projection was turned, belong to one run.
    """
    plain = encode(recipe)
    for panel in plain["panels"]:
        panel["choices"] = {k: v for k, v in panel["choices"].items() if isinstance(v, bool | int | float | str)}
    return tomli_w.dumps(plain)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file. Raises SettingsError naming the file and the setting or line."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} is not a text file; a recipe is a TOML file in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}.") from None
    try:
        recipe = decode(Recipe, raw)
    except SettingsError as error:
        raise SettingsError(f"{path.name}: {error}") from None
    if not 1 <= len(recipe.panels) <= MOST_PANELS:
        raise SettingsError(f"{path.name}: A figure has 1 to {MOST_PANELS} views, this one {len(recipe.panels)}.")
    return recipe
