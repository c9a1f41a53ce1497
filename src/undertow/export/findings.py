"""What was found about one account in one role under one playbook, as few lines that add up.

Evidence comes as one row per target and step; a person reads one line per step and outcome. The
lines keep the sum of the rows. Sources that weigh nothing are kept apart, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from undertow.export import wording
from undertow.export.corroborated import Rests, rests_on
from undertow.export.dark import dark
from undertow.export.folder import Funnel, PlaybookFacts, Results

WEIGHED: Final = ("taken", "not taken", "cap", "share", "rarity", "tie", "known", "report")
"""Sources that carry bits; the others are shown and weigh nothing."""
CONTACT: Final = ("taken", "not taken", "open", "unknown")
"""Sources that tell of a target on whom the account's rates rest."""
TIES: Final = {
    "tie:address": "hands over an address that another ranked account hands over as well",
    "tie:script": "sends many the words that another ranked account sends",
    "tie:handoff": "its group passes targets on to another account",
    "tie:gatekeeper": "targets come to its group by way of another account",
    "tie:targets": "works on the same targets as another ranked account",
    "tie:group": "belongs to a group of accounts that work together",
    "tie:known": "is tied to an account that stands on a known list, or hands over an address that does",
}
"""What a tie says, in words without names; who it is stands with the campaign."""
CONTEXT: Final = {
    "quiet": "{targets}: hardly a word here in the fourteen days after the address, as when a talk moves elsewhere",
    "once a target": "once a target of a listed account, before it began itself; whoever was helped may help",
    "shifts": "works in two parts of the day, {times} in the rarer one, as when several people share one account; "
    "a helpline in shifts looks the same",
    "slow answers": "answers quickly as a rule, but {answers} came an hour or more later while it wrote to others, "
    "as by one who must ask first; a helpline that asks a colleague looks the same",
    "rooms": "lets people into a series of rooms ({entries}); a course or an onboarding looks the same",
    "next target": "{targets}: each the first new account written to after an address was handed over",
}
"""What is shown beside the weights."""
NULLS: Final = {
    "times": "times shuffled",
    "links": "talks exchanged",
    "recipients": "recipients drawn anew",
    "addresses": "addresses moved",
    "arrow": "time reversed",
}
"""Kinds of null worlds in words."""
OPENS: Final = "opens"
"""The step that asks who wrote first; it names no target, so its rows are counted."""
AFTERWARDS: Final = "afterwards"
"""The step that asks whether the talk left or lasted after an address; its rows are counted too."""
TOLERANCE: Final = 0.005
"""Bits by which rows and weight may differ before the page says so: rounding, no more."""


@dataclass(frozen=True)
class Line:
    """The rows of one step and one outcome, over all targets of an account.

    Attributes:
        count: targets with this outcome.
        of: targets of which the data could show whether they took the step.
        bits: sum over the rows; above 0 for, below 0 against.
        usual: lowest and highest measured rate of the step at the account's activity, or None.
        likely: lowest and highest rate given recruitment, or None.
        keys: keys on which the measured rate rests, or None.
    """

    step: str
    source: str
    count: int
    of: int
    bits: float
    usual: tuple[float, float] | None = None
    likely: tuple[float, float] | None = None
    keys: int | None = None

    @property
    def says(self) -> str:
        """One clause without numbers of bits, the step's name in words."""
        step = wording.step_words(self.step)
        count = wording.plural(self.count, "target")
        share = f"{self.count} of {wording.plural(self.of, 'target')}"
        if self.step == OPENS and self.source in CONTACT:
            spoke = self.count if self.source == "taken" else self.of - self.count
            return f"wrote first to {spoke} of {wording.plural(self.of, 'target')}"
        if self.step == AFTERWARDS and self.source in CONTACT:
            kept = self.count if self.source == "taken" else self.of - self.count
            return f"after the address the talk left or lasted with {kept} of {wording.plural(self.of, 'target')}"
        known = {
            "taken": f"{share} reached “{step}”",
            "not taken": f"{share} did not reach “{step}”, and it would have been seen",
            "cap": f"held back: {count} known to nobody else can only count so far",
            "share": f"how many of {wording.plural(self.keys or 0, 'contact')} reach “{step}” is each account's own, "
            "so they count as one share",
            "rarity": f"held back: {self._as_strong} of such accounts show as much of “{step}”",
            "tie": TIES.get(self.step, "tied to another account"),
            "context": self._beside,
            "known": "stands on a known list, or hands over an address that does",
            "report": "reported by people whom it had written to",
            "open": f"{count}: the time for “{step}” is not over yet",
            "unknown": f"{count}: the data could not show “{step}”",
            "block": f"{count} blocked the account",
            "unblock": f"{count} took a block back",
        }
        return known.get(self.source) or f"{wording.visible(self.source)}: {count}, “{step}”"

    @property
    def _beside(self) -> str:
        many = self.keys or 0
        if self.step not in CONTEXT:  # a name from the data is no text of ours to fill in
            return wording.visible(self.step)
        return CONTEXT[self.step].format(
            targets=wording.plural(self.of, "target"),
            times=wording.plural(many, "time"),
            answers=wording.plural(many, "answer"),
            entries=wording.plural(many, "entry", "entries"),
        )

    @property
    def _as_strong(self) -> str:
        return wording.rates(self.usual) if self.usual else "many"

    @property
    def rests(self) -> str:
        """On how much the measured rate rests; empty where there is none."""
        if self.keys is None or self.source == "share":
            return ""
        among = "account" if self.source in ("tie", "rarity") else "key"
        return f"rate from {wording.plural(self.keys, among)}"

    @property
    def why(self) -> str:
        """The rates behind the bits; empty where there are none."""
        parts = []
        if self.source == "rarity":
            return "a trait says no more than its rarity supports"
        if self.source == "share":
            return "nobody knows beforehand how many friends somebody has"
        if self.usual:
            among = "of such accounts" if self.source == "tie" else "at this activity"
            parts.append(f"{wording.rates(self.usual)} {among}")
        if self.likely:
            parts.append(f"{wording.rates(self.likely)} if recruiting")
        return ", ".join(parts)


