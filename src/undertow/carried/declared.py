"""What is said of the events that a run looks at."""

from __future__ import annotations

from dataclasses import dataclass

from undertow.events.read import EventFiles
from undertow.events.source import Source


@dataclass(frozen=True)
class Declared:
    """What is said of the events that a run looks at.

    Attributes:
        sources: what could be seen.
        grounds: lawful grounds, without repeats.
        simulated: how a simulated world was made, None if all is real.
    """

    sources: tuple[Source, ...]
    grounds: list[str]
    simulated: dict[str, object] | None

    @classmethod
    def of(cls, files: EventFiles) -> Declared:
        """Take it from opened files."""
        return cls(files.sources, files.grounds, files.simulated)

    def with_more(self, other: Declared) -> Declared:
        """Unite, in this order, repeats left out."""
        return Declared(
            tuple(dict.fromkeys((*self.sources, *other.sources))),
            list(dict.fromkeys((*self.grounds, *other.grounds))),
            self.simulated or other.simulated,
        )
