"""Pairs and their sums modulo p."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.data.dataset import DataError
from nnviz.data.generators.modular_addition import ModularAddition
from nnviz.data.settings import DataSettings
from nnviz.data.split import prepare


def pairs(features: np.ndarray, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the two numbers of one-hot pairs (n, 2p)."""
    assert features.shape[1] == 2 * p
    assert set(np.unique(features)) <= {0.0, 1.0}
    np.testing.assert_array_equal(features[:, :p].sum(axis=1), 1.0)
    np.testing.assert_array_equal(features[:, p:].sum(axis=1), 1.0)
    return features[:, :p].argmax(axis=1), features[:, p:].argmax(axis=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(10, 4_000), st.integers(0, 100))
def test_sums_are_right_and_no_pair_comes_twice(p: int, samples: int, seed: int) -> None:
    data = ModularAddition(modulus=p, samples=samples).load(seed)
    a, b = pairs(data.features, p)
    np.testing.assert_array_equal((a + b) % p, data.targets)
    assert data.n_samples == min(samples, p * p)
    assert len(set(zip(a.tolist(), b.tolist(), strict=True))) == data.n_samples
    counts = np.bincount(data.targets, minlength=p)
    assert counts.max() - counts.min() <= 1
    assert data.n_classes == p


def test_all_pairs_are_there_and_the_seed_mixes_them() -> None:
    one, other = ModularAddition(modulus=13).load(0), ModularAddition(modulus=13).load(1)
    together = [set(map(tuple, d.features.tolist())) for d in (one, other)]
    assert len(together[0]) == 169
    assert together[0] == together[1]
    assert not np.array_equal(one.features, other.features)
    assert one.feature_names[0] == "a = 0"
    assert one.feature_names[-1] == "b = 12"
    assert ModularAddition(modulus=13).known_shape() == ("classification", 26, 13)


def test_train_and_test_share_no_pair() -> None:
    data = prepare(DataSettings(source=ModularAddition(modulus=11), train_share=0.5))
    parts = [set(map(tuple, part.x.tolist())) for part in (data.train, data.test)]
    assert not parts[0] & parts[1]
    assert len(parts[0]) + len(parts[1]) == 121


def test_too_few_pairs_for_two_parts_are_refused() -> None:
    with pytest.raises(DataError, match="leave"):
        prepare(DataSettings(source=ModularAddition(modulus=2), train_share=0.95))
