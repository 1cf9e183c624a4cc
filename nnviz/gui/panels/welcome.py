"""The welcome strip: six experiments one click away."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSettings, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from nnviz import experiment as experiments
from nnviz.data.dataset import DataError
from nnviz.data.settings import DataSettings
from nnviz.data.split import prepare
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.icons import icon
from nnviz.gui.theme import CLASS_COLORS, Theme, font

SHOWN = ("circles", "spirals", "moons", "noisy-labels", "sine", "digits")
"""The bundled experiments on the strip, the first one is what a new window shows."""


_WITH_WORDS = 92
"""Width in pixels from which a card has room for its name; below it the picture and the tooltip must do."""


class Card(QAbstractButton):
    """A thumbnail of an experiment's data, its name, and what there is to see as a tooltip."""

    chosen = Signal(str)

    def __init__(self, name: str, experiment: Experiment, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.name, self._experiment, self._theme = name, experiment, theme
        self._points: list[tuple[float, float, QColor]] | None = None
        self.setToolTip(experiment.description)
        self.setAccessibleName(f"Open the experiment {experiment.name}")
        self.setAccessibleDescription(experiment.description)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._choose)

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(self.name)

    def sizeHint(self) -> QSize:
        return QSize(116, 44)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        active = self.underMouse() or self.hasFocus()
        painter.setPen(self._theme.color("accent" if active else "border"))
        painter.setBrush(self._theme.color("card"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self._points is None:
            self._points = thumbnail(self._experiment.data)
        if not self._points:
            painter.setPen(self._theme.color("accent"))
            painter.setFont(font("body", bold=True, tabular=True))
            painter.drawText(QRectF(0, 0, 44, self.height()), Qt.AlignmentFlag.AlignCenter, "0 1 2")
        painter.setPen(Qt.PenStyle.NoPen)
        for x, y, color in self._points:
            painter.setBrush(color)
            painter.drawEllipse(QPointF(6 + x * 32, 6 + (1 - y) * 32), 1.1, 1.1)
        if self.width() < _WITH_WORDS:
            return
        painter.setPen(self._theme.color("text"))
        painter.setFont(font("small"))
        words = QRectF(44, 0, self.width() - 48, self.height())
        painter.drawText(
            words, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap, self._experiment.name.replace("-", " ")
        )


def thumbnail(settings: DataSettings) -> list[tuple[float, float, QColor]]:
    """Return up to 140 samples as points in the unit square with the colours of their classes.

    Sources that need a heavy library to load are drawn as nothing: a picture is not worth a slow start.
    """
    if settings.source.family != "generator":
        return []
    try:
        data = prepare(settings)
    except DataError:
        return []
    x = data.train.x[:140]
    across = x[:, 0]
    up = x[:, 1] if data.n_features > 1 else data.train.targets[:140]
    colors = [QColor(CLASS_COLORS[0])] * len(x)
    if data.task == "classification":
        colors = [QColor(CLASS_COLORS[int(k) % len(CLASS_COLORS)]) for k in data.train.targets[:140]]
    spans = [(float(v.min()), float(v.max() - v.min()) or 1.0) for v in (across, up)]
    (left, width), (bottom, height) = spans
    return [
        ((float(a) - left) / width, (float(b) - bottom) / height, c) for a, b, c in zip(across, up, colors, strict=True)
    ]


class WelcomeStrip(QWidget):
    """A row of cards over the network picture; closed once, it stays away until asked for."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 0)
        row.setSpacing(8)
        words = QLabel("Start with", self)
        words.setObjectName("muted")
        row.addWidget(words)
        self._cards = []
        for name in SHOWN:
            if name in experiments.bundled_names():
                card = Card(name, experiments.bundled(name), theme, self)
                card.chosen.connect(self._open)
                self._cards.append(card)
                row.addWidget(card, 1)
        self._close = QToolButton(self)
        self._close.setObjectName("flat")
        self._close.setAccessibleName("Close the welcome strip")
        self._close.setToolTip("Close; View → Welcome strip brings it back")
        self._close.clicked.connect(self.toggle)
        row.addWidget(self._close)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setVisible(QSettings("nnviz", "nnviz").value("welcome", "true") == "true")
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._close.setIcon(icon("close", theme.muted))
        for card in self._cards:
            card.apply_theme(theme)

    @Slot(str)
    def _open(self, name: str) -> None:
        self._controller.open(experiments.bundled(name))

    @Slot()
    def toggle(self) -> None:
        """Show or close the strip, and remember which."""
        self.setVisible(not self.isVisible())
        QSettings("nnviz", "nnviz").setValue("welcome", "true" if self.isVisible() else "false")
