"""The compiled engine draws the common random numbers: orders of samples and masks of dropout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nnviz.engines.compiled.caching import compiled
from nnviz.engines.compiled.philox import dropout_masks, shuffle
from nnviz.engines.compiled.vectors import LANES
from nnviz.engines.engine import Engine
from nnviz.engines.random_numbers import dropout_words, epoch_order
from nnviz.network.layers.dropout import dropout_threshold

EVERYTHING = [
    {"kind": "dropout", "rate": 0.1},
    {"kind": "linear", "units": 6},
    "tanh",
    {"kind": "dropout", "rate": 0.3},
    {"kind": "linear", "units": 5},
    {"kind": "leaky-relu", "slope": 0.1},
]


def train(engine: Engine, steps: int) -> None:
    done = 0
    while done < steps:
        done += engine.train_steps(steps - done)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the length of the difference, relative to that of the second array."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


SEEDS = st.integers(0, 2**63 - 1)


@compiled
def masks_of(masks: Any, width: int, units: int, columns: int, rate: float, seed: int, step: int, layer: int) -> None:
    dropout_masks(masks, 0, width, units, columns, rate, seed, step, layer)


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS, epoch=st.integers(0, 2**60), n=st.integers(1, 300))
@example(seed=0, epoch=0, n=1)
@example(seed=2**63 - 1, epoch=2**32, n=64)
@example(seed=2**32, epoch=2**32 - 1, n=5)
def test_samples_come_in_the_common_order(seed: int, epoch: int, n: int) -> None:
    order, words = np.full(n, -1, np.int64), np.zeros(n + 4, np.uint32)
    shuffle(order, words, seed, epoch)
    np.testing.assert_array_equal(order, epoch_order(seed, epoch, n))


@settings(max_examples=150, deadline=None)
@given(
    seed=SEEDS,
    step=st.integers(0, 2**40 - 1),
    layer=st.integers(0, 50),
    samples=st.integers(1, 70),
    units=st.integers(1, 50),
    rate=st.floats(0.0, 0.95),
)
@example(seed=3, step=2**32, layer=1, samples=16, units=4, rate=0.5)
@example(seed=3, step=2**40 - 1, layer=0, samples=17, units=33, rate=0.25)
def test_masks_are_the_common_random_numbers(
    seed: int, step: int, layer: int, samples: int, units: int, rate: float
) -> None:
    columns = -(-samples // LANES) * LANES
    width, rows = columns + LANES, -(-units // 4) * 4
    masks = np.full((rows + 1, width), -1.0)
    masks_of(masks.reshape(-1), width, units, columns, rate, seed, step, layer)
    kept = dropout_words(seed, step, layer, samples, units) >= dropout_threshold(rate)
    np.testing.assert_array_equal(masks[:units, :samples].T, kept * (1.0 / (1.0 - rate)))
    assert (masks[rows:] == -1.0).all(), "nothing is written beyond the last four units"
    assert (masks[:, columns:] == -1.0).all(), "nor beyond the last vector of samples"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**31 - 1),
    epoch=st.integers(0, 2**40),
    step=st.integers(0, 2**40 - 100),
    position=st.integers(0, 4),
)
@example(seed=1, epoch=2**32 + 7, step=2**32 + 3, position=2)
def test_far_into_a_run_the_engines_still_agree(
    seed: int, epoch: int, step: int, position: int, pair_of: Any, data_of: Any
) -> None:
    pair = pair_of(data_of(), EVERYTHING, seed, learning_rate=0.01)
    for engine in pair:
        engine.restore(replace(engine.state(), epoch=epoch, step=step, position=8 * position))
        train(engine, 7)
    assert (pair[0].epoch, pair[0].step, pair[0].position) == (pair[1].epoch, pair[1].step, pair[1].position)
    assert apart(pair[0].parameters(), pair[1].parameters()) <= 1e-11
