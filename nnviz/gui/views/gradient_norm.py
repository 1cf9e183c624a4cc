"""Gradient norms over epochs, layer by layer."""

from __future__ import annotations

from nnviz.gui.views import views
from nnviz.gui.views.parts.curves import Series
from nnviz.gui.views.parts.layer_curves import LayerCurvesView
from nnviz.gui.views.parts.layers import layer_color, layer_labels
from nnviz.history.history import History
from nnviz.snapshot import Snapshot


@views.register
class GradientNorm(LayerCurvesView):
    """The Euclidean norm of the loss gradient of the epoch's last batch, for each layer with parameters."""

    name = "gradient_norm"
    title = "Gradients"
    help = "Length of the gradient in each layer. Curves that lie far apart mean that some layers hardly learn."
    order = 70
    starts_logarithmic = True
    log_y_tip = "Logarithmic gradient norm"
    empty = "Press Play: the gradient of each layer appears as the network learns."

    def series(self, history: History, snapshot: Snapshot | None) -> list[Series]:
        norms = history.column("gradient_norm_by_layer")
        labels = layer_labels(snapshot, norms.shape[1] if norms.ndim == 2 else 0)
        return [Series(label, layer_color(self.theme, i, len(labels)), norms[:, i]) for i, label in enumerate(labels)]

    def value_label(self, snapshot: Snapshot | None) -> str:
        return "gradient norm"
