"""The random numbers of training: the order of the samples and the masks of dropout, the same for every engine.

They come from Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), a generator
without state: a number is a function of the seed and of its place, such as step 12, layer 1, sample 3, unit 5.
So any step of any run can be repeated alone, in any order, by any engine. The compiled engine computes the same
function in `compiled/philox.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

log = logging.getLogger(__name__)

Words = NDArray[np.uint32]

ORDER = 0xFFFF_FFFF
"""Third word of the counter for orders of samples; for dropout it is the number of the layer."""

_ROUNDS = 10
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)


def philox(c0: ArrayLike, c1: ArrayLike, c2: ArrayLike, c3: ArrayLike, seed: int) -> tuple[Words, ...]:
    """Return four random words for every counter (c0, c1, c2, c3) of 32-bit numbers; arrays broadcast.

    The key is the seed, of which 64 bits count.
    """
    a, b, c, d = (np.array(word, np.uint64) for word in np.broadcast_arrays(c0, c1, c2, c3))
    low, high = seed & 0xFFFF_FFFF, (seed >> 32) & 0xFFFF_FFFF
    for _ in range(_ROUNDS):  # in place where it can be: most of the time would go to memory
        a *= _MULTIPLIERS[0]
        c *= _MULTIPLIERS[1]
        b ^= np.uint64(low)
        d ^= np.uint64(high)
        next_a, next_c = c >> _HALF, a >> _HALF
        next_a ^= b
        next_c ^= d
        c &= _LOW
        a &= _LOW
        a, b, c, d = next_a, c, next_c, a
        low, high = (low + _WEYL[0]) & 0xFFFF_FFFF, (high + _WEYL[1]) & 0xFFFF_FFFF
    return tuple(word.astype(np.uint32) for word in (a, b, c, d))


def batch_order(seed: int, epoch: int, n: int, batch: int) -> NDArray[np.int64]:
    """Return the order (n,) in which an epoch visits its samples, `batch` at a time.

    Where they all make one batch they come as they lie: the order would change nothing but rounding.
    """
    return epoch_order(seed, epoch, n) if batch < n else np.arange(n)


def epoch_order(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """Return a random order (n,) of the samples, by the shuffle of Fisher, Yates and Durstenfeld.

    The place to swap with is the high half of a random word times the number of places left, which favours some
    places by at most n / 2³² (Lemire 2019).
    """
    words = philox(np.arange(-(-n // 4)), epoch & 0xFFFF_FFFF, ORDER, epoch >> 32, seed)
    drawn: NDArray[np.uint64] = np.stack(words, axis=1).reshape(-1)[:n].astype(np.uint64)
    drawn *= np.arange(1, n + 1, dtype=np.uint64)
    places = (drawn >> _HALF).tolist()
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = places[i]
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


def dropout_words(seed: int, step: int, layer: int, samples: int, units: int) -> Words:
    """Return the random words (samples, units) of one dropout layer in one step; a unit is off below its threshold.

    Four neighbouring units of a sample share one evaluation of the generator. `layer` counts dropout layers.
    """
    place = np.arange(-(-units // 4)) | ((step >> 32) << 24)  # steps have 40 bits, units 26
    words = philox(np.arange(samples)[:, None], step & 0xFFFF_FFFF, layer, place, seed)
    return np.stack(words, axis=2).reshape(samples, -1)[:, :units]


@cache
def fastest_dropout_words() -> Callable[[int, int, int, int, int], Words]:
    """Return a function that gives what `dropout_words` gives: compiled where Numba is here, which is faster."""
    try:
        from nnviz.engines.compiled.philox import fill_dropout_words

        fill_dropout_words(np.empty((1, 1), np.uint32), 0, 0, 0)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong inside a compiler: there is the other one
        log.info("Dropout masks are drawn without Numba: %s", error)
        return dropout_words

    def drawn(seed: int, step: int, layer: int, samples: int, units: int) -> Words:
        words = np.empty((samples, units), np.uint32)
        fill_dropout_words(words, seed, step, layer)
        return words

    return drawn
