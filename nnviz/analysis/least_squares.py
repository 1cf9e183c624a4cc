"""Least squares without a penalty, where theory says exactly what to expect: more features than samples included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def ridgeless_risk(n: int, p: int, signal: float, noise: float) -> float:
    """Return the expected excess risk E‖β̂ − β‖² of the least-squares solution β̂ of smallest norm.

    n samples with p features each, independent standard normal; targets xᵀβ + ε with ‖β‖² = `signal` and
    Var ε = `noise`. The mean is over samples and noise and is exact for every n; for isotropic features it equals the
    mean squared error on new samples minus `noise`.

        p < n − 1:  noise · p / (n − p − 1)
        p > n + 1:  signal · (1 − n/p) + noise · n / (p − n − 1)

    and infinite in between, where the mean of the inverse Wishart matrix does not exist. Hastie, Montanari, Rosset &
    Tibshirani 2019 (Surprises in high-dimensional ridgeless least squares interpolation), sections 3.2 and 4.
    """
    if p < n - 1:
        return noise * p / (n - p - 1)
    if p > n + 1:
        return signal * (1.0 - n / p) + noise * n / (p - n - 1)
    return math.inf


def smallest_solution(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """Return the β (p,) of smallest norm among those that minimise ‖y − Xβ‖, for X (n, p) of full rank and y (n,).

    β = R⁻¹Qᵀy with X = QR where X has at least as many rows as columns, else β = Xᵀ(XXᵀ)⁻¹y (Golub & Van Loan 2013,
    sections 5.3.3 and 5.6.2). The second loses twice as many digits to the condition of X as a QR decomposition of
    Xᵀ would, which takes many times as long.
    """
    if x.shape[0] >= x.shape[1]:
        q, r = np.linalg.qr(x)
        return np.asarray(np.linalg.solve(r, q.T @ y), np.float64)
    return np.asarray(x.T @ np.linalg.solve(x @ x.T, y), np.float64)
