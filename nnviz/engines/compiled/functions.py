"""Elementary functions of vectors, made of the processor's own arithmetic.

The library functions of C take one number at a time and are half of the time that a small network needs. These
take sixteen: reduce the argument, evaluate a polynomial, put the result together. In single precision they are
within a few units in the last place, in double precision within 1e-14, in the far tails of the normal functions
less; `tests/engines/test_vector_functions.py` holds them against the C library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typing import signature

from nnviz.engines.compiled.caching import inlined
from nnviz.engines.compiled.vectors import (
    LANES,
    absolute,
    exponent_of,
    fma,
    instruction,
    llvm_function,
    mantissa_of,
    nearest,
    square_root,
    times_power_of_two,
    where_less,
    with_sign_of,
)

_SINGLE, _DOUBLE = types.float32, types.float64


def _polynomial(single: Sequence[float], double: Sequence[float]) -> Callable[..., Any]:
    """Return a function x → Σ c[k] xᵏ with coefficients for each precision, evaluated by Horner's rule."""

    @instruction
    def evaluate(typing: Any, x: Any) -> Any:
        chosen = single if x.dtype == _SINGLE else double

        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            vector = args[0].type
            multiply_add = llvm_function(builder, "fmuladd", vector, 3)
            constants = [ir.Constant(vector, [float(c)] * LANES) for c in chosen]
            value = constants[-1]
            for constant in constants[-2::-1]:
                value = builder.call(multiply_add, [value, args[0], constant])
            return value

        return signature(x, x), lower

    made: Callable[..., Any] = evaluate
    return made


def _constant(single: float, double: float) -> Callable[..., Any]:
    """Return a function of a vector that gives a constant of that vector's precision."""
    return _polynomial((single,), (double,))


# ------------------------------------------------------------ exponential and logarithm

_SHIFT = _constant(1.5 * 2.0**23, 1.5 * 2.0**52)  # added and taken away, it leaves a whole number
_ONE = _constant(1.0, 1.0)
_LOWEST = _constant(-87.0, -708.0)  # below, the result would no longer be a normal number
_LN2_HIGH = _constant(0.693359375, 0.693145751953125)  # few bits, so that whole multiples of it are exact
_LN2_LOW = _constant(math.log(2.0) - 0.693359375, 1.42860682030941723212e-6)
_TAYLOR = [1.0 / math.factorial(k) for k in range(14)]
_EXPONENTIAL = _polynomial(_TAYLOR[:8], _TAYLOR)  # |r| ≤ ½ ln 2: the next term is below 5e-9, or 4e-18


@inlined
def exp_of_negative(x: Any) -> Any:
    """Return eˣ for x ≤ 0: 2ⁿ eʳ with x = n ln 2 + r. Below -87 (-708 in double) it stays at e⁻⁸⁷ (e⁻⁷⁰⁸)."""
    x = where_less(x, _LOWEST(x), _LOWEST(x), x)
    shifted = fma(x, 1.0 / math.log(2.0), _SHIFT(x))
    n = shifted - _SHIFT(x)
    r = fma(-n, _LN2_LOW(x), fma(-n, _LN2_HIGH(x), x))
    return times_power_of_two(_EXPONENTIAL(r), shifted)


_ATANH = [1.0 / (2 * k + 1) for k in range(12)]
_ATANH_OVER_S = _polynomial(_ATANH[:5], _ATANH)  # in s², s² ≤ 0.0295: the next term is below 2e-9, or 2e-19


@inlined
def log(x: Any) -> Any:
    """Return ln x for positive normal x: n ln 2 + 2 artanh(s), s = (m - 1) / (m + 1), x = m 2ⁿ."""
    n, m = exponent_of(x), mantissa_of(x)
    s = (m - 1.0) / (m + 1.0)
    return fma(n, _LN2_HIGH(x), fma(n, _LN2_LOW(x), 2.0 * s * _ATANH_OVER_S(s * s)))


@inlined
def log1p(x: Any) -> Any:
    """Return ln(1 + x) for x ≥ 0; what 1 + x rounds away is put back to first order."""
    u = 1.0 + x
    return log(u) + (x - (u - 1.0)) / u


# ------------------------------------------------------------ activations


def _tanh_series(terms: int) -> list[float]:
    """Return the coefficients of tanh(x) / x in x²: the quotient of the series of sinh(x) / x and cosh(x)."""
    sinh = [Fraction(1, math.factorial(2 * k + 1)) for k in range(terms)]
    cosh = [Fraction(1, math.factorial(2 * k)) for k in range(terms)]
    found: list[Fraction] = []
    for k in range(terms):
        found.append(sinh[k] - sum((found[i] * cosh[k - i] for i in range(k)), Fraction(0)))
    return [float(value) for value in found]


_TANH_OVER_X = _polynomial(_tanh_series(5), _tanh_series(12))  # |x| < ¼: the next term is below 1e-8, or 2e-19


