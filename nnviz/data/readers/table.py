"""Tables of comma- or otherwise separated values: one row for each sample, one column for each feature."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from nnviz.data.dataset import Dataset
from nnviz.data.source import Source
from nnviz.data.tables.columns import ColumnInfo
from nnviz.data.tables.preview import TablePreview, inspect
from nnviz.data.tables.samples import Missing, TaskChoice, to_dataset
from nnviz.data.tables.sheet import read_sheet
from nnviz.data.tables.text import Delimiter
from nnviz.settings import Kind, knob

__all__ = ["ColumnInfo", "Table", "TablePreview", "inspect"]


@Source.registry.register
class Table(Kind, Source, frozen=True, tag="table"):
    """Samples from a text file with a header line; `inspect` shows what is in it before a target is chosen."""

    title = "Table"
    help = "A CSV or TSV file of yours: choose what to predict and from which columns."
    order = 10
    family = "file"

    path: Annotated[str, knob("File", "The CSV or TSV file.")] = ""
    target: Annotated[str, knob("Target", "The column to predict; the last one if empty.")] = ""
    features: Annotated[
        tuple[str, ...], knob("Features", "The columns to predict from; all others that can be used if empty.")
    ] = ()
    task: Annotated[
        TaskChoice,
        knob("Task", "Classes or values. Automatic: classes for text and for few different whole numbers."),
    ] = "auto"
    missing: Annotated[
        Missing,
        knob(
            "Missing values",
            "Impute: filled with the mean of the feature in the training part. Drop: rows with gaps are left out.",
        ),
    ] = "impute"
    delimiter: Annotated[Delimiter, knob("Delimiter", "What separates the fields of a line.", advanced=True)] = "auto"

    def file(self) -> Path | None:
        return Path(self.path)

    def load(self, seed: int) -> Dataset:
        sheet = read_sheet(self.path, self.delimiter)
        return to_dataset(sheet, self.target, self.features, self.task, self.missing)
