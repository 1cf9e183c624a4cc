"""Small pictures of data sources: real samples of generators, initials for what would have to be loaded first."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from nnviz.data.dataset import DataError, Dataset
from nnviz.data.generators import PLANE_LIMIT
from nnviz.gui.theme import Theme, font
from nnviz.gui.widgets.gallery import TILE

SAMPLES = 100
MARGIN = 3.0
DOT = 1.0


def sample(source: type[Any]) -> Dataset | None:
    """Return a few samples of a generator in a plane, None for all other sources."""
    if source.family != "generator":
        return None
    try:
        dataset: Dataset = source(samples=SAMPLES).load(0)
    except (DataError, TypeError):
        return None
    return dataset if dataset.n_features <= 2 else None


def picture(source: type[Any], dataset: Dataset | None, theme: Theme, ratio: float) -> QPixmap:
    """Return the picture of a source in the colours of a theme, sharp at a ratio of device pixels."""
    pixmap = QPixmap(round(TILE * ratio), round(TILE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if dataset is None:
        _paint_initials(painter, source.title, theme)
    else:
        _paint_samples(painter, dataset, theme)
    painter.end()
    return pixmap


def _paint_samples(painter: QPainter, dataset: Dataset, theme: Theme) -> None:
    features = dataset.features.astype(np.float64)
    points = features if dataset.n_features > 1 else np.column_stack([features[:, 0], PLANE_LIMIT * dataset.targets])
    across = MARGIN + (points[:, 0] + PLANE_LIMIT) / (2 * PLANE_LIMIT) * (TILE - 2 * MARGIN)
    down = MARGIN + (PLANE_LIMIT - points[:, 1]) / (2 * PLANE_LIMIT) * (TILE - 2 * MARGIN)
    painter.setPen(Qt.PenStyle.NoPen)
    for x, y, color in zip(across.tolist(), down.tolist(), _colors(dataset, theme), strict=True):
        painter.setBrush(color)
        painter.drawEllipse(QPointF(x, y), DOT, DOT)


def _colors(dataset: Dataset, theme: Theme) -> list[QColor]:
    """Return a colour for each sample: of its class, or of its value from negative to positive."""
    if dataset.task == "classification":
        return [theme.class_color(int(label)) for label in dataset.targets]
    if dataset.n_features == 1:
        return [theme.class_color(0)] * dataset.n_samples
    ramp = theme.diverging()
    stretched = np.sign(dataset.targets) * np.sqrt(np.abs(dataset.targets))  # small values would be lost in the card
    places = np.clip((stretched + 1) / 2 * 255, 0, 255).astype(int)
    return [QColor(*rgba) for rgba in ramp[places].tolist()]


def _paint_initials(painter: QPainter, title: str, theme: Theme) -> None:
    """A table of which the head shows, and the first letters of the title."""
    head = 8.0
    painter.fillRect(QRectF(0, 0, TILE, head), theme.color("border", 0.6))
    painter.setPen(QPen(theme.color("border"), 1.0))
    painter.drawLine(QPointF(TILE / 2 + 0.5, 0), QPointF(TILE / 2 + 0.5, head))
    painter.setPen(theme.color("muted"))
    painter.setFont(font("small", bold=True))
    words = title.split()
    letters = "".join(word[0] for word in words).upper() if len(words) > 1 else title[:3]
    painter.drawText(QRectF(0, head, TILE, TILE - head), Qt.AlignmentFlag.AlignCenter, letters)
