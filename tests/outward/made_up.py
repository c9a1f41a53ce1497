"""A made-up case for the tests of what leaves the desk; every sentence in it is neutral filler."""

from __future__ import annotations

import msgspec

from undertow.cases import dossier as d
from undertow.outward.record import Act, Maker, Measure, Passage, Record, Target

DAY = 86_400_000_000
START = 1_767_225_600_000_000
"""2026-01-01, microseconds."""
NOW = START + 60 * DAY


def dossier(**changes: object) -> d.Dossier:
    steps = tuple(
        d.StepCard(name, private=private, reached=9, at_risk=40)
        for name, private in (("approach", False), ("first_message", True), ("address", True))
    )
    funnels = tuple(
        d.FunnelCard(
            f"t:target{i}",
            "address",
            4.0,
            tuple(
                d.TakenStep(
                    step.name, START + (i + k) * DAY, "a:recruiter", f"native-event-{i}-{k}"
                )
                for k, step in enumerate(steps)
            ),
        )
        for i in range(3)
    )
    made = d.Dossier(
        playbook=d.PlaybookCard(
            "extremist-recruitment",
            "ab" * 32,
            "From a public approach to supervised private talk",
            "experimental",
            "a published account",
            ("helplines", "job recruiters"),
            "address",
            steps,
        ),
        account="a:recruiter",
        role="recruiter",
        platform="forum",
        weight=19.5,
        contacted=5,
        run=d.RunCard("0.1.0", NOW, ground=("terms of service, section 4",)),
        probability=0.9,
        chance=d.ChanceCard(0.001, 0.05, ("a tie",), (("times", 0, 90),)),
        lines=(
            d.EvidenceLine("address", "taken", 3, 5, 12.0, (0.01, 0.02), (0.5, 0.6), 900),
            d.EvidenceLine("tie:address", "tie", 1, 1, 8.0, (0.01, 0.01), None, 70),
            d.EvidenceLine("handoff", "not taken", 3, 3, -0.5, (0.01, 0.02), (0.3, 0.3), 900),
        ),
        silent=(d.EvidenceLine("sustained", "open", 1, 5, 0.0),),
        funnels=funnels,
        rests=("its own conduct", "events of accounts tied to it"),
        dark=("the same address is handed over by a:second",),
    )
    return msgspec.structs.replace(made, **changes)


def measure(**changes: object) -> Measure:
    made = Measure(
        "m:1", "limit", "r:ada", "r:ben", "cd" * 32, NOW - 3 * DAY, NOW - 2 * DAY, "2.1"
    )
    return msgspec.structs.replace(made, **changes)


def record(**changes: object) -> Record:
    made = Record(
        case="c:1",
        state="closed",
        revision=7,
        hash="cd" * 32,
        dossier=dossier(),
        opened_at=START + 10 * DAY,
        updated_at=NOW - DAY,
        keep_until=NOW + 90 * DAY,
        lang="en",
        acts=(
            Act("act:1", "propose", NOW - 4 * DAY, "r:ada", "limit", "2.1"),
            Act("act:2", "approve", NOW - 3 * DAY, "r:ben", "limit", "2.1", answers="act:1"),
        ),
        measures=(measure(),),
        targets=tuple(Target(f"t:target{i}", "address", "offered") for i in range(3)),
    )
    return msgspec.structs.replace(made, **changes)


def simulated() -> Record:
    run = d.RunCard("0.1.0", NOW, simulated=True)
    return record(dossier=dossier(run=run), simulated=True)


def with_passage(text: str) -> Record:
    return record(passages=(Passage("p:1", "a:recruiter", "t:target0", START, text),))


def maker(**changes: object) -> Maker:
    return msgspec.structs.replace(Maker("r:ada", NOW), **changes)


def poisoned(text: str) -> Record:
    """Put a text into every field of a case that is not ours to word."""
    step = d.StepCard(text, likely_source=text)
    made = dossier(
        playbook=d.PlaybookCard(text, text, text, text, text, (text,), text, (step,)),
        account=text,
        role=text,
        platform=text,
        run=d.RunCard(text, START, ground=(text,), warnings=(text,), coverage=(text,)),
        lines=(d.EvidenceLine(text, text, 1, 1, 2.0), d.EvidenceLine(text, "taken", 1, 1, 2.0)),
        silent=(d.EvidenceLine(text, "context", 1, 1, 0.0),),
        funnels=(d.FunnelCard(text, text, 1.0, (d.TakenStep(text, START, text, text),)),),
        rests=(text,),
        dark=(text,),
    )
    act = Act(text, text, START, text, text, text, reason=text)
    return msgspec.structs.replace(
        with_passage(text),
        dossier=made,
        case=text,
        state=text,
        lang=text,
        acts=(act,),
        native=text,
    )
