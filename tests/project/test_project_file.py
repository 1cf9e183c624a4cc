"""Project files: what is written is what is read, lazily and in one step."""

from __future__ import annotations

import json
import tomllib
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from project_stage import differences, same, trained, varied
from sessions import quick

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import add_points
from nnviz.engines.engine import EngineState
from nnviz.experiment import Experiment
from nnviz.experiment import read as read_experiment
from nnviz.history.chapters import Chapter
from nnviz.history.history import History
from nnviz.history.keyframes import Keyframe
from nnviz.project import versions
from nnviz.project.archive import Archive
from nnviz.project.arrays import packed, unpacked
from nnviz.project.library import Library
from nnviz.project.project import Project, ProjectError, Samples, copied
from nnviz.project.reading import is_project, read
from nnviz.project.stored import StoredState, digest, pending
from nnviz.project.versions import VERSION
from nnviz.project.writing import write
from nnviz.run import Run

HERE = Path(__file__).parent


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return varied(tmp_path)


@pytest.fixture
def file(tmp_path: Path, project: Project) -> Path:
    path = tmp_path / "a project.nnviz"
    assert write(path, project) == []
    return path


def test_everything_comes_back(file: Path, project: Project) -> None:
    found = read(file)
    assert differences(project, found) == []
    assert [run.number for run in found.runs] == [1, 2, 3]
    assert [run.origin.run for run in found.runs if run.origin is not None] == [1, -1], "run 99 is no longer there"
    assert all(run.snapshot is None for run in found.runs)


def test_what_is_read_can_be_written_again(file: Path, project: Project, tmp_path: Path) -> None:
    for turn in range(3):
        other = tmp_path / f"{turn}.nnviz"
        write(other, read(file))
        file = other
    assert differences(project, read(file)) == []


def test_a_project_is_written_over_itself(file: Path, project: Project) -> None:
    """What was not read yet moves from the old file to the new one; what is not saved any more is read in time."""
    found = read(file)
    gone = next(iter(found.runs[2].history.keyframes)).state
    expected = next(iter(project.runs[2].history.keyframes)).state
    write(file, replace(found, runs=found.runs[:2], front=0, compared=()))
    assert not pending(gone)
    assert same(gone.parameters, expected.parameters)
    assert all(pending(frame.state) for frame in found.runs[0].history.keyframes)
    assert differences(replace(project, runs=project.runs[:2], front=0, compared=()), read(file)) == []
    for one, other in zip(found.runs[0].history.keyframes, project.runs[0].history.keyframes, strict=True):
        assert same(one.parameters, other.parameters), "read from the new file"


def test_people_can_read_it(file: Path, project: Project) -> None:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        text = archive.read("runs/1/experiment.toml").decode()
        run = json.loads(archive.read("runs/1/run.json"))
        said = json.loads(archive.read("project.json"))
        frame = run["keyframes"]["frames"][-1]
        state = archive.read(f"keyframes/{frame['digest']}.npz")
    assert names[0] == "project.json"
    assert names.index("runs/3/run.json") < min(i for i, name in enumerate(names) if name.endswith(".npz"))
    assert said["version"] == VERSION
    assert (said["front"], said["compared"], said["runs"]) == (2, [1, 3], [1, 2, 3])
    assert tomllib.loads(text)["training"]["optimizer"]["kind"] == "adam"
    assert run["chapters"][1]["differences"][-1] == {"at": ["training", "learning_rate"], "is": 0.5}
    assert same(unpacked(state, "x")["parameters"], list(project.runs[0].history.keyframes)[-1].parameters)


def test_a_plain_experiment_of_the_same_ending_is_told_apart(file: Path, tmp_path: Path) -> None:
    plain = tmp_path / "old.nnviz"
    with zipfile.ZipFile(file) as archive:
        plain.write_bytes(archive.read("runs/1/experiment.toml"))
    assert [is_project(path) for path in (file, plain, tmp_path, tmp_path / "none")] == [True, False, False, False]
    assert read_experiment(plain) == read(file).runs[0].experiment
    with pytest.raises(ProjectError, match=r"old.nnviz is damaged, or no project"):
        read(plain)


# ---------------------------------------------------------------- lazily


