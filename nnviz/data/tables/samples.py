"""From the columns of a table to features and targets."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError, Dataset, Task
from nnviz.data.tables.columns import MAX_CATEGORIES, MAX_CLASSES, ColumnInfo, describe
from nnviz.data.tables.sheet import Sheet, as_numbers, uses_decimal_comma

if TYPE_CHECKING:
    import polars as pl

MAX_FEATURES = 2_000
FEWEST_SAMPLES = 4
MOSTLY = 0.9
LARGEST = 1e30

TaskChoice = Literal["auto", "classification", "regression"]
Missing = Literal["impute", "drop"]


def to_dataset(sheet: Sheet, target: str, features: tuple[str, ...], task: TaskChoice, missing: Missing) -> Dataset:
    """Return the samples of a table: one for each row whose target is known.

    `target` is a column name, "" for the last column; `features` are column names, all others if empty. Numbers are
    one feature each. Text of two values is one feature, 0 or 1; of more, one for each value (one-hot), all missing
    together. With `missing` = "impute" gaps stay NaN, to be filled after the split by what the training part knows;
    with "drop" rows with gaps are left out.

    features: (n, d) float64; targets: (n,) int64 class numbers in the order of the sorted class names, or float32.
    Raises DataError with one sentence that names the file, and the line and column where there is one.
    """
    goal = _index(sheet, target) if target else len(sheet.names) - 1
    columns = describe(sheet, str(goal))
    info = columns[goal]
    sure = _decide_task(sheet, goal, info, task)
    inputs = _choose_features(sheet, columns, goal, features)
    frame, notes = _known_rows(sheet, info, goal, inputs.keys if missing == "drop" else [])
    if len(frame) < FEWEST_SAMPLES:
        raise DataError(
            f"{sheet.name} has {len(frame)} usable row{'s' * (len(frame) != 1)}; at least {FEWEST_SAMPLES} are "
            "needed to learn and to test."
        )
    targets: NDArray[Any] = frame[str(goal)].to_numpy().astype(np.float32) if sure == "regression" else np.empty(0)
    classes: tuple[str, ...] = ()
    if sure == "classification":
        targets, classes = _classes(sheet, info, frame[str(goal)])
    x, names = _encode(sheet, frame, inputs)
    return Dataset(
        features=x,
        targets=targets,
        task=sure,
        feature_names=names,
        target_name=info.name,
        class_names=classes,
        notes=sheet.notes + inputs.notes + notes + _lonely(targets, classes),
    )


@dataclass
class _Inputs:
    """The columns that become features, by their key in the frame, and for text its sorted values."""

    keys: list[str] = field(default_factory=list)
    categories: dict[str, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


# ---------------------------------------------------------------- features


def _choose_features(sheet: Sheet, columns: tuple[ColumnInfo, ...], goal: int, chosen: tuple[str, ...]) -> _Inputs:
    wanted = [_index(sheet, name) for name in dict.fromkeys(chosen)] or range(len(sheet.names))
    places = [i for i in wanted if i != goal]
    if not places:
        remedy = "choose other features" if chosen else "choose another delimiter or file"
        raise DataError(f"{sheet.name} leaves no column besides the target {sheet.names[goal]!r}; {remedy}.")
    inputs = _Inputs()
    ignored: dict[str, list[str]] = {}
    for key, info in ((str(i), columns[i]) for i in places):
        reason, name = _unusable(info, asked_for=bool(chosen)), repr(info.name)
        if info.kind == "text" and not info.is_date and (stray := _stray_text(sheet, key)):
            reason, name = "not every value is a number", f"{info.name!r} ({stray[1]!r} in line {stray[0]})"
        if reason:
            ignored.setdefault(reason, []).append(name)
            continue
        inputs.keys.append(key)
        if info.kind == "category":
            inputs.categories[key] = sheet.frame[key].drop_nulls().unique().sort().to_list()
    inputs.notes = tuple(
        f"{_listed(names)} {'was' if len(names) == 1 else 'were'} left out: {reason}."
        for reason, names in ignored.items()
    )
    if not inputs.keys:
        reasons = "; ".join(ignored)
        raise DataError(f"No column of {sheet.name} can be a feature ({reasons}); choose others or another file.")
    width = sum(_width(inputs, key) for key in inputs.keys)
    if width > MAX_FEATURES:
        raise DataError(
            f"{sheet.name} would make {width:,} features and at most {MAX_FEATURES:,} can be used; choose some columns."
        )
    return inputs


def _unusable(info: ColumnInfo, asked_for: bool) -> str:
    """Return why a column cannot be a feature, empty if it can."""
    if info.kind == "empty":
        return "no value is known"
    if info.kind == "constant":
        return "all values are the same"
    if info.is_date:
        return "dates are not numbers"
    if info.kind == "text":
        return f"text with more than {MAX_CATEGORIES} values, or another one in every row, tells samples apart by name"
    if not _fits(info):
        return "values are too large for a network"
    return "it only numbers the rows" if info.is_row_number and not asked_for else ""


def _fits(info: ColumnInfo) -> bool:
    """Whether the values, and their squares, are within the range of 32-bit numbers and of 64-bit sums."""
    return info.minimum is None or info.maximum is None or max(-info.minimum, info.maximum) <= LARGEST


def _stray_text(sheet: Sheet, key: str, least: float = MOSTLY) -> tuple[int, str] | None:
    """Return line and text of the first value that is no number, in a column where at least a share are numbers."""
    column = sheet.frame[key]
    numbers = sheet.frame.select(as_numbers(_col(key), uses_decimal_comma(sheet.text))).to_series()
    bad = (column.is_not_null() & numbers.is_null()).to_numpy()
    if not bad.any() or numbers.count() < least * column.count():
        return None
    row = int(bad.argmax())
    return sheet.line_of(row), str(column[row])


def _width(inputs: _Inputs, key: str) -> int:
    n = len(inputs.categories.get(key, ()))
    return n if n > 2 else 1


def _encode(sheet: Sheet, frame: pl.DataFrame, inputs: _Inputs) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the features (n, d), NaN where missing, and their names."""
    x = np.empty((len(frame), sum(_width(inputs, key) for key in inputs.keys)), order="F")  # filled by columns
    names: list[str] = []
    for key in inputs.keys:
        name, values = sheet.names[int(key)], inputs.categories.get(key)
        place = len(names)
        if values is None:
            x[:, place] = frame[key].to_numpy()
            names.append(name)
        else:
            shown = values if len(values) > 2 else values[1:]
            table = np.eye(len(values))[:, len(values) - len(shown) :]
            table = np.vstack([table, np.full(len(shown), np.nan)])  # the last row is for missing values
            x[:, place : place + len(shown)] = table[_codes(frame[key], values)]
            names += [f"{name} = {value}" for value in shown]
    return x, tuple(names)


