"""Files that somebody made to do harm, and files that are no projects: refused in one sentence, at once."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from damage_stage import Pieces, a_sentence, all_read, rewritten, with_json

from nnviz.project import archive as archives
from nnviz.project.arrays import packed, unpacked
from nnviz.project.project import Project, ProjectError
from nnviz.project.reading import read, read_what_is_left

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
