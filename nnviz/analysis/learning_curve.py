"""How the error falls with the number of training samples: a power law, how sure it is, and where it leads.

Cortes, Jackel, Solla, Vapnik & Denker 1994 (Learning curves: asymptotic values and rate of convergence, eq. 3):
error(n) = a + b n^−c, where a is the error that no number of samples removes. Hestness et al. 2017 (Deep learning
scaling is predictable, empirically, eq. 2) find it over many orders of magnitude, with c from 0.07 to 0.5. It need not
hold between very few samples, where the network only guesses, and beyond those that were tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.intervals import CONFIDENCE, Interval
from nnviz.analysis.paired import t_quantile

Floats = NDArray[np.float64]

FEWEST_SIZES = 4
"""Sizes that a law with three numbers needs, so that one is left to contradict it."""

EXPONENTS = (0.01, 10.0)
"""The exponents that are looked at: at the ends the law is a logarithm, or a step down to the floor."""

_FEWEST_LEFT = 5
"""Sizes that stay when small ones are left out."""

_DOUBT = 2.3263478740408408
"""The 99 % quantile of the normal distribution: chance contradicts a true law as much once in 100 times."""

_DOUBTFUL = (
    "But the errors do not follow a power law: they lie further from it than chance explains, so that what it says of "
    "other sizes is not to be trusted."
)

_GRID, _ZOOM, _TURNS = 160, 9, 9
_DRAWS = 1_000
_NORMAL_95 = 1.959963984540054
_FAR = 10.0
"""How many times more samples than were tried are far beyond them."""


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """error(n) = floor + scale · n^−exponent; the three have one shape: () for one law, (laws,) for many."""

    floor: Floats
    scale: Floats
    exponent: Floats

    def at(self, sizes: NDArray[Any]) -> Floats:
        """Return the errors at some sizes (k,): (k,) for one law, (laws, k) for many."""
        n = np.asarray(sizes, np.float64)
        floor, scale, exponent = (np.asarray(each)[..., None] for each in (self.floor, self.scale, self.exponent))
        return np.asarray(floor + scale * n**-exponent)

    def samples_for(self, error: float) -> Floats:
        """Return how many samples reach an error, (error − a) / b to the power −1/c; infinite where none do."""
        above = error - np.asarray(self.floor, np.float64)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            samples = (np.asarray(self.scale) / above) ** (1.0 / np.asarray(self.exponent))
        return np.where(above > 0.0, samples, np.inf)


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """A law fitted to the mean errors over seeds, and the laws fitted to seeds drawn anew.

    sizes (k,), ascending, that it is fitted to, `left_out` of the smallest not among them; mean (k,) and error (k,):
    mean over seeds and its standard error, NaN with one seed. `draws` is None with fewer than two seeds. `fits` is not
    set where the means lie further from the law than their spread over seeds explains.
    """

    sizes: Floats
    mean: Floats
    error: Floats
    law: PowerLaw
    draws: PowerLaw | None
    seeds: int
    left_out: int = 0
    fits: bool = True

    def band(self, sizes: NDArray[Any], confidence: float = CONFIDENCE) -> tuple[Floats, Floats] | None:
        """Return the interval of the law at some sizes, two arrays (k,); None with one seed."""
        if self.draws is None:
            return None
        tail = 50.0 * (1.0 - confidence)
        low, high = np.percentile(self.draws.at(sizes), [tail, 100.0 - tail], axis=0)
        return low, high

    def samples_for(self, error: float, confidence: float = CONFIDENCE) -> tuple[float, Interval | None]:
        """Return how many samples reach an error by the law, infinite if none do, and the interval of that number."""
        best = float(self.law.samples_for(error))
        if self.draws is None:
            return best, None
        tail = 50.0 * (1.0 - confidence)
        found = self.draws.samples_for(error)
        low, high = np.percentile(found, [tail, 100.0 - tail], method="nearest")  # nothing lies between 7 and infinity
        return best, Interval(float(low), float(high))

    def floor(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Return the interval of the error that no number of samples removes; None with one seed."""
        if self.draws is None:
            return None
        tail = 50.0 * (1.0 - confidence)
        low, high = np.percentile(self.draws.floor, [tail, 100.0 - tail])
        return Interval(float(low), float(high))


