"""How large an app is, and what its largest parts are."""

from collections import Counter
from pathlib import Path


def report(app: Path, most: int = 10) -> str:
    """Return lines with the size of a folder and of its largest parts: libraries and packages, in MB (10⁶ bytes)."""
    parts = Counter[str]()
    for file in app.rglob("*"):
        if file.is_file() and not file.is_symlink():
            parts[part_of(file.relative_to(app))] += file.stat().st_size
    total = sum(parts.values())
    lines = [f"{app.name}: {total / 1e6:.0f} MB ({total / 2**20:.0f} MiB)"]
    lines += [f"  {size / 1e6:6.1f}  {name}" for name, size in parts.most_common(most)]
    return "\n".join(lines)


def part_of(file: Path) -> str:
    """Return what a file belongs to: itself where it is a large library by itself, else its package."""
    names = [name for name in file.parts if name not in ("_internal", "Contents", "Frameworks", "Resources")]
    if "lib" in names[:-1] or names[0].endswith(".libs") or "binding" in names[:-1]:
        return "/".join((names[0], names[-1]))
    return names[0]