@pytest.mark.parametrize("left", [b"", b"\n", bytes(4096)])
def test_a_project_of_which_nothing_is_left_is_no_experiment(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "lost.nnviz"
    path.write_bytes(left)
    assert is_project(path)
    with pytest.raises(ProjectError, match=r"lost.nnviz is damaged, or no project"):
        read(path)


def test_arrays_are_read_when_they_are_asked_for(file: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    original = Archive.read

    def noted(archive: Archive, name: str) -> bytes:
        if archive.name == file.name:
            asked.append(name)
        return original(archive, name)

    monkeypatch.setattr(Archive, "read", noted)
    found = read(file)
    assert not [name for name in asked if name.startswith(("keyframes/", "data/"))]
    frames = found.runs[0].history.keyframes
    assert (len(frames), frames.nbytes) == (
        len(project.runs[0].history.keyframes),
        project.runs[0].history.keyframes.nbytes,
    )
    frame = frames.before((9, 0))
    assert frame is not None
    assert isinstance(frame.state, StoredState)
    assert not [name for name in asked if name.startswith("keyframes/")], "places and sizes are known"
    asked.clear()
    assert frame.state.optimizer["exp_avg"].shape == frame.parameters.shape
    assert asked == [f"keyframes/{digest(frame.state)}.npz"], "once, and no other"
    with pytest.raises(ValueError, match="read-only"):
        frame.parameters[0] = 1.0
    assert replace(frame.state, epoch=3).epoch == 3
    with pytest.raises(AttributeError):
        frame.state.nothing  # noqa: B018


def test_thinning_reads_nothing(file: Path) -> None:
    frames = read(file).runs[0].history.keyframes
    frames.shrink(4, 2**20)
    assert 2 <= len(frames) <= 4
    assert all(pending(frame.state) for frame in frames)


def test_a_state_that_many_runs_have_is_stored_once(tmp_path: Path) -> None:
    run = trained(1, 4)
    write(tmp_path / "one.nnviz", Project((run,)))
    write(tmp_path / "many.nnviz", Project((run, copied(run), copied(run))))
    with zipfile.ZipFile(tmp_path / "one.nnviz") as one, zipfile.ZipFile(tmp_path / "many.nnviz") as many:
        states = [[name for name in each.namelist() if name.startswith("keyframes")] for each in (one, many)]
    assert states[0] == states[1]


def test_a_file_that_is_gone_is_said_when_it_is_needed(file: Path, tmp_path: Path) -> None:
    found = read(file)
    stored = pending(next(iter(found.runs[0].history.keyframes)).state)
    assert stored is not None
    stored.archive.close()
    with pytest.raises(ProjectError, match=r"a project.nnviz cannot be read any more"):
        next(iter(found.runs[0].history.keyframes)).parameters  # noqa: B018
    said = write(tmp_path / "rest.nnviz", found)
    assert said[0] == "The project lacks 13 keyframes of 'run 1': the file that held them is damaged or gone."
    assert said[-1] == "The project lacks some samples: the file that held them is damaged or gone."
    rest = read(tmp_path / "rest.nnviz")
    assert [run.epoch for run in rest.runs] == [12, 9, 5], "all else is saved"
    assert [len(run.history.keyframes) for run in rest.runs] == [0, 0, 0]


# ---------------------------------------------------------------- samples, drawings, histories


def test_samples_are_repeated_to_the_last_bit_without_their_file(file: Path, project: Project, tmp_path: Path) -> None:
    """Sums over features depend on the order in memory, which tables have by columns."""
    settings = project.runs[1].experiment.data
    assert project.samples[0].dataset.features.flags.fnc
    expected = Library(project.samples).prepare(settings)
    (tmp_path / "prices.csv").unlink()
    found = Library(read(file).samples).prepare(settings)
    for part, again in zip(expected.parts().values(), found.parts().values(), strict=True):
        assert same(part.x, again.x)
        assert same(part.targets, again.targets)
    assert same(expected.scaling.shift, found.scaling.shift)


def test_identities_come_back(tmp_path: Path) -> None:
    run = trained(1, 1)
    drawing = add_points(add_points(Drawing(), [[0.5, 1.0], [1.0, 2.0]], 0), [[3.0, 1.0], [1.5, 2.0]], 1)
    write(tmp_path / "a.nnviz", Project((run,), samples=(Samples(drawing, 0, drawing.load(0)),)))
    (samples,) = read(tmp_path / "a.nnviz").samples
    assert samples.source == drawing
    assert samples.dataset.identities is not None
    assert samples.dataset.identities.tolist() == [0, 1, 2, 3]


def test_another_stroke_costs_what_it_adds(tmp_path: Path) -> None:
    """A run under which somebody draws has many chapters, each with a whole drawing."""
    rng = np.random.default_rng(0)
    experiment, drawing = quick(), add_points(Drawing(), rng.uniform(-5, 5, (20_000, 2)), 0)
    chapters = []
    for epoch in range(60):
        drawing = add_points(drawing, rng.uniform(-5, 5, (3, 2)), epoch % 2)
        chapters.append(Chapter((epoch, 0), experiment.replace(data=experiment.data.replace(source=drawing))))
    run = Run(1, "drawn", chapters[-1].experiment, chapters=chapters)
    write(tmp_path / "drawn.nnviz", Project((run,)))
    (found,) = read(tmp_path / "drawn.nnviz").runs
    assert found.chapters == chapters
    assert (tmp_path / "drawn.nnviz").stat().st_size < 4 * len(drawing.points)


def test_half_a_drawing_leaves_a_run_the_samples_that_it_has(tmp_path: Path) -> None:
    """As in the session: somebody has erased everything and not drawn anything yet."""
    run = trained(1, 4)
    drawing = add_points(add_points(Drawing(), [[0.5, 1.0], [1.0, 2.0]], 0), [[3.0, 1.0], [1.5, 2.0]], 1)

    def drawn(source: Drawing) -> Experiment:
        return run.experiment.replace(data=run.experiment.data.replace(source=source))

    run.chapters.append(Chapter((2, 0), drawn(drawing)))
    run.experiment = drawn(Drawing()).with_settings(["training.learning_rate=0.5"])
    write(tmp_path / "a.nnviz", Project((run,)))
    (found,) = read(tmp_path / "a.nnviz").runs
    assert found.experiment == run.experiment
    assert found.chapters[:2] == run.chapters
    assert found.chapters[2] == Chapter((4, 0), drawn(drawing).with_settings(["training.learning_rate=0.5"]))


def test_names_that_are_no_text_can_be_saved(tmp_path: Path) -> None:
    """Linux takes any bytes for the name of a file, which Python then shows as half a character."""
    run = trained(1, 1)
    run.name, run.note = "caf\udce9", "\ud800"
    run.experiment = run.experiment.replace(description="\udcff")
    write(tmp_path / "a.nnviz", Project((run,)))
    (found,) = read(tmp_path / "a.nnviz").runs
    assert (found.name, found.note, found.experiment.description) == ("caf?", "?", "?")


def test_a_thinned_history_goes_on_as_it_would_have(tmp_path: Path) -> None:
    run = trained(1, 3)
    run.history = History(512)
    rng = np.random.default_rng(1)

    def rows(first: int, count: int) -> dict[str, np.ndarray]:
        return {"epoch": np.arange(first, first + count), "test_loss": rng.uniform(1, 2, count)}

    for first in range(0, 4_000, 100):
        run.history.append(rows(first, 100))
        if first == 2_000:
            run.history.forget_best()
    write(tmp_path / "long.nnviz", Project((run,)))
    (found,) = read(tmp_path / "long.nnviz").runs
    assert found.history.best_epoch == run.history.best_epoch
    more = rows(4_000, 700)
    run.history.append(more)
    found.history.append(more)
    assert same(run.history.column("epoch"), found.history.column("epoch"))
    assert found.history.best_epoch == run.history.best_epoch


def test_a_run_that_was_never_trained(tmp_path: Path) -> None:
    write(tmp_path / "new.nnviz", Project((Run(7, "new", quick()),)))
    (run,) = read(tmp_path / "new.nnviz").runs
    assert (run.number, run.name, run.epoch, run.chapters) == (1, "new", 0, [])


def test_losses_that_are_no_numbers(tmp_path: Path) -> None:
    run = trained(1, 2)
    (first, *_) = run.history.keyframes
    run.history.keyframes.keep(replace(first, best_loss=float("inf"), reason="best"))
    write(tmp_path / "a.nnviz", Project((run,)))
    frame = next(iter(read(tmp_path / "a.nnviz").runs[0].history.keyframes))
    assert (frame.best_loss, frame.reason) == (float("inf"), "best")


# ---------------------------------------------------------------- digests


def test_equal_states_have_equal_digests_and_others_do_not() -> None:
    def state(**arrays: np.ndarray) -> EngineState:
        flat = {"parameters": np.arange(3.0), "gradients": np.zeros(3), "updates": np.zeros(3), **arrays}
        return EngineState(1, 2, 0, buffers={}, optimizer_kind="sgd", optimizer={}, **flat)

    assert digest(state()) == digest(state())
    others = [
        state(parameters=np.arange(3.0, dtype=np.float32)),
        state(parameters=np.array([0.0, 1.0, 2.5])),
        state(gradients=np.arange(3.0), parameters=np.zeros(3)),
        state(updates=-np.zeros(3)),
    ]
    assert len({digest(each) for each in [state(), *others]}) == 5
    assert digest(Keyframe(state()).state) == digest(state(parameters=np.arange(3.0, dtype=">f8")))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(0),
        np.zeros((0, 3), np.float32),
        np.array(2.5, np.float32),
        np.arange(6, dtype=np.int64).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(4, dtype=">i4"),
        np.array([True, False]),
        np.array([np.nan, np.inf, -0.0], np.float16),
    ],
)
def test_arrays_come_back(array: np.ndarray) -> None:
    found = unpacked(packed({"a.b-1": array}), "x")["a.b-1"]
    assert same(found, array.astype(array.dtype.newbyteorder("<")))
    assert found.flags.fnc == array.flags.fnc
    np.testing.assert_array_equal(found, array)
    assert not found.flags.writeable


