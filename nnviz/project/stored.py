"""Values whose arrays lie in a project file until somebody asks for one of them.

A project of many runs holds far more than anyone looks at. So its keyframes and samples know everything about
themselves that is small, and read their arrays, all of one value at once, when the first is asked for. Whoever uses
them notices nothing but, where the file is damaged or gone by then, a ProjectError.
"""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from nnviz.data.dataset import Dataset
from nnviz.engines.engine import EngineState
from nnviz.project.archive import Archive
from nnviz.project.arrays import Arrays, unpacked
from nnviz.project.project import ProjectError

_digests: weakref.WeakKeyDictionary[EngineState | Dataset, str] = weakref.WeakKeyDictionary()
"""Digests that were computed: a value never changes, and the next save asks again."""


class Stored:
    """Where the arrays of a value lie: in an archive, under the digest of their contents."""

    def __init__(self, archive: Archive, folder: str, digest: str) -> None:
        self.archive, self.digest = archive, digest
        self.name = entry_name(folder, digest)

    def read(self) -> bytes:
        """Return the arrays as NPZ. Raises ProjectError."""
        return self.archive.read(self.name)


class StoredState(EngineState):
    """The state of a training whose arrays are still in a file."""

    _stored: Stored
    _nbytes: int

    @classmethod
    def of(cls, stored: Stored, nbytes: int, **facts: Any) -> Self:
        """Return a state that knows its `facts`, all fields of EngineState that are no arrays."""
        state = cls.__new__(cls)
        vars(state).update(facts, _stored=stored, _nbytes=nbytes)
        stored.archive.lent.add(state)
        return state

    def __getattr__(self, name: str) -> Any:  # Python asks only for what is not there
        if name not in ("parameters", "gradients", "updates", "buffers", "optimizer") or "_stored" not in vars(self):
            raise AttributeError(name)
        vars(self).update(state_arrays(self._stored.read(), self._stored.name))
        return vars(self)[name]

    @property
    def nbytes(self) -> int:
        return self._nbytes if "_nbytes" in vars(self) else super().nbytes

    def freeze(self) -> None:
        if not pending(self):
            super().freeze()


class StoredDataset(Dataset):
    """Samples whose arrays are still in a file."""

    _stored: Stored

    @classmethod
    def of(cls, stored: Stored, identities: bool, **facts: Any) -> Self:
        """Return samples that know their `facts`, all fields of Dataset that are no arrays.

        Whether they have `identities` cannot be left open: most samples have none.
        """
        dataset = cls.__new__(cls)
        vars(dataset).update(facts, _stored=stored, identities=None)
        stored.archive.lent.add(dataset)
        if identities:
            dataset.__getattr__("features")
        return dataset

    def __getattr__(self, name: str) -> Any:
        if name not in ("features", "targets") or "_stored" not in vars(self):
            raise AttributeError(name)
        vars(self).update(dataset_arrays(self._stored.read(), self._stored.name))
        return vars(self)[name]


def pending(value: object) -> Stored | None:
    """Return where the arrays of a value still are; None for one that has them."""
    known = vars(value)
    return known.get("_stored") if "parameters" not in known and "features" not in known else None


def entry_name(folder: str, digest: str) -> str:
    """Return the name of an entry in an archive."""
    return f"{folder}/{digest}.npz"


# ---------------------------------------------------------------- arrays of a value


def arrays_of(value: EngineState | Dataset) -> Arrays:
    """Return the arrays of a value by name, as they are stored."""
    if isinstance(value, Dataset):
        found = {"features": value.features, "targets": value.targets}
        return found if value.identities is None else {**found, "identities": value.identities}
    named = {"parameters": value.parameters, "gradients": value.gradients, "updates": value.updates}
    for group, arrays in (("buffers", value.buffers), ("optimizer", value.optimizer)):
        named |= {f"{group}.{name}": array for name, array in arrays.items()}
    return named


def state_arrays(content: bytes, name: str) -> dict[str, Any]:
    """Return the fields of EngineState that are arrays, from NPZ. Raises ProjectError."""
    arrays = unpacked(content, name)
    flat = [arrays.pop(field, None) for field in ("parameters", "gradients", "updates")]
    groups: dict[str, Arrays] = {"buffers": {}, "optimizer": {}}
    for key, array in arrays.items():
        group, _, field = key.partition(".")
        if group not in groups:
            raise ProjectError(f"{name} is damaged: it holds {key}, which no state has.")
        groups[group][field] = array
    sizes = {array.shape for array in flat if array is not None}
    sizes |= {array.shape for array in groups["optimizer"].values() if array.ndim}
    if any(array is None or array.dtype.kind != "f" for array in flat) or len(sizes) != 1 or len(sizes.pop()) != 1:
        raise ProjectError(f"{name} is damaged: its arrays do not belong together.")
    return {"parameters": flat[0], "gradients": flat[1], "updates": flat[2], **groups}


def dataset_arrays(content: bytes, name: str) -> Arrays:
    """Return the fields of Dataset that are arrays, from NPZ. Raises ProjectError."""
    arrays = unpacked(content, name)
    features, targets = arrays.get("features"), arrays.get("targets")
    if features is None or targets is None or features.ndim != 2 or features.dtype.kind != "f" or not len(features):
        raise ProjectError(f"{name} is damaged: it holds no samples.")
    known = set(arrays) <= {"features", "targets", "identities"}
    if not known or any(array.shape[:1] != targets.shape for array in arrays.values()):
        raise ProjectError(f"{name} is damaged: features and targets do not belong together.")
    return arrays


def digest(value: EngineState | Dataset) -> str:
    """Return a name for the arrays of a value that no others have: 32 digits of BLAKE2b over all that they hold."""
    stored = vars(value).get("_stored")
    if isinstance(stored, Stored):
        return stored.digest
    if value not in _digests:
        _digests[value] = _digest(arrays_of(value))
    return _digests[value]


def _digest(arrays: Mapping[str, Any]) -> str:
    """Return the digest of arrays: of their names, types, shapes and orders in memory, and of all numbers."""
    types = {name: array.dtype.newbyteorder("<").str for name, array in arrays.items()}
    described = [[name, types[name], array.shape, bool(array.flags.fnc)] for name, array in arrays.items()]
    hashed = hashlib.blake2b(json.dumps(described).encode(), digest_size=16)
    for array in arrays.values():
        numbers = array.ravel(order="F" if array.flags.fnc else "C")
        hashed.update(np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).data)
    return hashed.hexdigest()
