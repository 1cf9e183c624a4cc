"""Tables: what is in the file is what arrives, and every bad file is refused with one helpful sentence."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_text import GOOD, ROWS, rows

from nnviz.data.readers.table import Table, inspect
from nnviz.data.settings import DataSettings
from nnviz.data.split import prepare
from nnviz.data.tables.columns import suggest_task
from nnviz.data.tables.text import MISSING, is_number

# ---------------------------------------------------------------- what arrives


def test_numbers_and_categories_become_features(write: Any) -> None:
    data = Table(path=write(GOOD)).load(0)
    assert (data.task, data.target_name, data.n_samples) == ("regression", "price", ROWS)
    assert data.feature_names == ("size", "colour = blue", "colour = green", "colour = red")
    np.testing.assert_array_equal(data.features[:, 0], np.arange(ROWS))
    np.testing.assert_array_equal(data.features[:3, 1:], [[0, 0, 1], [0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(data.targets, np.arange(ROWS) * 1.5)


def test_text_target_makes_sorted_classes(write: Any) -> None:
    data = Table(path=write(GOOD), target="colour").load(0)
    assert (data.task, data.class_names) == ("classification", ("blue", "green", "red"))
    assert data.feature_names == ("size", "price")
    np.testing.assert_array_equal(data.targets[:3], [2, 1, 0])


def test_features_can_be_chosen_in_any_order(write: Any) -> None:
    path = write(GOOD)
    assert Table(path=path, target="colour", features=("price", "size", "price")).load(0).feature_names == (
        "price",
        "size",
    )
    assert Table(path=path, target="colour", features=("colour", "size")).load(0).feature_names == ("size",)


def test_two_values_of_text_are_one_feature(write: Any) -> None:
    data = Table(path=write("member,flag,y\n" + rows("{i}", "True", "{h}", n=6).replace("5,True", "5,False"))).load(0)
    assert data.feature_names[1] == "flag = True"
    np.testing.assert_array_equal(data.features[:, 1], [1, 1, 1, 1, 1, 0])


def test_numeric_classes_are_named_by_their_numbers(write: Any) -> None:
    data = Table(path=write("x,y\n" + rows("{h}", "1{three}"))).load(0)
    assert (data.task, data.class_names) == ("classification", ("10", "11", "12"))
    forced = Table(path=write("x,y\n" + "1,0.5\n2,-1.5\n" * 4), task="classification").load(0)
    assert forced.class_names == ("-1.5", "0.5")
    assert Table(path=write("x,y\n" + rows("{h}", "1{three}")), task="regression").load(0).task == "regression"


@pytest.mark.parametrize(
    ("is_number", "whole", "distinct", "known", "task"),
    [
        (False, False, 100, 1000, "classification"),
        (True, True, 2, 4, "classification"),
        (True, True, 10, 1000, "classification"),
        (True, True, 20, 80, "classification"),
        (True, True, 21, 10_000, "regression"),
        (True, True, 10, 30, "regression"),
        (True, False, 2, 1000, "regression"),
    ],
)
def test_task_is_guessed_from_the_target(is_number: bool, whole: bool, distinct: int, known: int, task: str) -> None:
    assert suggest_task(is_number, whole, distinct, known) == task


cell_text = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\ufeff"), max_size=8)
categories = st.lists(
    cell_text.map(lambda s: ("é," + s + '"\n').strip()).filter(lambda s: s not in MISSING and not is_number(s)),
    min_size=2, max_size=4, unique=True,
)  # fmt: skip
numbers = st.floats(-1e29, 1e29, allow_subnormal=False)


@st.composite
def frames(draw: st.DrawFn) -> tuple[list[list[float]], list[str], list[list[str]]]:
    """Columns of numbers, names with quirks, and columns of text of the same length."""
    n = draw(st.integers(8, 20))
    columns = draw(st.lists(st.lists(numbers, min_size=n, max_size=n, unique=True), min_size=2, max_size=4))
    texts = []
    for _ in range(draw(st.integers(0, 2))):
        values = draw(categories)
        texts.append(
            values + draw(st.lists(st.sampled_from(values), min_size=n - len(values), max_size=n - len(values)))
        )
    quirks = ["*", "^.*$", "a b", "x,y", 'say "x"', "ünï", "two\nlines"]
    return columns, draw(st.permutations(quirks))[: len(columns) + len(texts)], texts


@given(frame=frames(), delimiter=st.sampled_from([",", ";", "\t", "|"]), end=st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None, max_examples=60)
def test_tables_make_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory,
    frame: tuple[list[list[float]], list[str], list[list[str]]],
    delimiter: str,
    end: str,
) -> None:
    numeric, names, texts = frame
    everything = [*texts, *([repr(v) for v in column] for column in numeric)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(names)
    writer.writerows(zip(*everything, strict=True))
    path = tmp_path_factory.mktemp("round") / "table.csv"
    path.write_bytes(out.getvalue().encode())
    name = {"\t": "tab"}.get(delimiter, delimiter)
    data = Table(path=str(path), delimiter=name, task="regression").load(0)  # type: ignore[arg-type]
    place = 0
    for text, title in zip(texts, names, strict=False):
        values = sorted(set(text))
        shown = values if len(values) > 2 else values[1:]
        assert data.feature_names[place : place + len(shown)] == tuple(f"{title} = {value}" for value in shown)
        expected = np.array([[cell == value for value in shown] for cell in text])
        np.testing.assert_array_equal(data.features[:, place : place + len(shown)], expected)
        place += len(shown)
    np.testing.assert_array_equal(data.features[:, place:], np.array(numeric[:-1]).T)
    np.testing.assert_array_equal(data.targets, np.array(numeric[-1], np.float32))
    assert data.target_name == names[-1]


# ---------------------------------------------------------------- quirks that are understood


@pytest.mark.parametrize(
    ("encoding", "reported"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252")],
)
def test_encodings(write: Any, encoding: str, reported: str) -> None:
    path = write(("größe,ville,y\n" + rows("{i}", "Orléans{odd}", "{h}")).encode(encoding))
    data, seen = Table(path=path).load(0), inspect(path)
    assert data.feature_names == ("größe", "ville = Orléans1")
    assert seen.encoding == reported
    assert any("Western European" in note for note in data.notes) == (reported == "cp1252")


def test_bytes_beyond_cp1252_are_read_as_latin_1(write: Any) -> None:
    assert inspect(write(b"a\x81,y\n" + rows("{i}", "{h}").encode())).encoding == "latin-1"


@pytest.mark.parametrize(("delimiter", "name"), [(",", ","), (";", ";"), ("\t", "tab"), ("|", "|")])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_guessed(write: Any, delimiter: str, name: str, end: str) -> None:
    path = write(("a,b,y\n" + rows("{i}", "{i}", "{h}")).replace(",", delimiter).replace("\n", end))
    assert inspect(path).delimiter == name
    assert Table(path=path).load(0).features.shape == (ROWS, 2)


def test_decimal_commas_between_semicolons(write: Any) -> None:
    data = Table(path=write("a;y\n" + "".join(f"{i},25;{i},5\n" for i in range(ROWS)))).load(0)
    np.testing.assert_array_equal(data.features[:, 0], np.arange(ROWS) + 0.25)
    assert data.task == "regression"


def test_numbers_that_change_their_nature_further_down(write: Any) -> None:
    content = "a,b,y\n" + rows("{i}", "{i}", "{h}", n=1_500) + "0.5,99999999999999999999,1\n" + " 7 , NA ,1e2\n"
    data = Table(path=write(content)).load(0)
    assert data.features.shape == (1_502, 2)
    np.testing.assert_array_equal(data.features[-2:], [[0.5, 1e20], [7, np.nan]])


def test_a_missing_header_is_noticed(write: Any) -> None:
    data = Table(path=write(rows("{h}", "{i}", "c{odd}"))).load(0)
    assert (data.n_samples, data.feature_names) == (ROWS, ("column 1", "column 2"))
    assert "The first line holds numbers" in data.notes[0]


@pytest.mark.parametrize("header", ["0,1,2", ",0,1", "a,2019,y", "2019,2020,2021"])
def test_a_header_with_numbers_is_one(write: Any, header: str) -> None:
    assert Table(path=write(header + "\n" + rows("{h}", "{h}", "{odd}"))).load(0).n_samples == ROWS


def test_names_that_repeat_or_are_missing(write: Any) -> None:
    data = Table(path=write("a,a,,a\n" + rows("{i}", "{h}", "{i}.5", "{odd}"))).load(0)
    assert data.feature_names == ("a", "a (2)", "column 3")
    assert data.target_name == "a (3)"
    assert "renamed: 'a (2)', 'a (3)'" in data.notes[0]


@pytest.mark.parametrize("blank", ["\n", "\r\n", "  \n"])
def test_blank_lines_are_skipped(write: Any, blank: str) -> None:
    lines = ("a,b,y\n" + rows("{i}", "{h}", "{odd}")).splitlines(keepends=True)
    data = Table(path=write(blank + blank.join(lines) + blank)).load(0)
    assert data.features.shape == (ROWS, 2)
    assert np.isfinite(data.features).all()


def test_lone_quotation_marks_are_text(write: Any) -> None:
    data = Table(
        path=write("size,n,y\n" + '5" pipe,1,2\n3" pipe,2,3\n5" pipe,3,4.5\n3" pipe,4,5\n5" pipe,7,8.5\n')
    ).load(0)
    assert data.feature_names == ('size = 5" pipe', "n")
    assert data.n_samples == 5


@pytest.mark.parametrize("word", MISSING)
def test_words_for_missing_values(write: Any, word: str) -> None:
    content = "a,b,y\n" + rows("{i}", "k{three}", "{h}") + f"{word}, {word} ,5\n"
    data = Table(path=write(content)).load(0)
    assert np.isnan(data.features[-1]).all()
    assert np.isfinite(data.features[:-1]).all()


# ---------------------------------------------------------------- gaps


GAPS = "a,b,y\n" + rows("{i}", "{h}", "{h}") + ",1,2\n3,inf,4\n5,6,\n"


def test_gaps_wait_for_the_split(write: Any) -> None:
    path = write(GAPS)
    data = Table(path=path).load(0)
    assert data.n_samples == ROWS + 2
    assert np.isnan(data.features).sum() == 2
    assert data.notes == (
        "Column 'b' holds 1 infinite value, counted as missing.",
        "1 row was left out because the target is missing.",
    )
    assert np.isfinite(prepare(DataSettings(source=Table(path=path))).train.x).all()


def test_rows_with_gaps_can_be_dropped(write: Any) -> None:
    data = Table(path=write(GAPS), missing="drop").load(0)
    assert data.n_samples == ROWS
    assert data.notes[-1] == "2 rows were left out because of missing values."


def test_gaps_in_columns_that_are_not_used_drop_nothing(write: Any) -> None:
    assert Table(path=write(GAPS), missing="drop", features=("a",)).load(0).n_samples == ROWS + 1


def test_a_missing_category_becomes_the_shares_of_the_training_part(write: Any) -> None:
    content = "c,x,y\n" + rows("k{three}", "{h}", "{h}", n=60) + "?,1,2\n" * 4
    path = write(content)
    data = prepare(DataSettings(source=Table(path=path)))
    shares = data.train.x[:, :3].sum(axis=1)
    np.testing.assert_allclose(shares, 1.0, atol=1e-6)


# ---------------------------------------------------------------- columns of no use


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ("7", "'z' was left out: all values are the same."),
        ("NA", "'z' was left out: no value is known."),
        ("2024-01-{i:02d}", "'z' was left out: dates are not numbers."),
        ("{i}.1.2024", "'z' was left out: dates are not numbers."),
        ("name{i}", "'z' was left out: text with more than 50 values, or another one in every row"),
        ("{i}e300", "'z' was left out: values are too large for a network."),
    ],
)
def test_useless_columns_are_left_out_with_a_note(write: Any, cells: str, note: str) -> None:
    data = Table(path=write("z,x,y\n" + rows(cells, "{i}", "{h}"))).load(0)
    assert data.feature_names == ("x",)
    assert any(text.startswith(note) for text in data.notes)


def test_row_numbers_are_left_out_unless_asked_for(write: Any) -> None:
    path = write(",x,y\n" + rows("{i}", "{h}", "{h}"))
    data = Table(path=path).load(0)
    assert data.feature_names == ("x",)
    assert data.notes == ("'column 1' was left out: it only numbers the rows.",)
    assert Table(path=path, features=("column 1",)).load(0).feature_names == ("column 1",)


def test_a_slip_among_numbers_is_named(write: Any) -> None:
    data = Table(path=write("z,x,y\n" + rows("{i}", "{i}", "{h}", n=40) + "\n1o,2,3\n")).load(0)
    assert data.notes == ("'z' ('1o' in line 43) was left out: not every value is a number.",)


def test_long_lists_of_names_are_cut(write: Any) -> None:
    header = ",".join(f"c{k}" for k in range(40)) + ",x,y\n"
    data = Table(path=write(header + "".join("1," * 40 + f"{i},{i * 0.5}\n" for i in range(ROWS)))).load(0)
    assert data.notes == ("'c0', 'c1', 'c2', 'c3', 'c4' and 35 more were left out: all values are the same.",)


def test_a_class_of_one_sample_is_pointed_out(write: Any) -> None:
    data = Table(path=write("x,y\n" + rows("{i}", "c{odd}") + "3,rare\n")).load(0)
    assert data.notes == ("Only one sample is of class 'rare': learned or tested, never both.",)
