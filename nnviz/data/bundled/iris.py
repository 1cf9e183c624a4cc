"""Fisher's irises: three species, four measurements."""

from __future__ import annotations

from nnviz.data.bundled import Bundled, from_sklearn
from nnviz.data.dataset import Dataset
from nnviz.settings import Kind


@Bundled.registry.register
class Iris(Kind, Bundled, frozen=True, tag="iris"):
    """150 flowers, lengths in cm (Fisher 1936, "The use of multiple measurements in taxonomic problems")."""

    title = "Iris"
    help = "150 flowers of three species, four measurements each. One species stands apart, two overlap."
    order = 20

    def load(self, seed: int) -> Dataset:
        return from_sklearn("iris", "classification", "species")
