"""How functions are compiled: those that Python calls, and those that only compiled code calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numba.core import config

from nnviz.engines.compiled.folder import writable_folder

F = TypeVar("F", bound=Callable[..., Any])

config.CACHE_DIR = str(writable_folder())


def compiled(function: F) -> F:
    """Compile a function that Python calls: without the interpreter's lock, and kept for the next start."""
    made: F = njit(cache=True, nogil=True, no_cfunc_wrapper=True)(function)
    return made


def internal(function: F) -> F:
    """Compile a function that only compiled code calls: what Python would need to call it is left out."""
    made: F = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    return made


def inlined(function: F) -> F:
    """Compile a function of a few instructions into whatever calls it."""
    made: F = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)(function)
    return made
