"""How many epochs a second the compiled engine makes, against scalar JavaScript."""

from __future__ import annotations

from nnviz.bench import Benchmark, BenchmarkError, Row, rows
from nnviz.bench.parts.dense_networks import BATCH_SIZE, SMALL, Dense, check_finite, engine_named, quadrants
from nnviz.bench.parts.javascript import JavaScriptLoop, node
from nnviz.bench.parts.speeds import compare, rate_of
from nnviz.engines.losses import signed_targets
from nnviz.engines.losses.squared import Squared
from nnviz.engines.settings import TrainingSettings

ENGINE = "compiled"
BAR = 3.0


@rows.register
class RawJavaScript(Benchmark):
    """Epochs per second, ÷ those of a scalar JavaScript loop under Node; SGD, else as raw/dense.

    The engine measures losses, errors and norms after every epoch; the JavaScript loop only trains.
    """

    name = "raw/js"
    title = "Compiled engine against JavaScript"
    help = "Epochs per second of the compiled engine divided by those of a scalar training loop under Node."
    order = 4

    def measure(self) -> list[Row]:
        return [_row(network) for network in SMALL]


def _row(network: Dense) -> Row:
    row = f"raw/js/{network.name}"
    data = quadrants()
    training = TrainingSettings(loss=Squared(), batch_size=BATCH_SIZE)
    try:
        node()
        engine = engine_named(ENGINE, network, training, data)
        y = signed_targets(data.train.targets, 2)
        loop = JavaScriptLoop(network, engine.parameters(), data.train.x, y, BATCH_SIZE, training.learning_rate)
        speed = compare(rate_of(engine.train_epochs), loop.epochs_per_second)
        check_finite(engine)
    except BenchmarkError as error:
        return Row(row, None, "x JavaScript", BAR, note=str(error))
    note = (
        f"SGD, {speed.ours:,.0f} and {speed.theirs:,.0f} epochs/s; the engine measures after every epoch, JavaScript "
        "does not; double precision in JavaScript"
    )
    return Row(row, speed.ratio, "x JavaScript", BAR, note=note)
