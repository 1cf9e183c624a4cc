"""How many epochs a second the compiled engine makes, against a loop in plain PyTorch."""

from __future__ import annotations

from nnviz.bench import Benchmark, BenchmarkError, Row, rows
from nnviz.bench.parts.dense_networks import BATCH_SIZE, SMALL, Dense, check_finite, engine_named, quadrants, train
from nnviz.bench.parts.plain_torch import PlainLoop
from nnviz.bench.parts.speeds import Compared, compare, rate_of
from nnviz.engines.losses.squared import Squared
from nnviz.engines.optimizers import Optimizer
from nnviz.engines.optimizers.adam import Adam
from nnviz.engines.optimizers.sgd import Sgd
from nnviz.engines.settings import TrainingSettings

ENGINE = "compiled"
BARS = {"2-4-2-1": 60.0, "2-8x6-1": 25.0, "2-64-64-1": 6.0, "2-256-256-1": 1.5}
RATES: dict[Optimizer, float] = {Sgd(): 0.03, Adam(): 0.003}


@rows.register
class RawDense(Benchmark):
    """Epochs per second without evaluation, ÷ those of a plain PyTorch loop on one thread; SGD or Adam, the smaller.

    Tanh networks with one linear output, squared error, 250 samples, batches of 10, shuffled in every epoch.
    """

    name = "raw/dense"
    title = "Compiled engine against plain PyTorch"
    help = "Epochs per second of the compiled engine divided by those of a plain PyTorch loop, for four tanh networks."
    order = 2

    def measure(self) -> list[Row]:
        return [_row(network) for network in SMALL]


def _row(network: Dense) -> Row:
    try:
        found = {optimizer.title: _speeds(network, optimizer) for optimizer in RATES}
    except BenchmarkError as error:
        return Row(f"raw/dense/{network.name}", None, "x plain PyTorch", BARS[network.name], note=str(error))
    listed = "; ".join(
        f"{title} {speed.ratio:.1f} ({speed.ours:,.0f} and {speed.theirs:,.0f} epochs/s; "
        f"measured after every epoch {with_rows:,.0f})"
        for title, (speed, with_rows) in found.items()
    )
    value = min(speed.ratio for speed, _ in found.values())
    return Row(f"raw/dense/{network.name}", value, "x plain PyTorch", BARS[network.name], note=f"smallest of: {listed}")


def _speeds(network: Dense, optimizer: Optimizer) -> tuple[Compared, float]:
    """Return both sides compared, and the engine's epochs per second when it measures after every epoch."""
    data = quadrants()
    rate = RATES[optimizer]
    training = TrainingSettings(loss=Squared(), optimizer=optimizer, learning_rate=rate, batch_size=BATCH_SIZE)
    engine = engine_named(ENGINE, network, training, data)
    plain = PlainLoop(network, training, data.train)
    plain.begin_with(engine.parameters())
    compared = compare(rate_of(lambda epochs: train(engine, epochs)), rate_of(plain.train))
    with_rows = rate_of(engine.train_epochs)()
    check_finite(engine)
    return compared, with_rows
