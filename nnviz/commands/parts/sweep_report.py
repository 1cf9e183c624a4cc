"""What is printed while a sweep goes on, and at its end."""

from __future__ import annotations

import json
import math
import time
from typing import Any

from nnviz.analysis.importance import Ranked, best_points, importance
from nnviz.commands import complain, say
from nnviz.sweeps.axes import label
from nnviz.sweeps.backends import Backend
from nnviz.sweeps.cost import Cost, duration
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.results import RESULTS
from nnviz.sweeps.sweep import Progress, Sweep
from nnviz.sweeps.table import Table

_BEST = 10
"""Points in the table at the end."""

_PROGRESS_EVERY = 0.5
"""Seconds between two lines of progress at first; later a twentieth of the time that has passed."""


class SweepReport:
    """What is printed of a sweep."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._began = time.monotonic()

    def begin(self, plan: Plan, cost: Cost, backend: Backend) -> None:
        """Say what is going to be trained."""

    def progress(self, sweep: Sweep) -> None:
        """Say what is new."""
        raise NotImplementedError

    def end(self, sweep: Sweep) -> None:
        """Sum up."""
        raise NotImplementedError

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self._began


class JsonReport(SweepReport):
    """A line for every training, for programs."""

    def __init__(self, quiet: bool) -> None:
        super().__init__(quiet)
        self._printed: int | None = None

    def progress(self, sweep: Sweep) -> None:
        if self._printed is None:
            if sweep.progress().state in ("waiting", "preparing"):
                return
            self._printed = sweep.progress().resumed  # those were printed when they came
        table = sweep.table()
        if not self.quiet and len(table) > self._printed:
            say("\n".join(json.dumps(plain_row(row)) for row in table.rows(self._printed)))
        self._printed = len(table)

    def end(self, sweep: Sweep) -> None:
        say(json.dumps(summary(sweep, self.seconds)))


class TextReport(SweepReport):
    """A line now and then and a table at the end, for people."""

    def __init__(self, quiet: bool) -> None:
        super().__init__(quiet)
        self._due = 0.0
        self._told = False

    def begin(self, plan: Plan, cost: Cost, backend: Backend) -> None:
        if not self.quiet:
            say(f"{plan.experiment.name}: {cost.text}")
            say(f"Training on {backend.describe()}.")

    def progress(self, sweep: Sweep) -> None:
        progress = sweep.progress()
        if self.quiet or progress.state in ("waiting", "preparing"):
            return
        if not self._told and progress.resumed:
            say(f"{progress.resumed:,} of them are there already.")
        self._told = True
        now = time.monotonic()
        if now < self._due or progress.over:
            return
        self._due = now + max(_PROGRESS_EVERY, self.seconds / 20.0)
        left = [] if math.isnan(progress.seconds_left) else [f"{duration(progress.seconds_left)} left"]
        say("  " + ", ".join([f"{progress.done:,} of {progress.total:,} trainings", *_broken(progress), *left]))

    def end(self, sweep: Sweep) -> None:
        progress, table = sweep.progress(), sweep.table()
        for line in best_table(sweep.plan, table):
            say(line)
        if not self.quiet:
            for line in importance_lines(sweep.plan, table):
                say(line)
        new = progress.done - progress.resumed
        say(f"{'; '.join([f'{new:,} trainings in {duration(self.seconds)}', *_broken(progress)])}.")
        if progress.failed:
            row = next(row for row in table.rows() if row["status"] == "failed")
            complain(f"The first that failed: {row['sentence']}")
        if sweep.folder is not None:
            say(f"All results: {sweep.folder / RESULTS}")
        if progress.state == "cancelled":
            kept = "the same command goes on from here" if sweep.folder is not None else "with --out it could go on"
            say(f"Stopped with {progress.done:,} of {progress.total:,} trainings done; {kept}.")


def _broken(progress: Progress) -> list[str]:
    """Return in words how many trainings brought no sound result."""
    counts = (("failed", progress.failed), ("diverged", progress.diverged))
    return [f"{n:,} {what}" for what, n in counts if n]


def summary(sweep: Sweep, seconds: float) -> dict[str, Any]:
    """Return what a sweep came to, as JSON holds it."""
    progress, table, plan = sweep.progress(), sweep.table(), sweep.plan
    status = {"cancelled": "interrupted"}.get(progress.state, progress.state)
    shares = _importance(plan, table)
    return {
        "final": True,
        "status": status,
        "trainings": progress.done,
        "of": progress.total,
        "resumed": progress.resumed,
        "failed": progress.failed,
        "diverged": progress.diverged,
        "seconds": round(seconds, 3),
        "objective": plan.objective,
        "best": _best(plan, table),
        "importance": {name: _number(share) for name, share in shares.items()},
        "results": str(sweep.folder / RESULTS) if sweep.folder is not None else None,
    }


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON knows it: None where a number is not finite."""
    return {name: _number(value) if isinstance(value, float) else value for name, value in row.items()}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _ranked(plan: Plan, table: Table) -> Ranked:
    return best_points(table["point"], table[plan.objective], table["status"] == "finished")


def _best(plan: Plan, table: Table) -> dict[str, Any] | None:
    """Return the best point: its settings, the mean objective over its seeds, and the interval of that mean."""
    ranked = _ranked(plan, table)
    if not len(ranked) or not ranked.seeds[0]:
        return None
    row = table.row(int(ranked.row[0]))
    return {
        "point": int(ranked.point[0]),
        **{name: row[name] for name in table.varied},
        plan.objective: _number(float(ranked.mean[0])),
        "low": _number(float(ranked.low[0])),
        "high": _number(float(ranked.high[0])),
        "seeds": int(ranked.seeds[0]),
    }


def best_table(plan: Plan, table: Table) -> list[str]:
    """Return the best points as lines with columns; no line where there are none."""
    ranked = _ranked(plan, table)
    lines = [[*(axis.path for axis in plan.axes), plan.objective, "seeds"]]
    for place in range(min(_BEST, len(ranked))):
        if ranked.seeds[place]:
            row = table.row(int(ranked.row[place]))
            lines.append([*(label(row[name]) for name in table.varied), _mean(ranked, place), f"{ranked.seeds[place]}"])
    if len(lines) == 1:
        return []
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]


def _mean(ranked: Ranked, place: int) -> str:
    mean, half = float(ranked.mean[place]), float(ranked.high[place] - ranked.mean[place])
    return f"{mean:.4g}" if math.isnan(half) else f"{mean:.4g} ± {half:.2g}"


def _importance(plan: Plan, table: Table) -> dict[str, float]:
    sound = table["status"] == "finished"
    columns = {name: _codes(table, name)[sound] for name in table.varied}
    return dict(importance(columns, table[plan.objective][sound]).main)


def _codes(table: Table, name: str) -> Any:
    values = table[name]
    return values.astype(str) if values.dtype == object else values


def importance_lines(plan: Plan, table: Table) -> list[str]:
    """Return in words how much each setting matters, most important first; nothing for one setting alone."""
    shares = {name: share for name, share in _importance(plan, table).items() if math.isfinite(share)}
    if len(shares) < 2:
        return []
    order = sorted(shares, key=lambda name: -shares[name])
    listed = ", ".join(f"{name} {100 * shares[name]:.0f} %" for name in order)
    return [f"Share of the variance of {plan.objective} that each setting explains by itself: {listed}."]