def _codes(column: pl.Series, values: list[str]) -> NDArray[np.intp]:
    """Return the place of each text among the sorted values, -1 where it is missing."""
    import polars as pl

    codes = column.cast(pl.Enum(values)).to_physical().cast(pl.Int64).fill_null(-1)
    return codes.to_numpy().astype(np.intp)


# ---------------------------------------------------------------- target


def _decide_task(sheet: Sheet, goal: int, info: ColumnInfo, task: TaskChoice) -> Task:
    """Return the task. Raises DataError when the target does not allow it."""
    where = f"{sheet.name}, column {info.name!r}"
    if info.kind == "empty":
        raise DataError(f"{where}: no value is known, so it cannot be the target; choose another column.")
    if info.kind == "constant":
        raise DataError(f"{where}: all known values are the same, so there is nothing to learn; choose another target.")
    if not _fits(info):
        raise DataError(
            f"{where}: values beyond {LARGEST:g} are too large for a target; divide them or choose another."
        )
    is_text = info.mean is None
    sure = info.suggested_task if task == "auto" else task
    # A number or two among the texts is a coincidence; a text or two among the numbers is a mistake in the file.
    stray = _stray_text(sheet, str(goal), 0.0 if sure == "regression" else MOSTLY) if is_text else None
    if stray and (sure == "regression" or info.n_distinct > MAX_CLASSES):
        raise DataError(
            f"{sheet.name}, line {stray[0]}, column {info.name!r}: {stray[1]!r} is not a number; correct it, "
            "leave it empty, or choose another target."
        )
    if sure == "classification" and info.n_distinct > MAX_CLASSES:
        other = "choose another target" if is_text else "choose regression or another target"
        raise DataError(f"{where}: {info.n_distinct:,} classes are more than the {MAX_CLASSES} that fit; {other}.")
    return sure


def _known_rows(sheet: Sheet, info: ColumnInfo, goal: int, complete: list[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows whose target is known and whose `complete` columns have no gap, and notes about the others."""
    import polars as pl

    frame, notes = sheet.frame, []
    if info.missing:
        frame = frame.filter(pl.col(str(goal)).is_not_null())
        notes.append(f"{_rows(info.missing)} left out because the target is missing.")
    if complete:
        before = len(frame)
        frame = frame.drop_nulls(complete)
        if len(frame) < before:
            notes.append(f"{_rows(before - len(frame))} left out because of missing values.")
    return frame, tuple(notes)


def _classes(sheet: Sheet, info: ColumnInfo, column: pl.Series) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return class numbers (n,) and the sorted names of the classes."""
    values = column.unique().sort().to_list()
    if len(values) < 2:
        raise DataError(
            f"{sheet.name}, column {info.name!r}: the rows without gaps are all of class {_class_name(values[0])!r}; "
            "impute missing values instead of dropping rows, or choose another target."
        )
    if len(values) == len(column):
        raise DataError(
            f"{sheet.name}, column {info.name!r}: every row has a class of its own, so there is nothing to learn; "
            "choose another target."
        )
    if info.mean is None:
        return _codes(column, values).astype(np.int64), tuple(values)
    return np.searchsorted(np.array(values), column.to_numpy()).astype(np.int64), tuple(map(_class_name, values))


def _class_name(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _lonely(targets: NDArray[Any], classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return a note when a class has one sample only: it is either learned or tested, never both."""
    if not classes:
        return ()
    alone = [repr(classes[k]) for k in np.flatnonzero(np.bincount(targets, minlength=len(classes)) == 1)]
    return (f"Only one sample is of class {_listed(alone)}: learned or tested, never both.",) if alone else ()


# ---------------------------------------------------------------- words


def _index(sheet: Sheet, name: str) -> int:
    """Return the place of a column. Raises DataError with the nearest name when there is none of this name."""
    if name in sheet.names:
        return sheet.names.index(name)
    near = difflib.get_close_matches(name, sheet.names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {_listed(list(sheet.names))}."
    raise DataError(f"{sheet.name} has no column {name!r}; {hint}")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _rows(n: int) -> str:
    return f"{n:,} row was" if n == 1 else f"{n:,} rows were"


def _col(key: str) -> pl.Expr:
    import polars as pl

    return pl.col(key)
