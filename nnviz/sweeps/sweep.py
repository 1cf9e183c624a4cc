"""A sweep that goes on in the background: start, cancel, join, close; `progress` and `table` can be polled."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nnviz.data.dataset import DataError
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.sweeps.agenda import Agenda, Impossible, agenda_of
from nnviz.sweeps.backends import Backend, BackendError, backends
from nnviz.sweeps.cost import Cost, estimate, work_of
from nnviz.sweeps.plan import Member, Plan, Point
from nnviz.sweeps.results import UNKNOWN, Results, ResultsError, in_order_of
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.table import GrowingTable, Result, Table
from nnviz.sweeps.training import MISTAKES, failed
from nnviz.training.background import Background

log = logging.getLogger(__name__)

State = Literal["waiting", "preparing", "training", "finished", "cancelled", "failed"]

_WAIT = 0.1
"""Seconds for which results are waited for before the sweep looks whether it should stop."""

_APART = 0.05
"""Seconds between two writes: rows that come faster are written together."""

_MOST_IN_BATCH = 64

_SAID = (*MISTAKES, SettingsError, BackendError, ResultsError)
"""Errors whose text is a sentence for the user."""


@dataclass(frozen=True)
class Progress:
    """How a sweep stands: rows `done` of `total`, of which so many failed or diverged, and seconds left.

    `resumed` of the rows were there before it began. The seconds are NaN while nobody can know. `text` says in a
    sentence why it has failed.
    """

    state: State
    done: int
    total: int
    failed: int
    diverged: int
    resumed: int
    seconds_left: float
    text: str = ""

    @property
    def share(self) -> float:
        """The share of the trainings that are done, 0..1."""
        return self.done / self.total if self.total else 0.0

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("finished", "cancelled", "failed")


class Sweep(Background):
    """Trains what a plan asks for. Use it in a `with` statement, or `close` it.

    Rows are written to `folder` as they come, and only then counted and shown; without a folder they are kept in
    memory alone. Where the folder holds rows of the same sweep, only what is missing is trained, and `plan` has its
    axes in the order that they have there. `backend` is the name of one, or one that is made already; the sweep
    closes it. `library` has the samples of a project. `cost`, where it is known, need not be estimated again.
    Raises UnknownMemberError for a backend that there is not.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path | None = None,
        backend: str | Backend = "local",
        *,
        address: str | None = None,
        threads: int | None = None,
        library: Library | None = None,
        cost: Cost | None = None,
    ) -> None:
        super().__init__("sweep")
        plan = plan if folder is None else in_order_of(folder, plan)
        self.plan, self.folder, self.cost = plan, folder, cost
        self.backend = backends[backend](address, threads) if isinstance(backend, str) else backend
        self._samples = Samples(library)
        self._table = GrowingTable(plan.axes)
        self._in_flight: dict[str, Member] = {}
        self._results: Results | None = None
        self._agenda: Agenda | None = None
        self._state: State = "waiting"
        self._text = ""
        self._total = plan.n_trainings
        self._counts = {"finished": 0, "diverged": 0, "failed": 0}
        self._resumed = 0
        self._slots = 1
        self._spent = self._predicted = 0.0  # seconds that trainings of this session took, and were thought to take
        self._batch = 1
        self._accounted = 0.0  # seconds that all rows were thought to take
        self._predictions: dict[int, float] = {}  # by the number of the point

    def close(self) -> None:
        """Cancel what is left and wait for the end; the same plan and folder go on from there."""
        super().close()
        self.backend.close()

    # ------------------------------------------------------------ what can be polled

    def progress(self) -> Progress:
        """Return how it stands."""
        state, done = self._state, len(self._table)
        return Progress(
            state=state,
            done=done,
            total=max(self._total, done),
            failed=self._counts["failed"],
            diverged=self._counts["diverged"],
            resumed=self._resumed,
            seconds_left=0.0 if state in ("finished", "cancelled", "failed") else self._seconds_left(done),
            text=self._text,
        )

    def table(self) -> Table:
        """Return the rows so far."""
        return self._table.table()

    def experiment_of(self, row: int) -> Experiment:
        """Return the experiment that a row of the table is the training of. Raises SettingsError where it is none."""
        cells = self.table().row(row)
        values = [axis.value_of(cells[axis.path]) for axis in self.plan.axes]
        return self.plan.experiment_at(values).replace(seed=cells["seed"])

    def _seconds_left(self, done: int) -> float:
        """Return about how long it still takes: what was predicted of the rest, as far off as it was so far."""
        cost, left = self.cost, max(self._total - done, 0)
        if cost is None:
            return math.nan
        off = self._spent / self._predicted if self._predicted > 0.0 else 1.0
        rest = max(cost.mean * self._total - self._accounted, cost.smallest * left) if left else 0.0
        return cost.wall(off * rest, self._slots)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        state, text = self._outcome(self._conduct)
        ended, problem = self._outcome(self._let_go)
        if ended == "failed" and state != "failed":
            state, text = ended, problem
        self._text, self._state = text, state  # last of all: whoever sees the end finds everything in its place

    def _conduct(self) -> State:
        self._state = "preparing"
        self._prepare()
        self._state = "training"
        self._train()
        return "cancelled" if self._cancelled.is_set() and len(self._table) < self._total else "finished"

    def _let_go(self) -> State:
        self.backend.close()
        if self._results is not None:
            self._results.close()
        return "finished"

    def _outcome(self, work: Callable[[], State]) -> tuple[State, str]:
        """Do some work; return how it ended, and if it failed the sentence that says why."""
        try:
            return work(), ""
        except _SAID as error:
            return "failed", str(error)
        except OSError as error:
            where = error.filename or self.folder
            return "failed", f"{f'{where}: ' if where else ''}{error.strerror or error}".rstrip(".") + "."
        except Exception as error:
            log.exception("A sweep failed")
            return "failed", f"The sweep failed: {type(error).__name__}: {error}"

    def _prepare(self) -> None:
        """Take up what the folder has, reach the backend, estimate the cost, and line up what is missing."""
        if self.folder is not None:
            results = Results(self.folder, self.plan, self._fingerprint())
            self._accept(results.open())
            self._results = results
            self._resumed = len(self._table)
        self.backend.open()
        self._slots = max(1, self.backend.slots)
        if self.cost is None:
            one_machine = self.backend.one_machine
            self.cost = estimate(self.plan, self._slots, samples=self._samples, one_machine=one_machine)
        self._agenda = agenda_of(self.plan, self._table.table(), self._predict, self._most_points)
        self._total = self._agenda.total

    def _fingerprint(self) -> str:
        """Return the hash of the samples of the experiment, followed by those of the files that points read instead.

        Where samples vary, some that cannot be had count as `UNKNOWN`.
        """
        varied = any(axis.path.startswith("data.") or axis.path == "data" for axis in self.plan.axes)
        hashes = []
        for settings in (self.plan.experiment.data, *self.plan.varied_files()):
            try:
                hashes.append(self._samples.sha256(settings))
            except DataError:
                if not varied:
                    raise
                hashes.append(UNKNOWN)
        return " ".join(hashes)

    def _train(self) -> None:
        """Keep the backend busy and write down what comes, until nothing is left or the sweep is cancelled."""
        while not self._cancelled.is_set():
            self._slots = max(1, self.backend.slots)  # here: whoever asks how long it takes must not wait for a cluster
            self._submit()
            if not self._in_flight:
                return
            self._take(self.backend.collect(_WAIT))
            if not self.plan.adaptive:
                self._cancelled.wait(_APART)
        self.backend.cancel()
        self._take(self.backend.collect(0.0))

    def _submit(self) -> None:
        """Hand batches over while there is room for them."""
        assert self._agenda is not None
        while len(self._in_flight) < self.backend.window * self._batch:
            batch, impossible = self._next_batch(self._agenda)
            self._write(impossible)
            if batch:
                self._batch = len(batch)
                self._in_flight |= {member.id: member for member in batch}
                self.backend.submit(batch, self._samples)
            elif not impossible:
                break
        self._total = self._agenda.total

    def _next_batch(self, agenda: Agenda) -> tuple[list[Member], list[dict[str, Any]]]:
        """Return trainings worth handing over together, and rows of those that are none."""
        batch: list[Member] = []
        impossible: list[dict[str, Any]] = []
        seconds = 0.0
        while (not batch or seconds < self.backend.batch_seconds) and len(batch) + len(impossible) < _MOST_IN_BATCH:
            each = agenda.next()
            if each is None:
                break
            if isinstance(each, Impossible):
                impossible.append(self._row(each.point, each.seed, failed(each.id, each.sentence)))
            else:
                batch.append(each)
                seconds += self._predict(each)
        return batch, impossible

    def _take(self, results: Sequence[Result]) -> None:
        """Write down what has come; what came before, from a worker that was thought lost, is passed over."""
        rows = []
        for result in results:
            member = self._in_flight.pop(result.member, None)
            if member is not None:
                rows.append(self._row(member.point, member.seed, result))
                self._spent += result.seconds
                self._predicted += self._predict(member)
                self._accounted += self._predict(member)
        self._write(rows)

    def _row(self, point: Point, seed: int, result: Result) -> dict[str, Any]:
        cells = {axis.path: axis.cell(value) for axis, value in zip(self.plan.axes, point.values, strict=True)}
        return {"point": point.number, **cells, "seed": seed, **dataclasses.asdict(result)}

    def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Make rows safe, then count and show them."""
        if not rows:
            return
        if self._results is not None:
            self._results.append(rows)
        self._accept(rows)
        assert self._agenda is not None
        for row in rows:
            self._agenda.took(row)

    def _accept(self, rows: Sequence[dict[str, Any]]) -> None:
        self._table.add(rows)
        for row in rows:
            self._counts[row["status"]] += 1
            if self._agenda is None:
                self._accounted += row["seconds"]

    def _predict(self, member: Member) -> float:
        """Return about how many seconds a training will take."""
        assert self.cost is not None
        number = member.point.number
        if number not in self._predictions:
            try:
                data = self._samples.prepared(member.experiment.data)
                self._predictions[number] = self.cost.of(work_of(member.experiment, data), member.experiment)
            except MISTAKES:
                self._predictions[number] = 0.0
        return self._predictions[number]

    def _most_points(self) -> int:
        """Return how many points an adaptive strategy may have in training: as many as keep the backend busy."""
        return -(-self.backend.slots // self.plan.seeds)
