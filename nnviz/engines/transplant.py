"""Carrying the state of one network over to another one: what both have goes on, what is new begins."""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.engine import EngineState
from nnviz.network.shapes import NetworkPlan, ParameterSlot, Stage


def transplanted(state: EngineState, before: NetworkPlan, after: NetworkPlan, fresh: EngineState) -> EngineState:
    """Return the state of a network `after` a change of its layers, from the one `before`.

    Layers that both have, in the same order and with arrays of the same shapes, keep parameters, what the optimizer
    remembers of them, and buffers. The others are taken from `fresh`, the state of the new network at its start; the
    optimizer remembers nothing of them.
    """
    pairs = common_stages(before, after)
    places = [
        (slice(old.start, old.stop), slice(new.start, new.stop))
        for a, b in pairs
        for old, new in zip(_slots(before, a), _slots(after, b), strict=True)
    ]

    def carried(old: NDArray[Any], start: NDArray[Any]) -> NDArray[Any]:
        whole = start.copy()
        for source, target in places:
            whole[target] = old[source]
        return whole

    nothing = np.zeros_like(fresh.parameters)
    memory = {name: carried(array, nothing) if array.ndim else array.copy() for name, array in state.optimizer.items()}
    moved = {f"{a}.": f"{b}." for a, b in pairs}
    buffers = {name: array.copy() for name, array in fresh.buffers.items()}
    for name, array in state.buffers.items():
        place, dot, rest = name.partition(".")
        new = moved.get(place + dot, "") + rest
        if new in buffers and buffers[new].shape == array.shape:
            buffers[new] = array.copy()
    return replace(
        state,
        parameters=carried(state.parameters, fresh.parameters),
        gradients=carried(state.gradients, nothing),
        updates=carried(state.updates, nothing),
        buffers=buffers,
        optimizer=memory,
    )


def common_stages(before: NetworkPlan, after: NetworkPlan) -> list[tuple[int, int]]:
    """Return the pairs of stages with parameters that two networks have in common, as (before, after) numbers."""
    old, new = _with_parameters(before), _with_parameters(after)
    matcher = SequenceMatcher(None, [_key(stage) for stage in old], [_key(stage) for stage in new], autojunk=False)
    return [
        (old[block.a + i].index, new[block.b + i].index)
        for block in matcher.get_matching_blocks()
        for i in range(block.size)
    ]


def _with_parameters(plan: NetworkPlan) -> list[Stage]:
    return [stage for stage in plan.stages if stage.parameters]


def _key(stage: Stage) -> tuple[Any, ...]:
    return stage.layer.kind, stage.role, tuple((p.name, p.shape) for p in stage.parameters)


def _slots(plan: NetworkPlan, stage: int) -> list[ParameterSlot]:
    return [slot for slot in plan.slots if slot.stage == stage]
