"""What a simulated world may be asked for, checked at the door."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from undertow.errors import UndertowError
from undertow.worlds.evasions import evasion_of

TWIN_MARKS: Final = ("none", "tie", "list")


@dataclass(frozen=True)
class Settings:
    """How many funnels go into a world, and how much of them can be seen.

    Attributes:
        seed: the only source of chance; equal background, settings and seed give equal worlds.
        campaigns: campaigns to plant; None plants as many as `prevalence` asks for.
        prevalence: recruiters per account of the background, above 0 and at most 0.05.
        dark: mean share of talks that leave the platform after the address, 0 to 1.
        visible: chance that a step which happened can be seen at all, above 0 and at most 1.
        lookalikes: honest look-alikes per recruiter, 0 to 50.
        volume: most rows that campaigns may add, as a share of all rows without look-alikes.
        lookalike_volume: the same for look-alikes, counted apart.
        addresses: chance that an ordinary direct message hands over an address, 0 to 0.05.
        whole: share of look-alikes that complete the chain; the others share single stages only.
        evasion: what campaigns do to be missed (`evasions.EVASIONS`, several joined by ` + `), or None.
        twins: campaigns and honest groups differ in nothing but the label; None for ordinary worlds, else
            what the guilty half has beside: `none`, `tie` (an address that two of its groups share) or
            `list` (one account of each on a known list).
        voice: another number gives the same events with names, languages and words exchanged, each for another one.

    Raises:
        UndertowError: `world-setting-invalid` if a value is out of its range.

    Source:
        Ranges and `whole` are ours. Ten look-alikes per recruiter, that most of them share single stages
        and not the chain, and 1 % of rows: science reference, C3. The base
        rate of addresses lies in the range 0.2 to 0.5 % taken for private chat among students; no
        public figure exists, 0.23 % was measured in `sms-spam` (ham).
    """

    seed: int = 1
    campaigns: int | None = None
    prevalence: float = 0.004
    dark: float = 0.7
    visible: float = 0.88
    lookalikes: float = 10.0
    volume: float = 0.01
    lookalike_volume: float = 0.12
    addresses: float = 0.0035
    whole: float = 0.2
    evasion: str | None = None
    twins: str | None = None
    voice: int = 0

    def __post_init__(self) -> None:
        """Refuse what no world can be made from."""
        ranges = {
            "seed": (0, 2**63 - 1),
            "prevalence": (1e-6, 0.05),
            "dark": (0.0, 1.0),
            "visible": (0.05, 1.0),
            "lookalikes": (0.0, 50.0),
            "volume": (1e-5, 0.05),
            "lookalike_volume": (0.0, 0.5),
            "addresses": (0.0, 0.05),
            "whole": (0.0, 1.0),
            "voice": (0, 2**31),
        }
        if self.campaigns is not None:
            ranges["campaigns"] = (0, 10_000)
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                what = f"the setting `{name}` is {value}"
                mend = f"give a value from {low:g} to {high:g}"
                raise UndertowError(what, code="world-setting-invalid", mend=mend)

        evasion_of(self.evasion)
        if self.twins not in (None, *TWIN_MARKS):
            raise UndertowError(
                f"the setting `twins` is `{self.twins}`",
                code="world-setting-invalid",
                mend="give one of " + ", ".join(TWIN_MARKS),
            )

    def to_dict(self) -> dict[str, object]:
        """Give the settings as the plain mapping that is written into the world's metadata."""
        return asdict(self)
