from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pytest

from undertow.errors import UndertowError
from undertow.importers import jetstream, textfile
from undertow.importers.jetstream import JetstreamReader

SEEN = 1_780_000_000_000_000
DID = "did:plc:" + "a" * 24
OTHER = "did:plc:" + "b" * 24
THIRD = "did:plc:" + "c" * 24


def line(record=None, collection="app.bsky.feed.post", operation="create", **more):
    commit = {"operation": operation, "collection": collection, "rkey": "k1", "rev": "r1"}
    if record is not None:
        commit["record"] = {"createdAt": "2026-05-28T20:26:40Z", **record}
    return {"did": DID, "time_us": SEEN, "kind": "commit", "commit": commit, **more}


def uri(did, collection="app.bsky.feed.post", rkey="p1"):
    return {"uri": f"at://{did}/{collection}/{rkey}", "cid": "x"}


@pytest.fixture
def lines(tmp_path, take):
    def run(*given):
        path = tmp_path / "stream.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in given))
        return take(JetstreamReader(path))

    return run


@pytest.mark.parametrize(
    ("name", "types", "other", "undone"),
    [
        (
            "jetstream_golden_v1.jsonl",
            {"like": 1, "reply": 1, "announce": 1, "follow": 1, "block": 1, "update": 2},
            3,
            0,
        ),
        (
            "jetstream_window_v1.jsonl",
            {
                "like": 105,
                "announce": 15,
                "post": 9,
                "reply": 8,
                "follow": 6,
                "undo": 3,
                "update": 2,
                "block": 1,
                "delete": 1,
            },
            2,
            4,
        ),
    ],
)
def test_every_fixture_is_read_whole(take, fixtures, name, types, other, undone):
    found = take(JetstreamReader(fixtures / name))
    outcome = found.outcome
    assert outcome.types == types
    assert outcome.rejected == {}
    assert sum(outcome.other.values()) == other
    assert sum(outcome.gaps.values()) == undone
    assert outcome.events + other == len((fixtures / name).read_text().splitlines())
    (source,) = outcome.sources
    assert (source.kind, source.ground) == ("public", None)
    assert not source.shows("message")
    assert not any("did:" in row["id"] + (row["context"] or "") for row in found.rows)
    assert all(row["observed"] is not None for row in found.rows)


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_packed_file_gives_the_same(take, fixtures, tmp_path, codec):
    plain = fixtures / "jetstream_window_v1.jsonl"
    packed = tmp_path / "w.jsonl.packed"
    packed.write_bytes(pa.Codec(codec).compress(plain.read_bytes(), asbytes=True))
    assert take(JetstreamReader(packed)).rows == take(JetstreamReader(plain)).rows


def test_a_packed_file_that_breaks_off_gives_what_it_has(take, fixtures, tmp_path):
    packed = tmp_path / "w.jsonl.gz"
    packed.write_bytes(
        gzip.compress((fixtures / "jetstream_window_v1.jsonl").read_bytes())[:9000]
    )
    outcome = take(JetstreamReader(packed)).outcome
    assert outcome.exit_code == 3
    assert textfile.ENDS_EARLY in outcome.rejected


def test_a_packed_file_that_grows_without_measure_is_refused(take, tmp_path, monkeypatch):
    monkeypatch.setattr(textfile, "ALWAYS_ALLOWED", 1 << 20)
    packed = tmp_path / "bomb.jsonl.gz"
    packed.write_bytes(gzip.compress(b" " * (3 << 20)))
    with pytest.raises(UndertowError) as fault:
        take(JetstreamReader(packed))
    assert fault.value.code == "compressed-too-large"


