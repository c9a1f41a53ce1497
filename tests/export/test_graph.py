from __future__ import annotations

import pytest

from undertow.export.graph import SHOWN, draw


def row(recruiters: int = 2) -> dict:
    accounts = [{"account": f"p:r{n}", "role": "recruiter"} for n in range(recruiters)]
    accounts += [
        {"account": "p:g", "role": "gatekeeper"},
        {"account": "p:f", "role": "facilitator"},
    ]
    ties = [
        {"kind": "address", "a": "p:r0", "b": "p:r1", "bits": 5.0},
        {"kind": "script", "a": "p:r0", "b": "p:r1", "bits": 7.0},
        {"kind": "handoff", "a": "p:r0", "b": "p:f", "bits": 3.0},
    ]
    return {"campaign": "c:p:r0", "accounts": accounts, "weight": 12.0, "ties": ties}


def test_who_lets_in_stands_left_and_who_takes_over_right() -> None:
    place = {node.account: node.x for node in draw(row()).nodes}
    assert place["p:g"] < min(place["p:r0"], place["p:r1"]) < place["p:f"]


def test_all_ties_of_two_accounts_are_one_line_with_their_sum() -> None:
    edges = {(edge.a, edge.b): edge for edge in draw(row()).edges}
    assert edges["p:r0", "p:r1"].bits == pytest.approx(12.0)
    assert edges["p:r0", "p:r1"].kinds == ("script", "address")
    assert len(edges) == 2


def test_no_two_accounts_stand_in_one_place_and_a_crowd_is_counted() -> None:
    drawn = draw(row(20))
    places = {(node.x, node.y) for node in drawn.nodes}
    assert len(places) == len(drawn.nodes) == SHOWN + 2
    assert drawn.left_out == 20 - SHOWN
    assert all(0 < node.y < drawn.height for node in drawn.nodes)
