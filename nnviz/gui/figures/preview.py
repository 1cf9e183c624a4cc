"""A figure as it will be, as large as there is room."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from nnviz.export.figure import POINTS_PER_INCH
from nnviz.gui.figures.formats import picture
from nnviz.gui.figures.sentence import Sentence
from nnviz.gui.figures.sheet import Sheet

_EDGE = 12


class Preview(QWidget):
    """Shows a page in the middle of a neutral ground, or a sentence about why there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self.setMinimumSize(QSize(360, 260))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Preview")
        self.setAccessibleDescription("The figure as it will be written.")
        self.sentence = Sentence(self)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        QVBoxLayout(self).addWidget(self.sentence)

    def show_sheet(self, sheet: Sheet) -> None:
        """Draw a page as fine as the screen can show it. Raises ExportError for want of memory."""
        self.image = picture(sheet, self._dpi(sheet))
        self.sentence.say("")
        self.update()

    def show_sentence(self, text: str, wrong: bool = False) -> None:
        """Show a sentence in place of a page."""
        self.image = None
        self.sentence.say(text, wrong)
        self.update()

    def _dpi(self, sheet: Sheet) -> float:
        """Return the dots per inch at which the page fills the widget."""
        across = (self.width() - 2 * _EDGE) / sheet.size.width()
        down = (self.height() - 2 * _EDGE) / sheet.size.height()
        return max(1.0, min(across, down) * POINTS_PER_INCH * self.devicePixelRatioF())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image is None:
            return
        ratio = self.devicePixelRatioF()
        width, height = self.image.width() / ratio, self.image.height() / ratio
        left, top = round((self.width() - width) / 2), round((self.height() - height) / 2)
        painter = QPainter(self)
        painter.drawImage(QRectF(left, top, width, height), self.image)
        painter.setPen(self.palette().mid().color())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left - 0.5, top - 0.5, width + 1, height + 1))
        painter.end()
