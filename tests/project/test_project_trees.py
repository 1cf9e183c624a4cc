"""Differences of trees: they lead from one to the other, and cost what they change."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from nnviz.project.trees import differences_between, with_differences

Pieces = dict[str, bytes]


leaves = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3) | st.binary(max_size=8)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4)
)


@given(before=trees, after=trees)
def test_differences_lead_from_one_tree_to_the_other(before: object, after: object) -> None:
    found = differences_between(before, after)
    assert with_differences(before, found) == after
    assert differences_between(after, after) == []


@given(before=st.binary(max_size=60), start=st.integers(0, 60), added=st.binary(max_size=5))
def test_bytes_are_told_by_what_is_put_between(before: bytes, start: int, added: bytes) -> None:
    after = before[:start] + added + before[start:]
    found = differences_between({"x": before}, {"x": after})
    assert with_differences({"x": before}, found) == {"x": after}
    assert all(len(each["bytes"]) <= len(added) for each in found)
    in_json = json.loads(json.dumps(found, default=lambda content: base64.b64encode(content).decode()))
    assert with_differences({"x": before}, in_json) == {"x": after}


@given(tree=trees, at=st.lists(st.sampled_from(["a", "b", 0, 1, -1]), max_size=3), value=leaves)
def test_differences_that_do_not_fit_are_refused(tree: object, at: list[object], value: object) -> None:
    for difference in (
        {"at": at, "is": value},
        {"at": at, "gone": True},
        {"at": at, "from": 0, "to": 9, "bytes": b"x"},
    ):
        try:
            with_differences(tree, [difference])
        except ValueError:
            continue
