"""What the columns of a table are good for, as features and as target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nnviz.data.dataset import Task
from nnviz.data.tables.sheet import Sheet
from nnviz.data.tables.text import MISSING

if TYPE_CHECKING:
    import polars as pl

ColumnKind = Literal["number", "category", "text", "empty", "constant"]

MAX_CATEGORIES = 50
MAX_CLASSES = 200
LIKELY_TARGETS = ("target", "class", "label", "species", "outcome", "diagnosis", "y")
ROW_NAMES = ("id", "index", "row", "no", "nr", "number", "unnamed: 0", "column 1")

# 2024-01-31, 2024/01/31 10:30, 31.01.2024, 1/31/24 ... and nothing else in the column.
DATE = r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([T ]\d{1,2}:\d{2}.*)?$"


@dataclass(frozen=True)
class ColumnInfo:
    """One column of a table.

    A `category` is text with few different values, which becomes one feature for each value; other text, and an
    `empty` or `constant` column, is of no use as a feature. `missing` and `n_distinct` are counts. `suggested_task`
    is what the task would be if this column were the target. Statistics are those of the known values of a number.
    """

    name: str
    kind: ColumnKind
    missing: int
    n_distinct: int
    examples: tuple[str, ...] = ()
    mean: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    suggested_task: Task = "regression"
    is_date: bool = False
    is_row_number: bool = False

    @property
    def usable(self) -> bool:
        """Whether the column is taken as a feature when none are chosen."""
        return self.kind in ("number", "category") and not self.is_row_number


def describe(sheet: Sheet, counted: str | None = None) -> tuple[ColumnInfo, ...]:
    """Return what each column holds, in a pass over the rows for each statistic; kept with the sheet.

    Counting the different values of numbers takes longer than all else. With `counted` that is done for the column
    with this key alone, and the others that vary say 2.
    """
    counted = None if None in sheet.descriptions else counted  # all counted already: that answers every question
    if counted not in sheet.descriptions:
        sheet.descriptions[counted] = _describe(sheet, counted)
    known: tuple[ColumnInfo, ...] = sheet.descriptions[counted]
    return known


def _describe(sheet: Sheet, counted: str | None) -> tuple[ColumnInfo, ...]:
    import polars as pl

    frame = sheet.frame
    schema, n = frame.schema, len(frame)
    missing = dict(zip(frame.columns, frame.null_count().row(0), strict=True))
    numbers = _statistics(frame)
    counted_keys = [key for key in frame.columns if key not in numbers or counted in (None, key)]
    distinct = {key: 2 - (low == high) if low is not None else 0 for key, (_, low, high, _) in numbers.items()}
    distinct |= frame.select(pl.col(counted_keys).drop_nulls().n_unique()).row(0, named=True) if counted_keys else {}
    dates = _dates(frame, [key for key, kind in schema.items() if kind == pl.String])
    found: list[ColumnInfo] = []
    for position, key in enumerate(frame.columns):
        mean, low, high, whole = numbers.get(key, (None, None, None, False))
        known, name = n - missing[key], sheet.names[position]
        found.append(
            ColumnInfo(
                name=name,
                kind=_kind(key in numbers, key in dates, known, distinct[key]),
                missing=missing[key],
                n_distinct=distinct[key],
                examples=_examples(sheet, position),
                mean=mean,
                minimum=low,
                maximum=high,
                suggested_task=suggest_task(key in numbers, bool(whole), distinct[key], known),
                is_date=key in dates,
                is_row_number=bool(whole) and known == n > 1 and _counts_rows(frame, key, name),
            )
        )
    return tuple(found)


def _statistics(frame: pl.DataFrame) -> dict[str, tuple[float | None, float | None, float | None, bool]]:
    """Return mean, minimum, maximum, and whether all values are whole, of each column of numbers."""
    import polars as pl

    keys = [key for key, kind in frame.schema.items() if kind == pl.Float64]
    if not keys:
        return {}
    column = pl.col(pl.Float64)
    wanted = (column.mean(), column.min(), column.max(), (column == column.floor()).all())
    return dict(zip(keys, zip(*(frame.select(each).row(0) for each in wanted), strict=True), strict=True))


def suggest_task(is_number: bool, whole: bool, distinct: int, known: int) -> Task:
    """Return the task for a target: classes if it is text, or few different whole numbers among many samples.

    Few means two, or at most 20 with four samples for each on average.
    """
    few = distinct <= 2 or (distinct <= 20 and 4 * distinct <= known)
    return "classification" if not is_number or (whole and few) else "regression"


def suggest_target(columns: tuple[ColumnInfo, ...]) -> str:
    """Return the name of the column that is most likely the target: by its name, else the last that can be one."""
    possible = [
        c for c in columns if c.kind in ("number", "category") or (c.kind == "text" and c.n_distinct <= MAX_CLASSES)
    ]
    possible = [c for c in possible if not c.is_date and not c.is_row_number]
    for wanted in LIKELY_TARGETS:
        for column in possible:
            if column.name.lower() == wanted:
                return column.name
    return (possible or list(columns))[-1].name


def _kind(is_number: bool, is_date: bool, known: int, distinct: int) -> ColumnKind:
    if distinct == 0:
        return "empty"
    if distinct == 1:
        return "constant"
    if is_number:
        return "number"
    names_each_row = distinct == known and known > 5
    return "text" if is_date or distinct > MAX_CATEGORIES or names_each_row else "category"


def _dates(frame: pl.DataFrame, keys: list[str]) -> set[str]:
    import polars as pl

    if not keys:
        return set()
    head = frame.select(keys).head(1_000)  # spares most columns the full pass
    for part in (head, frame):
        matched = part.select(pl.col(keys).str.contains(DATE).all()).row(0)
        known = part.select(pl.col(keys).count()).row(0)
        keys = [key for key, date, n in zip(keys, matched, known, strict=True) if date and (n or part is head)]
        if not keys:
            return set()
    return set(keys)


def _counts_rows(frame: pl.DataFrame, key: str, name: str) -> bool:
    """Whether a column just numbers the rows: it would be a feature that says nothing about new samples."""
    return name.lower() in ROW_NAMES and bool((frame[key].diff().drop_nulls() == 1).all())


def _examples(sheet: Sheet, position: int) -> tuple[str, ...]:
    known = (row[position].strip() for row in sheet.text.rows if len(row) > position)
    return tuple(dict.fromkeys(cell for cell in known if cell not in MISSING))[:3]
