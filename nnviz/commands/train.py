"""`nnviz train`: an experiment without a window."""

from __future__ import annotations

import argparse
import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from nnviz.commands import (
    Command,
    Parser,
    chosen_experiment,
    commands,
    complain,
    declare_experiment,
    say,
    with_epoch_limit,
)
from nnviz.commands.parts.recorder import Recorder
from nnviz.engines.engine import Columns
from nnviz.export.run_files import file_name, parameters_by_name, parameters_sha256, plain, write_run
from nnviz.project.library import Library
from nnviz.project.project import project_of
from nnviz.project.writing import write
from nnviz.run import Run
from nnviz.training.trainer import Trainer

_EPOCHS = 100
"""Epochs to train where neither the command line nor the experiment sets a limit."""

_SLICE = 0.1
"""Seconds of training between two looks at Ctrl-C and two pieces of output."""

_PROGRESS_EVERY = 0.5
"""Seconds between two lines of progress."""

_DIVERGED = 1
_INTERRUPTED = 130  # 128 + SIGINT


@commands.register
class Train(Command):
    """Trains an experiment headless, for exactly as many epochs as were asked for."""

    name = "train"
    title = "train an experiment without a window"
    help = "Train an experiment without a window."
    epilog = """examples:
  nnviz train spirals --epochs 500
  nnviz train digits --epochs 20 --json
  nnviz train my-data.csv --target price --set training.learning_rate=0.01 --out results

With --json, every epoch is one JSON object on a line of its own; the last line has "final": true and sums up, with
the SHA-256 of all parameters in network order. `nnviz replay` and `nnviz fork` go on from the project of --out.
Numbers that are not finite are null. Exit status: 0 trained, 1 diverged, 2 a mistake in what was asked for,
130 stopped with Ctrl-C (the summary and the files are written all the same)."""
    order = 10

    def declare(self, parser: Parser) -> None:
        declare_experiment(parser)
        parser.add_argument(
            "--epochs", type=int, metavar="N", help=f"epochs to train (default: the experiment's limit, or {_EPOCHS})"
        )
        parser.add_argument(
            "--out",
            type=Path,
            metavar="DIR",
            help="write settings (TOML), measurements (CSV), parameters (NPZ) and all in one project (.nnviz) here",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object per epoch and one at the end")
        parser.add_argument("--quiet", action="store_true", help="print the summary alone")

    def run(self, options: argparse.Namespace) -> int:
        experiment = with_epoch_limit(chosen_experiment(options), options.epochs, _EPOCHS)
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)  # now: nobody wants to learn it after the training
        library = Library()
        trainer = Trainer(experiment, library.prepare(experiment.data))
        report: Report = JsonReport(options.quiet) if options.json else TextReport(options.quiet)
        recorder = Recorder(Run(1, experiment.name, experiment), trainer) if options.out is not None else None
        done = Training(trainer, report, recorder)
        try:
            done.run()
        finally:  # also when the reader of the output has gone
            if recorder is not None:
                done.save(options.out)
                _save_project(options.out, recorder, library)
        return done.exit_status


def _save_project(folder: Path, recorder: Recorder, library: Library) -> None:
    """Write NAME.nnviz."""
    recorder.end()
    run = recorder.run
    write(folder / f"{file_name(run.name)}.nnviz", project_of([run], run, (), library.loaded))


