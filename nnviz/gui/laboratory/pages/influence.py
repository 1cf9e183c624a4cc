"""What do these samples do to the answer? Train it again without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from nnviz.analysis.memorisation import ranking
from nnviz.data.dataset import DataError, SplitData
from nnviz.data.drawings.drawing import Drawing
from nnviz.experiment import Experiment
from nnviz.gui.compare.color_key import ColorKey
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.influence_words import (
    compared,
    effect_of,
    label_of,
    moved_text,
    ranked,
    signed,
    table_of,
)
from nnviz.gui.laboratory.parts.plane_picture import PlanePicture
from nnviz.gui.laboratory.parts.sample_list import MOST, SampleList
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.plot.overlay import Line
from nnviz.gui.plot.ticks import minus, value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table
from nnviz.gui.widgets.card import card
from nnviz.gui.widgets.row import Paragraph
from nnviz.settings import SettingsError
from nnviz.studies.influence import Comparison, Effects, LeaveOut, MostInfluential, without
from nnviz.studies.repeating import way_of
from nnviz.studies.study import Study

REMOVE, TRUE = -1, -2
"""What is done to the chosen samples, beside giving them the class of a number."""

_MOST_CLASSES = 12


@pages.register
class InfluencePage(StudyPage[Any]):
    """Samples are chosen on the plane, removed or relabelled, and the run is trained again; or all are ranked."""

    name = "influence"
    title = "Leave samples out"
    help = (
        "Click training samples, or drag a rectangle around them (Ctrl adds). The run is trained again without them, "
        "or with another label, from the same initial weights. Dashed: the boundary before; solid: after."
    )
    group = GROUPS[2]
    order = 40
    begin_words = "Train without them"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self._ranks = False
        self.deed = QComboBox(self)
        self.deed.addItem("remove", REMOVE)
        self.deed.currentIndexChanged.connect(self._name_button)
        self.controls = whole_number(0, 100, 4)
        add_field(row, "Chosen samples", self.deed, "What becomes of the chosen training samples.")
        tip = (
            "Twins in which as many other samples, drawn at random, are treated alike: how much of a change is due to "
            "training again at all."
        )
        add_field(row, "Controls", self.controls, tip)

    def add_results(self, column: QVBoxLayout) -> None:
        self.selected: set[int] = set()
        self._shown_data: SplitData | None = None
        self._chosen_of: SplitData | None = None  # the samples of the run that they were chosen from
        self.picture = PlanePicture(self.theme, self)
        self.picture.setMinimumHeight(260)
        self.picture.picked.connect(self._pick)
        self.picture.swept.connect(self._sweep)
        self.picture.describe = self._describe
        self.key = ColorKey(self.theme, self)
        self.list = SampleList(self.theme, "Training samples, the most influential first", self)
        self.list.chosen.connect(self._choose)
        self.count = QLabel(self)
        self.count.setObjectName("muted")
        self.rank = QPushButton("Rank all samples", self)
        self.rank.setToolTip("Leave out every training sample by itself, up to 300 of them; else learn random parts")
        self.rank.clicked.connect(self._rank_all)
        self.nothing = QPushButton("Choose none", self)
        self.nothing.clicked.connect(self._choose_none)
        self.open = QPushButton("Open the twin as a run", self)
        self.open.clicked.connect(self._open)
        self.about = Paragraph("muted", self)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(card(self.picture), 1)
        left.addWidget(self.key)
        buttons = QHBoxLayout()
        buttons.addWidget(self.count, 1)
        buttons.addWidget(self.nothing)
        right.addLayout(buttons)
        right.addWidget(card(self.list), 1)
        right.addWidget(self.about)
        below = QHBoxLayout()
        below.addWidget(self.rank)
        below.addWidget(self.open)
        below.addStretch(1)
        right.addLayout(below)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addLayout(left, 3)
        row.addLayout(right, 2)
        column.addLayout(row, 1)
        self.picture.say("The samples appear as soon as the run is ready.")

    # ------------------------------------------------------------ the studies

    @Slot()
    def _rank_all(self) -> None:
        if self.study is not None and not self.study.progress().over:
            return
        self._ranks = True
        self.begin()
        self._ranks = False

    def make_study(self) -> Study[Any]:
        self._way = way_of(self.run, self.controller.session.runs)
        self._experiment = self._way.experiment.replace(name=self.experiment.name)
        plane = self.experiment.data.plane
        if self._ranks:
            return MostInfluential(self._way, self.library(), plane)
        if not self.selected:
            raise SettingsError("No training sample is chosen; click some of them, or drag a rectangle around them.")
        rows = np.array(sorted(self.selected), np.intp)
        return LeaveOut(self._way, self.library(), plane, rows, self._labels(rows), self.controls.value())

    def _labels(self, rows: NDArray[np.intp]) -> NDArray[np.int64] | None:
        """Return the classes that samples are given; None where they are removed."""
        deed = int(self.deed.currentData())
        if deed == REMOVE:
            return None
        if deed >= 0:
            return np.full(len(rows), deed, np.int64)
        try:
            true = self.library().prepare(self._experiment.data.replace(label_noise=0.0))
        except DataError as error:
            raise SettingsError(str(error)) from None
        return np.asarray(true.real_train.targets[rows], np.int64)

    # ------------------------------------------------------------ what is shown

    def refresh(self) -> None:
        self._show_samples()
        super().refresh()
        over = self.study is None or self.study.progress().over
        self.rank.setEnabled(over)
        if over:
            self._name_button()
        self.open.setEnabled(self._twin() is not None)

    def _show_samples(self) -> None:
        """Show the samples of the run in front, unless results are shown that are of it."""
        snapshot = self.run.snapshot
        report = self._shown
        if report is not None and report.plane is not None and self._of[0] == self.run.number:
            return
        if snapshot is None or snapshot.data is self._shown_data:
            return
        self._shown_data = snapshot.data
        if self._chosen_of is not snapshot.data:
            self._chosen_of, self.selected = snapshot.data, set()
        surface = snapshot.arrays.get("surface")
        self.picture.show_answers(snapshot.data, snapshot.plane, *(() if surface is None else (surface,)))
        self.picture.color_by(None)
        self._offer(snapshot.data)
        self._mark()

    def _offer(self, data: SplitData) -> None:
        """Offer what can be done to samples of these data."""
        wanted = [("remove", REMOVE)]
        if data.task == "classification":
            if data.train.noisy.any():
                wanted.append(("give them their true label", TRUE))
            wanted += [(f"relabel as {name[:16]}", i) for i, name in enumerate(data.class_names[:_MOST_CLASSES])]
        if [self.deed.itemText(i) for i in range(self.deed.count())] != [words for words, _ in wanted]:
            self.deed.clear()
            for words, value in wanted:
                self.deed.addItem(words, value)

    def show_report(self, report: Comparison | Effects) -> None:
        if report.data is None or report.plane is None:
            return
        if isinstance(report, Comparison):
            self._show_comparison(report)
        else:
            self._show_effects(report)
        self._mark()

    def _show_comparison(self, report: Comparison) -> None:
        assert report.data is not None
        assert report.plane is not None
        surfaces = [each.surface for each in (report.run, report.twin) if each is not None]
        self.picture.show_answers(report.data, report.plane, *surfaces)
        self.picture.color_by(None)
        self._shown_data = report.data
        if report.run is None or report.twin is None or report.twin.surface.ndim == 1:
            self.key.hide()
            return
        self.key.show()
        end, data = self.picture.largest_change, report.data
        if data.n_classes > 2:
            self.key.show_ramp(self.theme.sequential(), "0", "how much the probabilities changed", "1")
            return
        what = f"change of P({data.class_names[1]})" if data.n_classes else f"change of {data.target_name}"
        ends = minus(f"-{value_text(end)}"), f"+{value_text(end)}"
        self.key.show_ramp(self.theme.diverging(), ends[0], what, ends[1])

    def _show_effects(self, report: Effects) -> None:
        assert report.data is not None
        assert report.plane is not None
        surfaces = () if report.run is None else (report.run.surface,)
        self.picture.show_answers(report.data, report.plane, *surfaces)
        self._shown_data = report.data
        effect, unit = effect_of(report)
        if effect is None or not np.isfinite(effect).any():
            return
        size = np.abs(effect)
        high = float(np.nanquantile(size, 0.98)) or 1e-12
        self.picture.color_by(size, 0.0, high)
        self.key.show()
        self.key.show_ramp(self.theme.sequential(), "0", f"size of the effect on the {unit}", value_text(high))
        order, data = ranking(size), report.data
        titles = ["", "sample", "label" if data.n_classes else data.target_name[:10], "effect"]
        titles.append("plane" if report.one_by_one else "± error")
        titles += ["wrong"] if data.train.noisy.any() else []
        rows = []
        for rank, number in enumerate(order[:MOST].tolist(), start=1):
            beside = report.moved if report.one_by_one else report.error
            assert beside is not None
            words = [str(rank), f"{number:,}", label_of(data, number), signed(float(effect[number]))]
            words.append(moved_text(data, float(beside[number])) if report.one_by_one else value_text(beside[number]))
            if data.train.noisy.any():
                words.append("yes" if data.real_train.noisy[number] else "–")
            rows.append(tuple(words))
        self.list.show_samples(data, titles, order[:MOST].tolist(), rows)

    def finished(self, report: Comparison | Effects) -> str:
        return ranked(report) if isinstance(report, Effects) else compared(report, self._way)

    # ------------------------------------------------------------ choosing samples

    @Slot(int, bool)
    def _pick(self, number: int, adding: bool) -> None:
        if number < 0:
            return
        if number in self.selected:
            self.selected.discard(number)
        else:
            self.selected.add(number)
        self._mark()

    @Slot(object, bool)
    def _sweep(self, numbers: Sequence[int], adding: bool) -> None:
        found = {int(number) for number in numbers}
        self.selected = self.selected | found if adding else found
        self._mark()

    @Slot(int)
    def _choose(self, number: int) -> None:
        self.selected = {number}
        self._mark()

    @Slot()
    def _choose_none(self) -> None:
        self.selected = set()
        self.list.choose(-1)
        self._mark()

    def _mark(self) -> None:
        self.picture.mark(sorted(self.selected))
        count = len(self.selected)
        self.count.setText(f"{count:,} sample{'s' * (count != 1)} chosen" if count else "No sample chosen")
        self.nothing.setEnabled(count > 0)
        self.about.setText(
            "“Rank all samples” finds those whose absence changes the test loss most."
            if not self.list.numbers
            else "Effect: test loss or error with the sample minus that without it. Plane: how much of it changes."
        )

    @Slot()
    def _name_button(self) -> None:
        words = "Train without them" if self.deed.currentData() == REMOVE else "Train with other labels"
        if self.study is None or self.study.progress().over:
            self.begin_words = words
            self.button.setText(words)

    def _describe(self, number: int) -> list[Line]:
        data = self._shown_data
        if data is None or number >= len(data.real_train):
            return []
        lines = [Line("label" if data.n_classes else data.target_name[:16], label_of(data, number))]
        if data.real_train.noisy[number]:
            lines.append(Line("which is wrong"))
        report = self._shown
        effect = effect_of(report)[0] if isinstance(report, Effects) else None
        if effect is not None and np.isfinite(effect[number]):
            lines.append(Line("effect", signed(float(effect[number]))))
        return lines

    # ------------------------------------------------------------ the twin as a run

    def _twin(self) -> tuple[Experiment, str] | None:
        """Return the experiment of the twin and its name; None where there is none, with the reason as a tooltip."""
        report = self._shown
        drawing = self._experiment.data.source if report is not None else None
        if not isinstance(report, Comparison) or report.twin is None or report.rows is None:
            self.open.setToolTip("First train a twin.")
            return None
        if self._of[0] != self.run.number:
            self.open.setToolTip(f"The twin is one of “{self._of[1]}”: bring that run to the front first.")
            return None
        if not isinstance(drawing, Drawing):
            self.open.setToolTip(
                "Samples of a drawing can be taken out of the experiment itself; those of this source cannot, so the "
                "twin is shown here only."
            )
            return None
        if report.labels is not None and report.data is not None and report.data.real_train.noisy[report.rows].any():
            self.open.setToolTip("Label noise would replace the new labels again; set it to 0 first.")
            return None
        data = self._experiment.data
        drawn = without(drawing, data, report.rows, report.labels)
        self.open.setToolTip("Train the twin side by side with the run, from the same beginning")
        count = len(report.rows)
        name = f"{'without' if report.labels is None else 'other labels for'} {count} sample{'s' * (count > 1)}"
        return self._experiment.replace(data=data.replace(source=drawn, plane=self.experiment.data.plane)), name

    @Slot()
    def _open(self) -> None:
        found = self._twin()
        if found is not None:
            self.controller.twin(*found)

    # ------------------------------------------------------------ the contract of a page

    def table(self) -> Table:
        """Return the effects of all samples, or what the run and its twins answer."""
        return table_of(self._shown)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for part in (self.picture, self.key, self.list):
            part.apply_theme(theme)
        if self._shown is not None:
            self.show_report(self._shown)
