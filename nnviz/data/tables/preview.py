"""A first look at a table, for the person who chooses what to learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnviz.data.dataset import Task
from nnviz.data.tables.columns import ColumnInfo, describe, suggest_target
from nnviz.data.tables.sheet import read_sheet
from nnviz.data.tables.text import Delimiter


@dataclass(frozen=True)
class TablePreview:
    """What a table holds.

    `preview` has the first 50 rows as they stand in the file, one string for each column. `delimiter` is the one
    that was used, under its name in the settings; `encoding` is Python's name for it. `notes` are sentences for the
    user. `suggested_target` and `suggested_task` are what "auto" and common sense would choose.
    """

    path: Path
    n_rows: int
    columns: tuple[ColumnInfo, ...]
    preview: tuple[tuple[str, ...], ...]
    delimiter: Delimiter
    encoding: str
    notes: tuple[str, ...]
    suggested_target: str
    suggested_task: Task

    def column(self, name: str) -> ColumnInfo | None:
        """Return a column by its name, None if there is no such column."""
        return next((column for column in self.columns if column.name == name), None)


def inspect(path: str | Path, delimiter: Delimiter = "auto") -> TablePreview:
    """Read a table and return what it holds. Loading samples from it next does not read it again.

    Raises DataError with one sentence when the file cannot be read as a table.
    """
    sheet = read_sheet(str(path), delimiter)
    columns = describe(sheet)
    target = suggest_target(columns)
    used: dict[str, Delimiter] = {",": ",", ";": ";", "\t": "tab", "|": "|"}
    return TablePreview(
        path=sheet.text.path,
        n_rows=len(sheet.frame),
        columns=columns,
        preview=sheet.text.rows,
        delimiter=used[sheet.text.separator],
        encoding=sheet.text.encoding,
        notes=sheet.notes,
        suggested_target=target,
        suggested_task=next(column.suggested_task for column in columns if column.name == target),
    )
