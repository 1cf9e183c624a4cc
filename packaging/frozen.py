"""A frozen app as its users have it: started with an empty environment, on a display of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmokeError(Exception):
    """Something that the app does not do: one sentence."""


class App:
    """A program in a home of its own. Nothing of this machine is on its path: no Python, no Qt, no settings."""

    def __init__(self, program: Path, home: Path, display: str = "") -> None:
        self.program, self.home, self.display = program, home, display

    def environment(self) -> dict[str, str]:
        """Return all that the app is told of the world."""
        kept = {name: os.environ[name] for name in ("SYSTEMROOT", "COMSPEC") if name in os.environ}
        empty = self.home / "empty"
        empty.mkdir(exist_ok=True)
        homes = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP")
        shown = {"DISPLAY": self.display} if self.display else {"QT_QPA_PLATFORM": "offscreen"}
        return {
            **kept,
            **dict.fromkeys(homes, str(self.home)),
            "PATH": str(empty),
            "LANG": "C.UTF-8",
            "NNVIZ_CACHE": str(self.home / "cache"),
            **(shown if sys.platform.startswith("linux") else {}),
        }

    def run(self, *words: object, status: int = 0) -> str:
        """Run a command and return what it prints. Raises SmokeError when it ends with another status."""
        command = [str(self.program), *map(str, words)]
        done = subprocess.run(
            command, env=self.environment(), cwd=self.home, capture_output=True, encoding="utf-8", timeout=600
        )
        if done.returncode != status:
            last = "\n".join(done.stderr.strip().splitlines()[-15:])
            raise SmokeError(f"nnviz {' '.join(command[1:])} ended with {done.returncode}, not {status}.\n{last}")
        return done.stdout

    def open(self, *words: object) -> subprocess.Popen[str]:
        """Start the app and return its process."""
        command = [str(self.program), *map(str, words)]
        return subprocess.Popen(
            command, env=self.environment(), cwd=self.home, stderr=subprocess.PIPE, encoding="utf-8"
        )


@contextmanager
def display() -> Iterator[str]:
    """Give the name of an X display that nobody looks at; none where Xvfb is missing, or on other systems."""
    if not sys.platform.startswith("linux") or shutil.which("Xvfb") is None:
        yield ""
        return
    reading, writing = os.pipe()
    # Without -noreset the server starts anew whenever its last client has gone, be it the app or a tool that looks for
    # windows, and drops the app that connects meanwhile.
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        name = number.readline().strip()
    try:
        yield f":{name}" if name else ""
    finally:
        server.terminate()
        server.wait()


@contextmanager
def app(program: Path) -> Iterator[App]:
    """Give the app in a home that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="nnviz-smoke-") as home, display() as name:
        yield App(program, Path(home), name)


def need(condition: object, sentence: str) -> None:
    """Raise SmokeError with a sentence when something does not hold."""
    if not condition:
        raise SmokeError(sentence)
