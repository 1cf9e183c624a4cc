"""How much weight decay a network that fits wrong labels needs."""

from __future__ import annotations

from nnviz.sweeps.recipes import Recipe, recipes


@recipes.register
class WeightDecay(Recipe):
    """Test loss over weight decay: too little fits the noise, too much fits nothing (Krogh & Hertz 1991)."""

    name = "weight-decay"
    title = "Weight decay under label noise"
    help = "Test loss over weight decay on noisy labels: too little fits the noise, too much fits nothing."
    experiment = "noisy-labels"
    vary = ("training.weight_decay=0,1e-4:1:log9",)
    seeds = 6
    epochs = 300
    objective = "test_loss"
