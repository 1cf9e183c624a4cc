"""Which samples each fold holds out: a row for every run, a column for every sample, and the error beside it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui.theme import Theme, font
from nnviz.studies.cross_validation import CrossValidationReport

_NAME, _ERROR, _TEST, _GAP = 74.0, 74.0, 96.0, 10.0
_HEAD, _ROW, _BAR = 22, 20, 12
_PALE = 0.45
_LEAST_ROWS = 3
"""Rows that there is room for at least: what stands beside them of the test part has as many lines."""

MOST_ROWS = 12
"""Runs that are drawn; of more, those of the first repetitions."""

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTER = Qt.AlignmentFlag.AlignCenter


class FoldDiagram(QWidget):
    """Samples are in order of their class, so that one sees that every fold has all of them."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._report: CrossValidationReport | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Folds")

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        self.update()

    def show_report(self, report: CrossValidationReport | None) -> None:
        """Show the folds and what is known of them."""
        before = self._rows
        self._report = report
        if self._rows != before:
            self.updateGeometry()
        self.setAccessibleDescription("" if report is None else "; ".join(self._errors(report)))
        self.update()

    @property
    def _rows(self) -> int:
        return min(len(self._report.held), MOST_ROWS) if self._report is not None else 0

    def sizeHint(self) -> QSize:
        return QSize(400, _HEAD + _ROW * max(_LEAST_ROWS, self._rows) + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(font("small", tabular=True))
        report = self._report
        if report is None or not report.numbers.size:
            painter.setPen(self.theme.color("muted"))
            painter.drawText(self.rect(), _CENTER, "The folds appear here: which samples each run holds out.")
            return
        bar = QRectF(_NAME, 0, max(40.0, self.width() - _NAME - _GAP - _TEST - _GAP - _ERROR), _BAR)
        self._paint_head(painter, report, bar)
        order = np.argsort(report.labels, kind="stable") if len(report.labels) else np.arange(report.numbers.shape[1])
        errors = self._errors(report)
        for run in range(self._rows):
            repeat, fold = divmod(run, report.folds)
            top = _HEAD + _ROW * run
            name = f"fold {fold + 1}" if report.repeats == 1 else f"{repeat + 1}: fold {fold + 1}"
            painter.setPen(self.theme.color("text" if report.done[run] else "muted"))
            painter.drawText(QRectF(8, top, _NAME - 8, _ROW), _LEFT, name)
            painter.drawText(QRectF(self.width() - _ERROR - 8, top, _ERROR, _ROW), _RIGHT, errors[run])
            held = report.numbers[repeat][order] == fold
            painter.drawImage(bar.translated(0, top + (_ROW - _BAR) / 2), self._stripes(held, int(bar.width())))
        beside = QRectF(bar.right() + _GAP, _HEAD + 4, _TEST, _ROW * max(_LEAST_ROWS, self._rows) - 8)
        painter.setPen(QPen(self.theme.color("test"), 1.0, Qt.PenStyle.DashLine))
        painter.drawRect(beside)
        painter.drawText(beside, _CENTER | Qt.TextFlag.TextWordWrap, _of_test(report))

    def _paint_head(self, painter: QPainter, report: CrossValidationReport, bar: QRectF) -> None:
        samples = report.numbers.shape[1]
        words = f"{samples:,} samples of train and validation"
        painter.setPen(self.theme.color("muted"))
        left = QRectF(bar.left(), 0, bar.width(), _HEAD)
        painter.drawText(left, _LEFT, words + (", by class" if len(report.labels) else ""))
        at = self.width() - _ERROR - 8
        painter.drawText(QRectF(at, 0, _ERROR, _HEAD), _RIGHT, "held out")
        if bar.width() < 420:
            return
        x = bar.right()
        for word, color in (("held out", self.theme.color("validation")), ("trained on", self._trained)):
            width = painter.fontMetrics().horizontalAdvance(word)
            x -= width
            painter.setPen(self.theme.color("muted"))
            painter.drawText(QRectF(x, 0, width + 1, _HEAD), _LEFT, word)
            x -= 14
            painter.fillRect(QRectF(x, (_HEAD - 8) / 2, 8, 8), color)
            x -= 12

    @property
    def _trained(self) -> QColor:
        """The colour of samples that are learned from: pale, so that the others stand out for every eye."""
        train, card = _rgb(self.theme.color("train")), _rgb(self.theme.color("card"))
        return QColor(*map(int, card + _PALE * (train - card)))

    def _stripes(self, held: np.ndarray, width: int) -> QImage:
        """Return a line of pixels: train where samples are learned from, validation where they are held out."""
        ratio = self.devicePixelRatioF()
        columns = max(1, min(int(width * ratio), 4096))
        # the share of held-out samples under every pixel, so that many samples do not shimmer
        edges = np.linspace(0, len(held), columns + 1)
        total = np.concatenate([[0.0], np.cumsum(held.astype(np.float64))])
        share = np.diff(np.interp(edges, np.arange(len(held) + 1), total)) / (len(held) / columns)
        train, out = _rgb(self._trained), _rgb(self.theme.color("validation"))
        pixels = np.full((1, columns, 4), 255, np.uint8)
        pixels[0, :, :3] = (train + (out - train) * share[:, None]).round().astype(np.uint8)
        image = QImage(pixels.data, columns, 1, 4 * columns, QImage.Format.Format_RGBA8888)
        return image.copy()  # which owns its pixels

    def _errors(self, report: CrossValidationReport) -> list[str]:
        """Return the error of every run on what it holds out, at the chosen epoch."""
        place = report.chosen
        shown = []
        for run in range(self._rows):
            if not report.done[run] or place is None:
                shown.append("–" if report.done[run] else "…")
                continue
            error = float(report.curves.validation_error[run, place])
            shown.append(f"{error:.4g}" if report.target else f"{100 * error:.1f} %")
        return shown


def _of_test(report: CrossValidationReport) -> str:
    """Return what becomes of the test part, which the single split may be measured on."""
    return f"test\n{report.test_samples:,} samples\nin no fold"


def _rgb(color: QColor) -> np.ndarray:
    return np.array([color.red(), color.green(), color.blue()], np.float64)
