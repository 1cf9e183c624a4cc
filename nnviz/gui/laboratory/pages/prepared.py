"""Published phenomena, one click away."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nnviz import experiment as experiments
from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.page import GROUPS, Page, pages
from nnviz.gui.theme import RADIUS, Theme, font

_COLUMNS = 2


@dataclass(frozen=True)
class Prepared:
    """One phenomenon: its title, what there is to see, its source, how long it took where, and what opens it.

    `experiment` is the bundled one that is opened, `twin` another one that trains along from the same start; `page` is
    the page of the laboratory that measures it, if one does. `plays` is not set where the page itself trains.
    """

    title: str
    text: str
    source: str
    time: str
    experiment: str
    page: str = ""
    twin: str = ""
    plays: bool = True


PREPARED = (
    Prepared(
        "Double descent",
        "More units first make the test error worse, up to the width that can just fit the training labels, and beyond "
        "that better than ever. The page trains networks of 16 widths; its own button sets the full recipe, of 96.",
        "Belkin et al. 2019; Nakkiran et al. 2019",
        "about 10 s",
        "double-descent",
        page="double-descent",
        plays=False,
    ),
    Prepared(
        "Grokking",
        "Sums modulo 37 are known by heart after 60 epochs, and every other sum is wrong. Hundreds of epochs later the "
        "test error falls, and is near 0 after 1,500. With weight decay 0 it never does.",
        "Power et al. 2022",
        "4,000 epochs, about 10 s",
        "grokking",
        page="drift",
    ),
    Prepared(
        "Lazy training and feature learning",
        "The same network twice, side by side; one has its outputs scaled by 0.01. Its weights must travel 35 times as "
        "far, its layers represent something new, and its test error is lower.",
        "Chizat et al. 2019; Geiger et al. 2020",
        "2,000 epochs of both, about 20 s",
        "lazy",
        page="drift",
        twin="feature-learning",
    ),
    Prepared(
        "Edge of stability",
        "Gradient descent makes the loss ever sharper, until steps begin to overshoot: sharpness climbs from 6 to "
        "2/η = 20 and stays there, while the loss goes on falling in jerks.",
        "Cohen et al. 2021",
        "5,000 epochs, about 10 s",
        "edge-of-stability",
        page="sharpness",
    ),
    Prepared(
        "Random labels are learned by heart",
        "A network that learns permuted labels as perfectly as true ones could have learned anything: its training "
        "error says nothing about what it understood. The page trains both.",
        "Zhang et al. 2017",
        "300 epochs of 6 networks, about 5 s",
        "few-digits",
        page="random-labels",
        plays=False,
    ),
    Prepared(
        "Wrong labels are learned last",
        "A fifth of the labels is wrong. The samples with true labels are learned first; the test loss turns upwards "
        "as the wrong ones follow, and islands grow around them.",
        "Arpit et al. 2017",
        "1,000 epochs, about 5 s",
        "noisy-labels",
        page="noisy-labels",
    ),
    Prepared(
        "Vanishing gradients",
        "Eight sigmoid layers, each of which passes on at most a quarter of the gradient: its norm falls by orders of "
        "magnitude from the last layer to the first, and the first layers stay as they began.",
        "Glorot & Bengio 2010",
        "from the first epoch on",
        "vanishing-gradients",
        page="drift",
    ),
    Prepared(
        "Early stopping",
        "The wrong labels again, with a validation part that says when to stop: training ends before they are learned "
        "by heart. Set early stopping to 0 and play on to see what it was spared.",
        "Prechelt 1998",
        "about 2 s",
        "early-stopping",
        page="noisy-labels",
    ),
)
"""Figures were measured with the bundled seeds, and hold for others (`tests/test_phenomena.py`). Times are those of two
cores at the speed that a new window has, which takes five seconds for the first thousand epochs, so that they can be
watched; training alone takes 4.5 s for grokking, 13 s for both networks of lazy training and feature learning, and
2.6 s for the edge of stability."""


@pages.register
class PreparedPage(Page):
    """Cards of the bundled experiments that show a published phenomenon, each with the page that measures it."""

    name = "prepared"
    title = "Published phenomena"
    help = (
        "Experiments that show within seconds what papers found. Each opens as a run of its own: change anything in "
        "it, fork it, compare it. Undo returns to what you had."
    )
    group = GROUPS[3]
    order = 10

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(controller, theme, parent)
        self.buttons: dict[str, QPushButton] = {}
        self.measures: dict[str, QPushButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 8, 0)
        grid.setSpacing(12)
        known = experiments.bundled_names()
        offered = [each for each in PREPARED if each.experiment in known and (not each.twin or each.twin in known)]
        for number, prepared in enumerate(offered):
            grid.addWidget(self._card(prepared), number // _COLUMNS, number % _COLUMNS)
        for column in range(_COLUMNS):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        self.apply_theme(theme)

    def _card(self, prepared: Prepared) -> QFrame:
        frame = QFrame(self)
        frame.setObjectName("card")
        title, text = QLabel(prepared.title, frame), QLabel(prepared.text, frame)
        title.setFont(font("body", bold=True))
        text.setWordWrap(True)
        text.setAlignment(Qt.AlignmentFlag.AlignTop)
        small = QLabel(f"{prepared.source} · {prepared.time}", frame)
        small.setObjectName("muted")
        small.setWordWrap(True)
        words = "Open and train both" if prepared.twin else "Open and train" if prepared.plays else "Open"
        button = QPushButton(words, frame)
        button.setAccessibleName(f"{words}: {prepared.title}")
        button.setToolTip(experiments.bundled(prepared.experiment).description)
        button.clicked.connect(partial(self.open, prepared))
        self.buttons[prepared.experiment] = button
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(button)
        if prepared.plays and prepared.page in pages.names():
            other = pages[prepared.page].title
            measure = QPushButton("Measure it", frame)
            measure.setAccessibleName(f"Turn to the page {other}")
            measure.setToolTip(f"Turn to the page “{other}”, which measures this of the run in front")
            measure.clicked.connect(partial(self.page_wanted.emit, prepared.page))
            self.measures[prepared.experiment] = measure
            row.addWidget(measure)
        row.addStretch(1)
        column = QVBoxLayout(frame)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(6)
        for label in (title, text, small):
            column.addWidget(label, 1 if label is text else 0)
        column.addLayout(row)
        return frame

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.setStyleSheet(
            f"QFrame#card {{ background: {theme.card}; border: 1px solid {theme.border}; border-radius: {RADIUS}px; }}"
        )

    def open(self, prepared: Prepared) -> None:
        """Open an experiment, and its twin, and train; where a page trains by itself turn to that page instead."""
        self.controller.open(experiments.bundled(prepared.experiment))
        if prepared.twin:
            self.controller.twin(experiments.bundled(prepared.twin), prepared.twin)
        if prepared.plays:
            if not self.controller.session.playing:
                self.controller.toggle()
        else:
            self.page_wanted.emit(prepared.page)
