"""The matrix product that forward pass, backward pass and gradient have in common.

All three are sums of numbers times rows: out[r, :] = start[r] + Σ_d x[r, d] · y[d, :], where a row of y is
contiguous and the numbers x may lie anywhere at constant distances. A tile of rows × vectors of the result stays in
registers while d runs, so memory is read once per tile; and every element is one chain of multiply-adds in the order
of d, whatever the tile, so results do not depend on how the work is cut.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature

from nnviz.engines.compiled.caching import internal
from nnviz.engines.compiled.vectors import LANES, at, instruction, llvm_function, masked_store, splat


def _tile(rows: int, columns: int) -> Any:
    """Return a function that computes one tile of rows × (columns · 16) elements of the product.

    Arguments: address of the first element, then distances, of the result (rows), of the numbers (rows and steps),
    of the rows y (steps) and of the starts (rows); the number of steps; and how many lanes of the last vector exist.
    """

    @instruction
    def tile(
        typing: Any,
        out: Any,
        out_row: Any,
        x: Any,
        x_row: Any,
        x_step: Any,
        y: Any,
        y_step: Any,
        start: Any,
        start_row: Any,
        depth: Any,
        lanes: Any,
    ) -> Any:
        n = types.intp
        sig = signature(types.none, out, n, x, n, n, y, n, start, n, n, n)

        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            out, out_row, x, x_row, x_step, y, y_step, start, start_row, depth, lanes = args
            tile = _Tile(context, builder, sig.args[0].dtype, rows, columns)
            tile.begin(start, start_row)
            with cgutils.for_range(builder, depth) as loop:
                row = builder.gep(y, [builder.mul(loop.index, y_step)])
                number = builder.gep(x, [builder.mul(loop.index, x_step)])
                tile.step(number, x_row, row)
            tile.end(out, out_row, lanes)
            return context.get_dummy_value()

        return sig, lower

    return tile


class _Tile:
    """Writes the instructions of one tile."""

    def __init__(self, context: Any, builder: Any, dtype: Any, rows: int, columns: int) -> None:
        self.builder, self.rows, self.columns = builder, rows, columns
        self.align = dtype.bitwidth // 8
        self.vector = ir.VectorType(context.get_value_type(dtype), LANES)
        self.sums = [cgutils.alloca_once(builder, self.vector) for _ in range(rows * columns)]  # become registers

    def begin(self, start: Any, stride: Any) -> None:
        """Fill every row with its start."""
        for r in range(self.rows):
            value = splat(self.builder, self.builder.load(self._row(start, r, stride), align=self.align))
            for c in range(self.columns):
                self.builder.store(value, self.sums[r * self.columns + c])

    def step(self, numbers: Any, stride: Any, row: Any) -> None:
        """Add numbers × row."""
        multiply_add = llvm_function(self.builder, "fmuladd", self.vector, 3)
        right = [self.builder.load(self._vector(row, c), align=self.align) for c in range(self.columns)]
        for r in range(self.rows):
            left = splat(self.builder, self.builder.load(self._row(numbers, r, stride), align=self.align))
            for c in range(self.columns):
                place = self.sums[r * self.columns + c]
                self.builder.store(self.builder.call(multiply_add, [left, right[c], self.builder.load(place)]), place)

    def end(self, out: Any, stride: Any, lanes: Any) -> None:
        """Write the sums; of the last vector only as many lanes as exist."""
        full = self.builder.icmp_signed(">=", lanes, ir.Constant(lanes.type, LANES))
        for r in range(self.rows):
            row = self._row(out, r, stride)
            for c in range(self.columns):
                value = self.builder.load(self.sums[r * self.columns + c])
                if c < self.columns - 1:
                    self.builder.store(value, self._vector(row, c), align=self.align)
                    continue
                with self.builder.if_else(full) as (then, otherwise):
                    with then:
                        self.builder.store(value, self._vector(row, c), align=self.align)
                    with otherwise:
                        masked_store(self.builder, value, self._vector(row, c), lanes, self.align)

    def _row(self, first: Any, number: int, stride: Any) -> Any:
        return self.builder.gep(first, [self.builder.mul(stride, ir.Constant(stride.type, number))])

    def _vector(self, row: Any, number: int) -> Any:
        address = self.builder.gep(row, [ir.Constant(ir.IntType(64), number * LANES)])
        return self.builder.bitcast(address, self.vector.as_pointer())


_tile_8x1, _tile_4x4, _tile_1x4, _tile_1x1 = _tile(8, 1), _tile(4, 4), _tile(1, 4), _tile(1, 1)


@internal
def multiply(
    out: Any,
    out_row: int,
    x: Any,
    x_row: int,
    x_step: int,
    y: Any,
    y_step: int,
    start: Any,
    start_row: int,
    rows: int,
    columns: int,
    depth: int,
) -> None:
    """Set out[r, c] = start[r] + Σ_d x[r, d] · y[d, c] for r < rows, c < columns.

    Arrays are given by the addresses of their first elements: out[r, c] lies r · out_row + c further on, x[r, d]
    r · x_row + d · x_step, y[d, c] d · y_step + c, and start[r] r · start_row. Rows of y must be readable up to a
    multiple of 16.
    """
    c = 0
    while c < columns:
        left = columns - c
        above, r = at(y, c), 0
        if left > 3 * LANES:
            lanes = min(left - 3 * LANES, LANES)
            while r < rows - 3:
                o, w, b = at(out, r * out_row + c), at(x, r * x_row), at(start, r * start_row)
                _tile_4x4(o, out_row, w, x_row, x_step, above, y_step, b, start_row, depth, lanes)
                r += 4
            while r < rows:
                o, w, b = at(out, r * out_row + c), at(x, r * x_row), at(start, r * start_row)
                _tile_1x4(o, out_row, w, x_row, x_step, above, y_step, b, start_row, depth, lanes)
                r += 1
            c += 4 * LANES
        else:
            lanes = min(left, LANES)
            while r < rows - 7:
                o, w, b = at(out, r * out_row + c), at(x, r * x_row), at(start, r * start_row)
                _tile_8x1(o, out_row, w, x_row, x_step, above, y_step, b, start_row, depth, lanes)
                r += 8
            while r < rows:
                o, w, b = at(out, r * out_row + c), at(x, r * x_row), at(start, r * start_row)
                _tile_1x1(o, out_row, w, x_row, x_step, above, y_step, b, start_row, depth, lanes)
                r += 1
            c += LANES
