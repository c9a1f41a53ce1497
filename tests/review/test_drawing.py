"""Drawings: places in numbers, mirrored where lines are read from the right, and the same every time."""

from __future__ import annotations

import pytest

from undertow.cases.dossier import (
    CampaignCard,
    Dossier,
    EvidenceLine,
    FunnelCard,
    PlaybookCard,
    RunCard,
    StepCard,
    TakenStep,
    Tie,
)
from undertow.export import charts, graph
from undertow.review.drawing import campaign, timeline, waterfall
from undertow.review.language import language

HOUR = 3_600_000_000
BOOK = PlaybookCard(
    name="mine",
    version="0" * 64,
    steps=(
        StepCard("approach", private=False),
        StepCard("first_message", private=True),
        StepCard("handoff"),
    ),
)
FUNNEL = FunnelCard(
    target="t:aaaaaaaaaaaaaaaa",
    step="handoff",
    weight=3.0,
    steps=(
        TakenStep("approach", 10 * HOUR, "t:aaaaaaaaaaaaaaaa", "e1"),
        TakenStep("first_message", 40 * HOUR, "a:bbbbbbbbbbbbbbbb", "e2"),
        TakenStep("handoff", 40 * HOUR, "a:cccccccccccccccc", "e3"),
    ),
    roles=(("facilitator", "a:cccccccccccccccc"),),
)
RUN = RunCard(undertow="0", at=0)


def dossier(*lines: EvidenceLine) -> Dossier:
    return Dossier(
        playbook=BOOK,
        account="a:bbbbbbbbbbbbbbbb",
        role="recruiter",
        platform="p",
        weight=sum(one.bits for one in lines),
        contacted=3,
        run=RUN,
        lines=lines,
    )


def drawn(code: str) -> timeline.Drawn:
    return timeline.timeline(language(code), FUNNEL, BOOK, "a:bbbbbbbbbbbbbbbb")


def test_a_timeline_names_who_acts_by_role_and_code() -> None:
    lanes = drawn("en").lines.lanes
    assert [what for _, what, _ in lanes] == ["this account", "facilitator", "target"]
    assert lanes[0][2] == "a:bbbbbb"


def test_two_steps_on_one_day_show_the_time_and_no_gap_is_said_at_once() -> None:
    marks = drawn("en").lines.marks
    assert marks[0].when == "1 Jan"
    assert marks[2].when == "16:00"
    assert marks[2].gap == "at once"


def test_a_timeline_read_from_the_right_is_the_mirror_of_the_other() -> None:
    left, right = drawn("en"), drawn("ar")
    assert right.mirrored
    for one, other in zip(left.lines.marks, right.lines.marks, strict=True):
        assert one.x + other.x == pytest.approx(charts.WIDTH)
        assert one.axis_x + other.axis_x == pytest.approx(charts.WIDTH)
    assert left.lines.border is not None
    assert right.lines.border == pytest.approx(charts.WIDTH - left.lines.border)
    assert [one.x for one in right.lines.marks] == sorted(
        (one.x for one in right.lines.marks), reverse=True
    )


def test_the_days_of_the_axis_are_in_the_reader_s_language() -> None:
    french = " ".join(text for _, text in drawn("fr").lines.ticks)
    assert "janv." in french


def test_the_rows_of_a_waterfall_add_up_as_they_are_shown() -> None:
    lines = (
        EvidenceLine("address", "taken", 3, 4, 5.26),
        EvidenceLine("address", "not taken", 1, 4, -1.13),
        EvidenceLine("tie:group", "tie", 1, 1, 2.33),
    )
    fall = waterfall.waterfall(language("en"), dossier(*lines))
    assert round(sum(row.shown for row in fall.rows), 1) == round(
        sum(one.bits for one in lines), 1
    )
    assert [row.side for row in fall.rows] == ["for", "against", "for"]
    for before, after in zip(fall.rows, fall.rows[1:], strict=False):
        assert before.bar.after == pytest.approx(after.bar.before)
    assert fall.rows[0].bar.before == pytest.approx(fall.zero)


