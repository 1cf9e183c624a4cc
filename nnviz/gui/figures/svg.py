"""SVG whose text is shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from PySide6.QtGui import QPainterPath

from nnviz.gui.figures.painter import Written

_TEXT = re.compile(r"<text (?P<attributes>[^>]*?)>(?P<number>\d+)</text>")
_FONT = re.compile(r'\s+font-family="[^"]*" font-size="[^"]*" font-weight="[^"]*" font-style="[^"]*"\s*(?=>)')
_NOTHING = re.compile(r"<g\b[^>]*>\s*</g>\s*")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write, not even as a reference: the names of a table may hold it."""
_FILL = re.compile(r'fill(?:-opacity)?="[^"]*"')


def outlined(contents: str, written: Sequence[Written]) -> str:
    """Return an SVG whose texts, each the number of what was written, are replaced by the shapes of it.

    Programs differ in the fonts that they have, and most ignore embedded ones; shapes are the same in all of them. The
    words stay in `aria-label`, for screen readers and for searching in the file.
    """

    def shape(match: re.Match[str]) -> str:
        text = written[int(match["number"])]
        fill = " ".join(_FILL.findall(match["attributes"]))
        label = quoteattr(_legal(text.text))
        return f'<path {fill} stroke="none" role="img" aria-label={label} d="{path_data(text.shape)}"/>'

    return _tidy(_TEXT.sub(shape, contents))


def _tidy(contents: str) -> str:
    """Return an SVG without what Qt writes in vain: fonts that nothing is written in, groups of nothing."""
    contents = _FONT.sub("", contents)
    while (shorter := _NOTHING.sub("", contents)) != contents:
        contents = shorter
    return contents


def described(contents: str, title: str) -> str:
    """Return an SVG with a title in place of Qt's."""
    contents = re.sub(r"<title>.*?</title>", lambda _: f"<title>{escape(_legal(title))}</title>", contents, count=1)
    return re.sub(r"<desc>.*?</desc>", "<desc>Drawn by nnviz</desc>", contents, count=1)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)


def path_data(shape: QPainterPath) -> str:
    """Return a shape in the language of the attribute `d`, to a thousandth of a unit."""
    parts, number, count = [], 0, shape.elementCount()
    kinds = QPainterPath.ElementType
    while number < count:
        element = shape.elementAt(number)
        if element.type == kinds.CurveToElement:
            points = [shape.elementAt(number + i) for i in range(3)]
            parts.append("C" + " ".join(f"{_short(p.x)},{_short(p.y)}" for p in points))
            number += 3
            continue
        letter = "M" if element.type == kinds.MoveToElement else "L"
        parts.append(f"{letter}{_short(element.x)},{_short(element.y)}")
        number += 1
    return "".join(parts)


def _short(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
