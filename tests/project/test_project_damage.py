"""Damaged and malicious files: they are read right, or refused in one sentence, and what can be read is offered."""

from __future__ import annotations

import base64
import io
import json
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from project_stage import differences, same, varied

from nnviz.project import archive as archives
from nnviz.project.arrays import packed, unpacked
from nnviz.project.project import Project, ProjectError
from nnviz.project.reading import read, read_what_is_left
from nnviz.project.trees import differences_between, with_differences
from nnviz.project.writing import write

Pieces = dict[str, bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    project = varied(folder)
    write(folder / "whole.nnviz", project)
    return project, (folder / "whole.nnviz").read_bytes()


def all_read(project: Project) -> Project:
    """Ask for everything that is read on demand."""
    for run in project.runs:
        for frame in run.history.keyframes:
            frame.state.arrays()
    for samples in project.samples:
        samples.dataset.features  # noqa: B018
    return project


def a_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and len(text) < 500


def rewritten(content: bytes, change: Callable[[Pieces], None]) -> bytes:
    """Return an archive with some of its entries changed, and right checksums."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        pieces = {name: old.read(name) for name in old.namelist()}
    change(pieces)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, piece in pieces.items():
            new.writestr(name, piece)
    return file.getvalue()


def with_json(content: bytes, name: str, change: Callable[[dict], object]) -> bytes:
    def changed(pieces: Pieces) -> None:
        tree = json.loads(pieces[name])
        change(tree)
        pieces[name] = json.dumps(tree).encode()

    return rewritten(content, changed)


# ---------------------------------------------------------------- chance


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1), bit=st.integers(0, 7), tail=st.booleans())
def test_any_bit_may_flip(whole: tuple[Project, bytes], tmp_path: Path, where: float, bit: int, tail: bool) -> None:
    """In the first tenth, the settings, or the last, the table of contents, as often as everywhere else."""
    project, content = whole
    at = int((where * 0.1 + (0.9 if tail else 0.0) if bit % 2 else where) * (len(content) - 1))
    flipped = bytearray(content)
    flipped[at] ^= 1 << bit
    check(project, bytes(flipped), tmp_path / "flipped.nnviz")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_the_end_may_be_missing(whole: tuple[Project, bytes], tmp_path: Path, share: float) -> None:
    project, content = whole
    check(project, content[: int(share * (len(content) - 1))], tmp_path / "short.nnviz")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.floats(0, 1), length=st.integers(1, 3000), filler=st.sampled_from([b"\0", b"\xff", b"PK\x03\x04"]))
def test_a_stretch_may_be_overwritten(
    whole: tuple[Project, bytes], tmp_path: Path, first: float, length: int, filler: bytes
) -> None:
    project, content = whole
    at = int(first * len(content))
    check(project, content[:at] + (filler * length)[:length] + content[at + length :], tmp_path / "over.nnviz")


def check(project: Project, content: bytes, path: Path) -> None:
    """A file is read right or refused with a sentence; what is left of it is part of what was there."""
    path.write_bytes(content)
    refusal = ""
    try:
        assert differences(project, all_read(read(path))) == []
    except ProjectError as error:
        refusal = str(error)
    assert not refusal or a_sentence(refusal), refusal
    left, sentences = read_what_is_left(path)
    assert all(map(a_sentence, sentences)), sentences
    known = {run.name: run for run in project.runs}
    for run in all_read(left).runs if left is not None else ():
        if run.name not in known:  # only its settings are left
            assert run.experiment in [each.experiment for each in project.runs]
            continue
        original = known[run.name]
        assert run.experiment == original.experiment
        for name in run.history.names:
            assert same(run.history.column(name), original.history.column(name))
        frames = {frame.place: frame for frame in original.history.keyframes}
        for frame in run.history.keyframes:
            assert same(frame.parameters, frames[frame.place].parameters)


# ---------------------------------------------------------------- what is left


def test_what_is_whole_is_offered_without_complaint(whole: tuple[Project, bytes], tmp_path: Path) -> None:
    project, content = whole
    (tmp_path / "a.nnviz").write_bytes(content)
    left, sentences = read_what_is_left(tmp_path / "a.nnviz")
    assert sentences == []
    assert left is not None
    assert differences(project, left) == []


def test_half_a_file_still_gives_all_settings_and_measurements(whole: tuple[Project, bytes], tmp_path: Path) -> None:
    project, content = whole
    (tmp_path / "half.nnviz").write_bytes(content[: len(content) * 2 // 3])
    left, sentences = read_what_is_left(tmp_path / "half.nnviz")
    assert left is not None
    assert [run.name for run in left.runs] == ["run 1", "run 2", "run 3"]
    assert [run.chapters for run in left.runs] == [run.chapters for run in project.runs]
    assert [run.epoch for run in left.runs] == [12, 9, 5]
    assert left.front == 1
    assert sentences[0].startswith("half.nnviz is damaged, or no project")
    assert any("keyframes of 'run 3' are lost: " in sentence for sentence in sentences)
    assert 0 < sum(len(run.history.keyframes) for run in left.runs) < 29


@pytest.mark.parametrize(
    ("gone", "said", "runs"),
    [
        ("project.json", "a.nnviz lacks project.json: the file is damaged.", 3),
        ("runs/2/run.json", "a.nnviz lacks runs/2/run.json: the file is damaged.", 3),
        ("runs/2/history.npz", "a.nnviz lacks runs/2/history.npz: the file is damaged.", 3),
        ("runs/2/experiment.toml", "", 3),
        ("runs/2/", "a.nnviz lacks runs/2/experiment.toml: the file is damaged.", 2),
        ("runs/", "Nothing of a.nnviz can be read.", 0),
        ("data/", "the file is damaged.", 3),
        ("keyframes/", "13 of the 13 keyframes of 'run 1' are lost: a.nnviz lacks keyframes/", 3),
    ],
)
def test_what_is_missing_is_said(whole: tuple[Project, bytes], tmp_path: Path, gone: str, said: str, runs: int) -> None:
    def without(pieces: Pieces) -> None:
        for name in [name for name in pieces if name.startswith(gone)]:
            del pieces[name]

    path = tmp_path / "a.nnviz"
    path.write_bytes(rewritten(whole[1], without))
    left, sentences = read_what_is_left(path)
    assert (len(left.runs) if left is not None else 0) == runs
    assert any(said in sentence for sentence in sentences) if said else sentences == []
    if said:
        with pytest.raises(ProjectError):
            all_read(read(path))
    if gone == "runs/2/" and left is not None:
        assert [run.number for run in left.runs] == [1, 2]
        assert left.compared == (0, 1)


def test_a_file_that_was_written_by_a_newer_nnviz_is_not_read_in_part(
    whole: tuple[Project, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "newer.nnviz"
    path.write_bytes(with_json(whole[1], "project.json", lambda tree: tree.update(version=999)))
    left, sentences = read_what_is_left(path)
    assert left is None
    assert "update nnviz" in sentences[0]


# ---------------------------------------------------------------- no project at all


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged, or no project"),
        (b"epoch,loss\n1,2\n", "is damaged, or no project"),
        (b"PK\x03\x04" + bytes(500), "is damaged, or no project"),
        (b"PK\x05\x06" + bytes(18), "lacks project.json"),
        (b"PK\x05\x06" + b"\xff" * 18, "is damaged, or no project"),
    ],
)
def test_what_is_no_project_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.nnviz"
    path.write_bytes(content)
    with pytest.raises(ProjectError, match=said):
        read(path)
    assert read_what_is_left(path)[0] is None


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="is a folder; a project is a file"):
        read(tmp_path)
    with pytest.raises(ProjectError, match="cannot be read: No such file"):
        read(tmp_path / "none.nnviz")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes among files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nnviz")
    with pytest.raises(ProjectError, match="is not a file"):
        read(tmp_path / "pipe.nnviz")


def test_another_zip_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.nnviz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ProjectError, match=r"lacks project.json"):
        read(tmp_path / "a.nnviz")


# ---------------------------------------------------------------- malice


def archive_of(path: Path, *entries: tuple[str, bytes], packs: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packs else zipfile.ZIP_STORED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/passwd", "runs/../../x", "C:/x", "a\\b", "a//b", "x" * 300, "ä"]
)
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.nnviz", ("project.json", b"{}"), (name, b"x"))
    with pytest.raises(ProjectError, match="it holds a file with the name"):
        read(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_come_twice_are_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.nnviz", ("project.json", b"{}"), ("project.json", b"{}"))
    with pytest.raises(ProjectError, match="two files of the same name"):
        read(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    for number, entries in enumerate(
        ([("project.json", bytes(200 * 2**20))], [(f"runs/{i}/run.json", bytes(2**25)) for i in range(1, 9)])
    ):
        path = archive_of(tmp_path / f"{number}.nnviz", *entries, packs=True)
        assert path.stat().st_size < 2**19
        tracemalloc.start()
        with pytest.raises(ProjectError, match=r"would become|packed in a way"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 2**22
        tracemalloc.stop()


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """A bomb whose entries overlap (Fifield 2019): the table of contents names the same place many times."""
    path = archive_of(tmp_path / "a.nnviz", ("project.json", b"{}" + b" " * 5000))
    content = path.read_bytes()
    central = content.index(b"PK\x01\x02")
    record = content[central : content.index(b"PK\x05\x06")]
    records = b"".join(record.replace(b"project.json", b"p%06d.json" % i) for i in range(50))
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 50, 50, len(records), central, 0)
    path.write_bytes(content[:central] + records + end)
    with pytest.raises(ProjectError, match="overlaps another file"):
        read(path)


def test_more_files_than_a_project_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 10)
    path = archive_of(tmp_path / "a.nnviz", *((f"runs/{i}/run.json", b"{}") for i in range(1, 12)))
    with pytest.raises(ProjectError, match="it holds 11 files"):
        read(path)


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.nnviz", ("project.json", b"{}"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ProjectError, match="packed in a way"):
        read(path)


def test_text_beyond_all_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_TEXT", 100)
    path = archive_of(tmp_path / "a.nnviz", ("project.json", b"{}" + b" " * 200))
    with pytest.raises(ProjectError, match="would fill 202 bytes"):
        read(path)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"{", b"null", b"[]", b"1e999999"])
def test_json_that_is_none_is_refused(text: bytes, tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        read(archive_of(tmp_path / "a.nnviz", ("project.json", text)))


def npy(header: str, numbers: bytes = bytes(32)) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + numbers


def npz(content: bytes, name: str = "a.npy") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999999), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-8,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
        "{'descr': '|O8', 'fortran_order': False, 'shape': (4,), }",
        "{'descr': '<U8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f1', 'fortran_order': False, 'shape': (32,), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (8,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 100,
        "__import__('os').system('true')",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,8), }",
        "",
    ],
)
def test_arrays_that_are_not_what_they_say_are_refused(header: str) -> None:
    tracemalloc.start()
    with pytest.raises(ProjectError, match="is damaged"):
        unpacked(npz(npy(header)), "x")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_what_is_in_an_npz_besides_arrays_is_refused() -> None:
    good = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (8,), }")
    assert unpacked(npz(good), "x")["a"].shape == (8,)
    for bad in (npz(good, "a.txt"), npz(b"\x80\x04K\x01."), npz(b""), npz(good[:9]), b"", good):
        with pytest.raises(ProjectError):
            unpacked(bad, "x")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("runs/1/run.json", lambda t: t["history"].update(rows=5), "another number of rows"),
        ("runs/1/run.json", lambda t: t["history"].update(most=0), "run 1, is damaged"),
        ("runs/1/run.json", lambda t: t["history"].update(most=10**9), "run 1, is damaged"),
        ("runs/1/run.json", lambda t: t["chapters"].reverse(), "Run 1"),
        ("runs/1/run.json", lambda t: t["chapters"][1].update(place=[99, 0]), "chapters are not in order"),
        ("runs/1/run.json", lambda t: t["chapters"][1]["differences"].append({"at": ["seed", 3], "is": 1}), "Run 1"),
        ("runs/1/run.json", lambda t: t["chapters"][1]["differences"].append({"at": ["seed"], "is": -1}), "seed"),
        ("runs/1/run.json", lambda t: t["chapters"][1]["differences"].append({}), "does not fit"),
        ("runs/1/run.json", lambda t: t["keyframes"]["frames"].reverse(), "keyframes are not in order"),
        ("runs/1/run.json", lambda t: t["keyframes"]["frames"][3].update(chapter=8), "not there"),
        ("runs/1/run.json", lambda t: t["keyframes"]["frames"][3].update(digest="0" * 32), "lacks keyframes/000"),
        ("runs/1/run.json", lambda t: t["keyframes"]["frames"][3].update(digest="../../x"), "is damaged"),
        ("runs/1/run.json", lambda t: t["keyframes"]["frames"][3].update(bytes=10**12), "too short"),
        ("runs/1/run.json", lambda t: t["keyframes"]["frames"][3].update(place=[-1, 0]), "is damaged"),
        ("runs/1/run.json", lambda t: t.update(status="dancing"), "dancing"),
        ("runs/1/run.json", lambda t: t.update(name=7), "run 1, is damaged"),
        ("runs/1/run.json", lambda t: t.pop("events"), "missing required field"),
        ("runs/1/run.json", lambda t: t["experiment"].update(seed="x"), "Run 1"),
        ("runs/1/run.json", lambda t: t["experiment"]["data"]["source"].update(kind="tarot"), "tarot"),
        ("project.json", lambda t: t.update(format="zebra"), "no project of nnviz"),
        ("project.json", lambda t: t.update(version="1"), "no project of nnviz"),
        ("project.json", lambda t: t.update(front=9), "list of runs does not hold together"),
        ("project.json", lambda t: t.update(runs=[1, 1]), "list of runs does not hold together"),
        ("project.json", lambda t: t.update(runs=[], front=1), "list of runs does not hold together"),
        ("project.json", lambda t: t.update(runs=[1, 2, 3, 4]), "run 4"),
        ("project.json", lambda t: t["samples"][0].update(source={"kind": "table", "path": 3}), "path"),
    ],
)
def test_settings_that_do_not_hold_together_are_refused(
    whole: tuple[Project, bytes], tmp_path: Path, name: str, change: Callable[[dict], object], said: str
) -> None:
    path = tmp_path / "a.nnviz"
    path.write_bytes(with_json(whole[1], name, change))
    with pytest.raises(ProjectError, match=said) as caught:
        read(path)
    assert a_sentence(str(caught.value)), str(caught.value)
    left, sentences = read_what_is_left(path)
    assert all(map(a_sentence, sentences)), sentences
    assert left is None or len(left.runs) >= 2


def test_arrays_of_another_state_are_refused(whole: tuple[Project, bytes], tmp_path: Path) -> None:
    """With a checksum that is right: somebody made them."""
    wrong = [
        {"parameters": np.zeros(3), "gradients": np.zeros(3), "updates": np.zeros(4)},
        {"parameters": np.zeros(3), "gradients": np.zeros(3)},
        {"parameters": np.zeros((2, 2)), "gradients": np.zeros((2, 2)), "updates": np.zeros((2, 2))},
        {name: np.zeros(3, np.int64) for name in ("parameters", "gradients", "updates")},
        {"parameters": np.zeros(3), "gradients": np.zeros(3), "updates": np.zeros(3), "x.y": np.zeros(3)},
        {"parameters": np.zeros(3), "gradients": np.zeros(3), "updates": np.zeros(3), "optimizer.m": np.zeros(4)},
    ]
    for arrays in wrong:

        def exchange(pieces: Pieces, arrays: dict[str, np.ndarray] = arrays) -> None:
            for name in [name for name in pieces if name.startswith("keyframes/")]:
                pieces[name] = packed(arrays) + bytes(0)

        path = tmp_path / "a.nnviz"
        path.write_bytes(rewritten(whole[1], exchange))
        with pytest.raises(ProjectError, match=r"do not belong together|which no state has|too short"):
            all_read(read(path))


def test_reading_takes_no_more_memory_than_the_file(whole: tuple[Project, bytes], tmp_path: Path) -> None:
    """Where every size in the table of contents is as large as its field allows."""
    content = bytearray(whole[1])
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 24 : at + 28] = b"\xfe\xff\xff\xff"
        at += 4
    (tmp_path / "a.nnviz").write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ProjectError):
        read(tmp_path / "a.nnviz")
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


# ---------------------------------------------------------------- trees

leaves = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3) | st.binary(max_size=8)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4)
)


@given(before=trees, after=trees)
def test_differences_lead_from_one_tree_to_the_other(before: object, after: object) -> None:
    found = differences_between(before, after)
    assert with_differences(before, found) == after
    assert differences_between(after, after) == []


@given(before=st.binary(max_size=60), start=st.integers(0, 60), added=st.binary(max_size=5))
def test_bytes_are_told_by_what_is_put_between(before: bytes, start: int, added: bytes) -> None:
    after = before[:start] + added + before[start:]
    found = differences_between({"x": before}, {"x": after})
    assert with_differences({"x": before}, found) == {"x": after}
    assert all(len(each["bytes"]) <= len(added) for each in found)
    in_json = json.loads(json.dumps(found, default=lambda content: base64.b64encode(content).decode()))
    assert with_differences({"x": before}, in_json) == {"x": after}


@given(tree=trees, at=st.lists(st.sampled_from(["a", "b", 0, 1, -1]), max_size=3), value=leaves)
def test_differences_that_do_not_fit_are_refused(tree: object, at: list[object], value: object) -> None:
    for difference in (
        {"at": at, "is": value},
        {"at": at, "gone": True},
        {"at": at, "from": 0, "to": 9, "bytes": b"x"},
    ):
        try:
            with_differences(tree, [difference])
        except ValueError:
            continue
