"""What a folder of results holds already: the same sweep to go on with, another one, or nothing. No Qt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from nnviz.experiment import Experiment, from_plain
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.results import DESCRIPTION, ResultsError, check_folder, describe, in_order_of


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
        check_folder(folder, describe(in_order_of(folder, plan), sha))
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
        vary = tuple((str(path), str(axis["text"])) for path, axis in found["vary"].items())
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
