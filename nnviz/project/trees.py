"""What differs between two trees of dicts, lists and plain values, and how to get from one to the other.

Settings that change again and again, a drawing above all, are stored as their first form and these differences.
Bytes count as values of which a part can be replaced, so that another stroke costs what it adds.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

Tree = Any
"""Dicts with text keys, lists, numbers, text, bytes, True, False and None, nested."""

Difference = dict[str, Any]
"""One difference. `at` is the way to the place, keys and list positions. Then one of: `is`, the value there; `gone`;
`from` and `to`, between which `items` of a list or `bytes` take the place of what was there."""


def differences_between(before: Tree, after: Tree, at: tuple[str | int, ...] = ()) -> list[Difference]:
    """Return what leads from one tree to the other, in order; nothing when they are equal."""
    if before is after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[Difference] = [{"at": [*at, key], "gone": True} for key in before if key not in after]
        for key, value in after.items():
            if key in before:
                found += differences_between(before[key], value, (*at, key))
            else:
                found.append({"at": [*at, key], "is": value})
        return found
    if isinstance(before, list) and isinstance(after, list):
        return _in_lists(before, after, at)
    if type(before) is type(after) and before == after:
        return []
    if isinstance(before, bytes) and isinstance(after, bytes):
        start, stop, end = _middle_of_bytes(before, after)
        return [{"at": [*at], "from": start, "to": stop, "bytes": after[start:end]}]
    return [{"at": [*at], "is": after}]


def with_differences(tree: Tree, differences: list[Difference]) -> Tree:
    """Return a tree with differences applied; the one given stays as it is. Raises ValueError where they do not fit."""
    try:
        for difference in differences:
            tree = _with(tree, difference["at"], difference)
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"A difference does not fit: {error}") from error
    return tree


def _in_lists(before: list[Tree], after: list[Tree], at: tuple[str | int, ...]) -> list[Difference]:
    """Return what differs: item by item in what is as long as before, else what is put in between."""
    shorter = min(len(before), len(after))
    start = next((i for i in range(shorter) if not _same(before[i], after[i])), shorter)
    tail = next((i for i in range(shorter - start) if not _same(before[-1 - i], after[-1 - i])), shorter - start)
    stop, end = len(before) - tail, len(after) - tail
    if stop == end:
        pairs = ((i, before[i], after[i]) for i in range(start, stop))
        return [found for i, a, b in pairs for found in differences_between(a, b, (*at, i))]
    return [{"at": [*at], "from": start, "to": stop, "items": after[start:end]}]


def _same(before: Tree, after: Tree) -> bool:
    return before is after or (type(before) is type(after) and before == after)


def _middle_of_bytes(before: bytes, after: bytes) -> tuple[int, int, int]:
    """Return start, end in `before` and end in `after` of what lies between a common beginning and a common end."""
    shorter = min(len(before), len(after))
    a, b = np.frombuffer(before, np.uint8), np.frombuffer(after, np.uint8)
    apart = np.flatnonzero(a[:shorter] != b[:shorter])
    start = int(apart[0]) if len(apart) else shorter
    left = shorter - start
    apart = np.flatnonzero(a[len(a) - left :] != b[len(b) - left :])
    tail = left - 1 - int(apart[-1]) if len(apart) else left
    return start, len(before) - tail, len(after) - tail


def _with(tree: Tree, at: list[str | int], difference: Difference) -> Tree:
    if not at:
        return _replaced(tree, difference)
    key, rest = at[0], at[1:]
    whole = dict(tree) if isinstance(tree, dict) else list(tree)
    if isinstance(whole, list) and not (isinstance(key, int) and 0 <= key < len(whole)):
        raise IndexError(key)
    if not rest and difference.get("gone"):
        del whole[key]  # type: ignore[arg-type]
    elif not rest and "is" in difference:
        whole[key] = difference["is"]  # type: ignore[index]
    else:
        whole[key] = _with(whole[key], rest, difference)  # type: ignore[index]
    return whole


def _replaced(value: Tree, difference: Difference) -> Tree:
    if "is" in difference:
        return difference["is"]
    start, stop = difference["from"], difference["to"]
    if not (isinstance(start, int) and isinstance(stop, int) and 0 <= start <= stop <= len(value)):
        raise ValueError("A difference reaches beyond what it changes.")
    if isinstance(value, list):
        return value[:start] + list(difference["items"]) + value[stop:]
    added = difference["bytes"]
    added = base64.b64decode(added, validate=True) if isinstance(added, str) else added
    return value[:start] + added + value[stop:]
