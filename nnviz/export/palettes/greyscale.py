"""A palette that survives a printer without colour."""

from __future__ import annotations

from nnviz.export.palettes import Palette
from nnviz.settings import Kind

_BOTH = {
    "positive": "#1f3f7f",
    "negative": "#e8a33d",
    "gap": "#8c8c8c",
    "classes": (
        "#e8a33d",
        "#1f3f7f",
        "#4f8f6b",
        "#f0e6a0",
        "#111111",
        "#b06a3b",
        "#8fb3d9",
        "#5a2d5f",
        "#7f7f7f",
        "#c9c9c9",
    ),
}


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
        **_BOTH,
        "train": "#12305e",
        "test": "#d9862b",
        "validation": "#7a7a7a",
        "accent": "#12305e",
        "danger": "#5a5a5a",
        "layers": ("#00224e", "#c8b866", "#666970", "#35456c", "#948e77"),
    }
    on_dark = {
        **_BOTH,
        "train": "#f4f1de",
        "test": "#c98a3a",
        "validation": "#5f6f92",
        "accent": "#f4f1de",
        "danger": "#b9bec8",
        "layers": ("#fee838", "#58678c", "#a99f74", "#d4c263", "#828079"),
    }
