"""How often somebody may try a password: by account and by address, never for everybody at once.

After some failures the next try has to wait, twice as long each time. An attack on one account from
one address leaves the account open from others for long, and leaves all other accounts alone.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

import msgspec

from undertow.review.settings import LOOPBACK, MINUTE
from undertow.units import SECOND

FREE: Final = {"both": 5, "source": 20, "account": 50}
"""Failures before waiting begins: of an account from one address, of an address, of an account from anywhere."""
FIRST_WAIT: Final = 10 * SECOND
LONGEST: Final = {"both": 15 * MINUTE, "source": 15 * MINUTE, "account": MINUTE}
"""An account waits shortest: whoever locks it out by failing must not keep its owner out."""
FORGOTTEN: Final = 60 * MINUTE
KEPT: Final = 10_000


class _Tries(msgspec.Struct):
    failures: int = 0
    last: int = 0


class Throttle:
    """Failures of the last hour. Kept in memory: a restart forgets them, and costs an attacker no less."""

    def __init__(self) -> None:
        self.tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    def wait(self, account: str, source: str, now: int) -> int:
        """Give how long the next try must wait, in microseconds; 0 if it may be made."""
        return max(self._wait(key, now) for key in _keys(account, source))

    def _wait(self, key: tuple[str, str], now: int) -> int:
        tries = self.tries.get(key)
        if tries is None or now - tries.last > FORGOTTEN:
            return 0
        over = tries.failures - FREE[key[0]]
        if over < 0:
            return 0
        asked = min(FIRST_WAIT << min(over, 20), LONGEST[key[0]])
        return max(0, tries.last + asked - now)

    def failed(self, account: str, source: str, now: int) -> None:
        """Count a failure."""
        for key in _keys(account, source):
            tries = self.tries.pop(key, _Tries())
            if now - tries.last > FORGOTTEN:
                tries.failures = 0
            tries.failures += 1
            tries.last = now
            self.tries[key] = tries
        while len(self.tries) > KEPT:
            self.tries.popitem(last=False)

    def passed(self, account: str, source: str) -> None:
        """Forget the failures of an account from this address; those of others stand."""
        self.tries.pop(_keys(account, source)[0], None)


def _keys(account: str, source: str) -> tuple[tuple[str, str], ...]:
    name = hashlib.sha256(account.casefold().encode()).hexdigest()
    both, one = ("both", f"{name} {source}"), ("account", name)
    # People of one machine, or behind one tunnel, share its own address: to make it wait would shut out all of them.
    return (both, one) if source in LOOPBACK else (both, ("source", source), one)
