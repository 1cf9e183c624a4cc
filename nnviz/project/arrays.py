"""Named arrays as NPZ: a zip archive of NPY files, readable with numpy.load and without pickle.

Reading is stricter than numpy's: the header of every array is checked against the bytes that are there before memory is
taken, only plain numbers are accepted, and nothing is evaluated.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.project.archive import Archive
from nnviz.project.project import ProjectError

Arrays = dict[str, NDArray[Any]]

_HEADER = re.compile(
    rb"\{'descr': '([<|])([fiub])([1248])', 'fortran_order': (True|False), 'shape': \(([0-9, ]{0,200})\), \} *\n"
)
_MAGIC = b"\x93NUMPY\x01\x00"
_MOST_AXES = 8
_SIZES = {(kind, size) for kind, sizes in {"f": "248", "i": "1248", "u": "1248", "b": "1"}.items() for size in sizes}


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays of numbers as NPZ, with the order in memory that they have: sums depend on it to the last bit."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{name: _little_endian(array) for name, array in arrays.items()})
    return file.getvalue()


def unpacked(content: bytes, name: str) -> Arrays:
    """Return the arrays of an NPZ archive, read-only. Raises ProjectError, which calls it `name`."""
    archive = Archive(io.BytesIO(content), name)
    found: Arrays = {}
    for entry in archive.entries:
        if not entry.endswith(".npy"):
            raise ProjectError(f"{name} is damaged: it holds {entry}, which is no array.")
        found[entry.removesuffix(".npy")] = _array(archive.read(entry), f"{name}, {entry}")
    return found


def _little_endian(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _array(content: bytes, where: str) -> NDArray[Any]:
    """Return the array of an NPY file of version 1. Raises ProjectError."""
    length = int.from_bytes(content[8:10], "little")
    header = _HEADER.fullmatch(content[10 : 10 + length])
    if content[:8] != _MAGIC or header is None:
        raise ProjectError(f"{where} is damaged, or no array of numbers.")
    order, kind, size, fortran, text = (group.decode() for group in header.groups())
    dtype, start = np.dtype(f"{order}{kind}{size}") if (kind, size) in _SIZES else None, 10 + length
    shape = tuple(int(part) for part in text.split(",") if part.strip().isdigit())
    count = math.prod(shape)
    if dtype is None or len(shape) > _MOST_AXES or count * dtype.itemsize != len(content) - start:
        raise ProjectError(f"{where} is damaged: its header does not describe what is there.")
    array = np.empty(count, dtype)
    if count:
        array[:] = np.frombuffer(content, dtype, count, start)
    try:
        array = array.reshape(shape, order="F" if fortran == "True" else "C")
    except ValueError as error:  # nothing at all, but along an axis beyond every memory
        raise ProjectError(f"{where} is damaged: {error}.") from error
    array.setflags(write=False)
    return array
