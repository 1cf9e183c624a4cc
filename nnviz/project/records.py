"""What a project file and the journal say of a run, besides its numbers: plain records, checked when they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from nnviz.data.dataset import Dataset, Task
from nnviz.data.source import Source
from nnviz.engines.engine import EngineState
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter, Edit
from nnviz.history.history import MOST_ROWS, Event, History
from nnviz.history.keyframes import Keyframe, Keyframes, Reason
from nnviz.project.arrays import Arrays
from nnviz.project.project import ProjectError, Samples
from nnviz.project.stored import Stored, StoredDataset, StoredState, digest
from nnviz.project.trees import Difference, Tree, differences_between, with_differences
from nnviz.run import Origin, Run
from nnviz.settings import SettingsError, changed, decode
from nnviz.snapshot import Status

_MOST_DIFFERENCES = 10_000
"""More than the settings of an experiment have."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
RecordedPlace = tuple[Count, Count]


class Record(msgspec.Struct, kw_only=True, frozen=True):
    """Plain values that a file holds. Fields that a file adds to them are passed over."""


class ChapterRecord(Record, frozen=True):
    """A chapter; the first one has its `experiment`, each later one what differs from the one before it."""

    place: RecordedPlace
    experiment: dict[str, Any] | None = None
    differences: list[Difference] = []
    edits: list[tuple[Count, float]] = []


class EventRecord(Record, frozen=True):
    """An event."""

    epoch: Count
    text: str
    kind: str = "setting"
    path: str = ""
    before: Any = None


class FrameRecord(Record, frozen=True):
    """A keyframe; its arrays are those of the digest, in the same file or in another `archive`."""

    place: RecordedPlace
    step: Count
    chapter: Count
    best_loss: float | None
    best_epoch: Count
    reason: Reason
    rate: float
    optimizer: str
    bytes: Count
    digest: Digest
    archive: str = ""


class HistoryRecord(Record, frozen=True):
    """A history without its columns; `epoch` is the newest, and from `best_from` on the best one is looked for."""

    rows: Count
    epoch: Count
    most: Annotated[int, Meta(ge=1, le=10 * MOST_ROWS)]
    widest: Annotated[int, Meta(ge=0, le=64)]
    best_from: Count


class KeyframesRecord(Record, frozen=True):
    """The keyframes of a run."""

    most: Annotated[int, Meta(ge=1, le=1_000_000)]
    bytes_limit: Count
    widest: Annotated[int, Meta(ge=0, le=64)]
    frames: list[FrameRecord]


class OriginRecord(Record, frozen=True):
    """Where a run came from; `run` is a number in the same file, or -1 for one that is no longer there."""

    run: int
    epoch: Count


class RunRecord(Record, frozen=True):
    """A run without its numbers."""

    name: str
    status: str
    text: str
    note: str
    color: int | None
    starred: bool
    archived: bool
    along: bool
    playhead: Count | None
    origin: OriginRecord | None
    experiment: dict[str, Any]
    chapters: list[ChapterRecord]
    events: list[EventRecord]
    history: HistoryRecord
    keyframes: KeyframesRecord


class SamplesRecord(Record, frozen=True):
    """Samples that came from a file; their arrays are those of the digest, in the same file or in another `archive`."""

    source: dict[str, Any]
    seed: Count
    digest: Digest
    task: Task
    feature_names: tuple[str, ...]
    target_name: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int] | None
    notes: tuple[str, ...]
    identities: bool = False
    archive: str = ""


class ProjectRecord(Record, frozen=True):
    """What a project says of itself; `front` and `compared` are numbers of runs, `runs` those of all, oldest first."""

    format: Literal["nnviz project"]
    version: int
    app: str
    saved: str
    runs: list[Annotated[int, Meta(ge=1)]]
    front: int
    compared: list[int]
    samples: list[SamplesRecord]
    desk: dict[str, Any] = {}


# ---------------------------------------------------------------- from values to records


def tree_of(value: Any) -> Tree:
    """Return settings, or anything made of plain values, as a tree; bytes stay bytes."""
    return _plain(msgspec.to_builtins(value, builtin_types=(bytes,)))


def _plain(tree: Tree) -> Tree:
    """Return a tree with lists in the place of tuples, and with text that any file can hold."""
    if isinstance(tree, dict):
        return {key: _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(item) for item in tree]
    if isinstance(tree, str) and not tree.isascii():  # the name of a file need not be text at all
        return tree.encode("utf-8", "replace").decode()
    return tree