def test_a_waterfall_read_from_the_right_grows_to_the_left() -> None:
    line = EvidenceLine("address", "taken", 3, 4, 5.0)
    left = waterfall.waterfall(language("en"), dossier(line))
    right = waterfall.waterfall(language("ar"), dossier(line))
    assert left.even > left.zero
    assert right.even < right.zero
    assert right.zero == pytest.approx(100 - left.zero)


def test_a_case_without_lines_still_has_its_sum() -> None:
    fall = waterfall.waterfall(language("en"), dossier())
    assert fall.rows == ()
    assert fall.total.width > 0


CARD = CampaignCard(
    campaign="c:1",
    weight=9.0,
    members=(("a:1", "recruiter"), ("a:2", "recruiter"), ("a:3", "gatekeeper")),
    ties=(
        Tie("address", "a:1", "a:2", 6.0),
        Tie("script", "a:1", "a:2", 2.0),
        Tie("gatekeeper", "a:1", "a:3", 1.2),
    ),
)


def test_a_campaign_has_a_shape_per_role_and_a_dot_per_person() -> None:
    dates = campaign.Dates({"a:1": 3, "a:2": 7}, {"a:1": tuple(range(3, 23)), "a:2": (7, 8, 9)})
    one = campaign.campaign(language("en"), CARD, {"a:1": "k:1"}, dates)
    nodes = {node.code: node for node in one.nodes}
    assert len(nodes["a:1"].dots) == campaign.DOTS
    assert nodes["a:1"].more == tuple(range(15, 23))
    assert len(nodes["a:2"].dots) == 3
    assert nodes["a:1"].case == "k:1"
    assert nodes["a:3"].case is None
    assert nodes["a:3"].x < nodes["a:1"].x


def test_a_tie_is_there_from_when_both_had_acted_and_always_where_nobody_knows() -> None:
    dates = campaign.Dates({"a:1": 3, "a:2": 7}, {})
    edges = {(one.a, one.b): one.since for one in drawn_with(dates).edges}
    assert edges["a:1", "a:2"] == 7
    assert edges["a:1", "a:3"] == 3
    assert {one.since for one in drawn_with(campaign.UNDATED).edges} == {None}


def drawn_with(dates: campaign.Dates) -> campaign.Drawn:
    return campaign.campaign(language("en"), CARD, {}, dates)


def test_a_campaign_read_from_the_right_is_mirrored() -> None:
    left = campaign.campaign(language("en"), CARD, {})
    right = campaign.campaign(language("ar"), CARD, {})
    for one, other in zip(left.nodes, right.nodes, strict=True):
        assert one.x + other.x == pytest.approx(graph.WIDTH)


def test_a_pair_that_one_weak_signal_holds_is_named() -> None:
    assert campaign.alone(CARD.ties) == [("a:1", "a:3", "gatekeeper", 1.2)]
    weak = [edge for edge in campaign.campaign(language("en"), CARD, {}).edges if edge.weak]
    assert [(one.a, one.b) for one in weak] == [("a:1", "a:3")]


def test_a_kind_that_carries_most_of_a_campaign_is_named_with_its_share() -> None:
    assert campaign.carried_by(CARD.ties) == ("address", pytest.approx(6 / 9.2))
    even = (Tie("address", "a:1", "a:2", 2.0), Tie("script", "a:1", "a:2", 2.0))
    assert campaign.carried_by(even) is None


def test_a_small_multiple_holds_the_ties_of_its_kind_at_the_same_places() -> None:
    whole = campaign.campaign(language("en"), CARD, {})
    one = campaign.campaign(language("en"), CARD, {}, kind="script")
    assert [edge.kinds for edge in one.edges] == [("script",)]
    assert [(node.x, node.y) for node in one.nodes] == [
        (node.x, node.y) for node in whole.nodes
    ]
