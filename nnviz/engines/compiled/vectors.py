"""Vectors of 16 numbers as a Numba type, so that kernels say what the processor's wide registers do.

Numba vectorises loops where its compiler sees that it may; for the short loops of small networks it mostly does
not. Here a vector is a value: `load` and `store` move it, the arithmetic operators and the functions below work on
all lanes. LLVM maps it to one 512-bit register, two of 256 bits or four of 128, whichever the processor has.
The order of every sum is written down in the code, so the same machine gives the same bits again.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.extending import intrinsic, lower_builtin, lower_cast, models, register_model
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate, infer_global

LANES = 16
"""Numbers in a vector; rows of samples are padded to a multiple of it."""


def instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of compiled code from one that says its type and writes its instructions."""
    made: Callable[..., Any] = intrinsic(function)
    return made


class Vector(types.Type):
    """The Numba type of 16 floating-point numbers."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(f"Vector({dtype})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, ir.VectorType(manager.lookup(vector.dtype).get_value_type(), LANES))


def splat(builder: Any, value: Any) -> Any:
    """Write the instructions for a vector whose lanes all hold `value`."""
    vector = ir.VectorType(value.type, LANES)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    nowhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), nowhere)


@lower_cast(types.Number, Vector)
def _number_to_vector(context: Any, builder: Any, fromty: Any, toty: Any, value: Any) -> Any:
    return splat(builder, context.cast(builder, value, fromty, toty.dtype))


# ------------------------------------------------------------ arithmetic


class _Arithmetic(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        vectors = [arg for arg in args if isinstance(arg, Vector)]
        if vectors and all(isinstance(arg, Vector | types.Number) for arg in args):
            return signature(vectors[0], *[vectors[0]] * len(args))
        return None


def _define(function: Any, instruction: str) -> None:
    infer_global(function)(type(f"_{instruction}", (_Arithmetic,), {}))

    @lower_builtin(function, Vector, Vector)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)


for _function, _instruction in {
    operator.add: "fadd",
    operator.sub: "fsub",
    operator.mul: "fmul",
    operator.truediv: "fdiv",
}.items():
    _define(_function, _instruction)

infer_global(operator.neg)(type("_fneg", (_Arithmetic,), {}))


@lower_builtin(operator.neg, Vector)
def _negative(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.fneg(args[0])


def llvm_function(builder: Any, name: str, vector: Any, arguments: int) -> Any:
    """Return the LLVM intrinsic `name` that works on vectors lane by lane, declared in the module being written."""
    full = f"llvm.{name}.{_suffix(vector.element)}"
    known = builder.module.globals.get(full)
    kind = ir.FunctionType(vector, [vector] * arguments)
    return known if known is not None else ir.Function(builder.module, kind, name=full)


def _suffix(element: Any) -> str:
    return f"v{LANES}f{32 if isinstance(element, ir.FloatType) else 64}"


def _llvm(builder: Any, name: str, *args: Any) -> Any:
    """Call an LLVM intrinsic that works lane by lane."""
    return builder.call(llvm_function(builder, name, args[0].type, len(args)), args)


@instruction
def fma(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a · b + c, rounded once where the processor can."""
    vector = next(each for each in (a, b, c) if isinstance(each, Vector))

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _llvm(builder, "fmuladd", *args)

    return signature(vector, vector, vector, vector), lower


@instruction
def square_root(typing: Any, a: Any) -> Any:
    """Return √a."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _llvm(builder, "sqrt", args[0])

    return signature(a, a), lower


@instruction
def absolute(typing: Any, a: Any) -> Any:
    """Return |a|."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _llvm(builder, "fabs", args[0])

    return signature(a, a), lower


@instruction
def nearest(typing: Any, a: Any) -> Any:
    """Return the whole number nearest to a."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _llvm(builder, "rint", args[0])

    return signature(a, a), lower


@instruction
def with_sign_of(typing: Any, size: Any, sign: Any) -> Any:
    """Return `size` with the signs of `sign`."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _llvm(builder, "copysign", *args)

    return signature(size, size, size), lower


@instruction
def where_less(typing: Any, a: Any, b: Any, then: Any, otherwise: Any) -> Any:
    """Return `then` in the lanes where a < b, and `otherwise` in all others, also where a or b is NaN."""
    vector = next(each for each in (a, b, then, otherwise) if isinstance(each, Vector))

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return signature(vector, vector, vector, vector, vector), lower


