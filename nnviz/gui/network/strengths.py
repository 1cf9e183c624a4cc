"""How strong the links of the network picture are. numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.network.shapes import NetworkPlan, ParameterSlot, drawn_stage
from nnviz.probes.unit_maps import MOST_UNITS


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Links:
    """The links into one picture column: `values` (units, units before) for the drawn units, signed.

    `relative` is the same divided by the largest magnitude of the whole column, so within -1..1.
    """

    column: int
    values: NDArray[Any]
    relative: NDArray[Any]


def link_strengths(plan: NetworkPlan, flat: NDArray[Any]) -> tuple[Links, ...]:
    """Return the links of every column after the input's, from all parameters (or gradients) in network order.

    Between single numbers a link is the weight. Where it stands for several weights (a filter's window, or
    the pixels of a feature map) it is their Euclidean norm with the sign of their sum.
    """
    slots = {slot.stage: slot for slot in plan.weight_slots}
    columns, found = plan.picture(), []
    for number in range(1, len(columns)):
        slot = slots.get(columns[number][0].index)
        if slot is None:
            continue
        values = _pairs(slot, _units_before(plan, columns[number - 1]), flat)
        largest = float(np.abs(values).max(initial=0.0))
        shown = values[:MOST_UNITS, :MOST_UNITS]
        scale = largest if np.isfinite(largest) and largest > 0 else 1.0
        found.append(Links(number, shown, np.nan_to_num(shown / scale, posinf=1.0, neginf=-1.0)))
    return tuple(found)


def _units_before(plan: NetworkPlan, column: Any) -> int:
    stage = drawn_stage(column)
    shape = plan.input_shape if stage is None else stage.output_shape
    return int(shape[0]) if shape else 1


def _pairs(slot: ParameterSlot, before: int, flat: NDArray[Any]) -> NDArray[Any]:
    """Return signed strengths (units, units before)."""
    weights = slot.view(flat)
    if weights.ndim == 2 and weights.shape[1] == before:
        return weights
    grouped = weights.reshape(len(weights), before, -1)
    norms: NDArray[Any] = np.linalg.norm(grouped, axis=2) * np.sign(grouped.sum(axis=2))
    return norms
