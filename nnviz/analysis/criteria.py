"""When to stop, by several criteria side by side: each has its own idea of when overfitting began.

A criterion *calls* at the epoch at which it would have stopped the training. The onset is then the epoch of the
smallest monitored loss until the call: the network that early stopping hands out (Prechelt 1998, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.onset import overfitting_onset

STRIP = 5
"""Measurements to a strip: k of Prechelt 1998."""

GL_ABOVE, PQ_ABOVE, UP_STRIPS = 5.0, 3.0, 4
"""The slower ones of the parameters that Prechelt 1998 compares: GL and PQ in his units, UP in successive strips."""

PATIENCE = 100
"""Epochs without a smaller loss, where the experiment does not say."""

_EPSILON = 1e-12
"""Variance that every gradient has at the least, as a share of its square, so that the ratio of both is a number.

It is a share, as gradients shrink with the loss, in a long run by any factor.
"""


@dataclass(frozen=True)
class Call:
    """What one criterion says: the epoch at which it would stop, and the onset; both None while it would go on."""

    criterion: str
    epoch: int | None = None
    onset: int | None = None


def calls(
    epochs: NDArray[Any], train: NDArray[Any], monitored: NDArray[Any], patience: int = PATIENCE
) -> tuple[Call, ...]:
    """Return what every criterion that needs a held-out loss says of a run.

    All arrays are (n,), epochs ascending, from the start of the run; rows in which a loss was not measured (NaN) are
    passed over. Strips count measurements, so that on thinned rows they are as much longer as the rows lie apart.
    """
    known = np.isfinite(train) & np.isfinite(monitored)
    epochs, train, monitored = (np.asarray(values, np.float64)[known] for values in (epochs, train, monitored))
    return (
        _clear_rise(epochs, train, monitored),
        _at(f"No better for {patience:,} epochs", epochs, monitored, stop_by_patience(epochs, monitored, patience)),
        _at(f"GL above {GL_ABOVE:g}", epochs, monitored, stop_by_loss(monitored)),
        _at(f"PQ above {PQ_ABOVE:g}", epochs, monitored, stop_by_quotient(train, monitored)),
        _at(f"UP, {UP_STRIPS} strips", epochs, monitored, stop_by_rises(monitored)),
    )


def _clear_rise(epochs: NDArray[Any], train: NDArray[Any], monitored: NDArray[Any]) -> Call:
    """Return what the criterion of the timeline says; it is called as soon as it would have been seen."""
    onset = overfitting_onset(epochs, train, monitored)
    if onset is None:
        return Call("Clear rise")
    low, high = int(np.searchsorted(epochs, onset)), len(epochs)
    while low < high:  # once a strip has risen above a minimum that stands, it has risen for good
        middle = (low + high) // 2
        seen = overfitting_onset(epochs[: middle + 1], train[: middle + 1], monitored[: middle + 1])
        low, high = (low, middle) if seen == onset else (middle + 1, high)
    return Call("Clear rise", int(epochs[low]), onset)


def _at(criterion: str, epochs: NDArray[Any], monitored: NDArray[Any], row: int | None) -> Call:
    """Return the call in a row, with the epoch of the smallest monitored loss until then."""
    if row is None:
        return Call(criterion)
    return Call(criterion, int(epochs[row]), int(epochs[int(monitored[: row + 1].argmin())]))


# ---------------------------------------------------------------- the criteria


def generalization_loss(monitored: NDArray[Any]) -> NDArray[np.float64]:
    """Return GL(t) = 100 (E_va(t) / E_opt(t) − 1) for losses (n,), in percent.

    E_opt(t) is the smallest loss until t (Prechelt 1998, equations 1 and 2). NaN while that is not positive.
    """
    lowest = np.minimum.accumulate(np.asarray(monitored, np.float64))
    ratio = np.divide(monitored, lowest, out=np.full(len(lowest), np.nan), where=lowest > 0.0)
    return np.asarray(100.0 * (ratio - 1.0))


def training_progress(train: NDArray[Any], k: int = STRIP) -> NDArray[np.float64]:
    """Return P_k(t) = 1000 (mean of the strip / its minimum − 1) for training losses (n,), in per mille.

    The strip are the k measurements that end at t; NaN where there are fewer. Prechelt 1998, equation 3.
    """
    progress = np.full(len(train), np.nan)
    if len(train) < k:
        return progress
    strips = np.lib.stride_tricks.sliding_window_view(np.asarray(train, np.float64), k)
    mean, lowest = strips.mean(axis=1), strips.min(axis=1)
    at_zero = np.where(mean > 0.0, np.inf, 1.0)  # of nothing: without end, or no progress at all
    progress[k - 1 :] = 1000.0 * (np.divide(mean, lowest, out=at_zero, where=lowest > 0.0) - 1.0)
    return progress


def stop_by_loss(monitored: NDArray[Any], above: float = GL_ABOVE) -> int | None:
    """Return the first row with GL(t) > `above`: GL_α of Prechelt 1998."""
    return _first(np.asarray(generalization_loss(monitored) > above))


def stop_by_quotient(
    train: NDArray[Any], monitored: NDArray[Any], above: float = PQ_ABOVE, k: int = STRIP
) -> int | None:
    """Return the first row that ends a strip of k and has GL(t) / P_k(t) > `above`: PQ_α of Prechelt 1998."""
    progress = training_progress(train, k)
    with np.errstate(invalid="ignore"):  # an endless progress times 0
        return _first((generalization_loss(monitored) > above * progress) & _ends(len(progress), k))


def stop_by_rises(monitored: NDArray[Any], strips: int = UP_STRIPS, k: int = STRIP) -> int | None:
    """Return the first row that ends as many successive strips in each of which the loss rose: UP_s of Prechelt 1998.

    A strip rises if the loss at its end is larger than at the end of the strip before.
    """
    ends = np.flatnonzero(_ends(len(monitored), k))
    rises = np.diff(monitored[ends]) > 0.0
    if len(rises) < strips:
        return None
    run = _first(np.asarray(np.lib.stride_tricks.sliding_window_view(rises, strips).all(axis=1)))
    return None if run is None else int(ends[run + strips])


def stop_by_patience(epochs: NDArray[Any], monitored: NDArray[Any], patience: int = PATIENCE) -> int | None:
    """Return the first row that lies `patience` epochs or more behind the last one with a smaller loss than ever."""
    if not len(monitored):
        return None
    lowest = np.minimum.accumulate(monitored)
    better = np.concatenate([[True], lowest[1:] < lowest[:-1]])
    since = epochs - np.maximum.accumulate(np.where(better, epochs, epochs[0]))
    return _first(since >= patience)


def signal_to_noise(gradient: NDArray[Any], variance: NDArray[Any]) -> NDArray[np.float64]:
    """Return g_d² / (Var_d + ε) of each parameter, (D,): the gradient signal-to-noise ratio of a single sample.

    Liu et al. 2020, "Understanding why neural networks generalize well through GSNR of parameters", equation 1.
    `gradient` g (D,) is the mean over samples, `variance` (D,) that of a single sample's gradient. ε is 1e-12 of g_d²,
    so that the unit of the loss does not matter; a parameter without any gradient has 0.
    """
    square = np.square(gradient, dtype=np.float64)
    noise = np.asarray(variance, np.float64) + _EPSILON * square
    return np.asarray(np.divide(square, noise, out=np.zeros_like(square), where=noise > 0.0))


def evidence_statistic(gradient: NDArray[Any], variance: NDArray[Any], samples: int) -> float:
    """Return 1 − B · mean_d(g_d² / (Var_d + ε)): above 0, the gradient is no larger than chance makes it.

    Mahsereci et al. 2017, "Early stopping without a validation set", for plain SGD: `gradient` g (D,) is the mean of
    the gradients of B = `samples` samples, `variance` (D,) that of a single sample's gradient, with B − 1 in its
    denominator; ε as in `signal_to_noise`. Raises ValueError when shapes differ or there are fewer than 2 samples.
    """
    g, var = np.asarray(gradient), np.asarray(variance)
    if g.shape != var.shape or g.ndim != 1 or not len(g):
        raise ValueError(f"Gradient and variance need the same shape (D,), not {g.shape} and {var.shape}.")
    if samples < 2:
        raise ValueError(f"A variance needs at least 2 samples, not {samples}.")
    return float(1.0 - samples * np.mean(signal_to_noise(g, var)))


def call_by_evidence(epochs: NDArray[Any], statistic: NDArray[Any]) -> Call:
    """Return what the evidence criterion says, which needs no held-out loss: called in the first row above 0.

    epochs, statistic: (n,), the latter as `evidence_statistic` returns it, NaN where it was not measured.
    """
    row = _first(np.asarray(statistic) > 0.0)
    return Call("Evidence") if row is None else Call("Evidence", int(epochs[row]), int(epochs[row]))


def _ends(count: int, k: int) -> NDArray[np.bool_]:
    """Return which of the rows end a strip."""
    return np.asarray(np.arange(1, count + 1) % k == 0)


def _first(holds: NDArray[np.bool_]) -> int | None:
    """Return the first row in which something holds."""
    return int(holds.argmax()) if holds.any() else None


# ---------------------------------------------------------------- what they say together


def disagreement(said: Sequence[Call]) -> str:
    """Return in a sentence how far the criteria agree."""
    called = [call for call in said if call.onset is not None]
    silent = [call.criterion for call in said if call.onset is None]
    if not called:
        return "No criterion sees overfitting."
    first, last = (pick(call.onset or 0 for call in called) for pick in (min, max))
    where = f"at epoch {first:,}" if first == last else f"between epochs {first:,} and {last:,}"
    if not silent:
        return f"All {len(said)} criteria put the onset {where}."
    names = _listed(silent)
    return f"{len(called)} of {len(said)} criteria put the onset {where}; not yet called: {names}."


def _listed(names: Iterable[str]) -> str:
    *before, last = names
    return f"{'; '.join(before)}; {last}" if before else last
