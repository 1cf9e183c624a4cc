"""The experiment: everything that determines a run, as one frozen value, and its files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import tomli_w

from nnviz import resources
from nnviz.data.settings import DataSettings
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings
from nnviz.registry import unknown_name
from nnviz.settings import Settings, SettingsError, changed, decode, encode, knob, parse_assignment


class Experiment(Settings, frozen=True):
    """Data, network, training and seed. Two equal experiments give the same numbers, bit for bit, on one machine."""

    name: Annotated[str, knob("Name", "What the experiment is called.", live=True)] = "untitled"
    description: Annotated[str, knob("Description", "What there is to see.", live=True)] = ""
    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    training: TrainingSettings = TrainingSettings()
    seed: Annotated[
        int,
        knob("Seed", "Start of the random numbers of initial weights, sample order and dropout.", ge=0, le=2**31 - 1),
    ] = 0

    def with_settings(self, assignments: list[str]) -> Experiment:
        """Return a copy with settings replaced, each written as `path=value`. Raises SettingsError."""
        experiment = self
        for text in assignments:
            path, value = parse_assignment(text)
            experiment = changed(experiment, path, value)
        return experiment


def bundled_names() -> list[str]:
    """Return the names of the experiments that come with nnviz, in the order of the welcome strip."""
    files = resources.path("experiments").glob("*.toml")
    order = {name: position for position, name in enumerate(_FIRST)}
    return sorted((f.stem for f in files), key=lambda name: (order.get(name, len(order)), name))


_FIRST = ("circles", "spirals", "digits")


def bundled(name: str) -> Experiment:
    """Return a bundled experiment. Raises SettingsError when there is none of that name."""
    if name not in bundled_names():
        raise SettingsError(unknown_name("experiment", name, bundled_names()))
    return read(resources.path("experiments", f"{name}.toml"))


def read(path: Path) -> Experiment:
    """Read an experiment from a TOML file. Raises SettingsError naming the file and the setting or line."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} is not a text file; an experiment is a TOML file in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name} is not valid TOML: {error}.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}.") from None
    return from_plain(raw, path.name)


def from_plain(raw: dict[str, Any], where: str) -> Experiment:
    """Return the experiment that plain tables describe. Raises SettingsError beginning with `where`."""
    try:
        return decode(Experiment, raw)
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None


def to_toml(experiment: Experiment) -> str:
    """Return an experiment as TOML text, readable and complete."""
    return tomli_w.dumps(encode(experiment))