def test_a_post_has_a_row_for_each_account_it_addresses(lines):
    mention = {"$type": jetstream.MENTION, "did": THIRD}
    record = {
        "text": "hi",
        "langs": ["en"],
        "reply": {"parent": uri(OTHER), "root": uri(THIRD, rkey="root")},
        "facets": [{"features": [mention, {**mention, "did": OTHER}]}],
    }
    rows = lines(line(record)).rows
    assert [(r["type"], r["target"]) for r in rows] == [
        ("reply", f"bluesky:{OTHER}"),
        ("mention", f"bluesky:{THIRD}"),
    ]
    assert len({r["id"] for r in rows}) == 1
    assert {r["content"] for r in rows} == {"hi"}
    assert rows[0]["lang"] == "en"


def test_a_quote_is_an_announcement_of_the_quoted_post(lines):
    rows = lines(line({"text": "see", "embed": {"record": uri(OTHER)}})).rows
    assert [(r["type"], r["target"]) for r in rows] == [
        ("post", None),
        ("announce", f"bluesky:{OTHER}"),
    ]


def test_an_undo_names_the_event_that_it_undoes(lines):
    follow = line({"subject": OTHER}, collection="app.bsky.graph.follow")
    undo = line(None, collection="app.bsky.graph.follow", operation="delete")
    rows = lines(follow, undo).rows
    assert [row["type"] for row in rows] == ["follow", "undo"]
    assert rows[1]["context"] == rows[0]["id"]
    assert rows[1]["id"] != rows[0]["id"]


@pytest.mark.parametrize(
    ("claim", "gap", "year"),
    [
        (None, jetstream.NO_CLAIM, 2026),
        ("yesterday", jetstream.NO_CLAIM, 2026),
        (5, jetstream.NO_CLAIM, 2026),
        ("2026-05-28T20:26:40", jetstream.NO_CLAIM, 2026),
        ("2031-01-01T00:00:00Z", jetstream.LATE_CLAIM, 2026),
        ("2019-01-01T00:00:00Z", jetstream.OLD_CLAIM, 2019),
    ],
)
def test_a_claimed_time_is_kept_unless_it_cannot_be(lines, claim, gap, year):
    found = lines(line({"createdAt": claim, "text": ""}))
    assert found.rows[0]["published"].year == year
    assert found.rows[0]["observed"].year == 2026
    assert found.outcome.gaps == {gap: 1}
    assert found.outcome.sources[0].since.year == 2026


def test_records_that_are_no_event_are_counted_not_set_aside(lines):
    outcome = lines(
        line({"text": "x"}),
        line({}, collection="org.example.thing"),
        line({}, collection="app.bsky.actor.profile", operation="update"),
    ).outcome
    assert (outcome.events, outcome.rejected) == (1, {})
    assert sum(outcome.other.values()) == 2


def test_a_deleted_account_is_told_from_a_changed_one(lines):
    rows = lines(
        {"did": DID, "time_us": SEEN, "kind": "account", "account": {"active": True}},
        {
            "did": DID,
            "time_us": SEEN + 1,
            "kind": "account",
            "account": {"active": False, "status": "deleted"},
        },
    ).rows
    assert [row["type"] for row in rows] == ["update", "delete"]


@pytest.mark.parametrize(
    "bad",
    [
        {"did": 5, "time_us": SEEN, "kind": "commit", "commit": {}},
        {"did": DID, "time_us": "x", "kind": "commit", "commit": {}},
        {"did": DID, "time_us": 10**30, "kind": "commit", "commit": {}},
        {"did": DID, "time_us": SEEN, "kind": "commit", "commit": []},
        {"seq": 4, "time": "2026-01-01T00:00:00Z", "message": {}},
        [1],
        line({"subject": 7}, collection="app.bsky.graph.follow"),
        line({"subject": {"uri": "http://x"}}, collection="app.bsky.feed.like"),
        line({"text": "x", "reply": {"parent": 3}}),
        line(None),
    ],
)
def test_a_wrong_line_is_set_aside_and_the_next_is_read(lines, bad):
    outcome = lines(bad, line({"text": "x"})).outcome
    assert (outcome.events, sum(outcome.rejected.values())) == (1, 1)
