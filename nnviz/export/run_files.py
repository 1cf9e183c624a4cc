"""One run as files that other programs read: settings as TOML, measurements as CSV, parameters as NPZ."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.experiment import Experiment, to_toml
from nnviz.export.files import replace_file
from nnviz.network.shapes import NetworkPlan


def write_run(
    folder: Path,
    experiment: Experiment,
    columns: Mapping[str, NDArray[Any]],
    parameters: Mapping[str, NDArray[Any]],
) -> tuple[Path, Path, Path]:
    """Write NAME.experiment.toml, NAME.history.csv and NAME.parameters.npz; return their paths.

    The folder is made if it is missing. Every file appears in one piece. Raises OSError when one cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "experiment.toml": to_toml(experiment).encode(),
        "history.csv": history_csv(columns).encode(),
        "parameters.npz": parameters_npz(parameters),
    }
    paths = [folder / f"{file_name(experiment.name)}.{ending}" for ending in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        replace_file(path, content)
    return paths[0], paths[1], paths[2]


def file_name(name: str) -> str:
    """Return a name that every file system takes, as close to `name` as that allows."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:100] or "untitled"


def history_csv(columns: Mapping[str, NDArray[Any]]) -> str:
    """Return measurements as CSV, a row per epoch; a number that is not finite is an empty cell.

    A column with several values per epoch becomes several: name[0], name[1] ...
    """
    flat: dict[str, list[Any]] = {}
    for name, values in columns.items():
        if values.ndim == 1:
            flat[name] = values.tolist()
        else:
            flat |= {f"{name}[{k}]": values[:, k].tolist() for k in range(values.shape[1])}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(flat)
    writer.writerows([_cell(value) for value in row] for row in zip(*flat.values(), strict=True))
    return text.getvalue()


def _cell(value: float) -> str:
    if not np.isfinite(value):
        return ""
    return str(int(value)) if value == int(value) else repr(value)


def parameters_by_name(
    plan: NetworkPlan, flat: NDArray[Any], buffers: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Return every array of a network by place, layer kind and name, such as `0.linear.weight`.

    `flat` holds the parameters in network order; `buffers` what layers remember besides (the running averages of a
    batch norm), under the names of torch: place and name.
    """
    kinds = {stage.index: stage.layer.kind for stage in plan.stages}
    arrays = {f"{s.stage}.{kinds[s.stage]}.{s.parameter.name}": s.view(flat).copy() for s in plan.slots}
    for name, array in buffers.items():
        place, _, rest = name.partition(".")
        arrays[f"{place}.{kinds[int(place)]}.{rest}"] = np.array(array)
    return arrays


def parameters_npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as an NPZ archive, readable with numpy.load and without pickle."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def parameters_sha256(flat: NDArray[Any]) -> str:
    """Return the SHA-256 of all parameters of a network, flat in network order, with the lowest byte first."""
    return hashlib.sha256(flat.astype(flat.dtype.newbyteorder("<")).tobytes()).hexdigest()


def plain(row: Mapping[str, Any]) -> dict[str, int | float | None]:
    """Return the single numbers among measurements as JSON knows them: None where one is not finite."""
    return {name: _plain(value) for name, value in row.items() if np.ndim(value) == 0}


def _plain(value: NDArray[Any] | float) -> int | float | None:
    number = float(value)
    if not np.isfinite(number):
        return None
    return int(number) if np.issubdtype(np.asarray(value).dtype, np.integer) else number
