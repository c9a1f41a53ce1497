"""Compiled access to bytes at an address: what Arrow's text columns are made of.

numba has no words for a load at an address, so these few are written in the machine's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from undertow.compiled import inlined, written

Array = npt.NDArray[Any]


def _word(ir: Any, builder: Any, address: Any) -> Any:  # noqa: ANN401 - llvmlite's own
    """Load eight bytes at an address, aligned or not."""
    load = builder.load(builder.inttoptr(address, ir.IntType(64).as_pointer()))
    load.align = 1
    return load


def _byte(ir: Any, builder: Any, address: Any) -> Any:  # noqa: ANN401 - llvmlite's own
    """Load one byte at an address."""
    load = builder.load(builder.inttoptr(address, ir.IntType(8).as_pointer()))
    return builder.zext(load, ir.IntType(64))


def _offset(ir: Any, builder: Any, address: Any) -> Any:  # noqa: ANN401 - llvmlite's own
    """Load an offset, four bytes, at an address."""
    load = builder.load(builder.inttoptr(address, ir.IntType(32).as_pointer()))
    return builder.zext(load, ir.IntType(64))


def _fetch(ir: Any, builder: Any, address: Any) -> None:  # noqa: ANN401 - llvmlite's own
    """Ask for the memory at an address, which need not exist, before it is needed."""
    place = builder.inttoptr(address, ir.IntType(8).as_pointer())
    number = ir.IntType(32)
    form = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
    call = builder.module.declare_intrinsic("llvm.prefetch", [place.type], form)
    builder.call(call, [place, *(ir.Constant(number, one) for one in (0, 3, 1))])


def _fold(ir: Any, builder: Any, one: Any, other: Any) -> Any:  # noqa: ANN401 - llvmlite's own
    """Multiply two words to 128 bits and fold the halves into one."""
    wide = ir.IntType(128)
    product = builder.mul(builder.zext(one, wide), builder.zext(other, wide))
    high = builder.lshr(product, ir.Constant(wide, 64))
    return builder.trunc(builder.xor(product, high), ir.IntType(64))


word: Callable[[int], int] = written(_word)
byte: Callable[[int], int] = written(_byte)
offset: Callable[[int], int] = written(_offset)
fetch: Callable[[int], None] = written(_fetch, silent=True)
fold: Callable[[int, int], int] = written(_fold)


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
