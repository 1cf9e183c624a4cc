"""Uses a window as a person does, with keys, through xdotool."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from frozen import App, SmokeError, need

PATIENCE = 120.0
"""Seconds within which a window must open, close or say something, on a machine with other things to do as well."""

PAUSE = 0.3
"""Seconds between two keys: nobody types faster, and shortcuts are to be tried in windows that have been drawn."""

AGAIN = 3.0
"""Seconds after which a person who sees nothing happen presses a key again."""


class Keyboard:
    """The keys, and the windows of one process that they go to."""

    def __init__(self, app: App, process: subprocess.Popen[str]) -> None:
        self._app, self._process = app, process

    def focus(self, title: str) -> None:
        """Wait for a window with these words in its title and give it the keys. Raises SmokeError."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self._need_running(title)
            for number in self._windows(title):
                # A window may close at any time, and some time passes until a new one can take the keys.
                self._tool("windowfocus", number, check=False)
                if self._tool("getwindowfocus", "-f", check=False).strip() == number:
                    return
            time.sleep(0.1)
        raise SmokeError(f"No window is called {title!r}; there are {self.titles()}.")

    def answer(self, title: str, key: str) -> None:
        """Press a key in a dialog until it has closed: it may have to read something first. Raises SmokeError."""
        end, due = time.monotonic() + PATIENCE, 0.0
        while self._windows(title):
            need(time.monotonic() < end, f"{key} does not close {title!r}; there are {self.titles()}.")
            if time.monotonic() > due:
                self.press(key)
                due = time.monotonic() + AGAIN
            time.sleep(0.1)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, such as "space" or "ctrl+r". Raises SmokeError."""
        for key in keys:
            self._need_running(key)
            self._tool("key", key)
            time.sleep(PAUSE)

    def type(self, text: str) -> None:
        """Type a text. Raises SmokeError."""
        self._tool("type", text)
        time.sleep(PAUSE)

    def titles(self) -> list[str]:
        """Return the titles of the windows of the process."""
        return [self._tool("getwindowname", number, check=False).strip() for number in self._windows("")]

    def _windows(self, title: str) -> list[str]:
        """Return the numbers of the windows of this process, and of no other, whose title has these words."""
        criteria = ("--all", "--onlyvisible", "--pid", str(self._process.pid), "--name", re.escape(title))
        return self._tool("search", *criteria, check=False).split()

    def _need_running(self, before: str) -> None:
        status = self._process.poll()
        if status is not None:
            raise SmokeError(f"The app ended with {status}, before {before!r}.\n{self._process.communicate()[1]}")

    def _tool(self, *words: str, check: bool = True) -> str:
        """Run xdotool on the display of the app and return what it prints."""
        program = shutil.which("xdotool") or "xdotool"
        environment = {"DISPLAY": self._app.display}
        done = subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=PATIENCE)
        need(not check or done.returncode == 0, f"xdotool {' '.join(words)}: {done.stderr}")
        return done.stdout


@contextmanager
def opened(app: App, *words: object) -> Iterator[Keyboard]:
    """Start the app, give the keys of its windows, and quit it. Raises SmokeError unless it ends well, saying nothing.

    The window that has the keys at the end must be the main window.
    """
    with app.open(*words) as process:
        keyboard = Keyboard(app, process)
        try:
            yield keyboard
            keyboard.press("ctrl+q")
            _, errors = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise SmokeError(f"The app does not quit; its windows are {keyboard.titles()}.") from None
        finally:
            process.kill()
    need(process.returncode == 0, f"The window ended with {process.returncode}.\n{errors}")
    need("Traceback" not in errors, errors)


def can_press(app: App) -> bool:
    """Return whether there are a display and a tool to press keys on it."""
    return bool(app.display) and shutil.which("xdotool") is not None
