"""How much of the processor's arithmetic the compiled engine uses."""

from __future__ import annotations

import statistics

from nnviz.bench import Benchmark, BenchmarkError, Row, rows, seconds
from nnviz.bench.parts.dense_networks import (
    SMALL,
    Dense,
    check_finite,
    engine_named,
    quadrants,
    random_samples,
    train,
)
from nnviz.bench.parts.plain_torch import PlainLoop
from nnviz.bench.parts.speeds import Rate, rate_of
from nnviz.data.dataset import SplitData
from nnviz.engines.losses.cross_entropy import CrossEntropy
from nnviz.engines.losses.squared import Squared
from nnviz.engines.settings import TrainingSettings

ENGINE = "compiled"
ROUNDS = 3
SIDE = 2048
"""Rows and columns of the matrices whose product shows what one thread can do."""


@rows.register
class RawFlops(Benchmark):
    """Operations per second of training, ÷ those of a float32 matrix product (2048³) on one thread in the same run.

    Counted are the matrix products of training alone: per sample and weight one multiplication and one addition
    forward, as many for the gradient of the weight and, except in the first layer, as many for the gradient of the
    input. Activations, loss and optimizer take time and count nothing.
    """

    name = "raw/flops"
    title = "Share of the processor's peak"
    help = "Floating-point operations per second of the compiled engine as a share of a large matrix product's."
    order = 6

    def measure(self) -> list[Row]:
        tall, wide = Dense("784-512-512-10", (784, 512, 512, 10), "relu"), Dense("64-300-10", (64, 300, 10), "relu")
        squared = TrainingSettings(loss=Squared(), batch_size=10)
        scores = TrainingSettings(loss=CrossEntropy(), learning_rate=0.01)
        return [
            _row(SMALL[-1], squared, quadrants()),
            _row(tall, scores.replace(batch_size=128), random_samples(1280, 784, 10)),
            _row(wide, scores.replace(batch_size=200), random_samples(200, 64, 10)),
        ]


def operations(network: Dense, samples: int) -> int:
    """Return the floating-point operations of one epoch: 2 · samples · (3 · weights - weights of the first layer)."""
    return 2 * samples * (3 * sum(network.weights) - network.weights[0])


def _row(network: Dense, training: TrainingSettings, data: SplitData) -> Row:
    row, unit = f"raw/flops/{network.name}", "of one thread's peak"
    try:
        engine = engine_named(ENGINE, network, training, data)
        plain = PlainLoop(network, training, data.train)
        found = _measure(rate_of(lambda epochs: train(engine, epochs)), rate_of(plain.train))
        check_finite(engine)
    except BenchmarkError as error:
        return Row(row, None, unit, None, note=str(error))
    work = operations(network, len(data.train))
    ours, theirs = (statistics.median(work * each[side] / each[2] for each in found) for side in (0, 1))
    peak = statistics.median(each[2] for each in found)
    note = (
        f"batches of {training.batch_size}, {ours * peak / 1e9:.1f} GFLOP/s; plain PyTorch on one thread "
        f"{theirs * peak / 1e9:.1f} ({theirs:.3f}); peak {peak / 1e9:.1f}"
    )
    return Row(row, ours, unit, None, note=note)


def _measure(ours: Rate, theirs: Rate) -> list[tuple[float, float, float]]:
    """Return some rounds of: epochs per second of both sides, and operations per second of a matrix product."""
    return [(ours(), theirs(), _peak()) for _ in range(ROUNDS)]


def _peak() -> float:
    """Return the operations per second of the best of four products of square float32 matrices on one thread.

    Two are torch's and two NumPy's: either library can be the faster one, depending on the processor.
    """
    import torch
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    torch.set_num_threads(1)
    a, b = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    same_a, same_b = a.numpy(), b.numpy()
    with threadpool_limits(1, user_api="blas"):
        taken = [seconds(product) for product in 2 * (lambda: a @ b, lambda: same_a @ same_b)]
    return 2 * SIDE**3 / min(taken)