class Training:
    """One training to its end, and everything that was measured on the way."""

    def __init__(self, trainer: Trainer, report: Report, recorder: Recorder | None = None) -> None:
        self.trainer, self.report, self.recorder = trainer, report, recorder
        self.rows: list[Columns] = []
        self.seconds = 0.0
        self.interrupted = False

    def run(self) -> None:
        """Train until the experiment says stop, or Ctrl-C."""
        trainer = self.trainer
        self.report.begin(trainer)
        with self._until_interrupted():
            while trainer.end is None and not self.interrupted:
                began = time.perf_counter()
                rows = trainer.slice(_SLICE)
                self.seconds += time.perf_counter() - began
                if rows is not None:
                    self.rows.append(rows)
                    if self.recorder is not None:
                        self.recorder.take(rows)
                    self.report.progress(rows)
        self.report.end(self)

    def save(self, folder: Path) -> None:
        """Write the run as files."""
        engine = self.trainer.engine
        named = parameters_by_name(engine.plan, engine.parameters(), engine.state().buffers)
        write_run(folder, self.trainer.experiment, self.columns(), named)

    def columns(self) -> Columns:
        """Return the measurements of all epochs."""
        rows = self.rows or [{name: values[:0] for name, values in self.trainer.engine.measure().items()}]
        return {name: np.concatenate([part[name] for part in rows]) for name in rows[0]}

    @property
    def status(self) -> str:
        """How it ended, in words."""
        end = self.trainer.end
        if end is None:
            return "interrupted"
        if end.diverged:
            return "diverged"
        reached = self.trainer.engine.epoch >= self.trainer.experiment.training.epochs
        return "finished" if reached else "stopped early"

    @property
    def exit_status(self) -> int:
        """What the process tells the shell."""
        return {"diverged": _DIVERGED, "interrupted": _INTERRUPTED}.get(self.status, 0)

    def summary(self) -> dict[str, Any]:
        """Return the last measurements, those of the network as it is now, and what the whole training came to."""
        engine, columns = self.trainer.engine, self.columns()
        # In the middle of an epoch no row describes the network as it is.
        at = np.flatnonzero((columns["epoch"] == engine.epoch) & (engine.position == 0))
        row = {n: v[at[-1]] for n, v in columns.items()} if len(at) else {n: v[0] for n, v in engine.measure().items()}
        return {
            "final": True,
            **plain(row),
            "status": self.status,
            "engine": engine.name,
            "epochs_per_second": round(len(columns["epoch"]) / self.seconds, 3) if self.seconds else None,
            "seconds": round(self.seconds, 3),
            "n_parameters": engine.plan.n_parameters,
            "best_epoch": self.trainer.best_epoch,
            "parameters_sha256": parameters_sha256(engine.parameters()),
        }

    @contextmanager
    def _until_interrupted(self) -> Iterator[None]:
        """Turn the first Ctrl-C into a request, so that no step is cut in half; a second one acts as usual."""

        def ask(number: int, frame: FrameType | None) -> None:
            self.interrupted = True
            signal.signal(signal.SIGINT, before)

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class Report:
    """What is printed while an experiment trains."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def begin(self, trainer: Trainer) -> None:
        """Say what is going to be trained."""

    def progress(self, rows: Columns) -> None:
        """Say what new epochs brought."""
        raise NotImplementedError

    def end(self, training: Training) -> None:
        """Sum up."""
        raise NotImplementedError


class JsonReport(Report):
    """A line for every epoch, for programs."""

    def progress(self, rows: Columns) -> None:
        if not self.quiet:
            each = ({name: values[i] for name, values in rows.items()} for i in range(len(rows["epoch"])))
            say("\n".join(json.dumps(plain(row)) for row in each))

    def end(self, training: Training) -> None:
        say(json.dumps(training.summary()))
        if training.trainer.end is not None and training.trainer.end.diverged:
            complain(training.trainer.end.text)


class TextReport(Report):
    """A line now and then, for people."""

    def __init__(self, quiet: bool) -> None:
        super().__init__(quiet)
        self._due = 0.0
        self._error = "error"

    def begin(self, trainer: Trainer) -> None:
        engine, data = trainer.engine, trainer.engine.data
        self._error = "error" if data.task == "classification" else f"RMSE of {data.target_name}"
        self._share = data.task == "classification"
        if self.quiet:
            return
        counts = ", ".join(f"{len(part):,} {name}" for name, part in data.parts().items())
        say(f"{trainer.experiment.name}: {engine.plan.describe()}, {engine.plan.n_parameters:,} parameters")
        say(f"{counts} samples; {engine.loss.title.lower()}; engine {engine.name}")
        say(trainer.choice.reason)
        for note in data.notes:
            say(note)

    def progress(self, rows: Columns) -> None:
        now = time.monotonic()
        if not self.quiet and now >= self._due:
            self._due = now + _PROGRESS_EVERY
            say(self._line({name: values[-1] for name, values in rows.items()}))

    def end(self, training: Training) -> None:
        summary, end = training.summary(), training.trainer.end
        say(self._line(summary))
        speed = f"{summary['epochs_per_second'] or 0:,.0f} epochs/s, {summary['seconds']:.1f} s"
        said = end.text if end is not None and not end.diverged else f"{training.status.capitalize()}."
        say(f"{said} Best epoch: {summary['best_epoch']:,}. {speed}.")
        if end is not None and end.diverged:
            complain(end.text)

    def _line(self, row: dict[str, Any]) -> str:
        parts = [name for name in ("train", "validation", "test") if f"{name}_loss" in row]
        losses = "  ".join(f"{name} {_number(row[f'{name}_loss'])}" for name in parts)
        errors = "  ".join(f"{name} {self._error_text(row[f'{name}_error'])}" for name in parts)
        return f"epoch {int(row['epoch']):>7,}   loss: {losses}   {self._error}: {errors}"

    def _error_text(self, value: float | None) -> str:
        return f"{100 * value:6.2f} %" if self._share and value is not None else _number(value)


def _number(value: float | None) -> str:
    return f"{value:9.4g}" if value is not None and np.isfinite(value) else "not finite"
