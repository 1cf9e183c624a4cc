"""A palette that is safe for colour-blind readers."""

from __future__ import annotations

from nnviz.export.palettes import Palette
from nnviz.settings import Kind

_BLUE, _CYAN, _GREEN, _YELLOW, _RED, _PURPLE, _GREY = (
    "#4477aa",
    "#66ccee",
    "#228833",
    "#ccbb44",
    "#ee6677",
    "#aa3377",
    "#bbbbbb",
)

_BOTH = {"gap": _RED, "positive": _BLUE, "negative": _RED}

_CLASSES = (_RED, _BLUE, _GREEN, _YELLOW, _CYAN, _PURPLE, _GREY)
"""The scheme has seven; three that stand out further from the ground follow: darker ones on light, lighter on dark."""


@Palette.registry.register
class TolBright(Kind, Palette, frozen=True, tag="tol-bright"):
    """The scheme "bright" of P. Tol, Colour Schemes, SRON/EPS/TN/09-002, issue 3.2 (2021), figure 1."""

    title = "Tol bright"
    help = "Paul Tol's bright scheme: blue, red and green that all readers can tell apart."
    order = 20

    on_light = {
        **_BOTH,
        "classes": (*_CLASSES, "#8a2f3c", "#223f5f", "#0f4a1c"),
        "train": _BLUE,
        "test": _RED,
        "validation": _GREEN,
        "accent": _BLUE,
        "danger": _PURPLE,
        "layers": (_BLUE, _CYAN, _GREEN, _YELLOW, _RED, _PURPLE, _GREY),
    }
    on_dark = {
        **_BOTH,
        "classes": (*_CLASSES, "#f2a9b3", "#8fb4dd", "#8fd19a"),
        "train": _CYAN,
        "test": _RED,
        "validation": _YELLOW,
        "accent": _CYAN,
        "danger": "#dd77aa",
        "layers": (_CYAN, _YELLOW, _RED, _GREY, "#6f9fd0", "#4db35f", "#d070a4"),
    }
