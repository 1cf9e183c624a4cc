"""Damaged and malicious files: they are read right, or refused in one sentence, and what can be read is offered."""

from __future__ import annotations

from pathlib import Path

import pytest
from damage_stage import Pieces, a_sentence, all_read, rewritten, with_json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from project_stage import differences, same

from nnviz.project.project import Project, ProjectError
from nnviz.project.reading import read, read_what_is_left

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
    assert any("keyframes of 'run 3', " in sentence for sentence in sentences)
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
        ("keyframes/", "Of 13 keyframes of 'run 1', 13 cannot be read: a.nnviz lacks keyframes/", 3),
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
