"""Between the training thread and whoever polls: nothing waits for the other side, and nothing piles up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock

from nnviz.engines.engine import Columns
from nnviz.history.chapters import Chapter
from nnviz.history.keyframes import Keyframe
from nnviz.snapshot import Snapshot, Status


@dataclass(frozen=True)
class Rows:
    """Measurements of new epochs."""

    run: int
    columns: Columns


@dataclass(frozen=True)
class Kept:
    """A state to keep as a keyframe."""

    run: int
    frame: Keyframe


@dataclass(frozen=True)
class Began:
    """A chapter of a run began; it takes the place of any other with its number."""

    run: int
    number: int
    chapter: Chapter


@dataclass(frozen=True)
class Changed:
    """A run's new status, with a sentence for the user where there is something to say."""

    run: int
    status: Status
    text: str = ""


@dataclass(frozen=True)
class Repeating:
    """How far a past epoch has been repeated, from 0 to 1, and about how many seconds are left."""

    run: int
    epoch: int
    share: float
    seconds_left: float


@dataclass(frozen=True)
class Notice:
    """A sentence for the user about something that could not be done; the run goes on as it was."""

    run: int
    text: str


Post = Rows | Kept | Began | Changed | Repeating | Notice


class Mailbox:
    """A queue of small posts, none of which is lost, and a slot per run for a snapshot, of which the newest wins."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._posts: deque[Post] = deque()
        self._snapshots: dict[int, Snapshot] = {}

    def post(self, message: Post) -> None:
        """Add a post to the queue."""
        with self._lock:
            self._posts.append(message)

    def offer(self, snapshot: Snapshot) -> None:
        """Put a snapshot into the slot of its run, in place of one that nobody has taken."""
        with self._lock:
            self._snapshots[snapshot.run] = snapshot

    def waiting(self, run: int) -> bool:
        """Say whether a snapshot lies in the slot of a run: then another one would be made in vain."""
        return run in self._snapshots

    def drain(self) -> tuple[list[Post], list[Snapshot]]:
        """Take everything out."""
        with self._lock:
            posts, snapshots = list(self._posts), list(self._snapshots.values())
            self._posts.clear()
            self._snapshots.clear()
        return posts, snapshots
