"""What tests of damaged project files share."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

from nnviz.project.project import Project

Pieces = dict[str, bytes]


def all_read(project: Project) -> Project:
    """Ask for everything that is read on demand."""
    for run in project.runs:
        for frame in run.history.keyframes:
            frame.state.arrays()
    for samples in project.samples:
        samples.dataset.features  # noqa: B018
    return project


def a_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and len(text) < 500


def rewritten(content: bytes, change: Callable[[Pieces], None]) -> bytes:
    """Return an archive with some of its entries changed, and right checksums."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        pieces = {name: old.read(name) for name in old.namelist()}
    change(pieces)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, piece in pieces.items():
            new.writestr(name, piece)
    return file.getvalue()


def with_json(content: bytes, name: str, change: Callable[[dict], object]) -> bytes:
    def changed(pieces: Pieces) -> None:
        tree = json.loads(pieces[name])
        change(tree)
        pieces[name] = json.dumps(tree).encode()

    return rewritten(content, changed)