def fit_power_law(sizes: NDArray[Any], errors: NDArray[Any], weights: NDArray[Any] | None = None) -> PowerLaw:
    """Return the laws with a ≥ 0, b ≥ 0 and c in `EXPONENTS` that fit errors (k,) or (laws, k) at sizes (k,) best.

    What is smallest is Σ weights (error − a − b n^−c)²; `weights` (k,) are 1 unless given. For every c that is linear
    in a and b, so that c alone is searched (variable projection, Golub & Pereyra 1973): on a grid, then more and more
    finely around its best point. A bound that is violated is met with equality, which solves two variables exactly
    (Lawson & Hanson 1974, chapter 23). Where the law is flat (b = 0) c means nothing.
    """
    n, y = np.asarray(sizes, np.float64), np.atleast_2d(np.asarray(errors, np.float64))
    w = np.ones_like(n) if weights is None else np.asarray(weights, np.float64)
    unit = float(np.exp(np.mean(np.log(n))))  # powers of n / unit are near 1, whatever the exponent
    logs, w = np.log(n / unit), w / w.sum()
    step = math.log(EXPONENTS[1] / EXPONENTS[0]) / (_GRID - 1)
    places = np.broadcast_to(math.log(EXPONENTS[0]) + step * np.arange(_GRID), (len(y), _GRID))
    for _ in range(_TURNS):
        at = places[np.arange(len(y)), _linear(logs, y, w, np.exp(places))[2].argmin(axis=1)]
        spread = np.linspace(-step, step, _ZOOM)
        places = np.clip(at[:, None] + spread, *np.log(EXPONENTS))
        step = 2.0 * step / (_ZOOM - 1)
    a, b, squares = _linear(logs, y, w, np.exp(places))
    best = squares.argmin(axis=1)
    rows = np.arange(len(y))
    c = np.exp(places[rows, best])
    shape = np.asarray(errors).shape[:-1]
    scale = b[rows, best] * unit**c
    return PowerLaw(a[rows, best].reshape(shape), scale.reshape(shape), c.reshape(shape))