@inlined
def tanh(x: Any) -> Any:
    """Return tanh x: its series near 0, where the quotient would lose digits, and (1 - e) / (1 + e), e = exp(-2|x|)."""
    size = absolute(x)
    e = exp_of_negative(-2.0 * size)
    far = with_sign_of((1.0 - e) / (1.0 + e), x)
    return where_less(size, 0.25, x * _TANH_OVER_X(x * x), far)


@inlined
def logistic(x: Any) -> Any:
    """Return 1 / (1 + e⁻ˣ), through exp(-|x|), which cannot overflow."""
    e = exp_of_negative(-absolute(x))
    return where_less(x, 0.0, e, _ONE(x)) / (1.0 + e)


@inlined
def softplus(x: Any) -> Any:
    """Return ln(1 + eˣ) = max(x, 0) + ln(1 + exp(-|x|))."""
    return where_less(x, 0.0, 0.0, x) + log1p(exp_of_negative(-absolute(x)))


# (1 + 2z) exp(z²) erfc(z) in t = (z - 3.75) / (z + 3.75), by interpolation at Chebyshev points: the form of
# Schonfelder 1978, with coefficients computed for nnviz; relative error 6e-9, and 4e-15 with the longer ones.
_ERFC_SINGLE = (
    1.23751263,
    -0.140240659,
    0.00358543802,
    0.0822784339,
    -0.108804565,
    0.0922906917,
    -0.0586882521,
    0.0284094304,
    -0.00976469049,
    0.00167573425,
    0.000325388459,
    -0.000224052049,
    2.36348218e-05,
)
_ERFC_DOUBLE = (
    1.2375126308378264,
    -0.14024059858550575,
    0.0035854154857627857,
    0.082276738487040452,
    -0.10880393015433062,
    0.092304321227711553,
    -0.058693398383975408,
    0.02836227674782648,
    -0.0097465812624944557,
    0.0017556295487634313,
    0.00029372183419192641,
    -0.00029016639136143893,
    5.1624792009427781e-05,
    2.241015775977701e-05,
    -1.1397625287921655e-05,
    -1.0084713725546233e-06,
    1.6939254478276176e-06,
    -2.7685663849700945e-08,
    -2.1321360409864602e-07,
    8.5125594517613314e-09,
    1.7312209083118933e-08,
)
_SCALED_ERFC = _polynomial(_ERFC_SINGLE, _ERFC_DOUBLE)


@inlined
def normal_density(x: Any) -> Any:
    """Return exp(-x²/2) / √(2π)."""
    return exp_of_negative(-0.5 * x * x) * (1.0 / math.sqrt(2.0 * math.pi))


@inlined
def normal_distribution(x: Any) -> Any:
    """Return Φ(x), the share of a standard normal distribution below x: ½ erfc(-x / √2)."""
    z = absolute(x) * math.sqrt(0.5)
    t = (z - 3.75) / (z + 3.75)
    tail = 0.5 * exp_of_negative(-0.5 * x * x) * _SCALED_ERFC(t) / (1.0 + 2.0 * z)
    return where_less(x, 0.0, tail, 1.0 - tail)


_PI_PARTS = (3.140625, 9.67502593994140625e-4, 1.509957990978376432e-7)  # few bits each but the last (Cody & Waite)
_PI_HIGH = _constant(_PI_PARTS[0], 3.141592502593994140625)
_PI_MIDDLE = _constant(_PI_PARTS[1], 1.5099578831723193e-7)
_PI_LOW = _constant(_PI_PARTS[2], 1.0780605716316238e-14)
_SINE = [(-1.0) ** k / math.factorial(2 * k + 1) for k in range(12)]
_COSINE = [(-1.0) ** k / math.factorial(2 * k) for k in range(13)]
_SINE_OVER_R = _polynomial(_SINE[:7], _SINE)  # |r| ≤ π/2: the next term is below 7e-10, or 2e-20
_COSINE_OF_R = _polynomial(_COSINE[:8], _COSINE)


@inlined
def _reduced(x: Any) -> Any:
    """Return r and (-1)ⁿ with x = n π + r, |r| ≤ π/2; never beyond 2, however few digits of x are left for r."""
    n = nearest(x * (1.0 / math.pi))
    r = fma(-n, _PI_LOW(x), fma(-n, _PI_MIDDLE(x), fma(-n, _PI_HIGH(x), x)))
    r = where_less(r, -2.0, -2.0, where_less(2.0, r, 2.0, r))
    return r, 1.0 - 2.0 * absolute(n - 2.0 * nearest(0.5 * n))


@inlined
def sine(x: Any) -> Any:
    """Return sin x; the larger |x|, the fewer digits of its place in the period are left."""
    r, sign = _reduced(x)
    return sign * r * _SINE_OVER_R(r * r)


@inlined
def cosine(x: Any) -> Any:
    """Return cos x."""
    r, sign = _reduced(x)
    return sign * _COSINE_OF_R(r * r)


__all__ = [
    "cosine",
    "exp_of_negative",
    "log",
    "log1p",
    "logistic",
    "normal_density",
    "normal_distribution",
    "sine",
    "softplus",
    "square_root",
    "tanh",
]
