"""A first look at a table, and how often and how fast a file is read."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_text import GOOD, ROWS, rows

from nnviz.data.dataset import DataError, Dataset
from nnviz.data.readers.table import Table, inspect
from nnviz.data.tables import sheet as sheets
from nnviz.data.tables.encoding import CHUNK_BYTES
from nnviz.data.tables.text import _lines_may_disagree


def test_inspect_says_what_is_in_the_file(write: Any) -> None:
    content = "id,size,colour,name,empty,same,y\n" + "".join(
        f"{i},{i * 0.5 if i else '?'},{'red' if i % 2 else 'blue'},n{i},,1,{i % 3}\n" for i in range(60)
    )
    seen = inspect(write(content))
    assert seen.n_rows == 60
    assert [c.kind for c in seen.columns] == ["number", "number", "category", "text", "empty", "constant", "number"]
    assert [c.missing for c in seen.columns] == [0, 1, 0, 0, 60, 0, 0]
    assert [c.n_distinct for c in seen.columns] == [60, 59, 2, 60, 0, 1, 3]
    assert [c.usable for c in seen.columns] == [False, True, True, False, False, False, True]
    size = seen.column("size")
    assert size is not None
    assert (size.minimum, size.maximum, size.examples) == (0.5, 29.5, ("0.5", "1.0", "1.5"))
    assert size.mean == pytest.approx(15.0)
    assert seen.column("nothing") is None
    assert len(seen.preview) == 50
    assert seen.preview[0] == ("0", "?", "blue", "n0", "", "1", "0")
    assert (seen.suggested_target, seen.suggested_task) == ("y", "classification")


@pytest.mark.parametrize(
    ("header", "target"), [("a,Class,c", "Class"), ("target,label,c", "target"), ("a,b,c", "c"), ("a,b,id", "b")]
)
def test_the_likely_target_is_suggested(write: Any, header: str, target: str) -> None:
    assert inspect(write(header + "\n" + rows("{h}", "{h}", "{i}"))).suggested_target == target


def test_inspect_copes_with_ten_thousand_columns(write: Any) -> None:
    values = np.random.default_rng(0).integers(0, 999, (6, 10_000))
    lines = [",".join(f"column_{k}" for k in range(10_000))] + [",".join(map(str, row)) for row in values.tolist()]
    path = write("\n".join(lines) + "\n")
    start = time.perf_counter()
    seen = inspect(path)
    assert time.perf_counter() - start < 8
    assert len(seen.columns) == 10_000
    with pytest.raises(DataError, match=r"features and at most 2,000 can be used"):
        Table(path=path).load(0)
    assert Table(path=path, features=("column_3", "column_9000")).load(0).n_features == 2


# ---------------------------------------------------------------- reading once, and reading fast


def test_the_same_file_is_read_once(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(GOOD)
    reads = []
    parse = sheets._parse
    monkeypatch.setattr(sheets, "_parse", lambda text: reads.append(text.path) or parse(text))
    inspect(path)
    Table(path=path).load(0)
    Table(path=path, target="size").load(1)
    assert len(reads) == 1
    other = write(GOOD, "other.csv")
    inspect(other)
    inspect(path)
    assert len(reads) == 3  # only the last one is kept
    write(GOOD + "99,red,100.5\n")
    assert Table(path=path).load(0).n_samples == ROWS + 1
    Table(path=path, delimiter=",").load(0)
    assert len(reads) == 5


def test_loading_twice_gives_the_same_samples(write: Any) -> None:
    def load() -> Dataset:
        sheets._latest = None
        return Table(path=path).load(0)

    path = write(GOOD)
    a, b = load(), load()
    assert a.features.tobytes() == b.features.tobytes()
    assert a.targets.tobytes() == b.targets.tobytes()


@given(
    st.lists(
        st.sampled_from(["1,2", "1,2", "12,3", "1", "1,2,3", "", "\r", '"a,b",2', '"a\nb",c', '"x""y",2']), max_size=12
    ),
    st.integers(1, 9),
    st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_counting_fields_agrees_with_the_csv_module(lines: list[str], chunk: int, ends: bool) -> None:
    text = "\n".join(lines) + ("\n" if ends else "")
    codes = np.frombuffer(text.encode(), np.uint8)
    records = [r for r in csv.reader(io.StringIO(text.replace("\r\n", "\n"), newline="")) if r]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnviz.data.tables.text.CHUNK_BYTES", chunk)
        found = _lines_may_disagree(codes, ord(","), 2)
    if text.endswith("\r"):
        return  # a last line of one carriage return asks for a closer look, which finds nothing
    assert found == any(len(record) != 2 for record in records)


@pytest.mark.slow
def test_loading_takes_about_as_long_as_parsing(tmp_path: Path) -> None:
    import polars as pl

    path = tmp_path / "large.csv"
    pl.DataFrame(np.random.default_rng(0).normal(size=(1_000_000, 20)).round(6)).write_csv(path)
    assert path.stat().st_size > 10 * CHUNK_BYTES

    def best(read: Any) -> float:
        times = []
        for _ in range(3):
            sheets._latest = None
            start = time.perf_counter()
            read()
            times.append(time.perf_counter() - start)
        return min(times)

    alone = best(lambda: pl.read_csv(path))
    assert best(lambda: Table(path=str(path)).load(0)) < 4 * alone