def record_of(run: Run, numbers: Mapping[int, int]) -> RunRecord:
    """Return what is said of a run; `numbers` gives the number in the file to that of a run."""
    origin = run.origin
    history, keyframes = run.history, run.history.keyframes
    return RunRecord(
        name=run.name,
        status=run.status.value,
        text=run.text,
        note=run.note,
        color=run.color,
        starred=run.starred,
        archived=run.archived,
        along=run.along,
        playhead=run.playhead,
        origin=OriginRecord(run=numbers.get(origin.run, -1), epoch=origin.epoch) if origin is not None else None,
        experiment=tree_of(run.experiment),
        chapters=chapter_records(run.chapters),
        events=[event_record(event) for event in history.events],
        history=history_record(history),
        keyframes=keyframes_record(keyframes, [frame_record(frame) for frame in keyframes]),
    )


def chapter_records(chapters: list[Chapter]) -> list[ChapterRecord]:
    """Return what is said of the chapters of a run."""
    pairs = zip([None, *chapters], chapters, strict=False)
    return [chapter_record(chapter, before) for before, chapter in pairs]


def chapter_record(chapter: Chapter, before: Chapter | None) -> ChapterRecord:
    """Return what is said of a chapter and of how it differs from the one before it."""
    edits = [(edit.parameter, edit.value) for edit in chapter.edits]
    tree = tree_of(chapter.experiment)
    if before is None:
        return ChapterRecord(place=chapter.place, experiment=tree, edits=edits)
    found = differences_between(tree_of(before.experiment), tree)
    return ChapterRecord(place=chapter.place, differences=found, edits=edits)


def event_record(event: Event) -> EventRecord:
    """Return what is said of an event."""
    before = tree_of(event.before)
    return EventRecord(epoch=event.epoch, text=event.text, kind=event.kind, path=event.path, before=before)


def history_record(history: History) -> HistoryRecord:
    """Return what is said of a history."""
    epoch = int(history.column("epoch")[-1]) if len(history) else 0
    facts = {"most": history.most, "widest": history.widest, "best_from": max(0, history.best_from)}
    return HistoryRecord(rows=len(history), epoch=max(0, epoch), **facts)


def keyframes_record(keyframes: Keyframes, frames: list[FrameRecord]) -> KeyframesRecord:
    """Return what is said of keyframes, with the records of each."""
    most, bytes_limit, widest = keyframes.most, keyframes.bytes_limit, keyframes.widest
    return KeyframesRecord(most=most, bytes_limit=bytes_limit, widest=widest, frames=frames)


def frame_record(frame: Keyframe, archive: str = "") -> FrameRecord:
    """Return what is said of a keyframe."""
    return FrameRecord(
        place=frame.place,
        step=frame.state.step,
        chapter=frame.chapter,
        best_loss=frame.best_loss if frame.best_loss < float("inf") else None,
        best_epoch=frame.best_epoch,
        reason=frame.reason,
        rate=frame.state.rate,
        optimizer=frame.state.optimizer_kind,
        bytes=frame.nbytes,
        digest=digest(frame.state),
        archive=archive,
    )


def samples_record(samples: Samples, archive: str = "") -> SamplesRecord:
    """Return what is said of samples."""
    dataset = samples.dataset
    return SamplesRecord(
        source=tree_of(samples.source),
        seed=samples.seed,
        digest=digest(dataset),
        task=dataset.task,
        feature_names=dataset.feature_names,
        target_name=dataset.target_name,
        class_names=dataset.class_names,
        image_shape=dataset.image_shape,
        notes=dataset.notes,
        identities=dataset.identities is not None,
        archive=archive,
    )


# ---------------------------------------------------------------- from records to values


def checked(tree: Tree, kind: type[Any], where: str) -> Any:
    """Return a record from a tree. Raises ProjectError, which begins with `where`."""
    try:
        return msgspec.convert(tree, kind)
    except (msgspec.ValidationError, RecursionError, ValueError) as error:
        raise ProjectError(f"{where} is damaged: {str(error).rstrip('.')}.") from error


