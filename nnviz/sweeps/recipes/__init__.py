"""Studies that need no more than their name: one file each. Here: the contract of a recipe.

`nnviz sweep NAME` without --vary looks for a recipe of that name. There are two sorts. One says what to sweep, and the
command does the rest, from counting to the last line of output::

    @recipes.register
    class Widths(Recipe):
        \"\"\"Test error over the width of the hidden layer.\"\"\"

        name, title, help = "widths", "Widths", "Test error over the width of the hidden layer."
        experiment = "digits"
        vary = ("network.layers[0].units=1:300:log16",)
        seeds, epochs = 6, 3000

The other conducts a study of its own: it overrides `run`, prints its own lines with `say`, ends with an object that has
`"final": true` where --json is given, and returns the exit status. It finds the options of `nnviz sweep` as attributes:
`out` (Path or None), `json`, `quiet`, `yes`, `dry_run`, `seeds`, `epochs`, `threads` (None where not given), `settings`
(the texts of --set), `seed`, `backend`, `address`. It raises SettingsError or DataError for the user's mistakes; Ctrl-C
reaches it as KeyboardInterrupt unless it takes the signal over.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import ClassVar

from nnviz.registry import Registry

Say = Callable[[str], None]
"""Writes a line to the standard output, at once."""


class Recipe:
    """A prepared study. `help` says in a sentence or two what it shows.

    `experiment` is the name of a bundled experiment, `vary` what `--vary` would say; seeds, epochs and objective are
    used where the command line says nothing else, and its --set comes after `settings`.
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

    def run(self, options: argparse.Namespace, say: Say) -> int | None:
        """Conduct the study and return the exit status, or None for one that the command sweeps as usual."""
        return None


recipes: Registry[Recipe] = Registry("recipe", "nnviz.sweeps.recipes", name_of=lambda each: str(each.name))
