"""Which samples does it learn, when, and which does it only know by heart?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from nnviz.analysis import memorisation as history
from nnviz.gui.compare.color_key import ColorKey
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.epoch_curves import EpochCurves, Trace
from nnviz.gui.laboratory.parts.plane_picture import PlanePicture
from nnviz.gui.laboratory.parts.sample_list import MOST, SampleList
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.plot.overlay import Line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table, caption_of
from nnviz.gui.views.parts.switches import add_switch
from nnviz.gui.widgets.card import card
from nnviz.studies.memorisation import SIGNS, MemorisationStudy, Report, Sign
from nnviz.studies.repeating import exactness, way_of
from nnviz.studies.study import Study

Values = NDArray[np.float64]


class Coloring(NamedTuple):
    """What samples can be coloured by: words, their values or None, and the words at both ends of the colours."""

    title: str
    values: Callable[[Report], Values | None]
    low: str
    high: str


def _of_path(name: str, sign: float = 1.0) -> Callable[[Report], Values | None]:
    def values(report: Report) -> Values | None:
        if report.path is None or not len(report.path.epochs):
            return None
        return sign * np.asarray(getattr(report.path, name), np.float64)

    return values


def _learned(report: Report) -> Values | None:
    """Return the epoch from which on each sample was known, that after the last for those that are not."""
    if report.path is None or not len(report.path.epochs):
        return None
    learned = report.path.learned_for_good
    return np.where(learned == history.NEVER, report.path.epochs[-1] + 1, learned).astype(np.float64)


def _memorised(report: Report) -> Values | None:
    return None if report.crowd is None else report.crowd.memorised.score


COLORINGS = (
    Coloring("early loss", _of_path("early_loss"), "easy", "hard"),
    Coloring("mean loss", _of_path("loss"), "easy", "hard"),
    Coloring("margin (AUM)", _of_path("margin", -1.0), "wide", "negative"),
    Coloring("epoch learned for good", _learned, "at once", "late or never"),
    Coloring("forgetting events", _of_path("forgotten"), "none", "many"),
    Coloring("memorisation score", _memorised, "0", "by heart"),
    Coloring("class", lambda report: None, "", ""),
)
"""What the samples can be coloured by; the higher, the stronger."""

_SIGN_WORDS: dict[Sign, str] = {
    "early loss": "highest loss early in training",
    "loss": "highest mean loss",
    "margin": "smallest area under the margin",
    "held out": "label most contradicted by networks without them",
    "early loss and held out": "highest early loss and label most contradicted by networks without them",
}


@pages.register
class MemorisationPage(StudyPage[Report]):
    """Repeats the run and watches every training sample; an ensemble says which are only known by heart."""

    name = "memorisation"
    title = "Memorisation"
    help = (
        "The run is trained again, exactly, and every training sample is watched. Samples that are learned late, or "
        "that only networks trained on them get right, are known by heart; many of them carry a wrong label."
    )
    group = GROUPS[1]
    order = 40
    begin_words = "Train again"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.networks = whole_number(0, 2_000, 40)
        self.coloring, self.sign = QComboBox(self), QComboBox(self)
        for box in (self.coloring, self.sign):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(7)
        self.coloring.addItems([each.title for each in COLORINGS])
        self.sign.addItems(list(SIGNS))
        self.coloring.currentIndexChanged.connect(self._redraw)
        self.sign.currentIndexChanged.connect(self._redraw)
        tip = "Networks trained on random 70 % of the samples each, for the memorisation score; 0 for none."
        add_field(row, "Networks", self.networks, tip)
        add_field(row, "Colour by", self.coloring, "What the colour of a sample stands for.")
        tip = (
            "What a wrong label is recognised by. Early loss: the mean over the logarithm of the epoch, so that early "
            "epochs count. Margin: the area under the margin. Held out: networks trained without the sample."
        )
        add_field(row, "Suspect by", self.sign, tip)

    def add_results(self, column: QVBoxLayout) -> None:
        self.chosen = -1
        self.picture = PlanePicture(self.theme, self)
        self.picture.picked.connect(self._pick)
        self.picture.describe = self._describe
        self.key = ColorKey(self.theme, self)
        self.list = SampleList(self.theme, "Training samples, the most suspicious label first", self)
        self.list.chosen.connect(self._choose)
        self.learned = EpochCurves(self.theme, "Share of samples learned for good, over epochs", True, self)
        self.path = EpochCurves(self.theme, "Loss of the chosen sample over epochs", True, self)
        self.legends = [QLabel(self) for _ in range(2)]
        grid = QGridLayout()
        grid.setSpacing(8)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(0, 5)
        grid.setRowStretch(2, 3)
        grid.addWidget(self._under(self.picture, self.key), 0, 0)
        grid.addWidget(card(self.list), 0, 1)
        for place, (legend, plot) in enumerate(zip(self.legends, (self.learned, self.path), strict=True)):
            legend.setObjectName("muted")
            legend.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            bar = QHBoxLayout()
            bar.addWidget(legend, 1)
            if place == 1:
                add_switch(bar, "log epochs", "Logarithmic epochs in both plots", True, self._set_log)
            grid.addLayout(bar, 1, place)
            grid.addWidget(card(plot), 2, place)
        self.picture.setMinimumHeight(220)
        self.learned.setMinimumHeight(120)
        column.addLayout(grid, 1)
        self._say_nothing()

    def _under(self, picture: QWidget, key: QWidget) -> QWidget:
        """Return a widget with a picture in a card and the key of its colours under it."""
        whole = QWidget(self)
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(card(picture), 1)
        column.addWidget(key)
        return whole

    def _say_nothing(self) -> None:
        self.list.clear()
        self.key.hide()
        for legend in self.legends:
            legend.setText("")
        self.picture.clear("“Train again” repeats the run and watches what becomes of every training sample.")
        self.learned.clear("Here you see which share of the samples has been learned by when.")
        self.path.clear("Choose a sample in the list or on the plane to see its loss.")

    # ------------------------------------------------------------ the study

    def needs_test(self) -> bool:
        return False

    def make_study(self) -> Study[Report]:
        way = way_of(self.run, self.controller.session.runs)
        return MemorisationStudy(way, self.library(), self.experiment.data.plane, self.networks.value())

    def show_report(self, report: Report) -> None:
        if report is self._nothing:
            self.chosen = -1
            self._say_nothing()
        self._redraw()

    def finished(self, report: Report) -> str:
        data, path = report.data, report.path
        if data is None or path is None or not len(path.epochs):
            return ""
        sentences = [self._suspects(report)]
        late = int((path.learned_for_good == history.NEVER).sum())
        known = _counted(len(data.real_train) - late, "is", "are")
        forgotten = _counted(int((path.forgotten > 0).sum()), "was", "were")
        sentences.append(
            f"Of {len(data.real_train):,} training samples {known} known at the end, epoch {path.epochs[-1]:,}; "
            f"{forgotten} forgotten on the way"
            f"{'' if path.every_epoch else ', as far as the epochs looked at show'}."
        )
        if report.crowd is not None:
            score = report.crowd.memorised.score
            sentences.append(
                f"{_counted(int((score > 0.5).sum()), 'is', 'are')} known by heart (memorisation score above 0.5, "
                f"{len(report.crowd.masks):,} networks)."
            )
        if isinstance(self.study, MemorisationStudy):
            sentences.append(exactness(self.study.way, path.exact))
        return " ".join(each for each in sentences if each)

    def _suspects(self, report: Report) -> str:
        """Return in a sentence how good the ranking is, where the wrong labels are known."""
        assert report.data is not None
        sign = self._sign(report)
        wrong = report.data.real_train.noisy
        suspicion = report.suspicion(sign) if sign is not None else None
        if suspicion is None or sign is None:
            return ""
        if not wrong.any():
            return f"Likely mislabelled samples come first in the list: those with the {_SIGN_WORDS[sign]}."
        count = int(wrong.sum())
        hit = history.precision_at(history.ranking(suspicion), wrong, count)
        return (
            f"Of the {count:,} samples with the {_SIGN_WORDS[sign]}, {round(hit * count):,} do carry one of the "
            f"{count:,} wrong labels: precision {100 * hit:.0f} %, by chance {100 * wrong.mean():.0f} % "
            f"(average precision {history.average_precision(suspicion, wrong):.2f})."
        )

    def _sign(self, report: Report) -> Sign | None:
        """Return the sign that is chosen, another one while it is not known."""
        wanted = SIGNS[self.sign.currentIndex()]
        return next((sign for sign in (wanted, *SIGNS) if report.suspicion(sign) is not None), None)

    # ------------------------------------------------------------ what is shown

    @property
    def report(self) -> Report | None:
        """What is shown."""
        return self._shown

    @Slot()
    def _redraw(self) -> None:
        report = self.report
        if report is None or report.data is None or report.plane is None:
            return
        surfaces = () if report.surface is None else (report.surface,)
        self.picture.show_answers(report.data, report.plane, *surfaces)
        self._color(report)
        self._fill(report)
        self._draw_learned(report)
        self._show_chosen()
        if self.study is not None and self.study.progress().state == "finished":
            self.sentence.setText(self.finished(report))

    def _color(self, report: Report) -> None:
        coloring = COLORINGS[self.coloring.currentIndex()]
        values = coloring.values(report)
        finite = values[np.isfinite(values)] if values is not None else np.empty(0)
        self.key.setVisible(coloring.low != "")
        if values is None or not len(finite):
            self.picture.color_by(None)
            self.key.setVisible(False)
            return
        low, high = float(finite.min()), float(finite.max())
        if coloring.title == "memorisation score":
            low, high = 0.0, 1.0
        elif coloring.title in ("early loss", "mean loss", "margin (AUM)"):
            high = float(np.quantile(finite, 0.98))  # a single outlier would leave one colour to all others
        self.picture.color_by(values, low, high)
        ends = [value_text(-each if coloring.title.startswith("margin") else each) for each in (low, high)]
        words = [
            f"{end} · {word}" if word != end else end
            for end, word in zip(ends, (coloring.low, coloring.high), strict=True)
        ]
        self.key.show_ramp(self.theme.sequential(), words[0], coloring.title, words[1])

    def _fill(self, report: Report) -> None:
        """Fill the list."""
        sign, data, path = self._sign(report), report.data, report.path
        suspicion = report.suspicion(sign) if sign is not None else None
        if suspicion is None or data is None or path is None:
            return
        order = history.ranking(suspicion)
        part, learned = data.real_train, path.learned_for_good
        noisy, crowd = bool(part.noisy.any()), report.crowd
        titles = ["", "sample", "label", *(["wrong"] if noisy else []), "suspect", "learned", "forgot"]
        titles += ["by heart"] if crowd is not None else []
        rows = []
        for rank, number in enumerate(order[:MOST].tolist(), start=1):
            words = [str(rank), f"{number:,}", data.class_names[int(part.targets[number])][:16]]
            words += [("yes" if part.noisy[number] else "–")] if noisy else []
            words.append(value_text(float(suspicion[number])))
            words.append("never" if learned[number] == history.NEVER else f"{learned[number]:,}")
            words.append(f"{path.forgotten[number]}×")
            words += [_score(crowd.memorised.score[number])] if crowd is not None else []
            rows.append(tuple(words))
        self.list.show_samples(data, titles, order[:MOST].tolist(), rows)
        self.list.choose(self.chosen)

    def _draw_learned(self, report: Report) -> None:
        """Draw the share of samples that are known from then on, with right and wrong labels apart."""
        path, data = report.path, report.data
        if path is None or data is None or len(path.epochs) < 2:
            return
        noisy, learned, epochs = data.real_train.noisy, path.learned_for_good, path.epochs
        groups = [("all labels", np.ones(len(noisy), bool), "train")]
        if noisy.any():
            groups = [("right labels", ~noisy, "train"), ("wrong labels", noisy, "danger")]
        traces = [
            Trace(name, 100.0 * history.learned_share(learned[which], epochs), color, after=" %")
            for name, which, color in groups
        ]
        self.learned.show_traces(epochs, traces, "% learned for good", (0.0, 102.0))
        self.legends[0].setText(caption_of(self.learned.legend()))

    # ------------------------------------------------------------ one sample

    @Slot(int, bool)
    def _pick(self, number: int, _: bool) -> None:
        self._choose(number)

    @Slot(int)
    def _choose(self, number: int) -> None:
        """Show one sample everywhere."""
        self.chosen = number
        self.list.choose(number)
        self._show_chosen()

    def _show_chosen(self) -> None:
        report, number = self.report, self.chosen
        if report is None or report.path is None or report.data is None or number < 0 or not len(report.path.epochs):
            self.picture.mark([])
            self.legends[1].setText("")
            self.path.clear("Choose a sample in the list or on the plane to see its loss.")
            return
        self.picture.mark([number])
        path = report.path
        with np.errstate(over="ignore", invalid="ignore"):
            middle = np.median(path.losses, axis=1).astype(np.float64)
        own = path.losses[:, number].astype(np.float64)
        wrong = bool(report.data.real_train.noisy[number])
        traces = [
            Trace("median of all", middle, "muted", dashed=True),
            Trace(f"sample {number:,}{', wrong label' if wrong else ''}", own, "danger" if wrong else "train"),
        ]
        learned = int(path.learned_for_good[number])
        marks = [] if learned == history.NEVER else [(float(learned), f"known from {learned:,} on", "muted")]
        self.path.show_traces(path.epochs, traces, "loss", marks=marks)
        self.legends[1].setText(caption_of(self.path.legend()))

    def _describe(self, number: int) -> list[Line]:
        report = self.report
        if report is None or report.data is None or report.path is None or not len(report.path.epochs):
            return []
        part = report.data.real_train
        label = int(part.targets[number])
        lines = [Line("label", report.data.class_names[label], self.theme.class_color(label))]
        if part.noisy[number]:
            lines.append(Line("which is wrong"))
        learned = int(report.path.learned_for_good[number])
        lines.append(Line("known from", "never" if learned == history.NEVER else f"epoch {learned:,}"))
        lines.append(Line("forgotten", f"{report.path.forgotten[number]}×"))
        if report.crowd is not None:
            found = report.crowd.memorised
            lines.append(Line("memorised", f"{_score(found.score[number])} ± {_score(found.error[number])}"))
        return lines

    @Slot(bool)
    def _set_log(self, on: bool) -> None:
        self.learned.set_log_x(on)
        self.path.set_log_x(on)

    # ------------------------------------------------------------ the contract of a page

    def table(self) -> Table:
        """Return what is known of every training sample, one row each."""
        report = self.report
        if report is None or report.data is None or report.path is None or not len(report.path.epochs):
            return {}
        path, part = report.path, report.data.real_train
        columns: dict[str, NDArray[Any]] = {
            "sample": np.arange(len(part)),
            "label": part.targets,
            "known wrong": part.noisy,
            "first learned [epoch, -1 never]": path.first_learned,
            "learned for good [epoch, -1 never]": path.learned_for_good,
            "forgetting events": path.forgotten,
            "early loss": path.early_loss,
            "mean loss": path.loss,
            "area under the margin": path.margin,
        }
        if report.crowd is not None:
            found = report.crowd.memorised
            columns |= {"memorisation score": found.score, "its standard error": found.error}
            columns["right without it [share of networks]"] = found.without_it
        return columns

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for part in (self.picture, self.key, self.list, self.learned, self.path):
            part.apply_theme(theme)
        self._redraw()


def _score(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if np.isfinite(value) else "–"


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
