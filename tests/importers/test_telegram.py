from __future__ import annotations

import json

import pytest

from undertow.errors import UndertowError
from undertow.importers import telegram
from undertow.importers.telegram import TelegramReader


def read(take, path, **kwargs):
    return take(TelegramReader(path, ground="test", **kwargs))


def chat(tmp_path, messages, **header):
    path = tmp_path / "result.json"
    path.write_text(json.dumps({**header, "messages": messages}))
    return path


def message(number, who, **more):
    return {
        "id": number,
        "type": "message",
        "date_unixtime": str(1_700_000_000 + number),
        "from": more.pop("name", f"Name {who}"),
        "from_id": f"user{who}",
        "text": more.pop("text", "words"),
        **more,
    }


def service(number, who, action, **more):
    given = message(number, who, type="service", action=action, **more)
    return {**given, "actor": given.pop("from"), "actor_id": given.pop("from_id")}


GROUP = {"name": "Room", "type": "private_group", "id": 777}


@pytest.mark.parametrize(
    ("name", "zone", "events", "types", "gaps"),
    [
        ("langchain_result.json", None, 4, {"message": 4}, {}),
        (
            "chatpack_telegram_export.json",
            "UTC",
            8,
            {"message": 7, "update": 1},
            {telegram.EDITED: 1},
        ),
        (
            "chatminer_single_export.json",
            None,
            2,
            {"message": 2},
            {telegram.NAME_ONLY: 2, telegram.NO_TYPE: 2},
        ),
        (
            "chatminer_batch_export.json",
            None,
            2,
            {"message": 2},
            {telegram.NAME_ONLY: 2, telegram.NO_TYPE: 2},
        ),
    ],
)
def test_every_fixture_is_read_whole(take, fixtures, name, zone, events, types, gaps):
    outcome = read(take, fixtures / name, timezone=zone).outcome
    assert (outcome.events, outcome.types, outcome.gaps) == (events, types, gaps)
    assert outcome.rejected == {}
    (source,) = outcome.sources
    assert source.kind == "direct"
    assert source.extra["pocket"] is True
    assert not source.shows("follow")
    assert not source.shows("delete")


def test_a_personal_chat_goes_to_the_other_party(take, fixtures):
    rows = read(take, fixtures / "langchain_result.json").rows
    assert {(row["actor"], row["target"]) for row in rows} == {
        ("telegram:user123450513", "telegram:user6565661032"),
        ("telegram:user6565661032", "telegram:user123450513"),
    }
    assert {row["visibility"] for row in rows} == {"direct"}
    assert rows[0]["published"].isoformat() == "2023-08-23T20:11:23+00:00"


def test_ids_of_a_personal_chat_hold_no_account(take, fixtures):
    for row in read(take, fixtures / "langchain_result.json").rows:
        for number in ("5965280513", "123450513", "6565661032"):
            assert number not in row["id"] + row["context"]


def test_local_times_without_a_zone_are_refused(take, fixtures):
    with pytest.raises(UndertowError, match="time without a zone: give --timezone") as fault:
        read(take, fixtures / "chatpack_telegram_export.json")
    assert fault.value.code == "import-nothing"


def test_without_a_ground_personal_chats_are_not_read(take, fixtures):
    with pytest.raises(UndertowError) as fault:
        take(TelegramReader(fixtures / "langchain_result.json"))
    assert fault.value.code == "ground-missing"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("example_supergroup.jsonl", "telegram-history-dump"),
        ("messages.html", "telegram-html"),
        ("jetstream_golden_v1.jsonl", "telegram-not-export"),
    ],
)
def test_other_formats_are_refused_by_name(fixtures, name, code):
    with pytest.raises(UndertowError) as fault:
        TelegramReader(fixtures / name)
    assert fault.value.code == code


def test_a_chat_with_one_side_goes_to_the_person_it_is_named_for(take, tmp_path):
    path = chat(tmp_path, [message(1, 5)], type="personal_chat", id=9, name="X")
    assert read(take, path).rows[0]["target"] == "telegram:user9"


def test_messages_to_a_group_have_the_room_and_no_target(take, tmp_path):
    path = chat(tmp_path, [message(1, 5, text=["a ", {"type": "bold", "text": "b"}])], **GROUP)
    (row,) = read(take, path).rows
    assert (row["id"], row["target"]) == ("telegram:777:000000000001", None)
    assert (row["context"], row["visibility"]) == ("telegram:777", "group")
    assert row["content"] == "a b"


def test_a_reply_goes_to_the_author_of_what_it_answers(take, tmp_path):
    given = [
        message(1, 5),
        message(2, 6, reply_to_message_id=1),
        message(3, 5, reply_to_message_id=99),
    ]
    found = read(take, chat(tmp_path, given, **GROUP))
    assert [(r["type"], r["target"]) for r in found.rows] == [
        ("message", None),
        ("reply", "telegram:user5"),
        ("reply", None),
    ]
    assert found.outcome.gaps == {telegram.NO_PARENT: 1}


