"""A palette that survives a printer without colour."""

from __future__ import annotations

from nnviz.export.palettes import Palette
from nnviz.settings import Kind

_LIGHT_CLASSES = (
    "#e8a33d",
    "#1f3f7f",
    "#4f8f6b",
    "#111111",
    "#cdbb4f",
    "#b06a3b",
    "#8fb3d9",
    "#5a2d5f",
    "#7f7f7f",
    "#bcbcbc",
)
_DARK_CLASSES = (
    "#f6c677",
    "#425da6",
    "#4f9a76",
    "#fffbe8",
    "#b8743f",
    "#a9c8ec",
    "#9a68a6",
    "#8c94a2",
    "#ccd0d8",
    "#6fb8c8",
)


@Palette.registry.register
class Greyscale(Kind, Palette, frozen=True, tag="greyscale-safe"):
    """Colours of clearly different lightness, dark blue to light yellow, so that they differ as greys too.

    Layers have colours of cividis (J. Nuñez, C. Anderton, R. Renslow, PLOS ONE, 2018), without the end that the ground
    would swallow, and in an order in which neighbours differ most.
    """

    title = "Greyscale-safe"
    help = "Light against dark: still told apart when printed without colour."
    order = 30

    on_light = {
        "negative": _LIGHT_CLASSES[0],
        "positive": _LIGHT_CLASSES[1],
        "classes": _LIGHT_CLASSES,
        "gap": "#8c8c8c",
        "train": "#12305e",
        "test": "#d9862b",
        "validation": "#7a7a7a",
        "accent": "#12305e",
        "danger": "#5a5a5a",
        "layers": ("#00224e", "#c8b866", "#666970", "#35456c", "#948e77"),
    }
    on_dark = {
        "negative": _DARK_CLASSES[0],
        "positive": _DARK_CLASSES[1],
        "classes": _DARK_CLASSES,
        "gap": "#8c8c8c",
        "train": "#f4f1de",
        "test": "#c98a3a",
        "validation": "#5f6f92",
        "accent": "#f4f1de",
        "danger": "#b9bec8",
        "layers": ("#fee838", "#58678c", "#a99f74", "#d4c263", "#828079"),
    }
