"""What a folder of results holds already: the same sweep to go on with, another one, or nothing. No Qt."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnviz.experiment import Experiment, from_plain
from nnviz.settings import SettingsError
from nnviz.sweeps.axes import parse_axes
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.results import DESCRIPTION, ResultsError, check_folder, describe

_FEWER = 64
"""Up to so many values may have fallen together when a range of whole numbers was rounded."""


@dataclass(frozen=True)
class Recalled:
    """What the sweep in a folder was asked, ready to be asked again."""

    experiment: Experiment
    vary: tuple[tuple[str, str], ...]
    seeds: int
    epochs: int
    search: str
    trials: int | None
    objective: str


@dataclass(frozen=True)
class Before:
    """What is in a folder: nothing of a sweep, the `same` one, or something that a `problem` tells of.

    `recalled` is what its sweep was asked, None where that cannot be told.
    """

    same: bool = False
    problem: str = ""
    recalled: Recalled | None = None


def look_into(folder: Path, plan: Plan) -> Before:
    """Return what a folder holds, seen from a plan. Changes nothing; the samples are compared when it starts."""
    try:
        path = folder / DESCRIPTION
        found = json.loads(path.read_bytes()) if path.is_file() else {}
        sha = found.get("data_sha256", "") if isinstance(found, dict) else ""
        check_folder(folder, describe(plan, sha))
    except ResultsError as error:
        return Before(problem=str(error), recalled=recall(folder))
    except (OSError, ValueError) as error:
        return Before(problem=f"{folder} cannot be read ({error}); choose another folder.")
    return Before(same=bool(found), recalled=recall(folder) if found else None)


def recall(folder: Path) -> Recalled | None:
    """Return what the sweep in a folder was asked, None where there is none that can be read."""
    try:
        found = json.loads((folder / DESCRIPTION).read_bytes())
        experiment = from_plain(found["experiment"], DESCRIPTION)
        vary = tuple((str(path), _written(experiment, path, each)) for path, each in found["vary"].items())
        return Recalled(
            experiment,
            vary,
            int(found["seeds"]),
            int(found["epochs"]),
            str(found["search"]),
            None if found["trials"] is None else int(found["trials"]),
            str(found["objective"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # SettingsError is a ValueError
        return None


def _written(experiment: Experiment, path: str, axis: Mapping[str, Any]) -> str:
    """Return values as a user writes them: as one range where they came from one."""
    values = axis["values"]
    if axis["any_between"]:
        for text in _ranges(values):
            try:
                if list(parse_axes(experiment, [f"{path}={text}"])[0].values) == values:
                    return text
            except SettingsError:
                continue
    return ",".join(each if isinstance(each, str) else _toml(each) for each in values)


def _toml(value: Any) -> str:
    """Return a value in one line of TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def _ranges(values: list[Any]) -> Iterator[str]:
    """Yield ranges that may have made some values."""
    for n, scale in itertools.product(range(len(values), len(values) + _FEWER), ("log", "lin")):
        yield f"{values[0]:.12g}:{values[-1]:.12g}:{scale}{n}"
