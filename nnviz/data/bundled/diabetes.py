"""How diabetes progressed within a year: a regression with much noise and few samples."""

from __future__ import annotations

from nnviz.data.bundled import Bundled, from_sklearn
from nnviz.data.dataset import Dataset
from nnviz.settings import Kind

NAMES = (
    "age (years)",
    "sex",
    "body mass index (kg/m²)",
    "mean blood pressure",
    "total cholesterol",
    "low-density lipoproteins",
    "high-density lipoproteins",
    "cholesterol / high-density",
    "log of triglycerides",
    "blood sugar",
)


@Bundled.registry.register
class Diabetes(Kind, Bundled, frozen=True, tag="diabetes"):
    """442 patients, ten measurements in their own units, target 25 to 346 (Efron et al. 2004, Least Angle Regression).

    The units are those of the source: scikit-learn's scaled form has seen the samples that become the test part.
    """

    title = "Diabetes"
    help = "442 patients, ten measurements, progression after one year. Noisy: a line is hard to beat. Standardize it."
    order = 50

    def load(self, seed: int) -> Dataset:
        return from_sklearn("diabetes", "regression", "progression after one year", NAMES)
