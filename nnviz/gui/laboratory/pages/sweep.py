"""What do a few settings change, all of them together?"""

from __future__ import annotations

import math
import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from nnviz.experiment import Experiment, identity
from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.page import GROUPS, Page, pages
from nnviz.gui.laboratory.parts.note import Note
from nnviz.gui.laboratory.parts.sweep_form import SweepForm
from nnviz.gui.laboratory.parts.sweep_planner import Answer, Asked, Planner, in_window_words
from nnviz.gui.laboratory.parts.sweep_points import count_words, row_of
from nnviz.gui.laboratory.parts.sweep_results import SweepResults
from nnviz.gui.theme import Theme
from nnviz.gui.vault_keeper import keeper_of
from nnviz.gui.views import Table
from nnviz.sweeps.cost import duration
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.sweep import Progress, Sweep

_LOOK_MS = 60
"""Between two looks whether there is an answer to what was typed."""

_EMPTY = "Choose what to vary and press Start. Every training joins the picture as it comes."
_LOCKED = (
    "The test vault is locked, and this objective is measured on the test part; choose a validation or training "
    "objective, or open the vault."
)


@pages.register
class SweepPage(Page):
    """Trains an experiment at every combination of some settings, or where a search looks, and shows what matters."""

    name = "sweep"
    title = "Sweep"
    help = (
        "Trains many networks that differ in a few settings: which settings matter, which values are best, how sure is "
        "that?"
    )
    group = GROUPS[2]
    order = 90

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(controller, theme, parent)
        self.sweep: Sweep | None = None
        self._planner = Planner()
        self._asked: Asked | None = None
        self._titles: dict[str, str] = {}
        self._target = ""
        self._wanted = False  # whether Start was pressed before it was known how long it takes
        self._told = False  # whether the end of the sweep has been told
        self._experiment: Experiment | None = None
        self._run = -1  # the number of the run that epochs were proposed for
        self._temporary: Path | None = None
        self.form = SweepForm(theme, self)
        self.results = SweepResults(theme, self)
        self._make_line()
        self._make_notes()
        self._assemble()
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_MS)
        self._look.timeout.connect(self._look_for_answer)
        self.form.edited.connect(self._ask)
        self.form.edited.connect(self.problem.hide)  # it is of the last sweep
        self.results.opened.connect(self.open_point)
        self.results.say(_EMPTY)
        self.apply_theme(theme)

    # ------------------------------------------------------------ assembly

    def _make_line(self) -> None:
        """Make the line that counts and costs, and what starts."""
        self.count = Note("", self)
        self.count.setAccessibleName("How many trainings, and how long")
        self.button = QPushButton("Start", self)
        self.button.setObjectName("primary")
        self.button.setEnabled(False)
        self.button.clicked.connect(self.toggle)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.bar.setAccessibleName("Progress")
        self.status = Note("muted", self)
        self.status.setText("Nothing is trained until you say so.")
        self.status.setAccessibleName("How the sweep stands")
        self.problem = Note("error", self)
        self.problem.setAccessibleName("What is wrong")
        self.problem.hide()

    def _make_notes(self) -> None:
        """Make the question whether so much is meant, and what is said of a folder that is not empty."""
        self.question = QFrame(self)
        self.question.setObjectName("card")
        self._question = Note("", self.question)
        self.yes, self.no = QPushButton("Start all the same", self), QPushButton("No", self)
        self.yes.clicked.connect(self._start)
        self.no.clicked.connect(self.question.hide)
        row = QHBoxLayout(self.question)
        row.setContentsMargins(12, 8, 12, 8)
        for part, share in ((self._question, 1), (self.yes, 0), (self.no, 0)):
            row.addWidget(part, share)
        self.question.hide()
        self.before = QFrame(self)
        self.before.setObjectName("card")
        self._before = Note("", self.before)
        self.take_over = QPushButton("Take over its settings", self)
        self.take_over.setToolTip("Ask what the sweep in this folder was asked, so that it can go on")
        self.take_over.clicked.connect(self._take_over)
        row = QHBoxLayout(self.before)
        row.setContentsMargins(12, 8, 12, 8)
        row.addWidget(self._before, 1)
        row.addWidget(self.take_over)
        self.before.hide()

    def _assemble(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(12)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.count)
        words.addWidget(self.status)
        line.addLayout(words, 1)
        line.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.form)
        column.addWidget(self.before)
        column.addLayout(line)
        column.addWidget(self.question)
        column.addWidget(self.bar)
        column.addWidget(self.problem)
        column.addWidget(self.results, 1)

    # ------------------------------------------------------------ questions and answers

    @property
    def going(self) -> bool:
        """Whether a sweep goes on."""
        return self.sweep is not None and not self.sweep.progress().over

    @property
    def answer(self) -> Answer | None:
        """What is known about what is asked now; None while nothing is."""
        answer = self._planner.answer()
        return answer if answer is not None and answer.asked is self._asked else None

    @Slot()
    def _ask(self) -> None:
        """Ask what the form says."""
        if self._experiment is None:
            return
        self._asked = self.form.asked(self._experiment, self.library() if self.run.snapshot is not None else None)
        self.question.hide()
        self._wanted = False
        self._planner.ask(self._asked, costing=not self.going)
        self._look.start()
        self._show_answer()

    @Slot()
    def _look_for_answer(self) -> None:
        answer = self.answer
        if answer is not None and (answer.settled or self.going):
            self._look.stop()
        self._show_answer()
        if self._wanted and answer is not None and answer.settled:
            self.begin()

    def _show_answer(self) -> None:
        """Show counts, cost, mistakes, and what is in the folder."""
        answer = self.answer
        if answer is None:
            self.button.setEnabled(self.going)
            return
        plan, problem = answer.plan, answer.problem
        counts = [f"{len(axis):,} value{'s' if len(axis) != 1 else ''}" for axis in plan.axes] if plan else []
        self.form.rows.say(counts, answer.row, problem)
        if problem:
            self._say_count(problem if answer.row < 0 else "See the setting that is marked.", "error")
        elif plan is not None and self._locked(plan):
            self._say_count(_LOCKED, "error")
        elif answer.no_cost:
            self._say_count(answer.no_cost, "error")
        else:
            self._say_count(_counted(answer), "")
        self._show_before(answer)
        self._show_button()

    def _say_count(self, text: str, style: str) -> None:
        self.count.setText(text)
        if self.count.objectName() != style:
            self.count.setObjectName(style)
            self.count.style().unpolish(self.count)
            self.count.style().polish(self.count)

    def _show_before(self, answer: Answer) -> None:
        """Say what the folder holds, if it is something else."""
        before = answer.before
        self.before.setVisible(before is not None and bool(before.problem) and not self.going)
        if before is not None:
            self._before.setText(before.problem)
            self.take_over.setVisible(before.recalled is not None)

    def _show_button(self) -> None:
        answer, sweep = self.answer, self.sweep
        if self.going:
            self.button.setText("Cancel")
            self.button.setEnabled(True)
            return
        plan = answer.plan if answer is not None else None
        folder_fits = answer is None or answer.before is None or not answer.before.problem
        possible = plan is not None and folder_fits and not self._locked(plan)
        self.button.setEnabled(possible and answer is not None and not answer.no_cost)
        again = answer is not None and answer.before is not None and answer.before.same
        if plan is not None and sweep is not None and sweep.progress().state in ("cancelled", "failed"):
            again = again or (self._goes_on(plan) and len(sweep.table()) > 0)
        self.button.setText("Resume" if again else "Start")

    def _locked(self, plan: Plan) -> bool:
        return "test" in plan.objective and keeper_of(self.controller).vault.locked

    def _goes_on(self, plan: Plan) -> bool:
        """Say whether a plan is that of the last sweep, in the temporary folder, with no fewer seeds and points."""
        if self.sweep is None or self.form.folder.folder is not None or self.sweep.folder != self._temporary:
            return False
        last = self.sweep.plan
        same = replace(plan, seeds=last.seeds, trials=last.trials) == last
        return same and plan.seeds >= last.seeds and (plan.trials or 0) >= (last.trials or 0)

    @Slot()
    def _take_over(self) -> None:
        """Ask what the sweep in the folder was asked; its experiment becomes the current one if it is another."""
        answer = self.answer
        if answer is None or answer.before is None or answer.before.recalled is None:
            return
        recalled = answer.before.recalled
        ours = self.experiment.replace(training=self.experiment.training.replace(epochs=recalled.epochs))
        if identity(ours) != identity(recalled.experiment):
            self.controller.session.pause()
            self.controller.change(recalled.experiment, f"Open {recalled.experiment.name} of a sweep")
        self._experiment, self._run = self.experiment, self.run.number
        self.form.rows.set_experiment(self._experiment)
        self.form.take_over(recalled, answer.asked.folder)

    # ------------------------------------------------------------ the sweep

    @Slot()
    def toggle(self) -> None:
        """Start, or cancel what goes on."""
        if self.sweep is not None and self.going:
            self.sweep.cancel()
            self.button.setEnabled(False)
            self.status.setText("Stopping: trainings in progress are given up.")
        else:
            self.begin()

    def begin(self) -> None:
        """Start what is asked, or ask first whether it is meant where it is very much."""
        answer = self.answer
        if self.run.snapshot is None:
            self.status.setText("The run is not ready yet; begin once it is.")
        elif answer is None or not answer.settled:
            self._wanted = True  # it starts as soon as it is known that it is not absurd
            self.status.setText("Estimating the time first …")
        elif answer.plan is not None and answer.cost is not None and answer.cost.absurd:
            self._wanted = False
            self._question.setText(
                f"{count_words(answer.plan)} would take about {duration(answer.cost.seconds)}. Vary fewer values or "
                "train for fewer epochs, unless it is meant."
            )
            self.question.show()
            self.no.setFocus()
        else:
            self._start()

    @Slot()
    def _start(self) -> None:
        answer, self._wanted = self.answer, False
        if answer is None or answer.plan is None or answer.no_cost or self.going or self._locked(answer.plan):
            return
        plan, asked = answer.plan, answer.asked
        folder = asked.folder or self._temporary_folder(self._goes_on(plan))
        if self.sweep is not None:
            self.sweep.close()
        self.question.hide()
        self.before.hide()
        data = self.run.snapshot.data if self.run.snapshot is not None else None
        self._target = data.target_name if data is not None and data.task == "regression" else ""
        self._titles = {axis.path: self.form.rows.titles().get(axis.path, axis.title) for axis in plan.axes}
        self._told = False
        self.controller.session.pause()  # the cores are for this
        if "test" in plan.objective:
            keeper_of(self.controller).look(f"Sweep of {count_words(plan)}")
        self.sweep = Sweep(
            plan, folder, asked.backend, address=self.form.address_text, library=asked.library, cost=answer.cost
        )
        self.results.say("Getting ready …")
        self.sweep.start()
        self.refresh()

    def _temporary_folder(self, same: bool) -> Path:
        """Return a folder that is removed with the page: the one so far to go on there, or a new one."""
        if self._temporary is None or not same:
            if self._temporary is not None:
                shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = Path(tempfile.mkdtemp(prefix="nnviz-sweep-"))
            weakref.finalize(self, shutil.rmtree, self._temporary, True)
        return self._temporary

    def refresh(self) -> None:
        self._follow_experiment()
        sweep = self.sweep
        if sweep is None:
            self._show_button()
            return
        progress = sweep.progress()
        self.bar.setValue(round(1000 * progress.share))
        self._show_results(sweep, progress)
        if not progress.over:
            if self.button.text() != "Cancel":
                self._show_button()
            if self.button.isEnabled():
                self.status.setText(_standing(progress))
        elif not self._told:
            self._told = True
            self._tell_end(sweep, progress)
            self._ask()  # what may be started now, and what the folder holds

    def _follow_experiment(self) -> None:
        """Offer the settings of the experiment that is looked at, and plan anew when it is another."""
        if self.run.number != self._run and not self.going:
            self._run = self.run.number
            self.form.offer_epochs(self.experiment, self.run.epoch)
        if self._experiment != self.experiment:  # in the past it is made anew whenever it is asked for
            self._experiment = self.experiment
            self.form.rows.set_experiment(self._experiment)
            self._ask()
        elif not self._look.isActive() and not self.going and (self.answer is None or not self.answer.settled):
            self._ask()  # the window was closed before the answer came

    def _show_results(self, sweep: Sweep, progress: Progress) -> None:
        table = sweep.table()
        if len(table):
            self.results.show_rows(table, sweep.plan, self._titles, self._target, progress.over)
        elif progress.state == "training":
            self.results.say("The first trainings are under way.")

    def _tell_end(self, sweep: Sweep, progress: Progress) -> None:
        """Say how the sweep ended."""
        table = sweep.table()
        self.problem.setText(in_window_words(progress.text))
        self.problem.setVisible(bool(progress.text))
        self.status.setText(_ended(progress))
        if progress.done and progress.failed == progress.done:
            self.problem.setText(f"No network could be trained: {table['sentence'][0]}")
            self.problem.show()
        if not len(table):
            self.results.say(_EMPTY if progress.state == "cancelled" else "There are no results.")
        points = self.results.points
        if points is not None and len(points) > 1 and "test" in sweep.plan.objective:
            keeper_of(self.controller).select(f"Ranked {len(points):,} points of a sweep by {points.measure.title}")

    @Slot(int)
    def open_point(self, point: int) -> None:
        """Begin a run of a point, with its first seed."""
        if self.sweep is None or self.results.points is None:
            return
        table = self.sweep.table()
        row = row_of(table, point)
        place = self.results.points.place_of(point)
        words = self.results.points.text(place) if place >= 0 else f"point {point}"
        self.controller.begin(self.sweep.experiment_of(row), words)
        self.status.setText(f"Opened {words}, seed {table['seed'][row]}, in the main window: press Play there.")

    # ------------------------------------------------------------ what every page owes

    def table(self) -> Table:
        """Return the numbers of the view that is shown: points, importances or cells."""
        return self.results.table()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.bar.setStyleSheet(
            f"QProgressBar {{ border: none; border-radius: 2px; background: {theme.border}; }}"
            f"QProgressBar::chunk {{ background: {theme.accent}; border-radius: 2px; }}"
        )
        self.form.apply_theme(theme)
        self.results.apply_theme(theme)

    def end(self) -> None:
        self._look.stop()
        self._planner.close()
        if self.sweep is not None:
            self.sweep.close()


