"""The folder of a sweep: what it was asked, and a row for every training, written as it comes.

`sweep.json` describes the sweep, and a lock file keeps others away while it goes on. New rows go into small Parquet
files in `parts`, each of which appears in one piece; now and then, and at the end, they are gathered into
`results.parquet`. Whenever the process is killed, every row that was reported is in one of the two, and a row that is
in both counts once.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnviz.experiment import Experiment, from_plain, identity
from nnviz.export.files import replace_file
from nnviz.project.journal.lock import Lock
from nnviz.settings import encode
from nnviz.sweeps.axes import Axis, label
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.table import column_types

if TYPE_CHECKING:
    import polars

DESCRIPTION, RESULTS, PARTS, LOCK = "sweep.json", "results.parquet", "parts", ".nnviz-sweep.lock"

UNKNOWN = "-"
"""Stands for the hash of samples that cannot be had."""

_FORMAT = 1

_FEW = 64
"""Parts that are gathered at the earliest; later as many as make up a hundredth of all rows, so that gathering, which
writes all rows anew, takes the same small share of the time however many there are."""


class ResultsError(ValueError):
    """A folder that a sweep cannot write its results into: one sentence that says why and what to do."""


class Results:
    """The rows of one sweep on disk. `open` takes the folder for this process alone, `close` gives it back.

    One thread at a time uses it.
    """

    def __init__(self, folder: Path, plan: Plan, data_sha256: str) -> None:
        self.folder = folder
        self._plan, self._types = plan, column_types(plan.axes)
        self._description = describe(plan, data_sha256)
        self._lock = Lock(folder / LOCK)
        self._part = self._waiting = self._gathered = 0

    def open(self) -> list[dict[str, Any]]:
        """Make the folder, or take up the one of the same sweep; return the rows that are there, each once.

        Rows of trainings that failed are left out, as they are tried again; not those of a search that chooses points
        from results, to which a failure is one. Raises ResultsError, and touches nothing, when
        the folder holds another sweep or another process uses it; OSError when it cannot be written.
        """
        check_folder(self.folder, self._description)
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._lock.take():
            raise ResultsError(f"Another sweep is writing to {self.folder} right now; wait for its end, or stop it.")
        try:
            check_folder(self.folder, self._description)  # nobody can have changed it since
            (self.folder / PARTS).mkdir(exist_ok=True)
            for folder in (self.folder, self.folder / PARTS):
                for left in folder.glob(".nnviz-*.part"):  # of a process that was killed while it wrote
                    left.unlink()
            replace_file(self.folder / DESCRIPTION, json.dumps(self._description, indent=1).encode())
            frame = self._read()
        except BaseException:
            self._lock.release()
            raise
        rows = [] if frame is None else frame.to_dicts()
        return [row for row in rows if self._plan.adaptive or row["status"] != "failed"]

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows; they are safe when this returns. Raises OSError."""
        if not rows:
            return
        self._part += 1
        write_parquet(self.folder / PARTS / f"{self._part:09d}.parquet", self._frame(rows))
        self._waiting += 1
        if self._waiting >= max(_FEW, self._gathered // 100):
            self.gather()

    def gather(self) -> None:
        """Put all rows into one file and remove the parts. Raises OSError."""
        parts = sorted((self.folder / PARTS).glob("*.parquet"))
        frame = self._read()
        if frame is None:
            return
        write_parquet(self.folder / RESULTS, frame)
        for part in parts:
            part.unlink()
        self._waiting, self._gathered = 0, len(frame)

    def close(self) -> None:
        """Gather what is left and give the folder back. Raises OSError."""
        try:
            if self._waiting:
                self.gather()
            with contextlib.suppress(OSError):  # somebody put something in
                (self.folder / PARTS).rmdir()
        finally:
            self._lock.release()

    def _frame(self, rows: Sequence[Mapping[str, Any]]) -> polars.DataFrame:
        import polars as pl

        kinds = {int: pl.Int64, float: pl.Float64, bool: pl.Boolean, str: pl.String}
        columns = {name: [row[name] for row in rows] for name in self._types}
        return pl.DataFrame(columns, {name: kinds[kind] for name, kind in self._types.items()})

    def _read(self) -> polars.DataFrame | None:
        """Return all rows in the order in which they came, None for none.

        Of a training that is there twice the newer row counts, unless it alone says that the training failed.
        """
        import polars as pl

        paths = [self.folder / RESULTS, *sorted((self.folder / PARTS).glob("*.parquet"))]
        frames = [_opened(path, list(self._types)) for path in paths if path.exists()]
        if not frames:
            return None
        self._part = max([self._part, *(int(path.stem) for path in paths[1:] if path.stem.isdigit())])
        self._waiting, self._gathered = len(paths) - 1, len(frames[0])
        numbered = (
            pl.concat(frames).with_row_index("_place").with_columns((pl.col("status") == "failed").alias("_failed"))
        )
        best_first = numbered.sort("_failed", "_place", descending=[False, True])
        kept = best_first.unique("member", keep="first", maintain_order=True)
        return kept.sort("_place").drop("_place", "_failed")


def write_parquet(path: Path, frame: polars.DataFrame) -> None:
    """Write a table as a Parquet file, in one step. Raises OSError."""
    import io

    content = io.BytesIO()
    frame.write_parquet(content)
    replace_file(path, content.getvalue())


def _opened(path: Path, names: list[str]) -> polars.DataFrame:
    """Return some columns of a file, in that order. Raises ResultsError."""
    import polars as pl

    try:
        return pl.read_parquet(path.read_bytes()).select(names)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ResultsError(f"{path} cannot be read ({error}); move it elsewhere to sweep without it.") from None


# ---------------------------------------------------------------- what was asked


def describe(plan: Plan, data_sha256: str) -> dict[str, Any]:
    """Return what a sweep was asked, ready for JSON.

    `data_sha256` is the hash of the samples of its experiment; where its source varies it is followed, after spaces, by
    those of the files that are read.
    """
    plain = {
        "format": _FORMAT,
        "experiment": encode(plan.experiment),
        "vary": {axis.path: _described(axis) for axis in plan.axes},
        "search": plan.search,
        "objective": plan.objective,
        "epochs": plan.experiment.training.epochs,
        "seeds": plan.seeds,
        "trials": plan.trials,
        "every_epoch": plan.every_epoch,
        "data_sha256": data_sha256,
    }
    read_back: dict[str, Any] = json.loads(json.dumps(plain))  # compared with what is read from a file
    return read_back


def _described(axis: Axis) -> dict[str, Any]:
    return {"text": axis.text, "values": list(axis.values), "any_between": axis.span is not None}


def in_order_of(folder: Path, plan: Plan) -> Plan:
    """Return a plan with its axes in the order in which the sweep in a folder varies the same settings.

    The numbers of points follow that order. It is the plan itself where the folder has no such sweep.
    """
    try:
        paths = json.loads((folder / DESCRIPTION).read_bytes())["vary"].keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return plan
    axes = {axis.path: axis for axis in plan.axes}
    return replace(plan, axes=tuple(axes[path] for path in paths)) if paths == axes.keys() else plan


def check_folder(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Check that a folder can take the results of a sweep: it is empty of others, or holds the same with fewer of them.

    Raises ResultsError.
    """
    if folder.exists() and not folder.is_dir():
        raise ResultsError(f"{folder} is a file; name a folder for the results.")
    path = folder / DESCRIPTION
    if not path.exists():
        if (folder / RESULTS).exists():
            raise ResultsError(f"{folder} holds a {RESULTS} of something else; choose another folder.")
        return
    try:
        found = json.loads(path.read_bytes())
        other = _what_differs(found, from_plain(found["experiment"], DESCRIPTION), wanted)
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # SettingsError is a ValueError
        raise ResultsError(f"{path} does not describe a sweep ({error}); choose another folder.") from None
    if other:
        raise ResultsError(f"{folder} holds the results of another sweep: {other}. Choose another folder.")


def _what_differs(found: Mapping[str, Any], before: Experiment, wanted: Mapping[str, Any]) -> str:
    """Return in words what makes a sweep on disk another than the one that is wanted, nothing if it is the same."""
    if found.get("format") != _FORMAT:
        return "it was written by another version of nnviz"
    if _points_of(found) != _points_of(wanted):
        return f"it varies {', '.join(_in_words(path, each) for path, each in found['vary'].items())}"
    if found["search"] != wanted["search"]:
        return f"its points were chosen by {found['search']}"
    if found["search"] == "optuna" and found["objective"] != wanted["objective"]:
        return f"its objective was {found['objective']}"
    if found["epochs"] != wanted["epochs"]:
        return f"it trained for {found['epochs']:,} epochs"
    if found.get("every_epoch", True) != wanted["every_epoch"]:
        return f"its networks were measured {'at their end alone' if wanted['every_epoch'] else 'after every epoch'}"
    if identity(before) != identity(from_plain(wanted["experiment"], "experiment")):
        return f"its experiment, {before.name}, has other settings"
    if _other_samples(found["data_sha256"], wanted["data_sha256"]):
        return "its samples were others, although they came from the same place"
    for name in ("seeds", "trials"):
        if (found[name] or 0) > (wanted[name] or 0):
            return f"it has {found[name]} {name}, and more can be added but none taken away"
    return ""


def _other_samples(before: str, now: str) -> bool:
    """Say whether samples that could be had before and can be had now are not the same."""
    old, new = before.split(), now.split()
    return len(old) != len(new) or any(a != b and UNKNOWN not in (a, b) for a, b in zip(old, new, strict=True))


def _points_of(description: Mapping[str, Any]) -> list[tuple[str, Any, bool]]:
    """Return what is varied, however it was written; the numbers of the points depend on the order."""
    return [(path, axis["values"], axis["any_between"]) for path, axis in description["vary"].items()]


def _in_words(path: str, axis: Mapping[str, Any]) -> str:
    values = [label(value) for value in axis["values"]]
    shown = values if len(values) <= 4 else [*values[:2], "...", values[-1]]
    return f"{path} over {', '.join(shown)}"
