"""Lists from other tools, in the form in which those write them; every name in them is invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.campaigns.known import Known, read_known

KEY = b"0123456789abcdef"
FEEDS = Path(__file__).parent / "feeds"
MISP, STIX = FEEDS / "misp-event.json", FEEDS / "stix-bundle.json"


def known(text: str, tmp_path: Path) -> Known:
    (tmp_path / "list").write_text(text, "utf-8")
    return read_known(tmp_path / "list", KEY)


@pytest.mark.parametrize("feed", [MISP, STIX])
def test_a_feed_names_addresses_and_domains(feed: Path) -> None:
    found = read_known(feed, KEY)
    assert found.address("email", "lamp@example.org")
    assert found.address("email", "who@bad.example")
    assert found.address("url", "worse.example/room")


def test_a_misp_event_names_accounts_and_numbers_as_messages_write_them() -> None:
    found = read_known(MISP, KEY)
    assert found.has("account", "twitter:lamp_one")
    assert found.has("account", "telegram:lamp_two")
    assert found.address("telegram", "lamp_two")
    assert found.address("phone", "+12025550147")
    assert found.address("phone", "+442079460958")


def test_who_was_attacked_and_what_was_read_or_withdrawn_is_no_hit() -> None:
    found = read_known(MISP, KEY)
    assert not found.has("account", "chat:was-written-to")
    assert not found.address("email", "victim@example.org")
    assert not found.address("email", "withdrawn@example.org")
    assert not found.address("url", "news.example/article")
    assert found.skipped == 5
    assert not read_known(STIX, KEY).address("email", "withdrawn@example.org")


def test_a_stix_pattern_is_read_only_where_each_part_alone_says_it() -> None:
    found = read_known(STIX, KEY)
    for name in ("both@example.org", "later@example.org", "a@only-together.example"):
        assert not found.address("email", name)
    assert found.address("email", "o'AND@example.org")


def test_a_stix_account_is_named_as_events_name_it() -> None:
    found = read_known(STIX, KEY)
    assert found.has("account", "telegram:lamp_two")
    assert found.has("account", "twitter:4711")
    assert found.address("url", "rooms.example/in/7")


@pytest.mark.parametrize("feed", [MISP, STIX])
def test_of_a_feed_hashes_alone_are_kept(feed: Path, tmp_path: Path) -> None:
    found = read_known(feed, KEY)
    found.write(tmp_path / "hashes")
    text = (tmp_path / "hashes").read_text("utf-8")
    for word in ("lamp", "example", "twitter"):
        assert word not in text
        assert word not in repr(found)
    assert read_known(tmp_path / "hashes", KEY).hashes == found.hashes
    assert not read_known(tmp_path / "hashes", b"another key 1234").address(
        "email", "lamp@example.org"
    )


@pytest.mark.parametrize(
    ("listed", "kind", "value", "hit"),
    [
        ("domain bad.example", "email", "a@bad.example", True),
        ("domain bad.example", "email", "a@mail.bad.example", True),
        ("domain bad.example", "email", "a@notbad.example", False),
        ("domain bad.example", "url", "bad.example", True),
        ("domain bad.example", "url", "www2.bad.example/in/7", True),
        ("domain bad.example", "url", "bad.example:8080/x", True),
        ("domain bad.example", "url", "good.example/bad.example", False),
        ("domain mail.bad.example", "email", "a@bad.example", False),
        ("domain example", "email", "a@bad.example", False),
        ("domain bad.example", "telegram", "bad.example", False),
        ("address https://t.me/Lamp_One", "telegram", "lamp_one", True),
        ("address @lamp_one", "telegram", "lamp_one", True),
        ("address +1 (202) 555-0147", "phone", "+12025550147", True),
        ("address https://www.rooms.example/in/7", "url", "rooms.example/in/7", True),
        ("address https://www.rooms.example/in/7", "url", "rooms.example/in/8", False),
    ],
)
def test_an_entry_is_met_in_every_way_in_which_a_message_writes_it(
    listed: str, kind: str, value: str, hit: bool, tmp_path: Path
) -> None:
    assert known(listed, tmp_path).address(kind, value) == hit