# ---------------------------------------------------------------- versions


def test_a_file_of_version_1_opens() -> None:
    """Written when there was no other version. It is never to be written anew."""
    project = read(HERE / "version-1.nnviz")
    first, second, third = project.runs
    assert (project.front, project.compared) == (1, (0, 2))
    assert (first.name, first.epoch, len(first.chapters)) == ("run 1", 12, 4)
    assert first.note == "Größe ✓\nzwei"
    assert first.chapters[2].edits[1].value == -1e-30
    assert first.history.events[1].before == first.experiment.training.optimizer
    assert first.history.best_epoch == int(np.argmin(first.history.column("test_loss")))
    assert (second.origin, second.archived) == (second.origin.__class__(1, 7), True)
    assert [chapter.experiment.data.source.known_shape() for chapter in third.chapters[1:]] == [
        ("classification", 2, 2),
        ("classification", 2, 2),
    ]
    assert list(third.history.keyframes)[-1].parameters.dtype == np.float64
    states = [frame.state for run in project.runs for frame in run.history.keyframes]
    assert [digest(state) for state in states][::5] == VERSION_1, "as the file says"
    loaded = [EngineState(**{each.name: getattr(state, each.name) for each in fields(EngineState)}) for state in states]
    assert [digest(state) for state in loaded][::5] == VERSION_1, "as the arrays say"
    assert project.samples[0].dataset.features.shape == (40, 2)


