"""What this installation consists of: versions, machine, devices, folders, and everything that is registered."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import platform
import sys
from dataclasses import dataclass, field
from typing import Any

import nnviz
from nnviz import crash_report, logs, resources
from nnviz.engines.choose import compiled_problem
from nnviz.engines.compiled.folder import has_kernels, kernel_folder
from nnviz.registry import REGISTRIES

log = logging.getLogger(__name__)

Facts = dict[str, dict[str, Any]]
"""Sections by name; the values are strings, numbers, truth values, and lists of strings."""


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


def facts(display: Display) -> Facts:
    """Return everything about this installation but the self-tests. It loads torch and Numba: that takes seconds."""
    return {
        "versions": {**versions(), **display.versions},
        "machine": machine(),
        "devices": devices(),
        "engine": compiled_engine(),
        "display": {"platform": display.platform, "screens": list(display.screens), "problem": display.problem},
        "paths": {"settings": display.settings, **paths()},
        "registries": registries(),
    }


def has_display() -> bool:
    """Return whether a window could open: on Linux something must say where, or Qt ends the process."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in names)


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


def machine() -> dict[str, Any]:
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


def devices() -> dict[str, Any]:
    """Return what torch can compute on: threads on the processor, names of CUDA devices, whether there is Metal."""
    try:
        import torch
    except ImportError as error:
        return {"problem": f"torch cannot be loaded: {error}"}
    cuda = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return {"cpu_threads": torch.get_num_threads(), "cuda": cuda, "mps": bool(torch.backends.mps.is_available())}


def compiled_engine() -> dict[str, Any]:
    """Return whether the compiled engine works, why not, and where its kernels are and for which precisions already."""
    before = [precision for precision in ("float32", "float64") if has_kernels(precision)]
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
            except ImportError:
                _tell(module.name)
    return {registry.noun: len(registry) for registry in REGISTRIES}


def _tell(name: str) -> None:
    log.warning("%s cannot be imported", name, exc_info=True)


def lines(section: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the entries of a section of `facts` as (words, value) for a reader; empty ones are left out."""
    return [(name.replace("_", " "), _words(value)) for name, value in section.items() if value not in ("", None)]


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(value) or "none"
    return str(value)
