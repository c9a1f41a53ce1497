"""Sets of steps as bits of a word, one after another, for compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _lowest(_typing: Any, bits: Any) -> Any:  # noqa: ANN401 - numba's own protocol
    """Give the number of the lowest bit that is set; of no bits, 64."""

    def code(_: Any, builder: Any, _signature: Any, given: Any) -> Any:  # noqa: ANN401 - numba's own protocol
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), code


# numba's hints take `intrinsic` for a function that never returns.
_made: Any = intrinsic
lowest: Callable[[int], int] = _made(_lowest)