VERSION_1 = [
    "c337d719f3ff804831d7c5bff64b809c",
    "0c435a472bf786160128320f66abd5e2",
    "0ecebb3364b04f23ea5aa6b7f52510f1",
    "02d41c11ea1062ba7f03ce4c5acf38f8",
    "6d9119d46e6aad0308e39105057933c1",
    "1586e7586aca855eb353e5a87c1b55c2",
]
"""Digests of every fifth keyframe."""


def test_a_newer_version_is_refused(file: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.nnviz"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "project.json":
                content = json.dumps({**json.loads(content), "version": VERSION + 1, "app": "9.1"}).encode()
            new.writestr(name, content)
    with pytest.raises(ProjectError, match=rf"nnviz 9.1 in form {VERSION + 1}.*up to {VERSION}; update nnviz"):
        read(newer)


def test_older_forms_become_the_present_one_step_by_step(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were two later versions: the first renamed a field of runs, the second one of the project."""

    def second(document: versions.Document) -> versions.Document:
        runs = {number: {**run, "name": run["name"] + " (2)"} for number, run in document["runs"].items()}
        return {**document, "runs": runs}

    def third(document: versions.Document) -> versions.Document:
        assert document["runs"][1]["name"] == "run 1 (2)", "in order"
        return {**document, "project": {**document["project"], "front": 3}}

    monkeypatch.setattr(versions, "STEPS", {**versions.STEPS, VERSION: second, VERSION + 1: third})
    monkeypatch.setattr(versions, "VERSION", VERSION + 2)
    project = read(file)
    assert [run.name for run in project.runs] == ["run 1 (2)", "run 2 (2)", "run 3 (2)"]
    assert project.front == 2


def test_every_older_form_has_a_step() -> None:
    assert sorted(versions.STEPS) == list(range(1, VERSION))
