"""Where compiled kernels are kept, so that only the first start has to compile them. No Numba here.

Numba's cache notices a changed file, but not a changed function in another file; so the folder is named after the
contents of all files that kernels are made of. It lies in the user's cache folder because an installed or frozen
app cannot write beside its own code.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import shutil
import tempfile
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nnviz
from nnviz.resources import cache_folder


@cache
def kernel_folder() -> Path:
    """Return the folder of the kernels of this version; it need not exist."""
    here = Path(__file__).parent
    found = hashlib.sha256(nnviz.__version__.encode())  # all there is in a frozen app, which has no source files
    for file in sorted([*here.glob("*.py"), here.parent / "random_numbers.py"]):
        if file.exists():
            found.update(file.read_bytes())
    return cache_folder() / "kernels" / found.hexdigest()[:16]


def has_kernels(precision: str) -> bool:
    """Return whether the kernels of a precision were compiled here before, so that they only need to be loaded."""
    return _mark(precision).exists()


def mark_compiled(precision: str) -> None:
    """Note that the kernels of a precision lie in the folder."""
    with contextlib.suppress(OSError):  # a folder that cannot be written has no kernels either
        _mark(precision).touch()


def _mark(precision: str) -> Path:
    try:
        numba = version("numba")
    except PackageNotFoundError:  # a frozen app has one Numba, and may not know which
        numba = "numba"
    return kernel_folder() / f"{precision}-{numba}.compiled"


def writable_folder() -> Path:
    """Return the folder of the kernels, made if need be; a temporary one where it cannot be written."""
    wanted = kernel_folder()
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            return wanted
    except OSError:
        # Code must not be loaded from a place that others can write to, so the name cannot be known beforehand.
        temporary = tempfile.mkdtemp(prefix="nnviz-kernels-")
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        return Path(temporary)
