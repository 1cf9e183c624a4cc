"""Wines from three grape varieties, told apart by a chemical analysis."""

from __future__ import annotations

from nnviz.data.bundled import Bundled, from_sklearn
from nnviz.data.dataset import Dataset
from nnviz.settings import Kind


@Bundled.registry.register
class Wine(Kind, Bundled, frozen=True, tag="wine"):
    """178 wines, 13 measurements in their own units (Forina et al., UCI Machine Learning Repository)."""

    title = "Wine"
    help = "178 wines of three grape varieties, 13 measurements of very different size: see what Standardize does."
    order = 30

    def load(self, seed: int) -> Dataset:
        names = ("cultivar 1", "cultivar 2", "cultivar 3")
        return from_sklearn("wine", "classification", "cultivar", class_names=names)
