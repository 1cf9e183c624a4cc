"""What the table of runs shows of each run: its cells, as words and as values to sort and to export. No Qt."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nnviz.gui.compare.differing import MISSING, Setting, differing, sort_value, value_at, words
from nnviz.gui.compare.measured import METRICS, Measured, Moment, measured, task_of
from nnviz.gui.plot.ticks import minus, value_text
from nnviz.run import Run

Value = float | str


@dataclass(frozen=True)
class Column:
    """A column: its key and heading, what it means, and how wide it is until somebody says otherwise, in pixels."""

    key: str
    title: str
    help: str
    width: int = 76
    numeric: bool = False
    setting: bool = False
    """Whether it is there because the runs differ in this setting."""


@dataclass(frozen=True)
class Cell:
    """What stands in one cell; `marked` where a setting is another one than in the first run of the list."""

    text: str
    value: Value
    marked: bool = False
    tip: str = ""


@dataclass(frozen=True)
class Row:
    """One run as the table shows it."""

    number: int
    front: bool
    starred: bool
    archived: bool
    chosen: bool
    color: str
    cells: Mapping[str, Cell] = field(hash=False)


CHECK, COLOR, NAME, STAR, NOTE = "compare", "color", "name", "star", "note"

_BEFORE = (
    Column(CHECK, "Compare", "Checked runs are compared below: at most four. Space checks the current run.", 36),
    Column(COLOR, "Colour", "The colour of the run on the timeline, in curves and here. Click to choose another.", 36),
    Column(NAME, "Run", "What the run is called. F2 or a double-click changes it. The run in front is in bold.", 160),
    Column(STAR, "Star", "A mark of your own.", 36),
    Column("origin", "Origin", "The run and epoch that it goes on from, or the run whose beginning it shares.", 136),
    Column("epochs", "Epochs", "How far it is trained.", 96, numeric=True),
    Column("status", "Status", "What it is doing. Runs that train along are played with the one in front.", 112),
)
_METRICS = {
    "train_loss": ("Train loss", "Loss on the training part, in evaluation mode: dropout off, true labels unchanged."),
    "validation_loss": ("Validation loss", "Loss on the part that chooses when to stop."),
    "test_loss": ("Test loss", "Loss on samples that the network never learned from."),
    "train_error": ("Train error", "Share of wrong classes on the training part, or the RMSE in the target's units."),
    "validation_error": ("Validation error", "Share of wrong classes, or RMSE, on the part that chooses when to stop."),
    "test_error": ("Test error", "Share of wrong classes, or RMSE, on samples that the network never learned from."),
    "gap": ("Gap", "Test error minus train error: how much worse it is on new samples."),
}
_MOMENT = Column("at", "At epoch", "The epoch that the metrics are of.", 72, numeric=True)
_AFTER = Column(NOTE, "Note", "A line of your own. F2 in this column, or a double-click, changes it.", 180)


@dataclass(frozen=True)
class Table:
    """Columns and rows, in the order of the list of runs."""

    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()


def table(runs: Sequence[Run], front: Run, chosen: Sequence[Run], moment: Moment, colors: Mapping[int, str]) -> Table:
    """Return the table of some runs with the metrics of a moment; `colors` has the colour of each by its number."""
    found = [measured(run, moment) for run in runs]
    experiments = [
        run.experiment if at.epoch is None else run.experiment_at(at.epoch) for run, at in zip(runs, found, strict=True)
    ]
    settings = differing(experiments)
    values = [[value_at(experiment, setting.path) for setting in settings] for experiment in experiments]
    names = {run.number: run.name for run in runs}
    rows = []
    for run, at, own in zip(runs, found, values, strict=True):
        cells = _cells(run, names, chosen) | _metrics(run, at)
        pairs = zip(settings, own, values[0], strict=True)
        cells |= {setting.path: _setting_cell(setting, value, first) for setting, value, first in pairs}
        row = Row(
            number=run.number,
            front=run is front,
            starred=run.starred,
            archived=run.archived,
            chosen=run in chosen,
            color=colors[run.number],
            cells=cells,
        )
        rows.append(row)
    return Table(_columns(settings, runs, moment), tuple(rows))


def origin_words(run: Run, names: Mapping[int, str]) -> str:
    """Return where a run comes from, such as `from baseline at 212`; empty for one that began by itself."""
    if run.origin is None:
        return ""
    name = names.get(run.origin.run, "a removed run")
    return f"from {name} at {run.origin.epoch:,}" if run.origin.epoch else f"twin of {name}"


# ---------------------------------------------------------------- parts


def _columns(settings: Sequence[Setting], runs: Sequence[Run], moment: Moment) -> tuple[Column, ...]:
    changed = [Column(s.path, s.title, f"{s.help} The runs differ in it.".strip(), 84, setting=True) for s in settings]
    present = [name for name in METRICS if not name.startswith("validation") or any(name in r.history for r in runs)]
    percent = {task_of(run) for run in runs} - {None} == {"classification"}
    metrics = []
    for name in present:
        title, help = _METRICS[name]
        unit = (" (pp)" if name == "gap" else " (%)") if percent and not name.endswith("loss") else ""
        metrics.append(Column(name, title + unit, help, numeric=True))
    at = () if moment == "last" else (_MOMENT,)  # the last epoch is that of the column of epochs
    return (*_BEFORE, *changed, *at, *metrics, _AFTER)


def _cells(run: Run, names: Mapping[int, str], chosen: Sequence[Run]) -> dict[str, Cell]:
    """Return the cells that do not depend on a moment."""
    along = " · along" if run.along else ""
    status = f"{run.status.value}{along}"
    origin = origin_words(run, names)
    return {
        CHECK: Cell("", float(run in chosen)),
        COLOR: Cell("", float(run.color or 0)),
        NAME: Cell(run.name, run.name, tip=run.name),
        STAR: Cell("", float(run.starred)),
        "origin": Cell(origin or "–", origin, tip=origin),
        "epochs": Cell(f"{run.epoch:,}", float(run.epoch)),
        "status": Cell(status, status, tip=run.text),
        NOTE: Cell(run.note, run.note, tip=run.note),
    }


def _metrics(run: Run, at: Measured) -> dict[str, Cell]:
    about = "" if at.exact else "≈ "
    tip = "" if at.exact else f"The history was thinned; epoch {at.epoch:,} is the last one before the moment."
    epoch = Cell("–", math.nan) if at.epoch is None else Cell(f"{about}{at.epoch:,}", float(at.epoch), tip=tip)
    task = task_of(run)
    cells = {"at": epoch}
    for name in METRICS:
        value, error = at.values[name], not name.endswith("loss")
        if error and task is None:
            cells[name] = Cell("–", math.nan, tip="Not known before the run has been looked at once.")
        elif not math.isfinite(value):
            cells[name] = Cell("–", math.nan)  # one and the same object, so that it equals itself
        elif error and task == "classification":
            cells[name] = Cell(minus(f"{100 * value:.1f}"), 100 * value)
        else:
            cells[name] = Cell(value_text(value), value)
    return cells


def _setting_cell(setting: Setting, value: object, first: object) -> Cell:
    text = words(setting, value)
    tip = "This run has no such setting." if value is MISSING else f"{setting.title}: {text}"
    return Cell(text, sort_value(setting, value), marked=value != first, tip=tip)


def as_text(columns: Sequence[Column], rows: Sequence[Row], separator: str) -> str:
    """Return rows under their headings, for files and the clipboard: numbers in full, nothing where there is none."""
    shown = [column for column in columns if column.key not in (CHECK, COLOR)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow([column.title for column in shown])
    writer.writerows([[_plain(column, row) for column in shown] for row in rows])
    return text.getvalue()


def _plain(column: Column, row: Row) -> str:
    cell = row.cells[column.key]
    if column.key == STAR:
        return "yes" if row.starred else ""
    if not column.numeric:
        return "" if cell.text == "–" else cell.text
    if not isinstance(cell.value, float) or math.isnan(cell.value):
        return ""
    return str(int(cell.value)) if cell.value.is_integer() else repr(cell.value)