@dataclass(frozen=True)
class Chance:
    """How a row stands against null worlds.

    Attributes:
        p, q: as in `accounts.parquet`.
        agrees: what agrees beside its own conduct, in words; empty: nothing.
        kinds: per kind of null world its name, accounts of its activity with a score at least as high, and
            all accounts of its activity.
    """

    p: float
    q: float
    agrees: tuple[str, ...]
    kinds: tuple[tuple[str, int, int], ...]

    @property
    def says(self) -> str:
        """Say in a sentence what chance alone would give."""
        if not self.agrees:
            return "Cannot tell: nothing but its own conduct speaks."
        if self.q >= 1:
            return "No more than chance would give."
        return (
            f"p = {self.p:.2g}, q = {self.q:.2g}: about {wording.percent(self.q)} of what is raised as high "
            "or higher would arise by chance. Honest work of the same shape is not counted."
        )

    @property
    def counts(self) -> str:
        """Give the counts of each kind of null world: `times shuffled 0 of 1,458`."""
        return ", ".join(
            f"{NULLS.get(kind, kind)} {high:,} of {of:,}" for kind, high, of in self.kinds
        )


def _chance(row: dict[str, Any]) -> Chance | None:
    if row.get("p_value") is None or row.get("q_value") is None:
        return None
    kinds = tuple((str(k["kind"]), k["as_high"], k["of"]) for k in row.get("chance") or ())
    return Chance(row["p_value"], row["q_value"], tuple(row.get("agrees") or ()), kinds)


@dataclass(frozen=True)
class Finding:
    """One account in one role under one playbook.

    Attributes:
        place: rank in `accounts.parquet`, from 1.
        lines: what weighs, strongest first, for and against; they add up to `weight` with `gap`.
        silent: what weighs nothing: open, unknown, blocks.
        gap: weight minus the sum of the rows; anything but about 0 is a fault of the folder.
        funnels: listed matches, strongest first.
        contacted: targets that the evidence is about.
        chance: how it stands against null worlds; None where none were made.
        dark: see `export.dark`.
    """

    place: int
    account: str
    role: str
    playbook: PlaybookFacts
    weight: float
    contacted: int
    lines: tuple[Line, ...]
    silent: tuple[Line, ...]
    gap: float
    funnels: tuple[Funnel, ...]
    rows: tuple[dict[str, Any], ...]
    chance: Chance | None = None
    sources: tuple[str, ...] | None = None
    """The column `sources`; None where the folder has none."""
    dark: tuple[str, ...] = ()

    @property
    def furthest(self) -> str | None:
        """The furthest step of any listed funnel."""
        steps = [funnel.step for funnel in self.funnels]
        return max(steps, key=self.playbook.place) if steps else None

    @property
    def simulated(self) -> bool:
        """Whether the account is one of a simulated world."""
        return self.account.startswith("sim:")

    @property
    def against(self) -> tuple[Line, ...]:
        """The lines that speak against, strongest first; what is held back speaks neither way."""
        held = ("cap", "share", "rarity")
        return tuple(line for line in self.lines if line.bits < 0 and line.source not in held)

    @property
    def beside(self) -> tuple[Line, ...]:
        """What a reviewer should see beside the weight, and what adds nothing to it."""
        return tuple(line for line in self.silent if line.source == "context")

    @property
    def rests(self) -> Rests:
        """Name the independent sources of what speaks for it.

        An account's own conduct is one source, with however many targets; other accounts' events, lists and
        people are others. Rows of one account about several targets do not agree with each other: they are it.
        """
        speaks = [row for row in self.rows if (row["bits"] or 0) > 0]
        targets = {row["target"] for row in speaks if row["source"] == "taken"} - {None}
        kinds = {row["source"] for row in speaks}
        sources = self.sources
        if sources is None:  # a folder of an earlier version
            told = {"taken": "conduct:", "tie": "others", "report": "report", "known": "known"}
            sources = tuple(word for source, word in told.items() if source in kinds)
        own = "its own conduct" + (
            f" with {wording.plural(len(targets), 'target')}" if targets else ""
        )
        ties = sorted({row["step"] for row in speaks if row["source"] == "tie"})
        return rests_on(sources, own, wording.step_words(", ".join(ties)))

    @property
    def sentence(self) -> str:
        """What happened, in one sentence without the account's name."""
        taken = [
            one
            for one in self.lines
            if one.source == "taken" and one.step not in (OPENS, AFTERWARDS)
        ]
        if self.weight < 0 and self.against:
            return f"{self.against[0].says}: that speaks against it."
        if not taken:
            count = wording.plural(len(self.funnels), "funnel")
            return f"{count} listed; no step taken weighs in."
        best = max(taken, key=lambda line: line.bits)
        text = best.says
        if best.usual:
            text += f"; {wording.rates(best.usual)} is usual at this activity"
        deepest = max(taken, key=lambda line: self.playbook.place(line.step))
        if deepest.step != best.step:
            text += f". {deepest.count} went as far as “{wording.step_words(deepest.step)}”"
        return text + "."


