"""What a figure is made of: a run as it was at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from nnviz.export.epochs import EpochRange
from nnviz.export.recipe import Recipe
from nnviz.gui.views import views
from nnviz.history.history import History
from nnviz.run import Run
from nnviz.snapshot import Snapshot, Status


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Moment:
    """A run's name, history and snapshot, which stay as they are while training goes on.

    `failure` says why nothing more will be measured; empty as long as there is hope.
    """

    name: str
    history: History
    snapshot: Snapshot | None
    failure: str = ""


def moment_of(run: Run) -> Moment:
    """Return a run as it is now."""
    failure = run.text if run.status is Status.FAILED else ""
    return Moment(run.experiment.name, EpochRange(run.history), run.snapshot, failure)


def needs_of(recipe: Recipe) -> frozenset[str]:
    """Return the probes that the views of a recipe need; views that are unknown need none."""
    return frozenset().union(*(views[panel.view].needs for panel in recipe.panels if panel.view in views))
