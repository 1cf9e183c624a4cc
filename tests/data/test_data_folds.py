"""Folds: each sample once, classes even, nothing of a fold or the test part in training; beside scikit-learn's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from nnviz.data.dataset import DataError
from nnviz.data.folds import fold_numbers, pool, split_fold
from nnviz.data.generators.circles import Circles
from nnviz.data.generators.noisy_sine import NoisySine
from nnviz.data.settings import DataSettings
from nnviz.data.split import split


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=90), st.integers(2, 10), st.integers(0, 1000))
def test_every_sample_is_in_one_fold_and_classes_are_even(labels, folds, seed):
    targets = np.array(labels)
    folds = min(folds, len(targets))
    numbers = fold_numbers(targets, folds, seed)
    assert numbers.shape == targets.shape
    sizes = np.bincount(numbers, minlength=folds)
    assert len(sizes) == folds
    assert np.ptp(sizes) <= 1
    for kind in np.unique(targets):
        assert np.ptp(np.bincount(numbers[targets == kind], minlength=folds)) <= 1
    assert np.ptp(np.bincount(fold_numbers(targets, folds, seed, classes=False), minlength=folds)) <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=20, max_size=90), st.integers(2, 6), st.integers(0, 1000))
def test_folds_have_the_class_counts_of_scikit_learn_give_or_take_one(labels, folds, seed):
    targets = np.array(labels)
    ours = fold_numbers(targets, folds, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a class with fewer samples than folds
        splits = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(targets, targets))
    for kind in np.unique(targets):
        theirs = sorted(int(np.sum(targets[held] == kind)) for _, held in splits)
        assert sorted(np.bincount(ours[targets == kind], minlength=folds).tolist()) == theirs


def test_other_seeds_make_other_folds_and_the_same_ones_the_same():
    targets = np.arange(60) % 3
    assert np.array_equal(fold_numbers(targets, 5, 1), fold_numbers(targets, 5, 1))
    assert not np.array_equal(fold_numbers(targets, 5, 1), fold_numbers(targets, 5, 2))


@pytest.mark.parametrize("folds", [0, 1, 7])
def test_impossible_folds_are_a_sentence(folds):
    with pytest.raises(DataError, match=f"6 samples cannot make {folds} folds: choose from 2 to 6"):
        fold_numbers(np.zeros(6, int), folds, 0)


def test_the_test_part_stays_and_no_sample_is_on_both_sides():
    options = DataSettings(source=Circles(samples=90), train_share=0.5, validation_share=0.2, label_noise=0.2)
    dataset = options.source.load(0)
    rows, test = pool(dataset, options)
    numbers = fold_numbers(dataset.targets[rows], 4, 3)
    usual = split(dataset, options)
    held = []
    for fold in range(4):
        made = split_fold(dataset, options, numbers, fold)
        assert np.array_equal(made.test.x, usual.test.x)
        assert len(made.train) + len(made.validation) == len(rows)
        assert not {*map(bytes, made.train.x)} & {*map(bytes, made.validation.x)}
        assert not {*map(bytes, made.train.x)} & {*map(bytes, made.test.x)}
        assert made.train.noisy.mean() == pytest.approx(0.2, abs=0.02)
        assert not made.validation.noisy.any()
        held += list(map(bytes, made.validation.x))
    assert sorted(held) == sorted(map(bytes, dataset.features[rows].astype(np.float32)))
    assert len(test) == len(usual.test)


def test_scaling_is_measured_without_the_fold():
    options = DataSettings(source=NoisySine(samples=80), standardize=True)
    dataset = options.source.load(1)
    rows, _ = pool(dataset, options)
    numbers = fold_numbers(dataset.targets[rows], 5, 0, classes=False)
    made = split_fold(dataset, options, numbers, 2)
    train = dataset.features[rows[numbers != 2]]
    assert made.scaling.shift == pytest.approx(train.mean(axis=0))
    assert made.train.x.mean() == pytest.approx(0, abs=1e-6)
    assert made.train.targets.std() == pytest.approx(1, abs=1e-5)
