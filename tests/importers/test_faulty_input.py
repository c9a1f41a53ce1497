from __future__ import annotations

import json

import pytest

DEEP = "[" * 100_000 + "]" * 100_000
BIG = "1" * 30
LINE = (
    '{"did":"did:plc:x","time_us":1780000000000000,"kind":"commit","commit":{"operation":"create",'
    '"collection":"app.bsky.feed.post","rkey":"k","rev":"r","record":%s}}\n'
)
GOOD_RECORD = '{"createdAt":"2026-05-28T20:26:40Z","text":"fine"}'
MESSAGE = (
    '{"id":%s,"type":"message","date_unixtime":"1700000000","from":"A","from_id":%s,"text":%s}'
)
GOOD_MESSAGE = MESSAGE % ("1", '"user1"', '"fine"')


def chat(*messages):
    return '{"name":"n","type":"private_group","id":7,"messages":[' + ",".join(messages) + "]}"


def csv(*rows):
    return "sender,recipient,time,body\n" + "".join(f"{row}\n" for row in rows)


GOOD = {
    "telegram": chat(GOOD_MESSAGE),
    "jetstream": LINE % GOOD_RECORD,
    "csv": csv("1,2,1082040961,fine"),
}
MAP = """\
platform: chat
type: {value: message}
columns: {actor: sender, target: recipient, content: body, published: {column: time, format: unix-seconds}}
"""

