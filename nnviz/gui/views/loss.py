"""Loss over epochs."""

from __future__ import annotations

from nnviz.gui.views import views
from nnviz.gui.views.parts.learning import LearningCurvesView
from nnviz.snapshot import Snapshot


@views.register
class Loss(LearningCurvesView):
    """Train, validation and test loss after every epoch, in evaluation mode."""

    name = "loss"
    title = "Loss"
    help = "What training makes small, on samples it learns from and on others. Where they part, it overfits."
    order = 10
    quantity = "loss"
    log_y_tip = "Logarithmic loss"

    def value_label(self, snapshot: Snapshot | None) -> str:
        return snapshot.loss.title.lower() if snapshot is not None else "loss"
