"""Makes a Linux app smaller once PyInstaller is done: symbol tables, and libraries that nothing needs any more."""

import re
import subprocess
from pathlib import Path

_SPARED = re.compile(r"openblas|gfortran|quadmath")
"""Libraries that break when their symbol tables are taken out: the wheels' own tools have moved their parts about."""


def strip(app: Path) -> None:
    """Take the symbol tables out of the libraries of a Linux app. Raises CalledProcessError."""
    for file in sorted(app.rglob("*.so*")):
        if not file.is_symlink() and not _SPARED.search(file.name):
            subprocess.run(["strip", "--strip-unneeded", str(file)], check=True)


def drop_unreached(app: Path) -> list[str]:
    """Remove libraries of this system and of Qt that nothing in a Linux app needs; return their names.

    PyInstaller collects them for plugins and modules that are left out afterwards.
    """
    folders = (app / "_internal", app / "_internal" / "PySide6" / "Qt" / "lib")
    ours = {file.name: file for folder in folders for file in folder.glob("*.so*")}
    waiting = [file for file in app.rglob("*.so*") if file.parent not in folders or file.name.startswith("libpython")]
    reached = {file.name for file in waiting}
    while waiting:
        for name in needed(waiting.pop()) - reached:
            if name in ours:
                reached.add(name)
                waiting.append(ours[name])
    unreached = sorted(set(ours) - reached)
    for folder in folders:
        for name in unreached:
            (folder / name).unlink(missing_ok=True)
    return unreached


def needed(library: Path) -> set[str]:
    """Return the names of the libraries that one needs, as it says itself."""
    said = subprocess.run(["objdump", "-p", str(library)], capture_output=True, text=True).stdout
    return set(re.findall(r"NEEDED\s+(\S+)", said))
