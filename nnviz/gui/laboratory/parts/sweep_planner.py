"""Plans and costs what a sweep is asked, on a thread of its own: the newest question counts. No Qt."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from nnviz.experiment import Experiment
from nnviz.gui.laboratory.parts.sweep_folder import Before, look_into
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.sweeps.backends import backends
from nnviz.sweeps.cost import Cost, estimate
from nnviz.sweeps.plan import Plan, make_plan
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.training import MISTAKES

log = logging.getLogger(__name__)

_SETTLED = 0.35
"""Seconds without another question after which the cost is estimated: it takes a core for a moment."""


@dataclass(frozen=True)
class Asked:
    """What the user asks for: `vary` holds a path and its values for every row."""

    experiment: Experiment
    vary: tuple[tuple[str, str], ...]
    seeds: int
    epochs: int
    search: str
    trials: int | None
    objective: str
    backend: str
    folder: Path | None = None
    library: Library | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Answer:
    """What is known about a question so far.

    `problem` says in a sentence what is wrong, and `row` which row it is about, -1 for none of them. `cost` comes a
    moment after the plan; `no_cost` says why there is none. `before` is what the folder holds already.
    """

    asked: Asked
    plan: Plan | None = None
    problem: str = ""
    row: int = -1
    cost: Cost | None = None
    no_cost: str = ""
    before: Before | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more is to come."""
        return self.plan is None or self.cost is not None or bool(self.no_cost)


class Planner:
    """Answers the newest question. `ask` and `answer` return at once; `close` ends the thread."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._asked: Asked | None = None
        self._answer: Answer | None = None
        self._thread: threading.Thread | None = None
        self._closed = self._costing = False
        self._samples: tuple[tuple[object, int], Samples] | None = None

    def ask(self, asked: Asked, costing: bool = True) -> None:
        """Take over a question; without `costing` no network is timed, since others need the cores."""
        with self._news:
            self._asked, self._costing, self._closed = asked, costing, False
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="nnviz-sweep-planner", daemon=True)
                self._thread.start()
            self._news.notify()

    def answer(self) -> Answer | None:
        """Return what is known about the question that was answered last."""
        with self._news:
            return self._answer

    def close(self) -> None:
        """End the thread; what it times right now takes a second at most. A later question begins another."""
        with self._news:
            thread, self._thread, self._closed, self._asked = self._thread, None, True, None
            self._news.notify()
        if thread is not None:
            thread.join()

    # ------------------------------------------------------------ the thread

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._closed or self._asked is not None)
                if self._closed or self._asked is None:
                    return
                asked, costing, self._asked = self._asked, self._costing, None
            answer = self._told(_answered(asked))
            if answer.plan is None or not costing:
                continue
            with self._news:
                if self._news.wait_for(lambda: self._closed or self._asked is not None, _SETTLED):
                    continue
            self._told(self._costed(answer, answer.plan))

    def _told(self, answer: Answer) -> Answer:
        with self._news:
            self._answer = answer
        return answer

    def _costed(self, answer: Answer, plan: Plan) -> Answer:
        data = plan.experiment.data
        key = (data.source, data.seed)
        if self._samples is None or self._samples[0] != key:
            self._samples = key, Samples(answer.asked.library)
        try:
            backend = backends[answer.asked.backend]()
            cost = estimate(plan, backend.slots, samples=self._samples[1], one_machine=backend.one_machine)
            return replace(answer, cost=cost)
        except (*MISTAKES, SettingsError) as error:
            return replace(answer, no_cost=in_window_words(str(error)))
        except Exception as error:
            log.exception("A sweep could not be costed")
            return replace(answer, no_cost=f"The time cannot be estimated: {type(error).__name__}: {error}.")


def _answered(asked: Asked) -> Answer:
    """Return the plan of a question, or what is wrong with it; a defect ends the question, not the thread."""
    try:
        return planned(asked)
    except Exception as error:
        log.exception("A sweep could not be planned")
        return Answer(asked, problem=f"This cannot be planned: {type(error).__name__}: {error}.")


def planned(asked: Asked) -> Answer:
    """Return the plan of a question, or what is wrong with it."""
    if not asked.vary:
        return Answer(asked, problem="Add a setting to vary.")
    for row, (path, values) in enumerate(asked.vary):
        if not path.strip():
            return Answer(asked, problem="Name the setting, such as training.learning_rate.", row=row)
        if not values.strip():
            return Answer(asked, problem="Type values, such as 1:300:log16 or 0, 1e-4, 1e-3.", row=row)
        if row != [other.strip() for other, _ in asked.vary].index(path.strip()):
            return Answer(asked, problem="This setting is there twice; put all its values into one row.", row=row)
    try:
        plan = make_plan(
            asked.experiment,
            [f"{path}={values}" for path, values in asked.vary],
            seeds=asked.seeds,
            epochs=asked.epochs,
            search=asked.search,
            trials=asked.trials,
            objective=asked.objective,
        )
    except SettingsError as error:
        return _refused(asked, str(error))
    return Answer(asked, plan, before=look_into(asked.folder, plan) if asked.folder is not None else None)


def _refused(asked: Asked, text: str) -> Answer:
    for row, (path, _) in enumerate(asked.vary):
        if text.startswith(f"{path.strip()}: "):
            return Answer(asked, problem=in_window_words(text.partition(": ")[2]), row=row)
    return Answer(asked, problem=in_window_words(text))


def in_window_words(text: str) -> str:
    """Return a sentence that names options of the command line with the names that they have in the window."""
    text = re.sub(r"as in --address ", "as in ", text)
    text = re.sub(r"--(\w+)(?=: )", lambda found: found[1].capitalize(), text)
    return re.sub(r"--(\w+)", r"\1", text)