@instruction
def times_power_of_two(typing: Any, a: Any, shifted: Any) -> Any:
    """Return a · 2ⁿ, where `shifted` is n + 1.5 · 2^(bits of the mantissa): its low bits hold n.

    The result must be a normal number, which the caller sees to.
    """

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits, mantissa = (32, 23) if sig.return_type.dtype == types.float32 else (64, 52)
        whole = ir.VectorType(ir.IntType(bits), LANES)
        power = builder.shl(builder.bitcast(args[1], whole), ir.Constant(whole, [mantissa] * LANES))
        return builder.bitcast(builder.add(builder.bitcast(args[0], whole), power), args[0].type)

    return signature(a, a, a), lower


@instruction
def exponent_of(typing: Any, a: Any) -> Any:
    """Return the n for which a = m · 2ⁿ with √½ ≤ m < √2, for positive normal a."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.sitofp(_exponent(builder, sig, args[0])[0], args[0].type)

    return signature(a, a), lower


@instruction
def mantissa_of(typing: Any, a: Any) -> Any:
    """Return the m for which a = m · 2ⁿ with √½ ≤ m < √2, for positive normal a."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole, shift = _exponent(builder, sig, args[0])
        bits = builder.bitcast(args[0], whole.type)
        return builder.bitcast(builder.sub(bits, builder.shl(whole, shift)), args[0].type)

    return signature(a, a), lower


def _exponent(builder: Any, sig: Any, value: Any) -> tuple[Any, Any]:
    """Return n as whole numbers, and the shift that brings it into the place of the exponent."""
    single = sig.return_type.dtype == types.float32
    bits, mantissa, root = (32, 23, 0x3F3504F3) if single else (64, 52, 0x3FE6A09E667F3BCD)  # the bits of √½
    vector = ir.VectorType(ir.IntType(bits), LANES)
    shift = ir.Constant(vector, [mantissa] * LANES)
    whole = builder.sub(builder.bitcast(value, vector), ir.Constant(vector, [root] * LANES))
    return builder.ashr(whole, shift), shift


# ------------------------------------------------------------ between vectors and numbers


@instruction
def spread(typing: Any, number: Any) -> Any:
    """Return a vector whose lanes all hold `number`."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return splat(builder, args[0])

    return signature(Vector(number), number), lower


@instruction
def total(typing: Any, a: Any) -> Any:
    """Return the sum of all lanes: halves are added to each other until one is left."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _sum_of(builder, args[0])

    return signature(a.dtype, a), lower


@instruction
def total64(typing: Any, a: Any) -> Any:
    """Return the sum of all lanes in double precision, halves first."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _sum_of(builder, _widened(builder, args[0]))

    return signature(types.float64, a), lower


@instruction
def square_total64(typing: Any, a: Any) -> Any:
    """Return the sum of the squares of all lanes in double precision, halves first."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = _widened(builder, args[0])
        return _sum_of(builder, builder.fmul(wide, wide))

    return signature(types.float64, a), lower


def _widened(builder: Any, value: Any) -> Any:
    double = ir.VectorType(ir.DoubleType(), LANES)
    return value if value.type == double else builder.fpext(value, double)


def _sum_of(builder: Any, value: Any) -> Any:
    width = LANES
    while width > 1:
        width //= 2
        low, high = (_lanes(range(start, start + width)) for start in (0, width))
        value = builder.fadd(builder.shuffle_vector(value, value, low), builder.shuffle_vector(value, value, high))
    return builder.extract_element(value, ir.Constant(ir.IntType(32), 0))


@instruction
def first_lanes(typing: Any, a: Any, count: Any) -> Any:
    """Return the first `count` lanes, all if it is 16 or more, and 0 in the others."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = ir.Constant(args[0].type, [0.0] * LANES)
        return builder.select(_below(builder, args[1]), args[0], zero)

    return signature(a, a, types.int64), lower


def _lanes(numbers: Any) -> Any:
    numbers = list(numbers)
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)


def _below(builder: Any, count: Any) -> Any:
    """Return a mask: whether the number of each lane is below `count`."""
    counts = splat(builder, builder.trunc(count, ir.IntType(32)))
    return builder.icmp_signed("<", _lanes(range(LANES)), counts)


# ------------------------------------------------------------ memory


def place(context: Any, builder: Any, kind: Any, memory: Any, index: Any) -> Any:
    """Write the instructions for the address of an element of a contiguous array, or of what `at` returned."""
    data = memory if isinstance(kind, types.CPointer) else context.make_array(kind)(context, builder, memory).data
    return builder.gep(data, [index])


@instruction
def at(typing: Any, memory: Any, index: Any) -> Any:
    """Return the address of an element of a contiguous array: one number to pass on, where an array is seven."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return place(context, builder, sig.args[0], *args)

    return signature(types.CPointer(memory.dtype), memory, types.intp), lower


