"""Sets of steps as bits of a word, one after another, for compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from undertow.compiled import written


def _lowest(ir: Any, builder: Any, bits: Any) -> Any:  # noqa: ANN401 - llvmlite's own
    """Give the number of the lowest bit that is set; of no bits, 64."""
    return builder.cttz(bits, ir.Constant(ir.IntType(1), 0))


lowest: Callable[[int], int] = written(_lowest)