CASES = [
    # name, reader, input, exit code
    *((f"{kind} empty", kind, "", 2) for kind in GOOD),
    *((f"{kind} blank", kind, "\n \n", 2) for kind in GOOD),
    *((f"{kind} zeros", kind, b"\0" * 1000, 2) for kind in GOOD),
    *((f"{kind} noise", kind, bytes(range(256)) * 20, 2) for kind in GOOD),
    *((f"{kind} brackets", kind, "[" * 100_000, 2) for kind in GOOD),
    *((f"{kind} braces", kind, '{"a":' * 100_000, 2) for kind in GOOD),
    *((f"{kind} cut", kind, text[: len(text) * 2 // 3], 2) for kind, text in GOOD.items()),
    ("telegram number", "telegram", "5", 2),
    ("telegram messages wrong", "telegram", '{"messages": {"a": 1}}', 2),
    (
        "telegram header wrong",
        "telegram",
        '{"id":[1],"type":{},"name":5,"messages":[7,null]}',
        2,
    ),
    ("telegram chats wrong", "telegram", '{"chats":{"list":[1,{"messages":3}]}}', 2),
    ("telegram header deep", "telegram", f'{{"id":{DEEP},"messages":[{GOOD_MESSAGE}]}}', 3),
    ("telegram deep", "telegram", chat(GOOD_MESSAGE, MESSAGE % ("2", '"user2"', DEEP)), 3),
    (
        "telegram deep elsewhere",
        "telegram",
        f'{{"stories":{DEEP},{chat(GOOD_MESSAGE)[1:]}',
        0,
    ),
    ("telegram twice", "telegram", chat(GOOD_MESSAGE[:-1] + ',"id":2,"id":3}'), 0),
    (
        "telegram nan",
        "telegram",
        chat(GOOD_MESSAGE, GOOD_MESSAGE.replace('"1700000000"', "NaN")),
        3,
    ),
    ("telegram half pair", "telegram", chat(MESSAGE % ("1", '"user1"', r'"a\ud800b"')), 0),
    ("telegram half pair id", "telegram", chat(MESSAGE % ("1", r'"\ud800"', '"a"')), 0),
    ("telegram nul", "telegram", chat(MESSAGE % ("1", '"user1"', r'"a\u0000b"')), 0),
    ("telegram big id", "telegram", chat(MESSAGE % (BIG, BIG, '"a"')), 0),
    ("telegram huge id", "telegram", chat(GOOD_MESSAGE, MESSAGE % ("9" * 9000, "1", '"a"')), 3),
    (
        "telegram odd values",
        "telegram",
        chat(GOOD_MESSAGE, MESSAGE % ("[1]", "{}", "[[1],{},3]")),
        0,
    ),
    (
        "telegram bytes",
        "telegram",
        chat(GOOD_MESSAGE, MESSAGE % ("2", '"u"', '"Ã"')).encode("latin-1"),
        3,
    ),
    ("telegram behind", "telegram", chat(GOOD_MESSAGE) + "garbage", 0),
    ("telegram damaged one", "telegram", chat(GOOD_MESSAGE, '{"id": }', GOOD_MESSAGE), 3),
    ("jetstream deep", "jetstream", LINE % GOOD_RECORD + LINE % DEEP, 3),
    ("jetstream nan", "jetstream", LINE % GOOD_RECORD + LINE % "NaN", 3),
    ("jetstream half pair", "jetstream", LINE % GOOD_RECORD.replace("fine", r"\udc00"), 0),
    ("jetstream nul", "jetstream", LINE % GOOD_RECORD.replace("fine", r"a\u0000"), 0),
    (
        "jetstream big",
        "jetstream",
        (LINE % GOOD_RECORD) * 2 + LINE.replace("1780000000000000", BIG) % "{}",
        3,
    ),
    ("jetstream bytes", "jetstream", (LINE % GOOD_RECORD).encode() + b'{"did":"\xff"}\n', 3),
    ("jetstream twice", "jetstream", LINE % '{"text":"a","text":"b","createdAt":5}', 0),
    ("jetstream list", "jetstream", "[1,2]\n5\nnull\n", 2),
    ("csv only head", "csv", csv(), 2),
    ("csv wrong rows", "csv", csv("a", "b,c", ",,,,,,,"), 2),
    ("csv nan", "csv", csv("1,2,1082040961,x", "1,2,nan,x", "1,2,1e999,x", "1,2,inf,x"), 3),
    ("csv big", "csv", csv(f"{BIG},2,1082040961,x", f"1,2,{BIG},x", f"1,2,{'9' * 5000},x"), 3),
    ("csv deep", "csv", csv(f'1,2,1082040961,"{"[" * 100_000}"', "1"), 3),
    ("csv nul", "csv", csv("1\0,2,1082040961,x"), 0),
    (
        "csv half pair",
        "csv",
        csv("1,2,1082040961,x").encode() + b"1,2,1082040961,\xed\xa0\x80\n",
        2,
    ),
    ("csv utf16 cut", "csv", csv("1,2,1082040961,xy").encode("utf-16")[:-1], 2),
    ("csv long name", "csv", csv("1,2,1082040961,x", f"{'a' * 5000},2,1082040961,x"), 3),
]


@pytest.mark.parametrize(
    ("kind", "text", "code"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_faulty_input_is_refused_or_set_aside_and_never_breaks(
    tmp_path, monkeypatch, undertow, kind, text, code
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "input"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "map.yaml").write_text(MAP)
    more = ("--map", "map.yaml") if kind == "csv" else ()
    ran = undertow("import", kind, "input", *more, "--ground", "test", "--out", "out.parquet")
    assert ran.code == code, ran.err + ran.out
    assert "Traceback" not in ran.err
    assert (tmp_path / "out.parquet").exists() == (code != 2)
    assert (tmp_path / "out.rejects.parquet").exists() == (code == 3)
    if code == 2:
        assert "mend: " in ran.err
    if kind == "csv":
        guessed = undertow("import", kind, "input", "--guess", "--format", "json")
        assert guessed.code in (0, 2), guessed.err


@pytest.mark.parametrize("kind", ["telegram", "jetstream", "csv"])
@pytest.mark.parametrize("where", ["nowhere", "."])
def test_a_file_that_is_none_is_a_clear_error(tmp_path, monkeypatch, undertow, kind, where):
    monkeypatch.chdir(tmp_path)
    ran = undertow("import", kind, where, "--ground", "test")
    assert ran.code == 2
    assert "[file-unreadable]" in ran.err


def test_no_output_can_be_written_into_a_file_used_as_folder(tmp_path, monkeypatch, undertow):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "result.json").write_text(GOOD["telegram"])
    (tmp_path / "block").write_text("")
    ran = undertow("import", "telegram", "result.json", "--out", "block/out.parquet")
    assert ran.code == 2
    assert "[output-unwritable]" in ran.err


def test_the_list_of_formats_says_what_each_cannot_show(undertow):
    ran = undertow("import", "--list", "--format", "json")
    assert ran.code == 0
    rows = {row["format"]: row for row in json.loads(ran.out)}
    assert set(rows) == {"csv", "sql", "telegram", "jetstream"}
    assert "follows" in rows["telegram"]["cannot show"]
    assert "direct messages" in rows["jetstream"]["cannot show"]


def test_a_foreign_csv_goes_from_guess_to_events(tmp_path, monkeypatch, undertow):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.csv").write_text(GOOD["csv"])
    ran = undertow("import", "csv", "chat.csv", "--guess")
    assert ran.code == 0
    assert "format: unix-seconds" in ran.out
    assert "the first 1 rows by this map" in ran.out
    assert not list(tmp_path.glob("*.parquet"))
    ran = undertow("import", "csv", "chat.csv", "--map", "chat.map.yaml", "--ground", "test")
    assert (ran.code, (tmp_path / "chat.events.parquet").exists()) == (0, True)
    assert "ground for chat: test" in ran.err


def test_a_guess_leaves_an_older_map_alone(tmp_path, monkeypatch, undertow):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.csv").write_text(GOOD["csv"])
    (tmp_path / "chat.map.yaml").write_text("mine")
    assert undertow("import", "csv", "chat.csv", "--guess").code == 0
    assert (tmp_path / "chat.map.yaml").read_text() == "mine"


def test_without_a_map_the_error_says_how_to_get_one(tmp_path, monkeypatch, undertow):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.csv").write_text(GOOD["csv"])
    ran = undertow("import", "csv", "chat.csv")
    assert ran.code == 2
    assert "--guess" in ran.err
