"""What counts as agreeing with an account's own conduct."""

from __future__ import annotations

import numpy as np

from undertow.campaigns.group import Groups
from undertow.campaigns.served import Served
from undertow.campaigns.table import Ties, joined, ties_of
from undertow.campaigns.tie import Tied
from undertow.nulls.support import support

NOTHING = np.empty(0, np.int64)


def tie(kind: str, a: int, b: int) -> Ties:
    one = {"a": np.array([a]), "b": np.array([b])}
    return ties_of(kind, one | {"bits": np.array([3.0]), "times": np.array([1])})


def backed(*ties: Ties) -> list[int]:
    found = Tied(
        [],
        joined(list(ties)),
        Groups(NOTHING, NOTHING, NOTHING),
        NOTHING,
        Served(*[NOTHING] * 5),
    )
    return np.flatnonzero(support(found, 10).any).tolist()


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


def test_common_hours_do_not_agree_with_anything() -> None:
    assert backed(tie("address", 1, 2), tie("sync", 1, 2)) == []


def test_one_address_in_common_with_more_than_a_small_team_agrees() -> None:
    assert backed(*(tie("address", 1, n) for n in (2, 3, 4))) == []
    assert backed(*(tie("address", 1, n) for n in (2, 3, 4, 5))) == [1]
    assert backed(*(tie("handoff", 1, n) for n in (2, 3, 4, 5))) == []