def run_from(
    record: RunRecord, number: int, columns: Arrays, frame_of: Callable[[FrameRecord], Keyframe | None]
) -> Run:
    """Return the run of a record and its columns; `frame_of` gives the keyframe of a record, None where it is lost.

    Raises ProjectError when they do not belong together.
    """
    try:
        chapters = _chapters(record.chapters)
        frames = [frame for frame in map(frame_of, record.keyframes.frames) if frame is not None]
        _check_order(chapters, frames)
        history = _history(record, columns, chapters)
        kept = record.keyframes
        history.keyframes = Keyframes.of(frames, kept.most, kept.bytes_limit, kept.widest)
        status = Status(record.status)
        experiment = decode(Experiment, record.experiment)
    except (SettingsError, ValueError) as error:
        raise ProjectError(f"Run {number}, {record.name!r}, cannot be read: {str(error).rstrip('.')}.") from error
    return Run(
        number=number,
        name=record.name,
        experiment=experiment,
        history=history,
        status=Status.PAUSED if status is Status.RUNNING else status,
        text=record.text,
        chapters=chapters,
        origin=Origin(record.origin.run, record.origin.epoch) if record.origin is not None else None,
        playhead=record.playhead,
        along=record.along,
        note=record.note,
        color=record.color,
        starred=record.starred,
        archived=record.archived,
    )


def _chapters(records: list[ChapterRecord]) -> list[Chapter]:
    chapters: list[Chapter] = []
    for record in records:
        if len(record.differences) > _MOST_DIFFERENCES:
            raise ValueError("a chapter differs in more than there is")
        tree = tree_of(chapters[-1].experiment) if chapters else record.experiment
        experiment = decode(Experiment, with_differences(tree, record.differences))
        edits = tuple(Edit(parameter, value) for parameter, value in record.edits)
        chapters.append(Chapter(record.place, experiment, edits))
    return chapters


def _check_order(chapters: list[Chapter], frames: list[Keyframe]) -> None:
    places = [chapter.place for chapter in chapters]
    if places != sorted(places):
        raise ValueError("its chapters are not in order")
    kept = [frame.place for frame in frames]
    if any(a >= b for a, b in pairwise(kept)):
        raise ValueError("its keyframes are not in order")
    if any(frame.chapter >= max(1, len(chapters)) for frame in frames):
        raise ValueError("a keyframe is of a chapter that is not there")


def _history(record: RunRecord, columns: Arrays, chapters: list[Chapter]) -> History:
    facts = record.history
    history = History.of(columns, facts.most, facts.widest, facts.best_from)
    last = chapters[-1].experiment if chapters else decode(Experiment, record.experiment)
    history.events = [
        Event(event.epoch, event.text, event.kind, event.path, _value_before(event, last)) for event in record.events
    ]
    return history


def _value_before(event: EventRecord, experiment: Experiment) -> Any:
    """Return what a setting was before an event, as the value that it was and not as the plain tree it became."""
    if not isinstance(event.before, dict | list):
        return event.before
    try:
        value: Any = changed(experiment, event.path, event.before)
        for part in re.findall(r"\w+", event.path):
            value = value[int(part)] if part.isdigit() else getattr(value, part)
    except (SettingsError, AttributeError, IndexError, TypeError):  # the settings have another form since
        return event.before
    return value


def state_from(record: FrameRecord, stored: Stored) -> StoredState:
    """Return the state of a keyframe, which reads its arrays from where they are stored."""
    return StoredState.of(stored, record.bytes, **state_facts(record))


def state_facts(record: FrameRecord) -> dict[str, Any]:
    """Return the fields of EngineState that are no arrays."""
    epoch, position = record.place
    return {
        "epoch": epoch,
        "step": record.step,
        "position": position,
        "optimizer_kind": record.optimizer,
        "rate": record.rate,
    }


def frame_from(record: FrameRecord, state: EngineState) -> Keyframe:
    """Return the keyframe of a record and its state."""
    best = float("inf") if record.best_loss is None else record.best_loss
    return Keyframe(state, record.chapter, best, record.best_epoch, record.reason)


def samples_from(record: SamplesRecord, arrays: Stored | Arrays) -> Samples:
    """Return samples with their arrays, or which read them from where they are stored. Raises ProjectError."""
    names = ("task", "feature_names", "target_name", "class_names", "image_shape", "notes")
    facts: dict[str, Any] = {name: getattr(record, name) for name in names}
    try:
        source = decode(Source, record.source)
    except SettingsError as error:
        raise ProjectError(f"Samples cannot be read: {error}") from error
    if isinstance(arrays, Stored):
        return Samples(source, record.seed, StoredDataset.of(arrays, record.identities, **facts))
    return Samples(source, record.seed, Dataset(**(facts | arrays)))
