"""The experiment: everything that determines a run, as one frozen value, and its files."""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import tomli_w

from nnviz import resources
from nnviz.data.settings import DataSettings, PlaneSettings
from nnviz.data.source import Source
from nnviz.engines.optimizers.adam import Adam
from nnviz.engines.settings import TrainingSettings
from nnviz.network.initializers.he import He
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.relu import ReLU
from nnviz.network.settings import NetworkSettings
from nnviz.registry import unknown_name
from nnviz.settings import Settings, SettingsError, changed, decode, encode, knob, parse_assignment

FILES = (".toml", ".nnviz")
"""How names of experiment files end: of the second there are also projects, which hold experiments and runs."""


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

    @property
    def decisive(self) -> Experiment:
        """The experiment without what has no bearing on its numbers: name, description, and the plane that is drawn."""
        return self.replace(name="", description="", data=self.data.samples)

    def with_settings(self, assignments: list[str]) -> Experiment:
        """Return a copy with settings replaced, each written as `path=value`. Raises SettingsError."""
        experiment = self
        for text in assignments:
            path, value = parse_assignment(text)
            experiment = changed(experiment, path, value)
        return experiment


def identity(experiment: Experiment) -> str:
    """Return what tells trainings apart: a hash of everything in an experiment that has a bearing on its numbers."""
    source = experiment.data.source
    plain = encode(experiment.decisive.replace(data=experiment.data.samples.replace(source=DataSettings().source)))
    plain["data"]["source"] = _source_hash(source)
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]


@lru_cache(maxsize=64)  # a drawing has megabytes
def _source_hash(source: Source) -> str:
    return hashlib.sha256(json.dumps(encode(source), sort_keys=True).encode()).hexdigest()  # type: ignore[arg-type]


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


def find(text: str) -> Experiment:
    """Return what a user means by one word: a bundled experiment, an experiment file, or a table to learn from.

    A file that has the name of a bundled experiment is meant when it is written with its folder (`./digits`).
    Raises SettingsError when it is none of these.
    """
    if text in bundled_names():
        return bundled(text)
    path = Path(text).expanduser()
    if path.suffix.lower() in FILES:
        experiment = read(path)
        named = experiment.name != "untitled"
        return experiment if named else experiment.replace(name=path.stem.removesuffix(".experiment"))
    if path.is_dir():
        raise SettingsError(f"{text} is a folder; name a file, or a bundled experiment.")
    if path.is_file():
        return for_table(path)
    if path.suffix or len(path.parts) != 1:
        raise SettingsError(f"{text} is not there; check its name and folder.")
    return bundled(text)


def for_table(path: Path, target: str = "") -> Experiment:
    """Return an experiment for a table of the user's own, with settings that usually work; the table is not read."""
    from nnviz.data.readers.table import Table

    return Experiment(
        name=path.stem,
        data=DataSettings(
            source=Table(path=str(path.absolute()), target=target),
            train_share=0.7,
            standardize=True,
            plane=PlaneSettings(mode="principal"),
        ),
        network=NetworkSettings(layers=(Linear(units=32), ReLU(), Linear(units=16), ReLU()), initializer=He()),
        training=TrainingSettings(optimizer=Adam(), learning_rate=0.003, batch_size=32),
    )


def read(path: Path) -> Experiment:
    """Read an experiment from a TOML file. Raises SettingsError naming the file and the setting or line."""
    try:
        content = path.read_bytes()
        if content[:2] == b"PK":  # as zip archives begin
            raise SettingsError(
                f"{path.name} is a project, not an experiment; open it in the window, or fork a run of it."
            )
        raw = tomllib.loads(content.decode("utf-8"))
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
