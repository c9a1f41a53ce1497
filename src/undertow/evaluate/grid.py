"""Which worlds are measured: backgrounds, kinds of world, seeds.

Seeds used while anything is chosen, seeds of the final run, and seeds that rivals learn from never meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from undertow.errors import UndertowError
from undertow.evaluate.trial import Cell
from undertow.worlds.evasions import EVASIONS, PAIRS
from undertow.worlds.settings import Settings

DEVELOPMENT: Final = 1
FINAL: Final = 7_001
"""5,001 to 5,003 were measured on once, and what they showed was looked into: they are for neither."""
TRAINING: Final = 9_001
TRAINED_ON: Final = 3
SMALL_ROWS: Final = 20_000
SMALL_PREVALENCE: Final = 0.01
GROUPS: Final = ("plain", "evasions", "pairs", "twins", "silence")
PLAIN: Final = "plain"
VISIBLE: Final = "talk stays visible"
CHAIN: Final = "all look-alikes complete the chain"
SILENCE: Final = "silence"
TWINS: Final = {
    "identical twins": "none",
    "identical twins, one tie": "tie",
    "identical twins, one list hit": "list",
}
EVASION: Final = "evasion: "


@dataclass(frozen=True)
class Asked:
    """What `undertow evaluate` is asked for.

    Attributes:
        groups: of `GROUPS`.
        backgrounds: names.
        seeds: worlds per kind and background.
        final: whether the seeds kept for the end are used.
        small: whether worlds are cut to `SMALL_ROWS` rows, for a quick look.
        rivals: whether baselines are ranked.
        silent: silent worlds per background, None for `seeds`.
        first: first seed; None for the first of those kept for the end, or of those for development.
    """

    groups: tuple[str, ...]
    backgrounds: tuple[str, ...]
    seeds: int = 3
    final: bool = False
    small: bool = False
    rivals: bool = True
    silent: int | None = None
    first: int | None = None


def cells(asked: Asked) -> list[Cell]:
    """List the cells of a grid, in the order in which they are measured.

    Raises:
        UndertowError: `evaluate-seeds` where a seed asked for is kept for another end.
    """
    start = _first(asked)
    found: list[Cell] = []
    for background in asked.backgrounds:
        for seed in range(start, start + asked.seeds):
            plain = _settings(asked, seed)
            for world, settings in _worlds(asked.groups, plain).items():
                cell = _cell(asked, background, world, settings)
                found.append(cell)
        if SILENCE in asked.groups:
            count = asked.seeds if asked.silent is None else asked.silent
            found += [
                _cell(asked, background, SILENCE, replace(_settings(asked, seed), campaigns=0))
                for seed in range(start, start + count)
            ]
    return found


def _first(asked: Asked) -> int:
    """Give the first seed; all that follow from it lie in the same of the three ranges."""
    begin, end = (FINAL, TRAINING) if asked.final else (DEVELOPMENT, FINAL)
    first = begin if asked.first is None else asked.first
    if not begin <= first <= end - max(asked.seeds, asked.silent or 0):
        raise UndertowError(
            f"seeds {first} and following are not all from {begin} to {end - 1}",
            code="evaluate-seeds",
            mend=f"give others; --final goes with {FINAL} to {TRAINING - 1}, and only with them",
        )
    return first


def _settings(asked: Asked, seed: int) -> Settings:
    if asked.small:
        return Settings(
            seed=seed, prevalence=SMALL_PREVALENCE, volume=0.03, lookalike_volume=0.3
        )
    return Settings(seed=seed)


def _worlds(groups: tuple[str, ...], plain: Settings) -> dict[str, Settings]:
    worlds: dict[str, Settings] = {}
    if "plain" in groups:
        worlds[PLAIN] = plain
        worlds[VISIBLE] = replace(plain, dark=0.0)
        worlds[CHAIN] = replace(plain, whole=1.0)
    if {"evasions", "pairs"} & set(groups):
        worlds[PLAIN] = plain
    if "evasions" in groups:
        worlds |= {EVASION + name: replace(plain, evasion=name) for name in EVASIONS}
    if "pairs" in groups:
        worlds |= {EVASION + name: replace(plain, evasion=name) for name in PAIRS}
    if "twins" in groups:
        worlds |= {name: replace(plain, twins=mark) for name, mark in TWINS.items()}
    return worlds


def _cell(asked: Asked, background: str, world: str, settings: Settings) -> Cell:
    return Cell(
        background=background,
        world=world,
        settings=settings,
        share_of=SMALL_ROWS if asked.small else None,
        rivals=asked.rivals and world in (PLAIN, VISIBLE, CHAIN),
        first_alert=world == PLAIN,
    )


def training(asked: Asked) -> list[Settings]:
    """Give the settings of the plain worlds that rivals learn from."""
    return [_settings(asked, seed) for seed in range(TRAINING, TRAINING + TRAINED_ON)]
