"""What the history of a single sample tells: when it was learned or forgotten, and whether its label is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEVER = -1
"""Stands for an epoch that has not come."""


# ---------------------------------------------------------------- one network, epoch by epoch


def first_learned(correct: Bools, epochs: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the first epoch at which each sample was classified as its label says: (n,), NEVER if it never was.

    `correct` (t, n) holds what was measured at `epochs` (t,), ascending.
    """
    if not len(correct):
        return np.full(correct.shape[1], NEVER, np.int64)
    return np.where(correct.any(axis=0), np.asarray(epochs, np.int64)[correct.argmax(axis=0)], NEVER)


def learned_for_good(correct: Bools, epochs: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the epoch from which on each sample stayed correct to the end: (n,), NEVER if it is wrong at the end.

    Unlike the first one, it is not moved by an untrained network that is right by chance.
    """
    if not len(correct):
        return np.full(correct.shape[1], NEVER, np.int64)
    wrong = ~correct[::-1]
    tail = np.where(wrong.any(axis=0), wrong.argmax(axis=0), len(correct))  # how many of the last are all correct
    first = np.minimum(len(correct) - tail, len(correct) - 1)
    return np.where(tail > 0, np.asarray(epochs, np.int64)[first], NEVER)


def forgetting_events(correct: Bools) -> NDArray[np.int64]:
    """Return how often each sample was correct at one measurement and wrong at the next: (n,).

    `correct` is (t, n). Toneva et al. 2019, section 2: acc_i^t > acc_i^(t+1). A sample that was never correct has none,
    which says nothing good of it: there it counts as forgotten infinitely often.
    """
    return np.asarray((correct[:-1] & ~correct[1:]).sum(axis=0), np.int64)


def margins(outputs: NDArray[Any], targets: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the margin of each sample: the output of its label minus the largest other one, (n,).

    Pleiss et al. 2020, eq. 1, on the outputs (n, C) before any softmax. A single output f (n, 1) stands for the outputs
    (0, f) of two classes.
    """
    scores = np.asarray(outputs, np.float64)
    if scores.shape[1] == 1:
        scores = np.column_stack([np.zeros(len(scores)), scores[:, 0]])
    rows = np.arange(len(scores))
    own = scores[rows, targets]
    others = scores.copy()
    others[rows, targets] = -np.inf
    return np.asarray(own - others.max(axis=1), np.float64)


def mean_over_epochs(values: NDArray[Any], epochs: NDArray[np.integer], log: bool = False) -> Floats:
    """Return the mean of each sample's values (t, n) over the epochs: (n,).

    Of margins that is the area under the margin, AUM (Pleiss et al. 2020, eq. 2). Where only some epochs were measured
    each counts as much as the epochs that lie nearer to it than to any other; all of them measured, that is the plain
    mean. With `log` it is the mean over the logarithm of the epoch, for epochs above 0: the first hundred then count as
    much as the next nine hundred, and a long training after everything is learned changes little.
    NaN for a sample with a value that is not finite.
    """
    if not len(values):
        return np.full(values.shape[1], np.nan)
    at = np.asarray(epochs, np.float64)
    edges = np.concatenate([[at[0] - 0.5], (at[1:] + at[:-1]) / 2, [at[-1] + 0.5]])
    if log:
        edges = np.log(edges)
    weights = np.diff(edges) / (edges[-1] - edges[0])
    with np.errstate(invalid="ignore"):
        mean = weights @ np.asarray(values, np.float64)
    return np.where(np.isfinite(mean), mean, np.nan)


def learned_share(epochs_learned: NDArray[np.integer], epochs: NDArray[np.integer]) -> Floats:
    """Return the share of samples that had been learned by each of some epochs: (t,), NaN without samples."""
    if not len(epochs_learned):
        return np.full(len(epochs), np.nan)
    known = np.sort(epochs_learned[epochs_learned != NEVER])
    return np.searchsorted(known, epochs, side="right") / len(epochs_learned)


# ---------------------------------------------------------------- many networks, each without some samples


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Memorisation:
    """Memorisation scores (n,) of training samples, their standard errors, and the two shares that they are made of.

    `with_it` and `without_it` are the shares of the networks, trained with and without a sample, that answer its label.
    NaN where no network was trained so.
    """

    score: Floats
    error: Floats
    with_it: Floats
    without_it: Floats


def memorisation(correct: Bools, masks: Bools) -> Memorisation:
    """Return how much each sample's label is known only because it was trained on.

    mem(i) = Pr[h(x_i) = y_i | trained with i] − Pr[h(x_i) = y_i | trained without i], Feldman & Zhang 2020, eq. 1, as
    estimated there from K networks on random subsets. `correct` (K, n): whether a network answers a sample's label;
    `masks` (K, n): whether it was trained on it. The standard error is that of a difference of two shares with one
    success and one failure added to each (Agresti & Caffo 2000), so that few networks that agree do not seem certain.
    """
    right, inside = correct.astype(np.float64), masks.astype(np.float64)
    counts = inside.sum(axis=0), (1.0 - inside).sum(axis=0)
    hits = (right * inside).sum(axis=0), (right * (1.0 - inside)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = [hit / count for hit, count in zip(hits, counts, strict=True)]
    variance = np.zeros(correct.shape[1])
    for hit, count in zip(hits, counts, strict=True):
        smoothed = (hit + 1.0) / (count + 2.0)
        variance += smoothed * (1.0 - smoothed) / (count + 2.0)
    score = shares[0] - shares[1]
    return Memorisation(score, np.where(np.isfinite(score), np.sqrt(variance), np.nan), shares[0], shares[1])


def mean_effect(values: NDArray[Any], masks: Bools) -> tuple[Floats, Floats]:
    """Return what training with each sample does to a measurement of the network, and the standard error: (n,), (n,).

    `values` (K,) is the measurement, such as the share of test samples that are right; the effect is the mean over
    networks with the sample minus that over those without it, its error that of Welch 1947 for two unequal variances.
    NaN where either group has fewer than two networks.
    """
    x, inside = np.asarray(values, np.float64), masks.astype(np.float64)
    means, parts = [], np.zeros(masks.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        for group in (inside, 1.0 - inside):
            count = group.sum(axis=0)
            mean = (x @ group) / count
            squares = ((x[:, None] - mean) ** 2 * group).sum(axis=0)
            parts = parts + np.where(count > 1, squares / (count - 1.0) / count, np.nan)
            means.append(mean)
    effect, error = means[0] - means[1], np.sqrt(parts)
    return np.where(np.isfinite(error), effect, np.nan), error


# ---------------------------------------------------------------- which labels are likely wrong


def ranking(suspicion: NDArray[Any]) -> NDArray[np.intp]:
    """Return the numbers of samples, the most suspicious first; ties in order, those without a value last."""
    return np.argsort(-np.where(np.isnan(suspicion), -np.inf, suspicion), kind="stable")


def mean_rank(*suspicions: NDArray[Any]) -> Floats:
    """Return a suspicion (n,) in 0..1 out of several: the mean of the shares of samples that are less suspicious."""
    shares = []
    for each in suspicions:
        known = np.where(np.isnan(each), -np.inf, each)
        below = np.searchsorted(np.sort(known), known, side="left")
        upto = np.searchsorted(np.sort(known), known, side="right")
        shares.append((below + upto) / 2.0 / max(1, len(known)))
    return np.asarray(np.mean(shares, axis=0), np.float64)


def precision_at(order: NDArray[np.intp], wrong: Bools, k: int) -> float:
    """Return which share of the first k samples of a ranking do have a wrong label; NaN for k = 0."""
    return float(wrong[order[:k]].mean()) if k > 0 and len(order) else float("nan")


def average_precision(suspicion: NDArray[Any], wrong: Bools) -> float:
    """Return the area under precision over recall, as a sum over thresholds: Σ (R_k − R_{k−1}) P_k.

    Samples of the same suspicion share a threshold. By chance it is about the share of wrong labels. NaN without any.
    """
    total = int(wrong.sum())
    if total == 0:
        return float("nan")
    known = np.where(np.isnan(suspicion), -np.inf, suspicion)
    order = np.argsort(-known, kind="stable")
    ends = np.flatnonzero(np.append(known[order][1:] != known[order][:-1], True))
    hits = np.cumsum(wrong[order])[ends]
    precision, recall = hits / (ends + 1.0), hits / total
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))
