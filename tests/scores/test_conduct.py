"""What an account's own conduct says in the end: who spoke first, what followed, and no more than rarity supports."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from test_weigh import BOOK, say, total, town, weighed

from undertow.scores.afterwards import MANY, following, with_afterwards
from undertow.scores.conduct import conduct, listed_talk
from undertow.scores.evidence import step_code
from undertow.scores.opening import with_opening
from undertow.scores.rarity import GIVEN, STEP_MOST, held_back, share_as_strong
from undertow.scores.share import share_bits, with_share
from undertow.scores.talk import talk_between
from undertow.signals.quiet import FEW


def opened(log, found):
    return with_opening(log, found, listed_talk(log, found.matches, found.listed))


def opens(log, found, account):
    rows = opened(log, found).evidence
    code = log.accounts.to_pylist().index(account)
    mine = (rows.account == code) & (rows.step == step_code("opens"))
    return rows.source[mine], rows.bits[mine]


def test_who_writes_first_is_told_from_who_is_written_to() -> None:
    events = town()
    for k in range(20, 24):
        events += [
            say(160 + k, f"h{k}a", f"p{k:02}", "help"),
            say(161 + k, f"h{k}b", "help", f"p{k:02}", has=frozenset({"address"})),
        ]
    log, found = weighed(events)
    source, bits = opens(log, found, "rec")
    assert source.tolist() == ["taken"] * 5
    assert (bits > 0).all()
    source, bits = opens(log, found, "help")
    assert source.tolist() == ["not taken"] * 4
    assert (bits < 0).all()


def test_opening_is_asked_of_listed_matches_alone_and_cites_the_first_event_between_the_two() -> (
    None
):
    log, found = weighed(town())
    rows = opened(log, found).evidence
    mine = rows.step == step_code("opens")
    assert mine.sum() == found.listed.sum()
    cited = {log.id[int(row)].as_py() for row in rows.row[mine]}
    assert cited == {f"r{k}a" for k in range(5)}


def test_a_playbook_that_begins_with_the_target_has_no_opening() -> None:
    turned = replace(BOOK, steps=(replace(BOOK.steps[1], source="target", sink="recruiter"), *BOOK.steps[2:]))  # fmt: skip
    log, found = weighed(town(), turned)
    assert len(opened(log, found).evidence) == len(found.evidence)


def test_a_step_of_many_targets_says_no_more_than_how_rare_as_much_of_it_is() -> None:
    log, found = weighed(town())
    before = total(log, found, "rec")
    held = held_back(found)
    assert total(log, held, "rec") < before
    rows = held.evidence
    taken_back = rows.source == "rarity"
    assert (rows.bits[taken_back] < 0).all()
    assert (rows.m[taken_back] == GIVEN).all()
    code = log.accounts.to_pylist().index("rec")
    for step in np.unique(rows.step[rows.step >= 0]):
        mine = (rows.account == code) & (rows.step == step) & (rows.role == "recruiter")
        assert rows.bits[mine].sum() <= STEP_MOST + 1e-9


def test_what_speaks_against_an_account_is_never_held_back() -> None:
    _, found = weighed(town())
    held = held_back(found).evidence
    back = held.source == "rarity"
    for account, step in zip(held.account[back], held.step[back], strict=True):
        rows = (held.account == account) & (held.step == step) & ~back
        assert held.bits[rows].sum() > 0


def after(log, found, account):
    """Give outcome and bits of the account's rows `afterwards`, target by target."""
    rows = with_afterwards(log, found, listed_talk(log, found.matches, found.listed)).evidence
    code = log.accounts.to_pylist().index(account)
    mine = (rows.account == code) & (rows.step == step_code("afterwards"))
    return rows.source[mine], rows.bits[mine]


def chat(hours: float, one: str, other: str, many: int, name: str):
    """Write `many` messages, one an hour, turn and turn about."""
    ends = (one, other)
    return [say(hours + k, f"{name}-{k:02}", ends[k % 2], ends[1 - k % 2]) for k in range(many)]


def test_talk_that_leaves_or_lasts_after_an_address_speaks_for_and_talk_that_trickles_on_against() -> (
    None
):
    events = town()
    for k, many in enumerate((FEW, FEW + 1, MANY - 1, MANY, 0)):
        events += chat(150, f"p{k:02}", "rec", many, f"chat{k}")
    log, found = weighed(events)
    source, bits = after(log, found, "rec")
    assert source.tolist() == ["taken", "not taken", "not taken", "taken", "taken"]
    assert (bits[source == "taken"] > 0).all()
    assert (bits[source == "not taken"] < 0).all()


def test_what_follows_an_address_is_unknown_until_the_data_reach_far_enough() -> None:
    early = [one for one in town() if one.id != "end"]
    log, found = weighed(early)
    assert len(after(log, found, "rec")[0]) == 0
    lasting = [*early, *chat(150, "p00", "rec", MANY, "chat")]
    log, found = weighed(lasting)
    assert len(after(log, found, "rec")[0]) == 0


