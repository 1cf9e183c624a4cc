"""How alike two representations are, and how alike the weights of two networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FEWEST = 4
"""Samples from which on the debiased similarity exists."""

_NOTHING = 1e-12
"""An unbiased estimate below this share of the biased one is 0 but for rounding."""


def cka(x: NDArray[Any], y: NDArray[Any], debiased: bool = False) -> float:
    """Return the linear centred kernel alignment of activations X (n, p1) and Y (n, p2) of the same n samples.

    With centred columns ‖YᵀX‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F) (Kornblith et al. 2019, equations 3 to 5): 0..1, 1 where Y is a
    turned, mirrored or scaled X, and large for any two representations with more units than samples, related or not.
    The `debiased` form (Nguyen, Raghu & Kornblith 2021, equation 3) does not have that fault: it replaces each of the
    three terms by the unbiased estimate of Song et al. 2012 (equation 5), is near 0 for unrelated representations of
    any width, and can fall below 0.

    NaN where one of the two does not vary over the samples (in the debiased form: or in one sample alone), or is not
    finite. Raises ValueError when the numbers of samples differ, or when there are too few: 2, and 4 for the debiased
    form.
    """
    if len(x) != len(y):
        raise ValueError(f"Similarity compares activations of the same samples, not of {len(x)} and {len(y)}.")
    fewest = FEWEST if debiased else 2
    if len(x) < fewest:
        raise ValueError(f"Similarity needs at least {fewest} samples, not {len(x)}.")
    a, b = _centred(x), _centred(y)
    if a is None or b is None:
        return float("nan")
    both, first, second = _products(a, b)
    if debiased:
        k, m = np.einsum("ij,ij->i", a, a), np.einsum("ij,ij->i", b, b)
        nothing = _NOTHING * first, _NOTHING * second
        both, first, second = _unbiased(both, k, m), _unbiased(first, k, k), _unbiased(second, m, m)
        if first <= nothing[0] or second <= nothing[1]:
            return float("nan")
    return both / float(np.sqrt(first) * np.sqrt(second))


def _centred(x: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return activations (n, ...) as (n, p) with columns of mean 0 and a largest entry of 1, which no similarity sees.

    None where they are not finite, or equal up to rounding: what is left of them then says nothing.
    """
    flat = np.asarray(x, np.float64).reshape(len(x), -1)
    if not np.isfinite(flat).all():
        return None
    eps = np.finfo(x.dtype).eps if np.issubdtype(x.dtype, np.floating) else np.finfo(np.float64).eps
    centred = flat - flat.mean(axis=0)
    largest = float(np.abs(centred).max(initial=0.0))
    return None if largest <= 4 * eps * np.abs(flat).max(initial=0.0) else centred / largest


def _products(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return ‖BᵀA‖²_F, ‖AᵀA‖²_F and ‖BᵀB‖²_F for A (n, p) and B (n, q), by way of the smaller matrices.

    ‖BᵀA‖²_F = tr(AAᵀBBᵀ): either products of units with units, or two Gram matrices (n, n).
    """
    n, p, q = len(a), a.shape[1], b.shape[1]
    if n * (p + q) < p * q + p * p + q * q:
        k, m = a @ a.T, b @ b.T
        return float(np.vdot(k, m)), float(np.vdot(k, k)), float(np.vdot(m, m))
    both, first, second = (float(np.vdot(c, c)) for c in (b.T @ a, a.T @ a, b.T @ b))
    return both, first, second


def _unbiased(product: float, k: NDArray[np.float64], m: NDArray[np.float64]) -> float:
    """Return n (n − 3) times the unbiased estimate of the Hilbert-Schmidt independence criterion.

    Song et al. 2012, equation 5: tr(K̃M̃) + 1ᵀK̃1 1ᵀM̃1 / ((n−1)(n−2)) − 2/(n−2) 1ᵀK̃M̃1, where K̃ and M̃ are AAᵀ and BBᵀ
    with 0 on the diagonal. Where the columns of A are centred, the rows of AAᵀ sum to 0, so that K̃1 = −k, with k (n,)
    the diagonal; so it is ‖BᵀA‖² − n/(n−2) kᵀm + 1ᵀk 1ᵀm / ((n−1)(n−2)), of which `product` is the first term.
    """
    n = len(k)
    return float(product - n / (n - 2) * np.vdot(k, m) + k.sum() * m.sum() / ((n - 1) * (n - 2)))


class Slot(Protocol):
    """Where one array of parameters lies in a flat array: the slots of a network plan are such places."""

    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


def weight_cosines(a: NDArray[Any], b: NDArray[Any], slots: Iterable[Slot]) -> NDArray[np.float64]:
    """Return the cosine of the angle between two flat parameter arrays within every slot: (slots,), -1..1.

    1 where the weights differ by a positive factor alone, about 0 ± 1/√n for n unrelated weights, NaN where one of
    them is all 0 or not finite. The arrays belong to networks of the same shape. Raises ValueError if their lengths
    differ.
    """
    if len(a) != len(b):
        raise ValueError(f"Weights of networks of the same shape are compared, not {len(a):,} with {len(b):,} of them.")
    return np.array([_cosine(a[slot.start : slot.stop], b[slot.start : slot.stop]) for slot in slots], np.float64)


def _cosine(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return aᵀb / (|a| |b|) of arrays scaled to their largest entry, so that squares neither vanish nor overflow."""
    largest = float(np.abs(a).max(initial=0.0)), float(np.abs(b).max(initial=0.0))
    if not (0.0 < largest[0] < np.inf and 0.0 < largest[1] < np.inf):
        return float("nan")
    u, v = np.asarray(a, np.float64) / largest[0], np.asarray(b, np.float64) / largest[1]
    return float(np.clip(np.vdot(u, v) / np.sqrt(np.vdot(u, u) * np.vdot(v, v)), -1.0, 1.0))
