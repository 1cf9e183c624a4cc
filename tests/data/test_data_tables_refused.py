"""Tables that cannot be used: each is refused with one sentence that says where and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_text import GOOD, rows

from nnviz.data.dataset import DataError
from nnviz.data.readers.table import Table, inspect

BAD_FILES = {
    "empty": ("", "data.csv is empty; choose a file"),
    "blank": ("\n \n\n", "data.csv is empty; choose a file"),
    "header only": ("a,b,c\n", "data.csv has a header but no rows; add rows"),
    "no values": ("a,b\n,\n,\n,\n", "data.csv has a header but no values"),
    "short line": ("a,b,c\n1,2,3\n4,5\n6,7,8\n", "data.csv, line 3: 2 fields were found where 3 are expected; correct"),
    "long line": ("a,b,c\n1,2,3\n4,5,6,7\n6,7,8\n", "data.csv, line 3: 4 fields were found where 3 are expected"),
    "last line": ("a,b,c\n1,2,3\n4", "data.csv, line 3: 1 field was found where 3 are expected"),
    "after quoted lines": ('a,b,c\n1,"2\n2",3\n\n4,5\n', "data.csv, line 5: 2 fields were found where 3"),
    "open quote": ('a,b,c\n1,2,3\n4,"5,6\n7,8,9\n', "data.csv, line 3: 2 fields .* or close the quotation mark"),
    "long open quote": ("a,b\n1,2\n" + '"3,4\n' + "5,6\n" * 50_000, "data.csv, line 3: a quotation mark opens"),
    "picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "data.csv is not a text file; export it as CSV"),
    "late zeros": (b"a,b\n" + b"1,2\n" * 300_000 + b"\x00,1\n", "data.csv is not a text file; export it as CSV"),
    "late zeros after accents": ("é,b\n1,2\n".encode("cp1252") + b"\x00,1\n", "data.csv is not a text file"),
    "controls": (bytes(range(1, 32)) * 9, "data.csv is not a text file"),
    "spreadsheet": (b"PK\x03\x04 and more", "data.csv is a spreadsheet or archive, not text; save the sheet as CSV"),
    "broken utf-16": (b"\xff\xfea\x00,\x00\x00\xd8a\x00", "data.csv is not valid UTF-16 text"),
    "one endless line": (b"1," * 700_000, "data.csv has lines of more than 1,048,576 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_refused_in_one_sentence(write: Any, name: str) -> None:
    content, sentence = BAD_FILES[name]
    path = write(content)
    for read in (lambda: inspect(path), lambda: Table(path=path).load(0)):
        with pytest.raises(DataError, match=sentence) as caught:
            read()
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)


PLAIN = "a,b,y\n" + rows("{i}", "{h}", "{h}")
BAD_CHOICES: dict[str, tuple[str, dict[str, Any], str]] = {
    "three rows": ("a,b\n1,2\n3,4\n5,6\n", {}, "data.csv has 3 usable rows; at least 4 are needed"),
    "no such target": (GOOD, {"target": "prise"}, "data.csv has no column 'prise'; did you mean 'price'"),
    "no such feature": (GOOD, {"features": ("zz",)}, "no column 'zz'; choose one of: size, colour, price"),
    "one column": ("a\n" + rows("{i}"), {}, "leaves no column besides the target 'a'; choose another delimiter"),
    "target as only feature": (GOOD, {"features": ("price",)}, "no column besides the target 'price'; choose oth"),
    "one class": ("a,y\n" + rows("{i}", "cat"), {}, "column 'y': all known values are the same, so there"),
    "unknown target": ("a,y\n" + rows("{i}", "?"), {}, "column 'y': no value is known, so it cannot be the target"),
    "one class left": ("a,y\n" + rows("", "x", n=4) + rows("{i}", "z"), {"missing": "drop"}, "all of class 'z'"),
    "class for each row": ("a,y\n" + rows("{i}", "name{i}"), {}, "column 'y': every row has a class of its own"),
    "text for numbers": (
        "a,y\n" + rows("{i}", "{h}") + "1,many\n",
        {"task": "regression"},
        "data.csv, line 14, column 'y': 'many' is not a number; correct it",
    ),
    "text after blank and quoted lines": (
        'a,y\n"1\n2",3\n\n' + rows("{i}", "{h}") + "1,many\n",
        {"task": "regression"},
        "data.csv, line 17, column 'y': 'many' is not a number",
    ),
    "text among many numbers": ("a,y\n" + rows("{i}", "{h}", n=250) + "1,x\n", {}, "line 252, column 'y': 'x' is"),
    "5,000 classes": ("a,y\n" + rows("{i}", "{i}", n=5_000), {"task": "classification"}, "choose regression or an"),
    "5,000 names": ("a,y\n" + rows("{i}", "n{i}", n=5_000), {}, "5,000 classes are more than the 200 that fit"),
    "huge target": ("a,y\n" + rows("{i}", "{i}e99"), {}, "column 'y': values beyond 1e\\+30 are too large"),
    "no usable feature": ("a,d,y\n" + rows("7", "", "{h}"), {}, r"No column .* \(all values are the same; no v"),
    "too many features": (
        ",".join(f"c{k}" for k in range(2_100)) + "\n" + "\n".join(",".join(str((k * i) % 97) for k in range(2_100))
                                                                  for i in range(1, 6)) + "\n",
        {"task": "regression"},
        "would make 2,07. features and at most 2,000 can be used; choose some columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CHOICES)
def test_bad_choices_are_refused_in_one_sentence(write: Any, name: str) -> None:
    content, options, sentence = BAD_CHOICES[name]
    path = write(content)
    inspect(path)  # the file itself can be looked at
    with pytest.raises(DataError, match=sentence) as caught:
        Table(path=path, **options).load(0)
    assert str(caught.value)[-1] in ".?"


def test_files_that_cannot_be_opened(write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="No table is chosen"):
        Table().load(0)
    with pytest.raises(DataError, match="is a folder; choose a file inside it"):
        Table(path=str(tmp_path)).load(0)
    path = write(GOOD)
    Table(path=path).load(0)
    os.remove(path)
    with pytest.raises(DataError, match=r"data.csv is not in .* any more; put it back"):
        Table(path=path).load(0)
    for error, sentence in (
        (PermissionError(13, "no"), "may not be read"),
        (OSError(5, "I/O error"), r"\(I/O error\)"),
    ):

        def refuse(*_: object, error: OSError = error, **__: object) -> None:
            raise error

        write(GOOD)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            with pytest.raises(DataError, match=sentence):
                Table(path=path).load(0)


pieces = st.sampled_from(
    [
        "1",
        "-2.5",
        "a",
        "b",
        "NA",
        "",
        " ",
        ",",
        ",",
        ",",
        ";",
        "\t",
        "\n",
        "\n",
        "\n",
        "\r\n",
        '"',
        '""',
        "é",
        "inf",
        "1e400",
        "2024-01-01",
    ]
)
messes = st.lists(pieces, max_size=60).map(lambda parts: "".join(parts).encode())
tables = st.lists(st.lists(pieces, min_size=3, max_size=3).map(",".join), min_size=5, max_size=30).map(
    lambda lines: ("a,b,y\n" + "\n".join(lines)).encode()
)


@given(
    content=st.one_of(st.binary(max_size=200), messes, tables),
    missing=st.sampled_from(["impute", "drop"]),
    task=st.sampled_from(["auto", "classification", "regression"]),
)
@settings(deadline=None, max_examples=150)
def test_whatever_is_in_a_file_it_loads_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, missing: Any, task: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(content)
    table = Table(path=str(path), missing=missing, task=task)
    data, refusal = None, ""
    try:
        data = table.load(0)
        inspect(path)
    except DataError as error:
        refusal = str(error)
    if data is None:
        assert refusal
        assert "\n" not in refusal
        return
    assert not refusal
    assert data.features.shape == (len(data.targets), len(data.feature_names))
    assert not np.isinf(data.features).any()
    assert np.isfinite(data.targets).all()
    assert missing == "impute" or not np.isnan(data.features).any()
