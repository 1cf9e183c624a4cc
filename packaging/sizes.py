"""How large an app and its packages are, what the largest parts are, and how large they may be.

Everywhere here a MB is 10⁶ bytes.
"""

from collections import Counter
from pathlib import Path

MB = 1_000_000
APP_BUDGET = 900
"""MB that the app may take on a disk."""

PACKAGE_BUDGET = 260
"""MB that may have to be downloaded: an archive, a .deb or a setup program."""


class TooLargeError(Exception):
    """Something is larger than it may be: one sentence."""


def parts(app: Path) -> Counter[str]:
    """Return the bytes of every part of an app, by its name: of its large libraries and of its packages."""
    found = Counter[str]()
    for file in app.rglob("*"):
        if file.is_file() and not file.is_symlink():
            found[_part_of(file.relative_to(app))] += file.stat().st_size
    return found


def report(app: Path, most: int = 10) -> str:
    """Return lines with the size of an app and of its largest parts, in MB."""
    found = parts(app)
    lines = [f"{app.name}: {found.total() / MB:.1f} MB of at most {APP_BUDGET}"]
    lines += [f"  {size / MB:6.1f}  {name}" for name, size in found.most_common(most)]
    return "\n".join(lines)


def check_app(app: Path) -> None:
    """Raise TooLargeError when an app takes more room than it may."""
    _check(app.name, parts(app).total(), APP_BUDGET, "Its largest parts are listed above; contents.py says what stays.")


def check_package(file: Path) -> None:
    """Raise TooLargeError when a file that users download is larger than it may be."""
    _check(file.name, file.stat().st_size, PACKAGE_BUDGET, "Leave more out of the app, or pack it tighter.")


def _check(name: str, size: int, budget: int, advice: str) -> None:
    if size > budget * MB:
        raise TooLargeError(f"{name} is {size / MB:.1f} MB large; it may be {budget} MB. {advice}")


def _part_of(file: Path) -> str:
    """Return what a file belongs to: itself where it is a large library by itself, else its package."""
    names = [name for name in file.parts if name not in ("_internal", "Contents", "Frameworks", "Resources")]
    if "lib" in names[:-1] or names[0].endswith(".libs") or "binding" in names[:-1]:
        return "/".join((names[0], names[-1]))
    return names[0]
