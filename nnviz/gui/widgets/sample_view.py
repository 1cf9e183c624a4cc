"""A widget that shows samples: points in the plane, pictures, or a sentence where there are none."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui.theme import Theme
from nnviz.gui.widgets import canvas_paint as paint
from nnviz.gui.widgets.point_picture import PointPicture
from nnviz.gui.widgets.samples import Bounds, Frame, Samples

ASPECT = 1.4
_PADDING = 7.0


class SampleView(QWidget):
    """Shows what it is given, and takes no input."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.words = paint.Words()
        self.picture = PointPicture(theme)
        self._bounds: Bounds = (-6.0, 6.0, -6.0, 6.0)
        self._equal = True
        self.setMinimumSize(120, 90)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    # ------------------------------------------------------------ what is shown

    def show_samples(self, samples: Samples, bounds: Bounds, *, equal: bool, foot: str = "") -> None:
        """Show points; `equal` keeps circles round, `foot` is a line below them."""
        self.put(samples)
        self.set_bounds(bounds, equal)
        self.say(paint.Words(foot=foot), f"{len(samples):,} samples. {foot}".strip())

    def show_images(self, images: Sequence[tuple[QImage, int]], foot: str) -> None:
        """Show pictures with the numbers of their classes, -1 for none."""
        self.put(None)
        self.say(paint.Words(images=images, foot=foot))

    def show_text(self, text: str, failed: bool = False) -> None:
        """Show a sentence instead of samples."""
        self.put(None)
        self.say(paint.Words(text=text, failed=failed))

    def put(self, samples: Samples | None) -> None:
        """Replace what was shown before."""
        self.picture.show(samples)

    def say(self, words: paint.Words, description: str = "") -> None:
        """Show other words, and describe what there is to see to those who cannot see it."""
        self.words = words
        self.setAccessibleDescription(description or words.text or words.hint or words.foot)
        self.update()

    def set_bounds(self, bounds: Bounds, equal: bool) -> None:
        """Show another part of the plane."""
        self._bounds, self._equal = bounds, equal
        self.picture.set_frame(self.frame, self.size(), self.devicePixelRatioF())

    @property
    def frame(self) -> Frame:
        """The map between the plane and this widget."""
        room = QRectF(self.rect()).adjusted(
            _PADDING, _PADDING, -_PADDING, -(paint.FOOT if self.words.foot else _PADDING)
        )
        return Frame.fit(self._bounds, room, self._equal)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        self.picture.set_theme(theme)
        self.update()

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        # The pixel ratio is known for sure only here: it changes when the window moves to another screen.
        self.picture.set_frame(self.frame, self.size(), self.devicePixelRatioF())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        paint.paint_ground(painter, rect, self.theme, self.hasFocus())
        if self.words.images:
            paint.paint_images(painter, rect, self.theme, self.words.images)
        elif self.picture.samples is not None:
            if not self.words.text:
                paint.paint_axes(painter, self.frame, self.theme)
            self.paint_samples(painter)
        paint.paint_words(painter, rect, self.theme, self.words)

    def paint_samples(self, painter: QPainter) -> None:
        """Paint the points and what belongs to them."""
        self.picture.paint(painter, QPointF())

    def sizeHint(self) -> QSize:
        return QSize(248, round(248 / ASPECT))

    def heightForWidth(self, width: int) -> int:
        return round(width / ASPECT)