def test_an_invited_name_is_resolved_only_if_one_account_bears_it(take, tmp_path):
    given = [
        message(1, 5, name="Ann"),
        message(2, 6, name="Bo"),
        message(3, 7, name="Bo"),
        service(4, 5, "invite_members", name="Ann", members=["Bo", "Cy", None]),
        service(5, 6, "invite_members", name="Bo", members=["Ann"]),
    ]
    found = read(take, chat(tmp_path, given, **GROUP))
    rows = [(r["type"], r["actor"], r["target"]) for r in found.rows[3:]]
    assert rows == [
        ("invite", "telegram:user5", None),
        ("invite", "telegram:user6", "telegram:user5"),
        ("join", "telegram:user5", None),
    ]
    assert found.outcome.gaps == {telegram.NO_MEMBER: 3}
    keys = [(row["id"], row["target"]) for row in found.rows]
    assert len(set(keys)) == len(keys)


def test_a_contact_of_the_same_name_makes_a_name_ambiguous(take, tmp_path):
    path = tmp_path / "result.json"
    given = [message(1, 5, name="Ann"), service(2, 6, "invite_members", members=["Ann"])]
    contacts = {"list": [{"user_id": 8, "first_name": "Ann", "last_name": ""}]}
    chats = {"list": [{**GROUP, "messages": given}]}
    path.write_text(json.dumps({"chats": chats, "contacts": contacts}))
    assert read(take, path).outcome.gaps == {telegram.NO_MEMBER: 1}


def test_joins_leaves_and_removals_are_seen(take, tmp_path):
    given = [
        message(1, 5, name="Ann"),
        service(2, 6, "join_group_by_link", name="Bo", inviter="Ann"),
        service(3, 7, "join_group_by_request", name="Cy"),
        service(4, 6, "remove_members", name="Bo", members=["Bo"]),
        service(5, 5, "remove_members", name="Ann", members=["Cy"]),
        service(6, 5, "create_group", name="Ann", members=["Ann", "Cy"]),
        service(7, 5, "pin_message", name="Ann"),
    ]
    found = read(take, chat(tmp_path, given, **GROUP))
    assert [(r["type"], r["actor"][-1], (r["target"] or "-")[-1]) for r in found.rows[1:]] == [
        ("join", "6", "5"),
        ("join", "7", "-"),
        ("leave", "6", "-"),
        ("remove", "5", "7"),
        ("join", "5", "-"),
        ("invite", "5", "7"),
        ("join", "7", "-"),
    ]
    assert found.outcome.other == {"service messages that are no event": 1}


def test_channel_posts_are_posts_and_edits_are_updates(take, tmp_path):
    given = [message(1, 5, edited_unixtime="1700000100", forwarded_from="someone")]
    found = read(take, chat(tmp_path, given, type="public_channel", id=3))
    assert [(r["type"], r["visibility"]) for r in found.rows] == [
        ("post", "public"),
        ("update", "public"),
    ]
    assert found.outcome.gaps == {telegram.EDITED: 1, telegram.FORWARDED: 1}
    assert found.outcome.sources[0].kind == "public"


def test_a_file_that_breaks_off_gives_what_it_has(take, tmp_path):
    path = chat(tmp_path, [message(n, 5) for n in range(50)], **GROUP)
    path.write_bytes(path.read_bytes()[:-400])
    outcome = read(take, path).outcome
    assert 40 < outcome.events < 50
    assert list(outcome.rejected) == [
        "the file is damaged or ends early: the rest was not read"
    ]
    assert outcome.exit_code == 3


def test_a_full_export_keeps_its_chats_apart(take, tmp_path):
    path = tmp_path / "result.json"
    personal = {"type": "personal_chat", "id": 9, "messages": [message(1, 9), message(2, 5)]}
    whole = {
        "personal_information": {"user_id": 5},
        "chats": {"about": "…", "list": [personal, {**GROUP, "messages": [message(1, 9)]}]},
        "left_chats": {"list": [{**GROUP, "id": 778, "messages": [message(1, 9)]}]},
        "stories": [{"deep": [[[]]]}],
    }
    path.write_text(json.dumps(whole, indent=1))
    rows = read(take, path).rows
    assert [(r["context"] if r["visibility"] == "group" else r["target"]) for r in rows] == [
        "telegram:user5",
        "telegram:user9",
        "telegram:777",
        "telegram:778",
    ]


def test_messages_across_the_borders_of_blocks_are_whole(take, tmp_path):
    given = [message(n, n % 7, text='é"\\{[' * 3000) for n in range(1, 150)]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({**GROUP, "messages": given}, ensure_ascii=False), "utf-8")
    assert path.stat().st_size > 2 << 20
    found = read(take, path)
    assert found.outcome.events == 149
    assert {row["content"] for row in found.rows} == {'é"\\{[' * 3000}
