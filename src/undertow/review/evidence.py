"""Evidence in words of the reader's language: what each line says, what stands behind it, how sure it makes.

The numbers are those of the dossier; the sentences are those of `export.findings`, so that page and
report say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from undertow.cases.dossier import ChanceCard, Dossier, EvidenceLine
from undertow.export import wording
from undertow.export.corroborated import CONDUCT
from undertow.export.findings import AFTERWARDS, CONTACT, OPENS
from undertow.review import names
from undertow.review.language import Language, Shown
from undertow.review.names import marked

TIES: Final = {
    "tie:address": marked(
        "hands over an address that another ranked account hands over as well"
    ),
    "tie:script": marked("sends many the words that another ranked account sends"),
    "tie:handoff": marked("its group passes targets on to another account"),
    "tie:gatekeeper": marked("targets come to its group by way of another account"),
    "tie:targets": marked("works on the same targets as another ranked account"),
    "tie:group": marked("belongs to a group of accounts that work together"),
    "tie:known": marked("is tied to an account that stands on a known list"),
}
NULLS: Final = {
    "times": marked("times shuffled"),
    "links": marked("talks exchanged"),
    "recipients": marked("recipients drawn anew"),
    "addresses": marked("addresses moved"),
    "arrow": marked("time reversed"),
}
HELD: Final = ("cap", "share", "rarity")
"""Lines that hold evidence back: they speak neither for nor against."""
SURE: Final = (
    (0.5, "more", marked("more likely than not")),
    (0.1, "possible", marked("quite possible")),
    (0.01, "look", marked("worth a look")),
    (0.0, "faint", marked("faint")),
)
"""Least probability, name for the looks, words. `nulls.probability` states none above 0.7, so no word here is sure."""


@dataclass(frozen=True)
class Confidence:
    """How sure the evidence makes, as a word and a number; `level` is 0 to 4 for the drawing."""

    name: str
    word: str
    level: int


def confidence(
    language: Language, probability: float | None, q: float | None, *, blind: bool = False
) -> Confidence:
    """Put a probability into a word; where nothing but its own conduct speaks, nobody can tell."""
    if blind:
        return Confidence("unsure", language.say("not shown yet"), 0)
    if probability is None or (q is not None and q >= 1):
        return Confidence("unsure", language.say("cannot tell"), 0)
    for place, (least, name, word) in enumerate(SURE):
        if probability >= least:
            return Confidence(name, language.say(word), len(SURE) - place)
    raise AssertionError(probability)


def says(language: Language, line: EvidenceLine) -> str:  # noqa: PLR0911  # one sentence per kind of line
    """Say one line of evidence as a clause without bits."""
    say = language.say
    step = names.step(language, line.step)
    count = language.many("{n} target", "{n} targets", line.count)
    if line.step == OPENS and line.source in CONTACT:
        return _opened(language, line)
    if line.step == AFTERWARDS and line.source in CONTACT:
        return _followed(language, line)
    if line.source in ("taken", "not taken"):
        return _reached(language, line, step)
    match line.source:
        case "cap":
            return say(
                "held back: {count} known to nobody else can only count so far",
                count=Shown(count),
            )
        case "share":
            return language.many(
                "how many of {n} contact reach “{step}” is each account's own, so they count as one share",
                "how many of {n} contacts reach “{step}” is each account's own, so they count as one share",
                line.keys or 0,
                step=step,
            )
        case "rarity":
            share = language.rates(line.usual) if line.usual else Shown(say("many"))
            return say(
                "held back: {share} of such accounts show as much of “{step}”",
                share=share,
                step=step,
            )
        case "tie":
            return say(TIES[line.step]) if line.step in TIES else say("tied to another account")
        case "known":
            return say("stands on a known list, or hands over an address that does")
        case "report":
            return say("reported by people whom it had written to")
    return _silent(language, line, step, Shown(count))


def _opened(language: Language, line: EvidenceLine) -> str:
    """Say who began; the report says both lines alike, and beside each other they would seem to be one."""
    if line.source == "taken":
        return language.many(
            "wrote first to {spoke} of {n} target",
            "wrote first to {spoke} of {n} targets",
            line.of,
            spoke=language.number(line.count),
        )
    return language.many(
        "{count} of {n} target wrote to it first",
        "{count} of {n} targets wrote to it first",
        line.of,
        count=language.number(line.count),
    )


def _followed(language: Language, line: EvidenceLine) -> str:
    """Say what came after the address."""
    count = language.number(line.count)
    if line.source == "taken":
        return language.many(
            "after the address the talk left or lasted with {count} of {n} target",
            "after the address the talk left or lasted with {count} of {n} targets",
            line.of,
            count=count,
        )
    return language.many(
        "after the address the talk trickled on with {count} of {n} target",
        "after the address the talk trickled on with {count} of {n} targets",
        line.of,
        count=count,
    )


def _reached(language: Language, line: EvidenceLine, step: Shown) -> str:
    count = language.number(line.count)
    if line.source == "taken":
        return language.many(
            "{count} of {n} target reached “{step}”",
            "{count} of {n} targets reached “{step}”",
            line.of,
            count=count,
            step=step,
        )
    return language.many(
        "{count} of {n} target did not reach “{step}”, and it would have been seen",
        "{count} of {n} targets did not reach “{step}”, and it would have been seen",
        line.of,
        count=count,
        step=step,
    )


def _silent(language: Language, line: EvidenceLine, step: Shown, count: Shown) -> str:
    say = language.say
    match line.source:
        case "open":
            return say("{count}: the time for “{step}” is not over yet", count=count, step=step)
        case "unknown":
            return say("{count}: the data could not show “{step}”", count=count, step=step)
        case "block":
            return say("{count} blocked the account", count=count)
        case "unblock":
            return say("{count} took a block back", count=count)
        case "context":
            return _beside(language, line)
    return say("{what}: {count}, “{step}”", what=line.source, count=count, step=step)


def _beside(language: Language, line: EvidenceLine) -> str:  # noqa: PLR0911  # one sentence per kind of line
    """Say what is shown beside the weights and adds nothing to them."""
    say, many = language.say, language.number(line.keys or 0)
    targets = Shown(language.many("{n} target", "{n} targets", line.of))
    match line.step:
        case "quiet":
            return say(
                "{targets}: hardly a word here in the fourteen days after the address, as when a talk moves elsewhere",
                targets=targets,
            )
        case "once a target":
            return say(
                "once a target of a listed account, before it began itself; whoever was helped may help"
            )
        case "shifts":
            return say(
                "works in two parts of the day (rarer one: {many} times), as when several people share one account; a helpline in shifts looks the same",
                many=many,
            )
        case "slow answers":
            return say(
                "answers quickly as a rule, but {many} answers came an hour or more later, as by one who must ask first; a helpline that asks a colleague looks the same",
                many=many,
            )
        case "rooms":
            return say(
                "lets people into a series of rooms ({many} entries); a course or an onboarding looks the same",
                many=many,
            )
        case "next target":
            return say(
                "{targets}: each the first new account written to after an address was handed over",
                targets=targets,
            )
    return wording.visible(line.step)


def why(language: Language, line: EvidenceLine) -> str:
    """Give the rates behind the bits; empty where there are none."""
    say = language.say
    if line.source == "rarity":
        return say("a trait says no more than its rarity supports")
    if line.source == "share":
        return say("nobody knows beforehand how many friends somebody has")
    parts = []
    if line.usual:
        rate = language.rates(line.usual)
        parts.append(
            say("{rate} of such accounts", rate=rate)
            if line.source == "tie"
            else say("{rate} at this activity", rate=rate)
        )
    if line.likely:
        parts.append(say("{rate} if recruiting", rate=language.rates(line.likely)))
    if line.keys is not None:
        parts.append(language.many("measured on {n}", "measured on {n}", line.keys))
    return " · ".join(parts)


def sentence(language: Language, dossier: Dossier) -> str:
    """Say what happened, to how many, and how far it went, in one sentence without names."""
    traits = (OPENS, AFTERWARDS)
    taken = [one for one in dossier.lines if one.source == "taken" and one.step not in traits]
    against = speaks_against(dossier)
    if dossier.weight < 0 and against:
        return language.say(
            "{says}: that speaks against it.", says=Shown(says(language, against[0]))
        )
    if not taken:
        return language.many(
            "{n} funnel listed; no step taken weighs in.",
            "{n} funnels listed; no step taken weighs in.",
            len(dossier.funnels),
        )
    order = {step.name: place for place, step in enumerate(dossier.playbook.steps)}
    best = max(taken, key=lambda line: line.bits)
    said = says(language, best)
    if best.usual:
        said = language.say(
            "{says}; {rate} is usual at this activity",
            says=Shown(said),
            rate=language.rates(best.usual),
        )
    deepest = max(taken, key=lambda line: order.get(line.step, -1))
    if deepest.step == best.step:
        return language.say("{says}.", says=Shown(said))
    return language.say(
        "{says}. {count} went as far as “{step}”.",
        says=Shown(said),
        count=language.number(deepest.count),
        step=names.step(language, deepest.step),
    )


def speaks_against(dossier: Dossier) -> list[EvidenceLine]:
    """List the lines that speak against, strongest first; what is held back speaks neither way."""
    return [one for one in dossier.lines if one.bits < 0 and one.source not in HELD]


def speaks_for(dossier: Dossier) -> list[EvidenceLine]:
    """List the lines that speak for it, strongest first."""
    return [one for one in dossier.lines if one.bits > 0]


def chance(language: Language, card: ChanceCard | None) -> list[str]:
    """Say what chance alone would give, in up to three sentences."""
    say = language.say
    if card is None:
        return [
            say(
                "Chance was not estimated in this run: nothing here says how many such accounts it alone would produce."
            )
        ]
    if not card.agrees:
        return [say("Cannot tell: nothing but its own conduct speaks.")]
    if card.q >= 1:
        return [say("No more than chance would give.")]
    counts = [
        say(
            "{kind} {high} of {of}",
            kind=Shown(say(NULLS[kind]) if kind in NULLS else kind),
            high=language.number(high),
            of=language.number(of),
        )
        for kind, high, of in card.kinds
    ]
    return [
        say(
            "About {share} of what is raised as high or higher would arise by chance (q = {q}, p = {p}). Honest work of the same shape is not counted.",
            share=language.percent(card.q),
            q=language.decimal(card.q, 3),
            p=Shown(f"{card.p:.2g}"),
        ),
        *(
            [
                say(
                    "Accounts as busy that score at least as high in null worlds: {counts}.",
                    counts=language.listed(counts),
                )
            ]
            if counts
            else []
        ),
    ]


def by_chance(language: Language, told: dict[str, object] | None) -> str:
    """Say how many of the queue chance alone would put there; `told` is `chance` of `run.json`."""
    if not told or not isinstance(told.get("by_chance"), float | int):
        return language.say("Chance was not estimated for this queue.")
    number, backed = float(str(told["by_chance"])), int(str(told.get("backed") or 0))
    queue = int(str(told.get("queue") or 0))
    return language.say(
        "About {chance} of the first {queue} would arise by chance, among the {backed} that something beside their own conduct agrees with. Of the other {rest} the events cannot tell. Honest work of the same shape is not counted.",
        chance=language.decimal(number),
        queue=language.number(queue),
        backed=language.number(backed),
        rest=language.number(max(queue - backed, 0)),
    )


def rests(language: Language, dossier: Dossier) -> str:
    """Name the independent sources of what speaks for it, and say whether anything agrees (R13)."""
    say, sources = language.say, dossier.sources
    own = [one for one in sources if one.startswith(CONDUCT)]
    words = [
        say("its own conduct on {platform}", platform=one.removeprefix(CONDUCT))
        if one != CONDUCT
        else say("its own conduct")
        for one in own
    ]
    if "targets" in sources:
        words.append(say("what people who also know others did towards it"))
    if "others" in sources:
        words.append(say("events of accounts tied to it"))
    reports = sources.count("report")
    if reports:
        words.append(
            language.many("{n} independent report", "{n} independent reports", reports)
        )
    if "known" in sources:
        words.append(say("a known list"))
    if not words:
        return say("Nothing speaks for it.")
    agree = (
        language.many(
            "{n} independent source agrees.", "{n} independent sources agree.", len(sources)
        )
        if len(sources) > 1
        else say("All of it rests on one source; nothing independent agrees.")
    )
    return f"{language.listed([Shown(word) for word in words])}. {agree}"
