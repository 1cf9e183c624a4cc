"""Where bundled files are: in the repository, in a wheel, or in the frozen app. The only place that knows."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path


@cache
def folder() -> Path:
    """Return the folder of bundled files. Raises FileNotFoundError when the installation lacks it."""
    here = Path(__file__).resolve().parent
    frozen = Path(getattr(sys, "_MEIPASS", here))
    for candidate in (frozen / "resources", here / "_resources", here.parent / "resources"):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError("nnviz's bundled files are missing; install nnviz again.")


def path(*parts: str) -> Path:
    """Return where one bundled file or folder is, named part by part."""
    return folder().joinpath(*parts)


def cache_folder() -> Path:
    """Return the folder for what nnviz can make again, such as compiled kernels; it need not exist yet.

    It is the system's place for such things, or what the environment variable NNVIZ_CACHE names.
    """
    import platformdirs

    chosen = os.environ.get("NNVIZ_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("nnviz", appauthor=False)
