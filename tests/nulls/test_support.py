"""What counts as agreeing with an account's own conduct."""

from __future__ import annotations

import numpy as np

from undertow.campaigns.group import Groups
from undertow.campaigns.served import Served
from undertow.campaigns.table import Ties, joined, ties_of
from undertow.campaigns.tie import Tied
from undertow.nulls.support import Support, support

NOTHING = np.empty(0, np.int64)


def tie(kind: str, a: int, b: int, bits: float = 3.0) -> Ties:
    one = {"a": np.array([a]), "b": np.array([b])}
    return ties_of(kind, one | {"bits": np.array([bits]), "times": np.array([1])})


def support_of(*ties: Ties) -> Support:
    found = Tied(
        [],
        joined(list(ties)),
        Groups(NOTHING, NOTHING, NOTHING),
        NOTHING,
        Served(*[NOTHING] * 5),
    )
    return support(found, 10)


def backed(*ties: Ties) -> list[int]:
    return np.flatnonzero(support_of(*ties).any).tolist()


def test_one_tie_is_what_honest_teams_have_and_no_support() -> None:
    assert backed(tie("address", 1, 2), tie("script", 3, 4), tie("handoff", 5, 6)) == []


def test_an_address_and_a_script_shared_with_one_account_agree() -> None:
    assert backed(tie("address", 1, 2), tie("script", 1, 2)) == [1, 2]


def test_an_address_shared_with_one_and_a_script_with_another_do_not() -> None:
    assert backed(tie("address", 1, 2), tie("script", 1, 3)) == []


def test_the_same_people_seen_from_three_sides_are_one_thing() -> None:
    same = (tie("targets", 1, 2), tie("handoff", 1, 2), tie("gatekeeper", 2, 1))
    assert backed(*same) == []
    assert backed(*same, tie("address", 1, 2)) == [1, 2]


def test_two_with_one_address_who_share_people_with_one_third_agree_with_it() -> None:
    assert backed(tie("address", 1, 2), tie("handoff", 1, 3), tie("gatekeeper", 2, 3)) == [
        1,
        2,
        3,
    ]
    assert backed(tie("address", 1, 2), tie("handoff", 1, 3), tie("handoff", 2, 4)) == []
    assert backed(tie("targets", 1, 2), tie("handoff", 1, 3), tie("handoff", 2, 3)) == []


def test_who_is_tied_to_a_pair_is_backed_and_nobody_further_on() -> None:
    pair = (tie("address", 1, 2), tie("script", 1, 2))
    for kind in ("address", "script", "handoff", "gatekeeper", "targets"):
        assert backed(*pair, tie(kind, 2, 3)) == [1, 2, 3]
        assert backed(*pair, tie(kind, 3, 2), tie(kind, 3, 4)) == [1, 2, 3]
    assert backed(*pair, tie("sync", 2, 3)) == [1, 2]
    assert backed(*pair, tie("handoff", 2, 3, bits=0.9)) == [1, 2]


def test_who_is_tied_to_a_crowd_is_not_backed_by_it() -> None:
    crowd = [tie("address", 1, n) for n in (2, 3, 4, 5)]
    assert backed(*crowd, tie("handoff", 1, 6)) == [1]


def test_who_is_tied_to_one_of_three_who_share_people_is_backed() -> None:
    three = [tie("address", 1, 2), tie("handoff", 1, 3), tie("handoff", 2, 3)]
    assert backed(*three, tie("address", 1, 4), tie("handoff", 4, 5)) == [1, 2, 3, 4]


def test_company_is_named_where_nothing_of_its_own_is() -> None:
    some = [tie("address", 1, 2), tie("script", 1, 2), tie("handoff", 2, 3)]
    found = support_of(*some)
    assert np.flatnonzero(found.pair).tolist() == [1, 2]
    assert np.flatnonzero(found.company).tolist() == [3]


def test_common_hours_do_not_agree_with_anything() -> None:
    assert backed(tie("address", 1, 2), tie("sync", 1, 2)) == []


def test_one_address_in_common_with_more_than_a_small_team_agrees() -> None:
    assert backed(*(tie("address", 1, n) for n in (2, 3, 4))) == []
    assert backed(*(tie("address", 1, n) for n in (2, 3, 4, 5))) == [1]
    assert backed(*(tie("handoff", 1, n) for n in (2, 3, 4, 5))) == []
