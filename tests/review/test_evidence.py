"""What the desk says of evidence: in words, never surer than the numbers, the same as the report."""

from __future__ import annotations

import pytest
from tests.review.test_drawing import dossier

from undertow.cases.dossier import ChanceCard, EvidenceLine
from undertow.export.findings import WEIGHED, Line
from undertow.review import changes, evidence
from undertow.review.language import language

EN = language("en")
LINES = [
    EvidenceLine(
        "address", "taken", 3, 7, 4.0, usual=(0.046, 0.046), likely=(0.14, 0.14), keys=4260
    ),
    EvidenceLine("address", "not taken", 4, 7, -1.0, usual=(0.046, 0.046)),
    EvidenceLine("opens", "taken", 2, 7, 1.0),
    EvidenceLine("afterwards", "taken", 3, 4, 0.9),
    EvidenceLine("address", "share", 1, 1, -0.2, keys=11),
    EvidenceLine("", "cap", 2, 2, -0.5),
    EvidenceLine("address", "rarity", 1, 1, -0.5, usual=(0.05, 0.05)),
    EvidenceLine("tie:address", "tie", 1, 1, 2.0),
    EvidenceLine("tie:new-kind", "tie", 1, 1, 2.0),
    EvidenceLine("known", "known", 1, 1, 2.0),
    EvidenceLine("report", "report", 1, 1, 2.0),
    EvidenceLine("handoff", "open", 2, 2, 0.0),
    EvidenceLine("handoff", "unknown", 1, 1, 0.0),
    EvidenceLine("block", "block", 1, 1, 0.0),
    EvidenceLine("block", "unblock", 1, 1, 0.0),
]


@pytest.mark.parametrize("line", LINES, ids=lambda one: f"{one.source}-{one.step}")
def test_a_line_says_on_the_desk_what_it_says_in_the_report(line: EvidenceLine) -> None:
    there = Line(
        line.step,
        line.source,
        line.count,
        line.of,
        line.bits,
        line.usual,
        line.likely,
        line.keys,
    ).says.replace(" %", "\N{NO-BREAK SPACE}%")
    assert evidence.says(EN, line) == there


def test_all_that_weighs_is_among_the_lines_that_are_held_to_the_report() -> None:
    assert {one.source for one in LINES} >= set(WEIGHED)


def test_talk_that_trickled_on_is_said_as_what_it_is() -> None:
    said = evidence.says(EN, EvidenceLine("afterwards", "not taken", 1, 4, -0.9))
    assert said == "after the address the talk trickled on with 1 of 4 targets"


@pytest.mark.parametrize("step", ["shifts", "slow answers", "rooms"])
def test_what_stands_beside_the_weights_says_that_honest_work_may_look_the_same(
    step: str,
) -> None:
    said = evidence.says(EN, EvidenceLine(step, "context", 1, 3, 0.0, keys=4))
    assert said.endswith("looks the same")
    assert "4" in said


@pytest.mark.parametrize("step", ["quiet", "once a target", "next target"])
def test_every_kind_of_context_has_its_sentence(step: str) -> None:
    said = evidence.says(EN, EvidenceLine(step, "context", 1, 3, 0.0))
    assert len(said) > 3 * len(step)


def test_who_began_is_said_of_both_sides_in_different_words() -> None:
    began = evidence.says(EN, EvidenceLine("opens", "taken", 2, 7, 1.0))
    others = evidence.says(EN, EvidenceLine("opens", "not taken", 5, 7, -1.0))
    assert began == "wrote first to 2 of 7 targets"
    assert others == "5 of 7 targets wrote to it first"


def test_a_name_from_the_data_is_shown_and_never_run_as_a_sentence() -> None:
    said = evidence.says(EN, EvidenceLine("x{count}\u202e", "strange{0}", 1, 1, 0.0))
    assert "{count}" in said
    assert "⟨U+202E⟩" in said


@pytest.mark.parametrize(
    ("probability", "q", "word"),
    [
        (None, None, "cannot tell"),
        (0.4, 1.0, "cannot tell"),
        (0.69, 0.01, "more likely than not"),
        (0.3, 0.01, "quite possible"),
        (0.02, 0.05, "worth a look"),
        (0.0003, 0.05, "faint"),
    ],
)
def test_confidence_is_a_word_about_the_evidence(
    probability: float | None, q: float | None, word: str
) -> None:
    assert evidence.confidence(EN, probability, q).word == word


def test_who_is_to_judge_first_gets_no_word() -> None:
    assert evidence.confidence(EN, 0.6, 0.01, blind=True).word == "not shown yet"


def test_the_sentence_says_what_is_usual_and_how_far_it_went() -> None:
    said = evidence.sentence(EN, dossier(LINES[0], EvidenceLine("handoff", "taken", 2, 3, 1.0)))
    assert said == (
        "3 of 7 targets reached “address”; 4.6\N{NO-BREAK SPACE}% is usual at this activity. "
        "2 went as far as “handoff”."
    )


def test_a_case_that_is_spoken_against_says_so_first() -> None:
    assert evidence.sentence(EN, dossier(LINES[1])).endswith("that speaks against it.")


def test_what_is_held_back_speaks_neither_way() -> None:
    one = dossier(*LINES[:6])
    assert {line.source for line in evidence.speaks_against(one)} == {"not taken"}


def test_chance_says_what_it_leaves_out() -> None:
    card = ChanceCard(p=0.001, q=0.05, agrees=("ties",), kinds=(("times", 0, 1458),))
    said = " ".join(evidence.chance(EN, card))
    assert "Honest work of the same shape is not counted" in said
    assert "times shuffled 0 of 1,458" in said
    assert evidence.chance(EN, ChanceCard(1.0, 1.0)) == [
        "Cannot tell: nothing but its own conduct speaks."
    ]
    assert "not estimated" in evidence.chance(EN, None)[0]


def test_the_queue_says_how_many_chance_would_put_there() -> None:
    told = {"by_chance": 0.81, "queue": 40, "backed": 15}
    said = evidence.by_chance(EN, told)
    assert said.startswith("About 0.8 of the first 40 would arise by chance, among the 15")
    assert "Of the other 25 the events cannot tell" in said
    assert evidence.by_chance(EN, None) == "Chance was not estimated for this queue."


def test_one_source_is_said_to_be_one_source() -> None:
    import msgspec

    one = msgspec.structs.replace(dossier(LINES[0]), sources=("conduct:p",))
    assert "nothing independent agrees" in evidence.rests(EN, one)
    two = msgspec.structs.replace(one, sources=("conduct:p", "others", "report"))
    assert "3 independent sources agree." in evidence.rests(EN, two)


def test_what_changed_since_a_proposal_is_said_largest_first() -> None:
    before = dossier(LINES[0], LINES[1])
    after = dossier(EvidenceLine("address", "taken", 5, 7, 7.5), LINES[1], LINES[8])
    told = changes.changes(EN, before, after)
    assert told[0] == "weight +3.0 → +8.5 bits"
    assert "+4.0 → +7.5 bits" in told[1]
    assert "0.0 → +2.0 bits" in told[2]
    assert changes.changes(EN, before, before) == []