def find(results: Results, ranked: Sequence[tuple[int, dict[str, Any]]]) -> list[Finding]:
    """Gather what the folder holds on some rows of its ranking.

    Args:
        results: the opened folder.
        ranked: rank from 1 and row of `accounts.parquet`.

    Returns:
        One finding per row, in the same order.
    """
    names = {str(row["account"]) for _, row in ranked}
    rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in results.evidence_of(names):
        rows.setdefault((row["account"], row["role"], row["playbook"]), []).append(row)
    funnels = results.funnels_of(names)
    left = results.ties(), results.held()
    return [_finding(results, place, row, rows, funnels, left) for place, row in ranked]


def _finding(
    results: Results,
    place: int,
    row: dict[str, Any],
    evidence: dict[tuple[str, str, str], list[dict[str, Any]]],
    funnels: Sequence[Funnel],
    left: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> Finding:
    account, role, playbook = row["account"], row["role"], row["playbook"]
    facts = results.run.playbook(playbook)
    rows = evidence.get((account, role, playbook), [])
    lines = _lines(rows, facts)
    contacted = {r["target"] for r in rows if r["source"] in CONTACT} - {None}
    mine = [one for one in funnels if one.playbook == playbook and _holds(one, account, role)]
    mine.sort(key=lambda funnel: (-funnel.weight, -facts.place(funnel.step), funnel.target))
    gap = float(row["weight"]) - sum(line.bits for line in lines)
    return Finding(
        place=place,
        account=account,
        role=role,
        playbook=facts,
        weight=float(row["weight"]),
        contacted=len(contacted) or int(row["targets"] or 0),
        lines=tuple(line for line in lines if line.source in WEIGHED or line.bits),
        silent=tuple(line for line in lines if line.source not in WEIGHED and not line.bits),
        gap=gap if abs(gap) > TOLERANCE else 0.0,
        funnels=tuple(mine),
        rows=tuple(rows),
        chance=_chance(row),
        sources=None if row.get("sources") is None else tuple(row["sources"]),
        dark=dark(account, rows, mine, *left),
    )


def _holds(funnel: Funnel, account: str, role: str) -> bool:
    """Say whether the account holds the role in the funnel, as far as its steps tell."""
    if role == "recruiter":
        return funnel.recruiter == account
    return (role, account) in funnel.roles or any(
        taken.actor == account for taken in funnel.steps
    )


def _lines(rows: Iterable[dict[str, Any]], facts: PlaybookFacts) -> list[Line]:
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["step"] or "", row["source"]), []).append(row)
    seen: dict[str, int] = {}
    for (step, source), some in grouped.items():
        if source in ("taken", "not taken"):
            seen[step] = seen.get(step, 0) + len(some)
    lines = [
        Line(
            step=step,
            source=source,
            count=len({row["target"] for row in some} - {None}) or len(some),
            of=seen.get(step, len(some)),
            bits=sum(float(row["bits"] or 0.0) for row in some),
            usual=_range(row["u"] for row in some),
            likely=_range(row["m"] for row in some),
            keys=max((row["n"] for row in some if row["n"] is not None), default=None),
        )
        for (step, source), some in grouped.items()
    ]
    return sorted(lines, key=lambda one: (-abs(one.bits), facts.place(one.step), one.source))


def _range(values: Iterable[float | None]) -> tuple[float, float] | None:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None
