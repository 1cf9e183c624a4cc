"""Work on a thread of its own that can be cancelled, waited for and closed: what studies and sweeps have in common."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self


class Background:
    """Does `_run` in the background once it is started. Use it in a `with` statement, or `close` it."""

    def __init__(self, name: str) -> None:
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"nnviz-{name}", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin, in the background."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask all threads to end after what they are doing; results so far stay. Returns at once."""
        self._cancelled.set()

    def stopped(self) -> bool:
        """Say whether nobody wants more."""
        return self._cancelled.is_set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most `timeout` seconds; return whether it has come."""
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Cancel what is left and wait for the threads."""
        self.cancel()
        self.join()

    def _run(self) -> None:
        """Do everything, on the thread of its own; what goes wrong is kept as words, not raised."""
        raise NotImplementedError