def _linear(logs: Floats, y: Floats, w: Floats, c: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the best a ≥ 0, b ≥ 0 and the sum of squares for laws (r, k) and exponents (r, c): each (r, c).

    `w` sums to 1, so that weighted sums are means.
    """
    u = np.exp(-c[:, :, None] * logs)  # (r, c, k)
    mean_u, mean_y = u @ w, (y @ w)[:, None]
    square_u = (u * u) @ w
    product = np.einsum("rck,rk->rc", u, y * w)
    variance = np.maximum(square_u - mean_u**2, 1e-300)
    b = (product - mean_u * mean_y) / variance
    a = mean_y - b * mean_u
    b = np.where(a < 0.0, product / square_u, b)
    a = np.where(a < 0.0, 0.0, a)
    a, b = np.where(b < 0.0, np.maximum(mean_y, 0.0), a), np.maximum(b, 0.0)
    residual = y[:, None, :] - a[:, :, None] - b[:, :, None] * u
    return a, b, residual**2 @ w


def weights_of(sizes: NDArray[Any], errors: NDArray[Any]) -> Floats:
    """Return weights (k,) for the means over seeds of errors (seeds, k) at sizes (k,): one over their variances.

    Variances over few seeds are unsure themselves, over five by a factor of 3, and a size whose seeds agree by chance
    would rule the fit. They are therefore taken from the straight line through their logarithms over log n. With one
    seed, or none that differs from the others, all weights are 1.
    """
    values = np.asarray(errors, np.float64)
    if len(values) < 2:
        return np.ones(values.shape[1])
    variance = _variances(values)
    known = variance > 0.0
    if not known.any():
        return np.ones(len(variance))
    x, y = np.log(np.asarray(sizes, np.float64)), np.log(np.where(known, variance, 1.0))
    spread = float(np.sum((x[known] - x[known].mean()) ** 2))
    slope = float(np.sum((x[known] - x[known].mean()) * y[known]) / spread) if spread > 0.0 else 0.0
    smooth = np.exp(y[known].mean() + slope * (x - x[known].mean()))
    return np.asarray(smooth.min() / smooth)


def _variances(values: Floats) -> Floats:
    """Return the variances over seeds of errors (seeds, k), 0 where the seeds agree up to rounding."""
    variance = values.var(axis=0, ddof=1)
    return np.where(variance > 1e-24 * values.mean(axis=0) ** 2, variance, 0.0)


def fit_learning_curve(sizes: NDArray[Any], errors: NDArray[Any], draws: int = _DRAWS) -> LearningCurve:
    """Return the law behind errors (seeds, k) at ascending sizes (k,), and how sure it is.

    It is fitted to the means over seeds with `weights_of`, and again to those of `draws` bootstrap samples of seeds
    (Efron 1979): whole seeds, since the subsets of one seed lie in each other and err together. So few seeds vary too
    little when they are drawn anew, and their percentiles are too narrow (Hesterberg 2015, What teachers should know
    about the bootstrap, section 4.4.1); means drawn are therefore moved away from the mean by √(K / (K − 1)) t / z,
    with t and z the quantiles of Student's distribution with K − 1 degrees of freedom and of the normal one. The same
    errors give the same numbers.

    The smallest sizes, where a network hardly does better than guessing, are before the law begins (Hestness et al.
    2017, figure 6): they are left out one by one as long as what is left contradicts the law, see `contradicted`. Where
    that leads nowhere all stay, and `fits` is not set. Raises ValueError for fewer than `FEWEST_SIZES` sizes or an
    error that is not finite.
    """
    n, values = np.asarray(sizes, np.float64), np.asarray(errors, np.float64)
    if len(n) < FEWEST_SIZES or not np.isfinite(values).all():
        raise ValueError(f"A learning curve needs finite errors at {FEWEST_SIZES} sizes or more, not {len(n)}.")
    most = max(0, len(n) - _FEWEST_LEFT)
    out = next((each for each in range(most + 1) if not contradicted(n[each:], values[:, each:])), None)
    fits, out = out is not None, out or 0
    n, values = n[out:], values[:, out:]
    seeds, mean, weights = len(values), values.mean(axis=0), weights_of(n, values)
    law = fit_power_law(n, mean, weights)
    if seeds < 2:
        return LearningCurve(n, mean, np.full(len(n), np.nan), law, None, seeds)
    widen = math.sqrt(seeds / (seeds - 1)) * t_quantile(seeds - 1) / _NORMAL_95
    chosen = np.random.default_rng(len(n)).integers(0, seeds, (draws, seeds))
    means = mean + widen * (values[chosen].mean(axis=1) - mean)
    error = values.std(axis=0, ddof=1) / math.sqrt(seeds)
    return LearningCurve(n, mean, error, law, fit_power_law(n, means, weights), seeds, out, fits)


def contradicted(sizes: NDArray[Any], errors: NDArray[Any]) -> bool:
    """Say whether errors (seeds, k) at sizes (k,) contradict the best power law, at a level of 1 %.

    Σ (mean − law)² / s² is compared with the 99 % quantile of χ² with k − 3 degrees of freedom (Wilson & Hilferty
    1931), where s² are the smoothed variances of the means, as in `weights_of`. Since the subsets of a seed lie in each
    other, means err together and χ² comes out rather too small: it is slow to contradict. One seed contradicts nothing,
    nor do four sizes or fewer.
    """
    values, freedom = np.asarray(errors, np.float64), len(sizes) - 3
    if len(values) < 2 or freedom < 2:
        return False
    variance = _variances(values)
    if not (variance > 0.0).any():
        return False
    weights = weights_of(sizes, values)
    mean = values.mean(axis=0)
    residual = mean - fit_power_law(sizes, mean, weights).at(sizes)
    known = variance > 0.0
    level = float(np.exp(np.mean(np.log(variance[known] * weights[known]))))  # of the straight line at weight 1
    square = float(np.sum(residual**2 * weights)) / (level / len(values))
    spread = 2.0 / (9.0 * freedom)
    return square > freedom * (1.0 - spread + _DOUBT * math.sqrt(spread)) ** 3


def law_sentence(curve: LearningCurve, target: str = "") -> str:
    """Return the law in words; `target` is what a regression predicts, empty for classes."""
    what = f"Test RMSE of {target}" if target else "Test error"
    floor, scale, exponent = (float(each) for each in (curve.law.floor, curve.law.scale, curve.law.exponent))
    doubt = "" if curve.fits else f" {_DOUBTFUL}"
    if scale * float(curve.sizes[0]) ** -exponent <= 1e-3 * floor:
        flat = f"{what} does not fall with more samples over the sizes tried: it stays near {_shown(floor, target)}."
        return flat + doubt
    interval = curve.floor()
    between = f" (95 %: {_span(interval, target)})" if interval is not None and interval.high > 0.0 else ""
    text = f"{what} ≈ {_shown(floor, target)}{between} + {_factor(scale, target)} · n^−{exponent:.2f}."
    if exponent > 0.99 * EXPONENTS[1]:
        text += " It falls to its floor at once: only the smallest sizes lie above it, and say little of how it falls."
    elif exponent < 1.01 * EXPONENTS[0]:
        text += " It falls like a logarithm: these sizes do not show an end to it."
    if curve.left_out == 1:
        text += " The smallest size does not follow it and is left out."
    elif curve.left_out:
        text += f" The {curve.left_out} smallest sizes do not follow it and are left out."
    return text + doubt


def reach_sentence(curve: LearningCurve, error: float, target: str = "") -> str:
    """Return how many training samples would reach an error, with its interval, or why none would.

    Errors are shares of wrong answers, or with `target` root mean squared errors in its units.
    """
    wanted = f"a test RMSE of {_shown(error, target)}" if target else f"{_shown(error)} test error"
    samples, interval = curve.samples_for(error)
    floor = float(curve.law.floor)
    if math.isinf(samples):
        bounds = curve.floor()
        between = f" (95 %: {_span(bounds, target)})" if bounds is not None else ""
        text = f"By this law no number of samples reaches {wanted}: its floor is {_shown(floor, target)}{between}."
        if interval is not None and curve.sizes[-1] < interval.low < math.inf:
            text += f" It is not ruled out either: from about {counted(interval.low)} samples on it could be."
        return text
    if samples <= curve.sizes[0]:
        return f"The fewest that were tried, {counted(float(curve.sizes[0]))} training samples, reach {wanted} already."
    text = f"About {counted(samples)} training samples reach {wanted}"
    if interval is not None and math.isinf(interval.high):
        text += f" (95 %: {counted(interval.low)} or more, and perhaps never)"
    elif interval is not None:
        text += f" (95 %: {counted(interval.low)} to {counted(interval.high)})"
    largest = float(curve.sizes[-1])
    if samples <= largest:
        return f"{text}, which is within the sizes tried."
    text += f", {_times(samples / largest)} the {largest:,.0f} that there are."
    if samples > _FAR * largest:
        text += " That is far beyond the sizes tried, where nothing says that the law still holds."
    return text


def _shown(error: float, target: str = "") -> str:
    return f"{error:.3g}" if target else f"{100 * error:.3g} %"


def _span(interval: Interval, target: str) -> str:
    if target:
        return f"{interval.low:.3g} to {interval.high:.3g}"
    return f"{100 * interval.low:.3g} to {100 * interval.high:.3g} %"


def _factor(scale: float, target: str) -> str:
    size = scale if target else 100 * scale
    text = f"{size:,.0f}" if 1e3 <= size < 1e6 else f"{size:.3g}"
    return text if target else f"{text} %"


def _times(factor: float) -> str:
    return f"{factor:.2g} times" if factor < 100 else f"{counted(factor)} times"


def counted(samples: float) -> str:
    """Return a number of samples with two significant figures, as none of these is known better."""
    if samples >= 1e12:
        return f"10^{math.log10(samples):.0f}"
    digits = max(0, math.floor(math.log10(max(samples, 1.0))) - 1)
    return f"{round(samples / 10**digits) * 10**digits:,}"
