"""The largest eigenvalue of a matrix that nobody can write down, from its products with vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Product = Callable[[Floats], Floats]
"""Returns H v for a vector v (n,), H symmetric."""

_SURE = 12
"""Steps before convergence is believed: a random start has some of every eigenvector, though maybe little."""

_EVERY = 3
"""Steps between two looks whether it has converged."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Eigenpair:
    """An eigenvalue and its unit eigenvector (n,). `error` is ‖H v − value v‖: some eigenvalue is at most so far away.

    `products` counts how many products with H it took.
    """

    value: float
    vector: Floats
    error: float
    products: int


def largest_eigenpair(
    product: Product, size: int, *, tolerance: float = 1e-5, most: int = 120, seed: int = 0
) -> Eigenpair:
    """Return the largest eigenvalue, by sign and not by size, of a symmetric matrix (size, size) and its eigenvector.

    The Lanczos process (Lanczos 1950; Golub & Van Loan 2013, algorithm 10.1.1) from a random start: after m steps the
    matrix, seen from the space that v, H v, …, H^(m−1) v span, is tridiagonal with the diagonal α and its neighbours
    β, and its largest eigenvalue θ = (Q s)ᵀ H (Q s) is found from that. Every new direction is made orthogonal to
    all before, twice, without which rounding brings found eigenvalues back as copies (Parlett 1998, section 6.9; "twice
    is enough"). It ends when the residual ‖H y − θ y‖ = β_m |s_m| falls below `tolerance` |θ|, or after `most` steps;
    the error of θ itself is at most the residual, and about its square over the gap to the next eigenvalue.

    NaN where a product is not finite. Raises ValueError for a matrix of no rows.
    """
    if size < 1:
        raise ValueError(f"A matrix of {size} rows has no eigenvalue.")
    steps = min(size, most)
    basis = np.zeros((steps, size))
    alpha, beta = np.zeros(steps), np.zeros(steps)
    start = np.random.default_rng(seed).normal(size=size)
    basis[0] = start / np.linalg.norm(start)
    for m in range(steps):
        image = np.asarray(product(basis[m]), np.float64)
        if not np.isfinite(image).all():
            return Eigenpair(float("nan"), basis[0], float("nan"), m + 1)
        alpha[m] = basis[m] @ image
        known = basis[: m + 1]
        for _ in range(2):
            image = image - (known @ image) @ known
        beta[m] = np.linalg.norm(image)
        size_of_all = float(np.abs(alpha[: m + 1]).max() + beta[: m + 1].max())  # half of the norm or more
        last = m + 1 == steps or beta[m] <= 1e-13 * size_of_all  # or nothing is left outside of what the start spans
        if last or (m + 1 >= _SURE and (m + 1) % _EVERY == 0):
            values, vectors = np.linalg.eigh(_tridiagonal(alpha[: m + 1], beta[:m]))
            theta, residual = float(values[-1]), float(beta[m] * abs(vectors[-1, -1]))
            if last or residual <= tolerance * abs(theta):
                break
        basis[m + 1] = image / beta[m]
    vector = vectors[:, -1] @ known
    return Eigenpair(theta, vector / np.linalg.norm(vector), residual, m + 1)


def _tridiagonal(diagonal: Floats, beside: Floats) -> Floats:
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
