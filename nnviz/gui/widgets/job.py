"""One piece of work on a thread of its own, for those who look now and then whether it is done."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


class Job(Generic[T]):
    """Begins at once. When `done`, `error` is a sentence or empty, and without an error `result` is what was returned.

    A job cannot be stopped; whoever no longer wants it forgets it, and its result goes with it. `expected` are the
    exceptions whose text is a sentence for the user.
    """

    def __init__(self, work: Callable[[], T], expected: type[Exception]) -> None:
        self._work, self._expected = work, expected
        self.result: T | None = None
        self.error = ""
        self._thread = threading.Thread(target=self._run, name="nnviz-job", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the work has ended, well or not."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.result = self._work()
        except self._expected as error:
            self.error = str(error)
        except Exception as error:
            log.exception("A job failed")
            self.error = f"{type(error).__name__}: {error}"
