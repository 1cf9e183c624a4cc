"""Between the training thread and whoever polls: nothing waits for the other side, and nothing piles up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from nnviz.engines.engine import Columns
from nnviz.snapshot import Snapshot, Status


@dataclass(frozen=True)
class Rows:
    """Measurements of new epochs."""

    run: int
    columns: Columns


@dataclass(frozen=True)
class Kept:
    """Parameters to keep as a keyframe."""

    run: int
    epoch: int
    parameters: NDArray[Any]


@dataclass(frozen=True)
class Changed:
    """A run's new status, with a sentence for the user where there is something to say."""

    run: int
    status: Status
    text: str = ""


@dataclass(frozen=True)
class Notice:
    """A sentence for the user about something that could not be done; the run goes on as it was."""

    run: int
    text: str


Post = Rows | Kept | Changed | Notice


class Mailbox:
    """A queue of small posts, none of which is lost, and one slot for a snapshot, of which the newest wins."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._posts: deque[Post] = deque()
        self._snapshot: Snapshot | None = None

    def post(self, message: Post) -> None:
        """Add a post to the queue."""
        with self._lock:
            self._posts.append(message)

    def offer(self, snapshot: Snapshot) -> None:
        """Put a snapshot into the slot, in place of one that nobody has taken."""
        with self._lock:
            self._snapshot = snapshot

    @property
    def waiting(self) -> bool:
        """Whether a snapshot lies in the slot: then another one would be made in vain."""
        return self._snapshot is not None

    def drain(self) -> tuple[list[Post], Snapshot | None]:
        """Take everything out."""
        with self._lock:
            posts, snapshot = list(self._posts), self._snapshot
            self._posts.clear()
            self._snapshot = None
        return posts, snapshot