def _counted(answer: Answer) -> str:
    """Return how many trainings there are and how long they will take."""
    plan, cost = answer.plan, answer.cost
    assert plan is not None
    there = "; those that the folder has are not repeated" if answer.before is not None and answer.before.same else ""
    if cost is None:
        return f"{count_words(plan)}, estimating the time …{there}"
    if answer.asked.backend != "local":
        return f"{count_words(plan)}, about {duration(cost.seconds_alone)} of work for the workers to share{there}"
    cores = f"{cost.slots} cores" if cost.slots > 1 else "one core"
    return f"{count_words(plan)}, about {duration(cost.seconds)} on {cores}{there}"


def _standing(progress: Progress) -> str:
    """Return how a sweep that goes on stands."""
    if progress.state != "training":
        return "Getting ready: samples, workers and what is there already …"
    left = progress.seconds_left
    parts = [f"{progress.done:,} of {progress.total:,} trainings", *_broken(progress)]
    parts.append("estimating the time left" if math.isnan(left) else f"about {duration(left)} left")
    if progress.resumed:
        parts.append(f"{progress.resumed:,} were there before")
    return " · ".join(parts)


def _ended(progress: Progress) -> str:
    """Return how a sweep ended."""
    done = f"{progress.done:,} of {progress.total:,} trainings"
    notes = "".join(f" · {each}" for each in _broken(progress))
    if progress.state == "cancelled" and not progress.done:
        return "Cancelled: no training was done yet."
    if progress.state == "cancelled":
        return f"Cancelled: {done} are done{notes}. Resume goes on from there."
    if progress.state == "failed":
        kept = f" What has come is kept: {done}{notes}. Resume goes on from there." if progress.done else ""
        return f"The sweep could not be finished.{kept}"
    return f"Done: {progress.done:,} training{'s' if progress.done != 1 else ''}{notes}."


def _broken(progress: Progress) -> list[str]:
    named = ((progress.diverged, "diverged"), (progress.failed, "failed"))
    return [f"{count:,} {word}" for count, word in named if count]
