"""A lock that tells whether the process lives which holds it.

The system itself lets go of it when that process ends, however it ends. No number of a process is written down, which
another one could have by then.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Lock:
    """The lock on a file, which is made if it is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = -1

    def take(self) -> bool:
        """Take the lock; return whether that was possible, which it is not while anybody holds it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform == "win32":
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Let go of the lock."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = -1


def is_held(path: Path) -> bool:
    """Say whether anybody holds the lock on a file, this process included. Raises OSError."""
    lock = Lock(path)
    if not lock.take():
        return True
    lock.release()
    return False
