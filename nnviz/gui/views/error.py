"""Error over epochs."""

from __future__ import annotations

from nnviz.gui.views import views
from nnviz.gui.views.parts.learning import LearningCurvesView
from nnviz.snapshot import Snapshot


@views.register
class Error(LearningCurvesView):
    """The share of wrong classes in percent, or for regression the root mean squared error in the target's unit."""

    name = "error"
    title = "Error"
    help = "How often it is wrong, or for regression by how much: on samples it learns from and on others."
    order = 20
    quantity = "error"
    log_y_tip = "Logarithmic error"

    def factor(self, snapshot: Snapshot | None) -> float:
        return 100.0 if snapshot is not None and snapshot.data.task == "classification" else 1.0

    def value_label(self, snapshot: Snapshot | None) -> str:
        if snapshot is None:
            return "error"
        return "% wrong" if snapshot.data.task == "classification" else f"RMSE of {snapshot.data.target_name}"
