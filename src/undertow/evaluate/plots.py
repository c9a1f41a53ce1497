"""Where things stand in the plots of the evaluation page: geometry in numbers; the template draws SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 760
LABELS: Final = 250
"""Room for the names on the left, in drawing units."""
ROW: Final = 26
SQUARE: Final = 300
"""Side of a square plot, in drawing units."""
MARGIN: Final = 44


@dataclass(frozen=True)
class Bar:
    """One row: a bar from nought, and a thin line over its interval where it has one."""

    name: str
    text: str
    y: float
    width: float
    low: float | None
    high: float | None
    is_ours: bool


@dataclass(frozen=True)
class Bars:
    """Horizontal bars on one scale from 0 to `top`."""

    title: str
    height: float
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    mark: float | None
    """x of a value to compare with, None for none."""
    says: str
    """The plot in words, for those who do not see it."""


def bars(
    title: str,
    rows: Sequence[tuple[str, float, float | None, float | None]],
    *,
    ours: str,
    mark: float | None = None,
) -> Bars:
    """Lay out (name, value, low, high), in the order given.

    Args:
        title: stands above.
        rows: values of at least 0; the scale ends at the largest, or at 1 if that is near.
        ours: the name whose bar is filled.
        mark: a value to compare with.
    """
    largest = max(
        [value if high is None else high for _, value, _, high in rows] + [mark or 0.0, 0.05]
    )
    top = 1.0 if 0.5 <= largest <= 1.0 else largest * 1.05
    room = WIDTH - LABELS - 70

    def along(value: float) -> float:
        return LABELS + room * value / top

    laid = tuple(
        Bar(
            name,
            f"{value:.3f}",
            30 + ROW * place,
            max(along(value) - LABELS, 0.5),
            None if low is None else along(low),
            None if high is None else along(high),
            name == ours,
        )
        for place, (name, value, low, high) in enumerate(rows)
    )
    ticks = tuple((along(top * part / 4), f"{top * part / 4:.2f}") for part in range(5))
    says = title + ": " + "; ".join(f"{bar.name} {bar.text}" for bar in laid)
    height = 30 + ROW * len(laid) + 26
    return Bars(title, height, laid, ticks, None if mark is None else along(mark), says)


@dataclass(frozen=True)
class Dots:
    """Points in a unit square with its diagonal."""

    title: str
    x_label: str
    y_label: str
    points: tuple[tuple[float, float, float], ...]
    """x, y, radius."""
    ticks: tuple[tuple[float, float, str], ...]
    """Offset along x, offset along y, text."""
    corner: tuple[float, float, float, float]
    says: str


def dots(
    title: str,
    labels: tuple[str, str],
    points: Sequence[tuple[float, float, float]],
    *,
    top: float = 1.0,
) -> Dots:
    """Lay out (x, y, share of all) in a square from 0 to `top`; the diagonal says equal."""

    def across(value: float) -> float:
        return MARGIN + SQUARE * min(value, top) / top

    def up(value: float) -> float:
        return MARGIN / 2 + SQUARE * (1 - min(value, top) / top)

    laid = tuple((across(x), up(y), 3 + 7 * share**0.5) for x, y, share in points)
    parts = [top * i / 4 for i in range(5)]
    ticks = tuple((across(part), up(part), f"{part:.2g}") for part in parts)
    says = title + ": " + "; ".join(f"{x:.2f} stated, {y:.2f} true" for x, y, _ in points)
    corner = (across(0), up(0), across(top), up(top))
    return Dots(title, labels[0], labels[1], laid, ticks, corner, says)