def test_only_an_address_asks_for_what_follows() -> None:
    plain = replace(BOOK, steps=(*BOOK.steps[:2], replace(BOOK.steps[2], has=()), *BOOK.steps[3:]))  # fmt: skip
    log, found = weighed(town(), plain)
    assert found.listed.any()
    assert len(
        with_afterwards(log, found, listed_talk(log, found.matches, found.listed)).evidence
    ) == len(found.evidence)


def test_a_log_of_what_was_said_next_alone_tells_the_same() -> None:
    """Executors cite these rows and no others: counted again among them, nothing changes."""
    log, found = weighed([*town(), *chat(150, "p00", "rec", 3 * MANY, "chat")])
    row = found.matches.rows[found.listed, 2]
    talk = talk_between(log, log.actor[row], log.target[row], ("message",))
    of, next_rows = following(log, row, talk)
    assert np.bincount(of, minlength=len(row)).tolist() == [MANY, 0, 0, 0, 0]
    cited = np.union1d(row, next_rows)
    columns = ("type", "at", "actor", "target", "context", "visibility", "platform")
    small = replace(
        log,
        id=log.ids(cited),
        marks={},
        **{name: getattr(log, name)[cited] for name in columns},
    )
    again = np.searchsorted(cited, row)
    talk = talk_between(small, small.actor[again], small.target[again], ("message",))
    of_again, rows_again = following(small, again, talk)
    assert (of_again == of).all()
    assert (cited[rows_again] == next_rows).all()


@given(st.integers(0, 30), st.integers(0, 30), st.floats(0.01, 0.9), st.floats(0.02, 0.7))
def test_a_share_is_weighed_over_all_rates_that_an_account_may_have(
    taken: int, others: int, u: float, rate: float
) -> None:
    """Against a plain sum over a fine grid of the same law, in the account's own terms."""
    found = share_bits(np.array([taken]), np.array([taken + others]), np.array([u]), rate)[0]
    first, second = 2 * rate, 2 * (1 - rate)
    excess = ((np.arange(200_000) + 0.5) / 200_000) ** (1 / first)
    law = (1 - excess) ** (second - 1)
    m = excess + (1 - excess) * u
    ratio = (m / u) ** taken * ((1 - m) / (1 - u)) ** others
    expected = np.log2((ratio * law).sum() / law.sum())
    assert found == pytest.approx(expected, abs=0.35 + 0.03 * abs(expected))


def test_many_ordinary_contacts_speak_less_against_an_account_than_one_by_one() -> None:
    counts = np.array([5]), np.array([200]), np.array([0.01])
    m = 0.1 + 0.9 * 0.01
    one_by_one = 5 * np.log2(m / 0.01) + 195 * np.log2((1 - m) / (1 - 0.01))
    assert share_bits(*counts, 0.1)[0] > one_by_one
    more = share_bits(np.array([5]), np.array([20]), np.array([0.01]), 0.1)[0]
    assert more > share_bits(*counts, 0.1)[0]


def test_rows_of_the_listing_step_and_the_row_share_add_up_to_the_share() -> None:
    log, found = weighed(town())
    rows = with_share(found).evidence
    code = log.accounts.to_pylist().index("rec")
    mine = (rows.account == code) & (rows.step == 2) & (rows.role == "recruiter")
    assert (rows.source[mine] == "share").sum() == 1
    u = rows.u[mine & (rows.source == "taken")][:1]
    expected = share_bits(np.array([5]), np.array([11]), u, 0.2)[0]
    assert rows.bits[mine].sum() == pytest.approx(expected)


def test_targets_that_a_cap_holds_back_count_as_one_in_the_share() -> None:
    """Ten who know nobody but the account: what they say together is what one says."""
    events = town()
    for k in range(10):
        events += [
            say(200 + k, f"x{k}a", "lone", f"puppet{k}"),
            say(201 + k, f"x{k}b", "lone", f"puppet{k}", has=frozenset({"address"})),
        ]
    log, found = weighed(events, replace(BOOK, steps=BOOK.steps[1:3]))
    rows = with_share(found).evidence
    code = log.accounts.to_pylist().index("lone")
    mine = (rows.account == code) & (rows.role == "recruiter")
    assert rows.n[mine & (rows.source == "cap")].tolist() == [10]
    taken = mine & (rows.source == "taken")
    assert taken.sum() == 10
    # The cap takes back what nine of them say, whole.
    said = rows.bits[mine].sum()
    one = share_bits(np.array([1]), np.array([1]), rows.u[taken][:1], 0.2)[0]
    assert said == pytest.approx(one)


def test_conduct_completes_a_playbook_that_lists_nobody() -> None:
    log, found = weighed([say(k, f"m{k}", "p00", "p01") for k in range(5)])
    assert conduct(log, [found])[0].listed.sum() == 0


@given(st.lists(st.floats(0.1, 50), max_size=60), st.integers(0, 200))
def test_the_stronger_a_trait_the_smaller_the_share_that_shows_as_much(
    strength: list[float], others: int
) -> None:
    values = np.array(strength)
    share = share_as_strong(values, len(values) + others)
    assert ((share > 0) & (share < 1)).all()
    order = np.argsort(values)
    assert (np.diff(share[order]) <= 1e-12).all()
    equal = np.diff(values[order]) == 0
    assert np.diff(share[order])[equal] == pytest.approx(0)
