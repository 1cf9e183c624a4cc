"""Points as text: columns from a spreadsheet, and back."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.data.drawings.drawing import MAX_CLASSES, Drawing
from nnviz.data.drawings.editing import Mask, add_points

_BETWEEN = re.compile(r"[,\s]+")


@dataclass(frozen=True)
class PointText:
    """Points that were read: positions (n, 2), classes (n,), -1 where the text names none, and lines left out."""

    positions: NDArray[np.float64]
    classes: NDArray[np.int64]
    left_out: int


def read_points(text: str) -> PointText:
    """Read lines of x, y and perhaps a class, separated by tabs, commas, semicolons or blanks.

    A class is a letter from A, or a number: counted from 1 like the keys that choose it, unless one of them is 0.
    A first line without numbers is a heading; other lines that cannot be read are counted and left out.
    """
    rows: list[tuple[float, float, str]] = []
    left_out = 0
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        row = _row(_cells(line))
        if row is not None:
            rows.append(row)
        elif number > 0:
            left_out += 1
    first = 0 if any(name in ("0", "0.0") for _, _, name in rows) else 1
    classes = [_class(name, first) for _, _, name in rows]
    kept = [k for k, label in enumerate(classes) if label is not None]
    return PointText(
        np.array([rows[k][:2] for k in kept], np.float64).reshape(-1, 2),
        np.array([classes[k] for k in kept], np.int64),
        left_out + len(rows) - len(kept),
    )


def with_points(drawing: Drawing, read: PointText, label: int) -> Drawing:
    """Return the drawing with points added; `label` is the class of those that name none. Raises DataError."""
    labels = np.where(read.classes < 0, label, read.classes)
    for number in np.unique(labels).tolist():
        drawing = add_points(drawing, read.positions[labels == number], number)
    return drawing


def write_points(drawing: Drawing, mask: Mask) -> str:
    """Return the chosen points as lines of tab-separated x, y and, where there are classes, a letter."""
    chosen = np.flatnonzero(mask)
    places = drawing.positions[chosen].tolist()
    if drawing.mode == "regression":
        return "".join(f"{x:.6g}\t{y:.6g}\n" for x, y in places)
    letters = [chr(ord("A") + label) for label in drawing.classes[chosen].tolist()]
    return "".join(f"{x:.6g}\t{y:.6g}\t{letter}\n" for (x, y), letter in zip(places, letters, strict=True))


def _cells(line: str) -> list[str]:
    """Split a line; where tabs or semicolons do it, a comma belongs to a number."""
    for mark in ("\t", ";"):
        if mark in line:
            return [cell.strip().replace(",", ".") for cell in line.split(mark) if cell.strip()]
    return [cell for cell in _BETWEEN.split(line) if cell]


def _row(cells: list[str]) -> tuple[float, float, str] | None:
    if len(cells) not in (2, 3):
        return None
    try:
        x, y = float(cells[0]), float(cells[1])
    except ValueError:
        return None
    return (x, y, cells[2] if len(cells) == 3 else "") if math.isfinite(x) and math.isfinite(y) else None


def _class(name: str, first: int) -> int | None:
    """Return the number of a class, -1 when none is named, None when there is no such class."""
    if not name:
        return -1
    if len(name) == 1 and name.isalpha():
        label = ord(name.upper()) - ord("A")
    else:
        try:
            value = float(name)
        except ValueError:
            return None
        if not value.is_integer():
            return None
        label = int(value) - first
    return label if 0 <= label < MAX_CLASSES else None