def _as_vector(builder: Any, address: Any, element: Any) -> Any:
    return builder.bitcast(address, ir.VectorType(element, LANES).as_pointer())


@instruction
def load(typing: Any, memory: Any, index: Any) -> Any:
    """Return the 16 numbers from `index` on of a contiguous array, whatever its shape, or from an address on."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        element = context.get_value_type(sig.args[0].dtype)
        address = place(context, builder, sig.args[0], *args)
        return builder.load(_as_vector(builder, address, element), align=sig.args[0].dtype.bitwidth // 8)

    return signature(Vector(memory.dtype), memory, types.intp), lower


@instruction
def store(typing: Any, memory: Any, index: Any, value: Any) -> Any:
    """Set the 16 numbers from `index` on."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = place(context, builder, sig.args[0], args[0], args[1])
        target = _as_vector(builder, address, args[2].type.element)
        builder.store(args[2], target, align=sig.args[0].dtype.bitwidth // 8)
        return context.get_dummy_value()

    return signature(types.none, memory, types.intp, Vector(memory.dtype)), lower


@instruction
def store_first(typing: Any, memory: Any, index: Any, value: Any, count: Any) -> Any:
    """Set the first `count` numbers from `index` on, 16 at most, and leave alone what follows."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        target = _as_vector(builder, place(context, builder, sig.args[0], args[0], args[1]), args[2].type.element)
        masked_store(builder, args[2], target, args[3], sig.args[0].dtype.bitwidth // 8)
        return context.get_dummy_value()

    return signature(types.none, memory, types.intp, Vector(memory.dtype), types.int64), lower


def masked_store(builder: Any, value: Any, target: Any, count: Any, align: int) -> None:
    """Write the instructions that store the first `count` lanes of `value` at the address `target`."""
    mask = _below(builder, count)
    number = ir.Constant(ir.IntType(32), align)
    kind = ir.FunctionType(ir.VoidType(), [value.type, target.type, number.type, mask.type])
    name = f"llvm.masked.store.{_suffix(value.type.element)}.p0{_suffix(value.type.element)}"
    known = builder.module.globals.get(name)
    function = known if known is not None else ir.Function(builder.module, kind, name=name)
    builder.call(function, [value, target, number, mask])


@instruction
def turn(typing: Any, source: Any, source_row: Any, target: Any, target_row: Any) -> Any:
    """Copy 16 rows of 16 numbers so that rows become columns; rows are so many numbers apart."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = ir.VectorType(context.get_value_type(source.dtype), LANES)
        align = source.dtype.bitwidth // 8

        def row(first: Any, stride: Any, number: int) -> Any:
            address = builder.gep(first, [builder.mul(stride, ir.Constant(stride.type, number))])
            return builder.bitcast(address, vector.as_pointer())

        rows = [builder.load(row(args[0], args[1], r), align=align) for r in range(LANES)]
        distance = LANES // 2
        while distance:  # exchange the blocks off the diagonal, at half the size each time
            rows = [_exchanged(builder, rows, r, distance) for r in range(LANES)]
            distance //= 2
        for r in range(LANES):
            builder.store(rows[r], row(args[2], args[3], r), align=align)
        return context.get_dummy_value()

    return signature(types.none, source, types.intp, target, types.intp), lower


def _exchanged(builder: Any, rows: list[Any], number: int, distance: int) -> Any:
    """Return row `number` after blocks of distance × distance have changed places across the diagonal."""
    other = number ^ distance
    if number < other:
        lanes = [c if not c & distance else LANES + (c ^ distance) for c in range(LANES)]
    else:
        lanes = [c if c & distance else LANES + (c ^ distance) for c in range(LANES)]
    return builder.shuffle_vector(rows[number], rows[other], _lanes(lanes))
