"""A parsed table: every column either numbers or text, with gaps where a value is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError
from nnviz.data.tables.text import MISSING, Delimiter, TextTable, line_of_row, look_over, refuse_bad_line

if TYPE_CHECKING:
    import polars as pl

SCHEMA_ROWS = 1_000


@dataclass(frozen=True, eq=False)
class Sheet:
    """The rows of a table that are not blank. Two sheets are equal only if they are the same object.

    `frame` has only columns of Float64 (finite or null) and String (stripped, null when missing), and calls them
    "0", "1", "2" ..., because polars takes some names for patterns; `names` are those of the file, in the same
    order. `rows` gives the place of each row in the file when blank lines were left out, else None.
    """

    text: TextTable
    frame: pl.DataFrame
    rows: NDArray[np.intp] | None
    notes: tuple[str, ...]
    descriptions: dict[Any, Any] = field(default_factory=dict, repr=False)  # kept by `columns.describe`

    @property
    def name(self) -> str:
        return self.text.path.name

    @property
    def names(self) -> tuple[str, ...]:
        return self.text.names

    def line_of(self, row: int) -> int:
        """Return the number of the line in the file on which a row of the frame starts."""
        return line_of_row(self.text, int(self.rows[row]) if self.rows is not None else row)


_latest: tuple[Any, Sheet] | None = None  # replaced as a whole, so that threads never see half of it


def read_sheet(path: str, delimiter: Delimiter = "auto") -> Sheet:
    """Return the parsed table of a file; the last one is kept until the file changes.

    Raises DataError with one sentence when the file cannot be read as a table.
    """
    global _latest
    if not path.strip():
        raise DataError("No table is chosen; choose a CSV or TSV file.")
    file = Path(path).expanduser().absolute()
    try:
        state = file.stat()
        key: Any = (file, state.st_mtime_ns, state.st_size, delimiter)
    except OSError:
        key = None  # `look_over` says what is wrong
    latest = _latest
    if latest is not None and key is not None and latest[0] == key:
        return latest[1]
    sheet = _parse(look_over(file, delimiter))
    _latest = (key, sheet)
    return sheet


def as_numbers(column: pl.Expr, decimal_comma: bool) -> pl.Expr:
    """Return text read as numbers, null where it is none."""
    import polars as pl

    if decimal_comma:
        column = column.str.replace(",", ".", literal=True)
    return column.cast(pl.Float64, strict=False)


def uses_decimal_comma(text: TextTable) -> bool:
    """Whether a comma inside a number is its decimal point: where semicolons separate the fields."""
    return text.separator == ";"


def _parse(text: TextTable) -> Sheet:
    import polars as pl

    try:
        frame = _read(text, _guess_types(text) or dict.fromkeys(_keys(text), pl.String))
    except pl.exceptions.PolarsError:  # a column changes its nature further down: read all as text, then see
        try:
            frame = _read(text, dict.fromkeys(_keys(text), pl.String))
        except pl.exceptions.PolarsError as error:
            refuse_bad_line(text)
            reason = str(error).partition("\n")[0].rstrip(".")
            raise DataError(f"{text.path.name} cannot be read as a table ({reason}); save it again as CSV.") from None
    except OSError as error:
        raise DataError(f"{text.path.name} cannot be read ({error}); choose another file.") from None
    frame = _tidied(frame, uses_decimal_comma(text))
    frame, notes = _without_infinities(frame, text.names)
    frame, rows = _without_blank_rows(frame)
    if len(frame) == 0:
        raise DataError(f"{text.path.name} has a header but no values; add rows or choose another file.")
    return Sheet(text, frame, rows, text.notes + notes)


def _read(text: TextTable, types: dict[str, Any], **options: Any) -> pl.DataFrame:
    import polars as pl

    return pl.read_csv(
        text.content if text.content is not None else text.path,
        has_header=False,
        skip_lines=text.header_lines,
        separator=text.separator,
        null_values=list(MISSING),
        glob=False,
        schema=types or None,
        **options,
    )


def _guess_types(text: TextTable) -> dict[str, Any]:
    """Return Float64 or String for each column, from the first rows.

    Whole numbers are read as floats too: a column of them may hold a fraction further down.
    """
    import polars as pl

    head = _read(text, {}, n_rows=SCHEMA_ROWS, infer_schema_length=SCHEMA_ROWS)
    types = [pl.Float64 if kind.is_numeric() else pl.String for kind in head.dtypes]
    return dict(zip(_keys(text), types, strict=True)) if len(types) == len(text.names) else {}


def _keys(text: TextTable) -> list[str]:
    return [str(i) for i in range(len(text.names))]


def _tidied(frame: pl.DataFrame, decimal_comma: bool) -> pl.DataFrame:
    """Return the frame with text stripped, words for missing values removed, and numbers read where all are."""
    import polars as pl

    texts = [key for key, kind in frame.schema.items() if kind == pl.String]
    if not texts:
        return frame
    stripped = pl.col(texts).str.strip_chars()
    frame = frame.with_columns(pl.when(stripped.is_in(list(MISSING))).then(None).otherwise(stripped).name.keep())
    present = frame.select(pl.col(texts).count()).row(0)
    numeric = frame.select(as_numbers(pl.col(texts), decimal_comma).count()).row(0)
    numbers = [key for key, n, k in zip(texts, present, numeric, strict=True) if n == k > 0]
    return frame.with_columns(as_numbers(pl.col(numbers), decimal_comma)) if numbers else frame


def _without_infinities(frame: pl.DataFrame, names: tuple[str, ...]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    import polars as pl

    floats = [key for key, kind in frame.schema.items() if kind == pl.Float64]
    if not floats:
        return frame, ()
    finite = frame.select(pl.col(floats).is_finite().all()).row(0)
    broken = [key for key, good in zip(floats, finite, strict=True) if good is False]
    if not broken:
        return frame, ()
    infinite = frame.select(pl.col(broken).is_infinite().sum()).row(0)
    notes = tuple(
        f"Column {names[int(key)]!r} holds {n:,} infinite value{'s' * (n > 1)}, counted as missing."
        for key, n in zip(broken, infinite, strict=True)
        if n
    )
    return frame.with_columns(pl.when(pl.col(broken).is_finite()).then(pl.col(broken)).name.keep()), notes


def _without_blank_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.intp] | None]:
    import polars as pl

    if min(frame.null_count().row(0)) == 0:  # a column without gaps proves that no row is blank
        return frame, None
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series().to_numpy()
    return (frame, None) if filled.all() else (frame.filter(filled), np.flatnonzero(filled))
