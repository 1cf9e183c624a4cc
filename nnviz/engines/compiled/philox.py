"""Philox4x32-10 in compiled code; `engines/random_numbers.py` says what is drawn, and is the reference."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz.engines.compiled.caching import compiled, inlined, internal
from nnviz.engines.random_numbers import ORDER

_ROUNDS = 10
_LOW, _HALF = np.uint64(0xFFFF_FFFF), np.uint64(32)
_FIRST, _SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_LOW, _WEYL_HIGH = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)


@inlined
def philox(a: Any, b: Any, c: Any, d: Any, low: Any, high: Any) -> Any:
    """Return four random words for a counter of four words and a key of two."""
    for _ in range(_ROUNDS):
        left, right = np.uint64(a) * _FIRST, np.uint64(c) * _SECOND
        a = np.uint32(np.uint32(right >> _HALF) ^ b ^ low)
        c = np.uint32(np.uint32(left >> _HALF) ^ d ^ high)
        b, d = np.uint32(right & _LOW), np.uint32(left & _LOW)
        low, high = np.uint32(low + _WEYL_LOW), np.uint32(high + _WEYL_HIGH)
    return a, b, c, d


@compiled
def shuffle(order: Any, words: Any, seed: int, epoch: int) -> None:
    """Set `order` (n,) to the order of an epoch; `words` is room for n random words, rounded up to four."""
    n = order.size
    low, high = np.uint32(seed & 0xFFFF_FFFF), np.uint32((seed >> 32) & 0xFFFF_FFFF)
    early, late, stream = np.uint32(epoch & 0xFFFF_FFFF), np.uint32(epoch >> 32), np.uint32(ORDER)
    for block in range((n + 3) // 4):
        a, b, c, d = philox(np.uint32(block), early, stream, late, low, high)
        words[4 * block], words[4 * block + 1], words[4 * block + 2], words[4 * block + 3] = a, b, c, d
    for i in range(n):
        order[i] = i
    for i in range(n - 1, 0, -1):
        j = np.int64((np.uint64(words[i]) * np.uint64(i + 1)) >> _HALF)
        order[i], order[j] = order[j], order[i]


@compiled
def fill_dropout_words(words: Any, seed: int, step: int, layer: int) -> None:
    """Set `words` (samples, units) to what `random_numbers.dropout_words` returns, many times as fast."""
    samples, units = words.shape
    low, high = np.uint32(seed & 0xFFFF_FFFF), np.uint32((seed >> 32) & 0xFFFF_FFFF)
    early, number = np.uint32(step & 0xFFFF_FFFF), np.uint32(layer)
    for s in range(samples):
        for block in range((units + 3) // 4):
            place = np.uint32(np.uint32(block) | np.uint32((step >> 32) << 24))
            drawn = philox(np.uint32(s), early, number, place, low, high)
            for k in range(min(4, units - 4 * block)):
                words[s, 4 * block + k] = drawn[k]


@internal
def dropout_masks(
    masks: Any, m0: int, width: int, units: int, columns: int, rate: float, seed: int, step: int, layer: int
) -> None:
    """Set what a dropout layer multiplies by in one step, 0 or 1 / (1 - rate): masks[m0 + unit · width + sample]."""
    low, high = np.uint32(seed & 0xFFFF_FFFF), np.uint32((seed >> 32) & 0xFFFF_FFFF)
    early, number = np.uint32(step & 0xFFFF_FFFF), np.uint32(layer)
    threshold = np.uint32(min(int(rate * 2.0**32), 0xFFFF_FFFF))
    kept = masks.dtype.type(1.0 / (1.0 - rate))
    off = masks.dtype.type(0.0)
    for block in range((units + 3) // 4):
        place = np.uint32(np.uint32(block) | np.uint32((step >> 32) << 24))
        first = m0 + 4 * block * width
        for s in range(columns):  # rows beyond the last unit are room that nobody reads
            a, b, c, d = philox(np.uint32(s), early, number, place, low, high)
            masks[first + s] = off if a < threshold else kept
            masks[first + width + s] = off if b < threshold else kept
            masks[first + 2 * width + s] = off if c < threshold else kept
            masks[first + 3 * width + s] = off if d < threshold else kept
