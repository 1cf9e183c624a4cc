"""Real data sets that come with nnviz and need no network connection: one file each.

Here: what they share. The samples are those that scikit-learn carries, as files of our own: loading that library
for five small tables would take half a second, and 90 MB of the frozen app.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnviz import resources
from nnviz.data.dataset import DataError, Dataset, Task
from nnviz.data.source import Source


class Bundled(Source):
    """A source of real samples that come with nnviz."""

    __slots__ = ()
    family = "bundled"


def from_sklearn(
    name: str,
    task: Task,
    target_name: str,
    feature_names: Sequence[str] = (),
    class_names: Sequence[str] = (),
) -> Dataset:
    """Return the data set that `sklearn.datasets.load_<name>` carries, in the order of that file.

    features: (n, d) float64 in their own units; targets: (n,) int64 class numbers or float32 values. Names that
    are not given are those of scikit-learn. Raises DataError when its data files are missing.
    """
    try:
        with np.load(resources.path("datasets", f"{name}.npz")) as file:
            bunch = dict(file)
    except OSError as error:
        raise DataError(f"The data set {name!r} is missing from this installation ({error}); install again.") from None
    classification = task == "classification"
    return Dataset(
        features=np.asarray(bunch["data"], np.float64),
        targets=np.asarray(bunch["target"], np.int64 if classification else np.float32),
        task=task,
        feature_names=tuple(feature_names) or tuple(str(n).replace("_", " ") for n in bunch["feature_names"]),
        target_name=target_name,
        class_names=(tuple(class_names) or tuple(str(n) for n in bunch["target_names"])) if classification else (),
    )
