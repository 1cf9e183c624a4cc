"""Studies that need no more than their name: one file each. Here: the contract of a recipe.

`nnviz sweep NAME` without --vary looks for a recipe of that name. It says what to sweep, and the command does the rest,
from counting to the last line of output::

    @recipes.register
    class Widths(Recipe):
        \"\"\"Test error over the width of the hidden layer.\"\"\"

        name, title, help = "widths", "Widths", "Test error over the width of the hidden layer."
        experiment = "digits"
        vary = ("network.layers[0].units=1:300:log16",)
        seeds, epochs = 6, 3000

One that has more to tell of its results than any sweep has a `report` of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from nnviz.registry import Registry
from nnviz.sweeps.backends import Backend
from nnviz.sweeps.cost import Cost
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.sweep import Sweep

Say = Callable[[str], None]
"""Writes a line to the standard output, at once."""


class Report(Protocol):
    """What is printed of a sweep; with --json its last line is an object that has `"final": true`."""

    def begin(self, plan: Plan, cost: Cost, backend: Backend) -> None:
        """Say what is going to be trained."""

    def progress(self, sweep: Sweep) -> None:
        """Say what is new; called some times a second."""

    def end(self, sweep: Sweep) -> None:
        """Sum up, and write what belongs into the folder beside the results."""


class Recipe:
    """A prepared study. `help` says in a sentence or two what it shows.

    `experiment` is the name of a bundled experiment, `vary` what `--vary` would say; seeds, epochs and objective are
    used where the command line says nothing else, and its --set comes after `settings`. `every_epoch` is a plan's.
    `unused` are the options of the command that would change nothing, or make another study of it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    order: ClassVar[int] = 100
    experiment: ClassVar[str] = ""
    vary: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[tuple[str, ...]] = ()
    seeds: ClassVar[int] = 1
    epochs: ClassVar[int | None] = None
    objective: ClassVar[str] = "test_error"
    every_epoch: ClassVar[bool] = True
    unused: ClassVar[tuple[str, ...]] = ()

    def report(self, as_json: bool, quiet: bool, say: Say) -> Report | None:
        """Return what prints lines with `say`, None for the report of any sweep."""
        return None


recipes: Registry[Recipe] = Registry("recipe", "nnviz.sweeps.recipes", name_of=lambda each: str(each.name))
