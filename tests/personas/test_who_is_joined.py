"""Who is held to be one actor, and above all who is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from two import (
    CANARY,
    DAY,
    GIVER,
    HOUR,
    LEAD,
    START,
    following,
    handing,
    ordinary,
    row,
    story,
    target,
)

from undertow.campaigns.known import hashed
from undertow.campaigns.persona import LEAST
from undertow.events.pseudonyms import Pseudonyms

Entries = list[dict]


def pairs(entries: Entries) -> set[frozenset[str]]:
    return {frozenset(one["accounts"]) for one in entries if one["held"]}


def hidden(*names: str) -> frozenset[str]:
    pseudonyms = Pseudonyms.default()
    return frozenset(map(pseudonyms.of, names))


def test_who_hands_an_address_over_is_joined_with_the_account_it_names(joined) -> None:
    found = joined(ordinary() + story())
    assert frozenset({GIVER, LEAD}) in pairs(found)
    lead = next(one for one in found if set(one["accounts"]) == {GIVER, LEAD})
    assert {one["kind"] for one in lead["evidence"]} == {"address", "follows"}
    assert sum(one["bits"] for one in lead["evidence"]) == pytest.approx(lead["bits"], abs=0.01)
    assert lead["bits"] >= LEAST


def test_each_target_is_joined_with_who_began_there_when_it_was_given_the_address(
    joined,
) -> None:
    found = pairs(joined(ordinary() + story()))
    assert {hidden(*target(n)) for n in (0, 1, 2, 4, 5)} <= found
    assert not any(hidden(target(3)[0]) & pair for pair in found), "it followed nowhere"


def test_those_who_speak_first_where_the_address_leads_say_more_than_those_spoken_to(
    joined,
) -> None:
    def bits(begun: list[dict]) -> float:
        own_life = [
            row(START + day * DAY, *ends)
            for day in (4, 31, 77)
            for ends in ((f"telegram:person{day}", LEAD), (LEAD, f"telegram:person{day - 1}"))
        ]
        found = joined(ordinary() + story(follow=()) + own_life + begun)
        return next((one["bits"] for one in found if LEAD in one["accounts"]), 0.0)

    asking = [one for n in (0, 1, 2, 4, 5) for one in following(n)]
    # The lead speaks first, at the same moments.
    spoken_to = [row(one["published"], one["target"], one["actor"]) for one in asking]
    assert bits(asking) > bits(spoken_to) + 5


def test_a_name_that_is_somebody_else_s_over_there_joins_nobody_without_what_follows(
    joined,
) -> None:
    own_life = [
        row(START + day * DAY, f"telegram:person{day}", LEAD) for day in (4, 15, 31, 52, 77)
    ]
    assert joined(ordinary() + story(follow=()) + own_life) == []


@pytest.mark.parametrize(
    "text",
    [
        "t [dot] me / {}",
        "my t e l e g r a m is {}",
        "t.e.l.e.g.r.a.m {}",
        "t ( dot ) me ( slash ) {}",
        "tg: @{}",
    ],
)
def test_a_disguised_address_joins_as_a_plain_one(joined, text: str) -> None:
    rows = [one for n in range(6) for one in handing(n, text=text)]
    rows += [one for n in range(6) for one in following(n)]
    assert frozenset({GIVER, LEAD}) in pairs(joined(ordinary() + rows))


def test_a_number_names_an_account_wherever_its_native_id_is_that_number(joined) -> None:
    desk = "telegram:491711234567"
    rows = [
        one for n in range(5) for one in handing(n, handle="+49 171 1234567", text="call {}")
    ]
    rows += [one for n in range(5) for one in following(n, lead=desk)]
    assert frozenset({GIVER, desk}) in pairs(joined(ordinary() + rows))


def test_an_account_kept_under_the_keyed_hash_of_its_address_is_found_by_it(joined) -> None:
    lead = f"telegram:{hashed(Pseudonyms.default().key, 'address', 'bobby77')}"
    rows = [one for n in range(5) for one in handing(n)]
    rows += [one for n in range(5) for one in following(n, lead=lead)]
    assert frozenset({GIVER, lead}) in pairs(joined(ordinary() + rows))


def test_colleagues_who_share_one_address_are_not_joined_by_it(joined) -> None:
    staff = [f"chat:clerk{n % 3}" for n in range(9)]
    rows = [
        one for n, clerk in enumerate(staff) for one in handing(n, giver=clerk, day=6 + 8 * n)
    ]
    rows += [one for n in range(9) for one in following(n, day=6 + 8 * n)]
    assert joined(ordinary() + rows) == []


def test_of_colleagues_not_even_the_busiest_is_held_to_be_the_desk(joined) -> None:
    rows = [one for n in range(6) for one in handing(n, giver="chat:clerk0")]
    rows += [one for n in range(6, 8) for one in handing(n, giver="chat:clerk1", day=3 * n)]
    rows += [one for n in range(6) for one in following(n)]
    assert joined(ordinary() + rows) == []


def test_one_quotation_of_an_address_by_somebody_else_changes_nothing(joined) -> None:
    quoted = row(START + 70 * DAY, target(0)[0], "chat:person7", "his telegram: @bobby77")
    assert frozenset({GIVER, LEAD}) in pairs(joined([*ordinary(), *story(), quoted]))


def test_a_second_account_that_begins_when_the_first_has_ended_is_joined_too(joined) -> None:
    late = "chat:bob-again"
    rows = [one for n in range(4) for one in handing(n, day=6 + 8 * n)]
    rows += [one for n in range(4, 8) for one in handing(n, giver=late, day=8 + 8 * n)]
    rows += [one for n in range(4) for one in following(n, day=6 + 8 * n)]
    rows += [one for n in range(4, 8) for one in following(n, day=8 + 8 * n)]
    found = joined(ordinary(many=60) + rows)
    assert {frozenset({GIVER, LEAD}), frozenset({late, LEAD})} <= pairs(found)
    kinds = {one["kind"] for tie in found if late in tie["accounts"] for one in tie["evidence"]}
    assert "succession" in kinds


def test_two_accounts_side_by_side_are_not_merged_by_one_address(joined) -> None:
    rows = [one for n in range(4) for one in handing(n, day=6 + 10 * n)]
    rows += [
        one for n in range(4, 8) for one in handing(n, giver="chat:other", day=10 * n - 29)
    ]
    rows += [one for n in range(4) for one in following(n, day=6 + 10 * n)]
    rows += [one for n in range(4, 8) for one in following(n, day=10 * n - 29)]
    assert joined(ordinary() + rows) == []


def test_a_busy_account_where_somebody_new_turns_up_every_day_says_nothing(joined) -> None:
    crowd = [row(START + n * 6 * HOUR, f"telegram:caller{n}", LEAD) for n in range(4 * 90)]
    found = joined(ordinary() + story() + crowd)
    assert frozenset({GIVER, LEAD}) not in pairs(found)


def test_an_account_that_no_address_names_is_found_by_keeping_step(joined) -> None:
    number = "telegram:7700123456"
    rows = [one for n in range(8) for one in handing(n, handle="lamp_post_x")]
    rows += [
        one for n in range(8) for one in following(n, lead=number, after=timedelta(minutes=40))
    ]
    found = joined(ordinary() + rows)
    assert frozenset({GIVER, number}) in pairs(found)
    lead = next(one for one in found if GIVER in one["accounts"])
    assert [one["kind"] for one in lead["evidence"]] == ["search", "follows"]


def test_few_coincidences_do_not_find_an_account_that_no_address_names(joined) -> None:
    rows = [one for n in range(3) for one in handing(n, handle="lamp_post_x")]
    rows += [one for n in range(2) for one in following(n, lead="telegram:7700123456")]
    assert joined(ordinary() + rows) == []


def test_of_two_who_begin_at_once_neither_is_taken_but_a_name_given_in_return_settles_it(
    joined, tmp_path
) -> None:
    here, there = target(0)
    twin = row(START + 8 * DAY + 2 * HOUR, f"telegram:{CANARY}-twin", LEAD)
    other = handing(7, day=8)
    rows = [*ordinary(), *story(), twin, *other]
    assert not any(hidden(here) & pair for pair in pairs(joined(rows)))
    back = row(START + 8 * DAY + HOUR, here, GIVER, f"mine on telegram: @{there[9:]}")
    assert hidden(here, there) in pairs(joined([*rows, back]))
    text = (tmp_path / "personas.yaml").read_text("utf-8")
    assert CANARY not in text, "who answers an address with an own one is a target still"


def test_an_equal_user_name_helps_only_where_the_talk_begins_with_the_same_account(
    joined,
) -> None:
    namesake = row(START + 30 * DAY, f"telegram:{CANARY}-a3", "telegram:person9")
    found = joined([*ordinary(), *story(), namesake])
    assert not any(hidden(target(3)[0]) & pair for pair in pairs(found))


def test_nobody_outside_listed_matches_is_looked_at(joined) -> None:
    """A friend who names an address in public lists nobody, so no account of theirs is tied."""
    rows = story()
    for one in rows:
        if one["actor"] == GIVER and "telegram" in (one["content"] or ""):
            one["type"], one["visibility"] = "mention", "public"
    assert joined(ordinary() + rows) == []


def test_no_target_is_named_in_the_file(joined, tmp_path) -> None:
    joined(ordinary() + story())
    text = (tmp_path / "personas.yaml").read_text("utf-8")
    assert CANARY not in text
    assert Pseudonyms.default().of(target(0)[1]) in text


def test_addresses_dealt_out_anew_join_nearly_nobody(joined) -> None:
    """The very same talk on both sides, and every address handed to somebody else's target."""
    rows = story(range(6), follow=())
    for n in range(6):
        rows += following(n, day=8 + 9 * ((n * 5 + 2) % 6) - 5.5)
    assert joined(ordinary() + rows) == []
