"""The colours of the window."""

from __future__ import annotations

from nnviz.export.palettes import Palette
from nnviz.settings import Kind


@Palette.registry.register
class OkabeIto(Kind, Palette, frozen=True, tag="okabe-ito"):
    """Train blue, test orange, classes after M. Okabe and K. Ito (2008), as on the screen."""

    title = "Okabe–Ito"
    help = "As on the screen: blue and orange, told apart with any kind of colour vision."
    order = 10
