"""Tumours, told apart by the shape of their cell nuclei."""

from __future__ import annotations

from nnviz.data.bundled import Bundled, from_sklearn
from nnviz.data.dataset import Dataset
from nnviz.settings import Kind


@Bundled.registry.register
class BreastCancer(Kind, Bundled, frozen=True, tag="breast-cancer"):
    """569 tumours, 30 measurements of cell nuclei (Wolberg, Street & Mangasarian 1995, Wisconsin Diagnostic)."""

    title = "Breast cancer"
    help = "569 tumours, 30 measurements each, malignant or benign. Almost linear: watch what extra units add."
    order = 40

    def load(self, seed: int) -> Dataset:
        return from_sklearn("breast_cancer", "classification", "diagnosis")
