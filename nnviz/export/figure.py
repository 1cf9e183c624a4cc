"""How a figure shall look: one value that the form, the command line and the recipe file follow from."""

from __future__ import annotations

from typing import Annotated, Literal

from nnviz.export.palettes import Palette
from nnviz.export.palettes.okabe_ito import OkabeIto
from nnviz.settings import Settings, knob

MM_PER_INCH = 25.4
POINTS_PER_INCH = 72.0


class FigureSettings(Settings, frozen=True):
    """Size, type, colours and contents of a figure. Lengths are those on paper, whatever the format."""

    width: Annotated[float, knob("Width", "Width of the figure.", unit="mm", ge=20, le=2000, soft_max=300, live=True)]
    height: Annotated[
        float,
        knob(
            "Height",
            "Height of the figure; at 0 it is as high as its views need.",
            unit="mm",
            ge=0,
            le=2000,
            soft_max=250,
            live=True,
        ),
    ] = 0.0
    font: Annotated[
        float,
        knob("Font size", "Size of all text. Distances grow with it.", unit="pt", ge=3, le=96, soft_max=24, live=True),
    ] = 8.0
    line_width: Annotated[
        float, knob("Line width", "Width of curves.", unit="pt", ge=0.1, le=12, soft_max=4, live=True)
    ] = 1.0
    dpi: Annotated[
        int,
        knob("Resolution", "Dots per inch of a PNG. SVG and PDF have no dots.", unit="dpi", ge=36, le=2400, live=True),
    ] = 600
    theme: Annotated[Literal["light", "dark"], knob("Colours", "On white, or on a dark ground.", live=True)] = "light"
    palette: Annotated[Palette, knob("Palette", "The colours of curves, classes and layers.", live=True)] = OkabeIto()
    title: Annotated[bool, knob("Title", "Write the name of each view above it.", live=True)] = False
    heading: Annotated[
        str, knob("Heading", "What stands above the whole figure; nothing when it is empty.", live=True)
    ] = ""
    legend: Annotated[bool, knob("Legend", "Say what colours and signs stand for.", live=True)] = True
    grid: Annotated[bool, knob("Grid", "Draw hairlines at the numbers of the upward axis.", live=True)] = True
    epochs_from: Annotated[
        int,
        knob(
            "From epoch",
            "Curves begin here. What shows one moment, such as a decision surface, is as it is now.",
            ge=0,
            le=2**31,
            live=True,
        ),
    ] = 0
    epochs_to: Annotated[
        int, knob("To epoch", "Curves end here; at 0 with the newest epoch.", ge=0, le=2**31, live=True)
    ] = 0


def points(millimetres: float) -> float:
    """Return a length in mm in points of 1/72 inch."""
    return millimetres * POINTS_PER_INCH / MM_PER_INCH


def millimetres(points: float) -> float:
    """Return a length in points of 1/72 inch in mm."""
    return points * MM_PER_INCH / POINTS_PER_INCH
