"""Compiled access to bytes at an address: what Arrow's text columns are made of.

numba has no words for a load at an address, so these few are written in the machine's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from undertow.compiled import inlined

Array = npt.NDArray[Any]


def _word(_typing: Any, address: Any) -> Any:  # noqa: ANN401 - numba's own protocol
    """Load eight bytes at an address, aligned or not."""

    def code(_: Any, builder: Any, _signature: Any, given: Any) -> Any:  # noqa: ANN401 - numba's own protocol
        load = builder.load(builder.inttoptr(given[0], ir.IntType(64).as_pointer()))
        load.align = 1
        return load

    return types.int64(types.int64), code


def _byte(_typing: Any, address: Any) -> Any:  # noqa: ANN401 - numba's own protocol
    """Load one byte at an address."""

    def code(_: Any, builder: Any, _signature: Any, given: Any) -> Any:  # noqa: ANN401 - numba's own protocol
        load = builder.load(builder.inttoptr(given[0], ir.IntType(8).as_pointer()))
        return builder.zext(load, ir.IntType(64))

    return types.int64(types.int64), code


def _offset(_typing: Any, address: Any) -> Any:  # noqa: ANN401 - numba's own protocol
    """Load an offset, four bytes, at an address."""

    def code(_: Any, builder: Any, _signature: Any, given: Any) -> Any:  # noqa: ANN401 - numba's own protocol
        load = builder.load(builder.inttoptr(given[0], ir.IntType(32).as_pointer()))
        return builder.zext(load, ir.IntType(64))

    return types.int64(types.int64), code


def _fetch(_typing: Any, address: Any) -> Any:  # noqa: ANN401 - numba's own protocol
    """Ask for the memory at an address, which need not exist, before it is needed."""

    def code(context: Any, builder: Any, _signature: Any, given: Any) -> Any:  # noqa: ANN401 - numba's own protocol
        place = builder.inttoptr(given[0], ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        form = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        call = builder.module.declare_intrinsic("llvm.prefetch", [place.type], form)
        builder.call(call, [place, *(ir.Constant(number, one) for one in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(types.int64), code


def _fold(_typing: Any, a: Any, b: Any) -> Any:  # noqa: ANN401 - numba's own protocol
    """Multiply two words to 128 bits and fold the halves into one."""

    def code(_: Any, builder: Any, _signature: Any, given: Any) -> Any:  # noqa: ANN401 - numba's own protocol
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(one, wide) for one in given))
        high = builder.lshr(product, ir.Constant(wide, 64))
        return builder.trunc(builder.xor(product, high), ir.IntType(64))

    return types.int64(types.int64, types.int64), code


# numba's hints take `intrinsic` for a function that never returns.
_made: Any = intrinsic
word: Callable[[int], int] = _made(_word)
byte: Callable[[int], int] = _made(_byte)
offset: Callable[[int], int] = _made(_offset)
fetch: Callable[[int], None] = _made(_fetch)
fold: Callable[[int, int], int] = _made(_fold)


@inlined
def hashed(address: int, size: int, key: Array) -> int:
    """Hash the `size` bytes at an address under a key of three odd words."""
    value = key[0] ^ size
    at, end = address, address + size
    while end - at > 8:
        value = fold(value ^ word(at), key[1])
        at += 8
    last = 0
    if size >= 8:
        last = word(end - 8)
    else:
        while at < end:
            last = (last << 8) | byte(at)
            at += 1
    return fold(value ^ last, key[2])


@inlined
def same(one: int, other: int, size: int) -> bool:
    """Say whether the `size` bytes at two addresses are alike."""
    at = 0
    while at + 8 <= size:
        if word(one + at) != word(other + at):
            return False
        at += 8
    if size >= 8:
        return word(one + size - 8) == word(other + size - 8)
    while at < size:
        if byte(one + at) != byte(other + at):
            return False
        at += 1
    return True
