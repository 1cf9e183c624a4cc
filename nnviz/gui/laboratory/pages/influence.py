"""What do these samples do to the answer? Train it again without them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
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
from nnviz.snapshot import Snapshot
from nnviz.studies.influence import Comparison, Effects, LeaveOut, MostInfluential, without
from nnviz.studies.repeating import Way, way_of
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
        self._listed: SplitData | None = None  # the samples that are listed in their own order
        self._chosen_of: SplitData | None = None  # the samples of the run that they were chosen from
        self._drawn: tuple[object, ...] | None = None  # what is shown, None where that has to be drawn anew
        self.picture = PlanePicture(self.theme, self)
        self.picture.setMinimumHeight(260)
        self.picture.picked.connect(self._pick)
        self.picture.swept.connect(self._sweep)
        self.picture.describe = self._describe
        self.key = ColorKey(self.theme, self)
        self.list = SampleList(self.theme, "Training samples", self)
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

    # ------------------------------------------------------------ the studies

    @Slot()
    def _rank_all(self) -> None:
        if self.study is not None and not self.study.progress().over:
            return
        self._ranks = True
        self.begin()
        self._ranks = False

    def make_study(self) -> Study[Any]:
        way, plane = way_of(self.run, self.controller.session.runs), self.experiment.data.plane
        if self._ranks:
            return MostInfluential(way, self.library(), plane)
        if not self.selected:
            raise SettingsError("No training sample is chosen; click some of them, or drag a rectangle around them.")
        rows = np.array(sorted(self.selected), np.intp)
        return LeaveOut(way, self.library(), plane, rows, self._labels(way, rows), self.controls.value())

    def sees_test(self, study: Study[Any]) -> bool:
        report = study.report()
        if isinstance(report, Comparison):
            return report.run is not None
        return report.loss is not None or report.test_error is not None

    def look_words(self) -> str:
        ranked = isinstance(self.study, MostInfluential)
        return "Samples ranked by their effect on the test part" if ranked else "The test error without some samples"

    @property
    def _way(self) -> Way | None:
        """The way of the run that the study is of."""
        return self.study.way if isinstance(self.study, LeaveOut | MostInfluential) else None

    def _labels(self, way: Way, rows: NDArray[np.intp]) -> NDArray[np.int64] | None:
        """Return the classes that samples are given; None where they are removed."""
        deed = int(self.deed.currentData())
        if deed == REMOVE:
            return None
        if deed >= 0:
            return np.full(len(rows), deed, np.int64)
        try:
            true = self.library().prepare(way.experiment.data.replace(label_noise=0.0))
        except DataError as error:
            raise SettingsError(str(error)) from None
        return np.asarray(true.real_train.targets[rows], np.int64)

    # ------------------------------------------------------------ what is shown

    @property
    def _found(self) -> Comparison | Effects | None:
        """What was found of the run in front; None where that is nothing yet, or the study is of another run."""
        report = self._shown
        if report is None or report.data is None or report.plane is None or self._of[0] != self.run.number:
            return None
        assert isinstance(report, Comparison | Effects)
        return report

    def refresh(self) -> None:
        super().refresh()
        self._redraw()
        over = self.study is None or self.study.progress().over
        self.rank.setEnabled(over)
        if over:
            self._name_button()
        self.open.setEnabled(self._twin() is not None)

    def show_report(self, report: Comparison | Effects) -> None:
        self._drawn = None  # `refresh` shows it, as it does when the run that it is of comes back to the front

    def _redraw(self) -> None:
        """Show what was found of the run in front, else its samples; what is shown already stays."""
        snapshot, found = self.run.snapshot, self._found
        wanted: tuple[object, ...] = (found,)
        if found is None and snapshot is not None:
            wanted = snapshot.data, snapshot.plane, snapshot.arrays.get("surface")
        if self._drawn is not None and len(wanted) == len(self._drawn) and all(map(is_, wanted, self._drawn)):
            return
        self._drawn = wanted
        if snapshot is None:
            self._show_nothing()
            return
        if self._chosen_of is not snapshot.data:
            self._chosen_of, self.selected = snapshot.data, set()
        self.key.hide()
        data = snapshot.data if found is None or found.data is None else found.data
        self._shown_data = data
        self._offer(data)
        if found is None:
            self._show_samples(snapshot)
        elif isinstance(found, Comparison):
            self._show_comparison(found)
        else:
            self._show_effects(found)
        self._mark()

    def _show_nothing(self) -> None:
        self._shown_data = self._listed = self._chosen_of = None
        self.selected = set()
        self.picture.clear("The samples appear as soon as the run is ready.")
        self.key.hide()
        self.list.clear()
        self._mark()

    def _show_samples(self, snapshot: Snapshot) -> None:
        """Show the samples over what the network answers now."""
        surface = snapshot.arrays.get("surface")
        self.picture.show_answers(snapshot.data, snapshot.plane, *(() if surface is None else (surface,)))
        self.picture.color_by(None)
        self._list_all(snapshot.data)

    def _list_all(self, data: SplitData) -> None:
        """List samples in their own order."""
        if self._listed is data:
            return
        self._listed = data
        noisy = bool(data.train.noisy.any())
        titles = ["", "sample", "label" if data.n_classes else data.target_name[:10], *(["wrong"] if noisy else [])]
        rows = []
        for number in range(len(data.real_train)):
            wrong = [_yes(bool(data.real_train.noisy[number]))] if noisy else []
            rows.append(("", f"{number:,}", label_of(data, number), *wrong))
        self.list.show_samples(data, titles, range(len(rows)), rows)

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

    def _show_comparison(self, report: Comparison) -> None:
        assert report.data is not None
        assert report.plane is not None
        surfaces = [each.surface for each in (report.run, report.twin) if each is not None]
        self.picture.show_answers(report.data, report.plane, *surfaces)
        self.picture.color_by(None)
        self._list_all(report.data)
        if report.run is None or report.twin is None or report.twin.surface.ndim == 1:
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
        effect, unit = effect_of(report)
        if effect is None or not np.isfinite(effect).any():
            self.picture.color_by(None)
            self._list_all(report.data)
            return
        self._listed = None
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
                words.append(_yes(bool(data.real_train.noisy[number])))
            rows.append(tuple(words))
        self.list.show_samples(data, titles, order[:MOST].tolist(), rows)

    def finished(self, report: Comparison | Effects) -> str:
        if isinstance(report, Effects):
            return ranked(report)
        return compared(report, self._way) if self._way is not None else ""

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
            if not isinstance(self._found, Effects)
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
        found = self._found
        effect = effect_of(found)[0] if isinstance(found, Effects) else None
        if effect is not None and np.isfinite(effect[number]):
            lines.append(Line("effect", signed(float(effect[number]))))
        return lines

    # ------------------------------------------------------------ the twin as a run

    def _twin(self) -> tuple[Experiment, str] | None:
        """Return the experiment of the twin and its name; None where there is none, with the reason as a tooltip."""
        report, way = self._shown, self._way
        if not isinstance(report, Comparison) or report.twin is None or report.rows is None or way is None:
            self.open.setToolTip("First train a twin.")
            return None
        if self._of[0] != self.run.number:
            self.open.setToolTip(f"The twin is one of “{self._of[1]}”: bring that run to the front first.")
            return None
        data = way.experiment.data
        if not isinstance(data.source, Drawing):
            self.open.setToolTip(
                "Samples of a drawing can be taken out of the experiment itself; those of this source cannot, so the "
                "twin is shown here only."
            )
            return None
        if report.labels is not None and report.data is not None and report.data.real_train.noisy[report.rows].any():
            self.open.setToolTip("Label noise would replace the new labels again; set it to 0 first.")
            return None
        drawn = without(data.source, data, report.rows, report.labels)
        self.open.setToolTip("Train the twin side by side with the run, from the same beginning")
        count = len(report.rows)
        name = f"{'without' if report.labels is None else 'other labels for'} {count} sample{'s' * (count > 1)}"
        twin = way.experiment.replace(name=self.experiment.name)
        return twin.replace(data=data.replace(source=drawn, plane=self.experiment.data.plane)), name

    @Slot()
    def _open(self) -> None:
        found = self._twin()
        if found is not None:
            self.controller.twin(*found)

    # ------------------------------------------------------------ the contract of a page

    def table(self) -> Table:
        """Return the effects of all samples, or what the run and its twins answer."""
        return table_of(self._found)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for part in (self.picture, self.key, self.list):
            part.apply_theme(theme)
        self._drawn = None
        self._redraw()


def _yes(wrong: bool) -> str:
    return "yes" if wrong else "–"
