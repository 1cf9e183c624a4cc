"""How fast many networks train at once, against one after another in plain PyTorch."""

from __future__ import annotations

from nnviz.bench import Benchmark, BenchmarkError, Row, rows
from nnviz.bench.parts.dense_networks import BATCH_SIZE, SMALL, Dense, quadrants
from nnviz.bench.parts.plain_torch import PlainLoop
from nnviz.bench.parts.speeds import compare, rate_of
from nnviz.engines.ensemble import Ensemble, Member
from nnviz.engines.losses.squared import Squared
from nnviz.engines.optimizers.adam import Adam
from nnviz.engines.settings import TrainingSettings

NETWORKS = 64
BAR = 10.0


@rows.register
class EnsembleRows(Benchmark):
    """Network-epochs per second of 64 networks on all cores, ÷ those of a plain PyTorch loop; Adam, else as raw/dense.

    The ensemble measures every network after each of its epochs; the loop only trains.
    """

    name = "ensemble"
    title = "Many networks at once"
    help = "Network-epochs per second of 64 networks on all cores divided by one after another in plain PyTorch."
    order = 8

    def measure(self) -> list[Row]:
        return [_row(network) for network in (SMALL[0], SMALL[2])]


def _row(network: Dense) -> Row:
    data = quadrants()
    training = TrainingSettings(loss=Squared(), optimizer=Adam(), learning_rate=0.003, batch_size=BATCH_SIZE)
    plain = PlainLoop(network, training, data.train)
    with Ensemble([Member(network.settings, training, data, seed) for seed in range(NETWORKS)]) as ensemble:
        engines = {engine.name for engine in ensemble.engines}
        if engines != {"compiled"}:
            raise BenchmarkError("The compiled engine is not available here.")
        speed = compare(rate_of(ensemble.train_epochs, lasting=0.5), rate_of(plain.train))
    note = f"{NETWORKS} networks, {NETWORKS * speed.ours:,.0f} and {speed.theirs:,.0f} network-epochs/s"
    return Row(f"ensemble/{network.name}", NETWORKS * speed.ratio, "x plain PyTorch", BAR, note=note)
