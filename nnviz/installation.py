"""What this installation consists of: versions, machine, devices, folders, and everything that is registered."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import pkgutil
import platform
import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

import nnviz
from nnviz import crash_report, logs, resources
from nnviz.engines.choose import compiled_problem
from nnviz.engines.compiled.folder import has_kernels, kernel_folder
from nnviz.registry import REGISTRIES

log = logging.getLogger(__name__)

Section = dict[str, Any]
"""What is known of one thing; the values are strings, numbers, truth values, and lists of strings."""

_PRECISIONS: tuple[Literal["float32", "float64"], ...] = ("float32", "float64")


@dataclass(frozen=True)
class Display:
    """What is known of Qt here: versions by name, the platform plugin, a sentence per screen, the settings file.

    `problem` is a sentence where no window can be opened.
    """

    versions: dict[str, str] = field(default_factory=dict)
    platform: str = ""
    screens: tuple[str, ...] = ()
    settings: str = ""
    problem: str = ""


def sections(display: Display) -> Iterator[tuple[str, Section]]:
    """Yield everything about this installation but the self-tests: the name of a section and what is known.

    Each is found out when it is asked for: loading torch and Numba takes seconds, and more where `patience` says so.
    """
    yield "versions", {**versions(), **display.versions}
    yield "machine", machine()
    yield "devices", devices()
    yield "display", {"platform": display.platform, "screens": list(display.screens), "problem": display.problem}
    yield "paths", {"settings": display.settings, **paths()}
    yield "registries", registries()
    yield "engine", compiled_engine()


def patience() -> str:
    """Return a sentence about what takes long the first time; empty where nothing does."""
    if not find_spec("numba") or all(has_kernels(precision) for precision in _PRECISIONS):
        return ""
    return "The compiled engine is compiled first: up to a minute, once after an installation."


def has_display() -> bool:
    """Return whether a window could open: on Linux a display must be named and answer, or Qt ends the process."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY"):
        return True
    display = os.environ.get("DISPLAY", "")
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", display)
    return bool(display) and (local is None or _answers(f"/tmp/.X11-unix/X{local[1]}"))


def _answers(path: str) -> bool:
    """Return whether a server listens at a Unix socket, by its file or by the abstract name that Linux has for it."""
    for name in (path, f"\0{path}"):
        with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
            connection.settimeout(5.0)
            connection.connect(name)
            return True
    return False


def versions() -> dict[str, str]:
    """Return the versions of nnviz, Python and what both engines stand on; or why something cannot be loaded."""
    return {
        "nnviz": nnviz.__version__,
        "python": platform.python_version(),
        **{name: _version(name) for name in ("numpy", "torch", "numba")},
    }


def _version(name: str) -> str:
    try:
        return str(importlib.import_module(name).__version__)
    except ModuleNotFoundError:
        return "not installed"
    except Exception as error:  # a library may fail in any way while it is loaded
        log.exception("%s cannot be loaded", name)
        return f"cannot be loaded: {error}"


def machine() -> Section:
    """Return system, processor and cores, and whether this is a frozen app."""
    return {
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "frozen": bool(getattr(sys, "frozen", False)),
    }


def processor() -> str:
    """Return the processor's name as the system knows it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def devices() -> Section:
    """Return what torch can compute on: threads on the processor, names of CUDA devices, whether there is Metal."""
    try:
        import torch

        cuda = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        return {"cpu_threads": torch.get_num_threads(), "cuda": cuda, "mps": bool(torch.backends.mps.is_available())}
    except Exception as error:  # a library or a driver may fail in any way: that is what shall be found out
        log.exception("torch cannot say what it computes on")
        return {"problem": f"torch cannot be used: {error}"}


def compiled_engine() -> Section:
    """Return whether the compiled engine works, why not, and where its kernels are and for which precisions already."""
    before = [precision for precision in _PRECISIONS if has_kernels(precision)]
    problem = compiled_problem()
    return {
        "compiled": not problem,
        "problem": problem,
        "compiled_before": before,
        "kernels": str(kernel_folder()),
    }


def paths() -> dict[str, str]:
    """Return the folders and files that nnviz uses; they need not exist."""
    return {
        "log": str(logs.file()),
        "crash_reports": str(crash_report.folder()),
        "cache": str(resources.cache_folder()),
        "resources": str(resources.folder()),
    }


def registries() -> dict[str, int]:
    """Return how many members every registry has, by the noun of its members.

    Every package of nnviz is imported, because a registry is made where its contract is written down.
    """
    for module in pkgutil.walk_packages(nnviz.__path__, "nnviz.", onerror=_tell):
        if module.ispkg:
            try:
                importlib.import_module(module.name)
            except Exception:  # noqa: BLE001 - whatever is broken there is logged, and the others are counted
                _tell(module.name)
    return {registry.noun: len(registry) for registry in REGISTRIES}


def _tell(name: str) -> None:
    log.warning("%s cannot be imported", name, exc_info=True)


def lines(section: Section) -> list[tuple[str, str]]:
    """Return the entries of a section as (words, value) for a reader; empty ones are left out."""
    return [(name.replace("_", " "), _words(value)) for name, value in section.items() if value not in ("", None)]


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(value) or "none"
    return str(value)
