from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from undertow.events.names import bytes_of
from undertow.signals import kernel_script as kernel
from undertow.signals import script, words
from undertow.signals.script import Scripts, masked, script_column, sketches

WORDS = [
    "bread",
    "rain",
    "train",
    "kitchen",
    "window",
    "garden",
    "coffee",
    "paper",
    "table",
    "morning",
    "shelf",
    "number",
]


def text(seed: int, words: int = 14) -> str:
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) + str(rng.randint(0, 9)) * 0 for _ in range(words))


def test_digits_addresses_and_case_do_not_make_another_script() -> None:
    given = [
        "Come to room 12 and write to me at one@example.org before noon",
        "come to room 907 and write to  me at another@example.net before noon",
        "come to room ٣ and write to me at third@example.com before noon",
    ]
    assert script_column(pa.array(given)).to_pylist() == [0, 0, 0]


def test_any_type_of_text_column_will_do() -> None:
    said = [text(1), text(2), text(1)]
    usual = script_column(pa.array(said)).to_pylist()
    assert script_column(pa.array(said, pa.large_string())).to_pylist() == usual == [0, 1, 0]
    with pytest.raises(TypeError, match="large_string"):
        bytes_of(pa.array(said, pa.large_string()))


def test_a_changed_word_is_the_same_script_and_another_text_is_not() -> None:
    long = "the notes of the evening are on the shelf by the door of the kitchen, take what you like"
    found = script_column(pa.array([long, long.replace("kitchen", "cellar"), text(1), text(2)]))
    assert found.to_pylist() == [0, 0, 1, 2]


@pytest.mark.parametrize(
    "said",
    [
        "الذي جميل هو مع أمس الذي لم",
        "היום יש גשם ולחם חם במטבח",
        "今天早上厨房桌上有面包",
        "오늘 아침에는 부엌에 빵이 있어요",
    ],
)
def test_as_many_words_are_compared_in_writing_that_needs_fewer_letters(said: str) -> None:
    assert len(said) < 30
    assert script_column(pa.array([said, "no", said])).to_pylist() == [0, None, 0]


def test_a_text_is_compared_by_how_many_words_it_says_not_by_its_letters() -> None:
    given = [
        "extraordinarily long words notwithstanding, five",
        "سلام",
        "面包" * 4,
        "i am so at it :) - !",
    ]
    assert script_column(pa.array(given)).to_pylist() == [None] * 4
    given = ["i am so at it - ok", "six \u200b \u00a0 words are said with punctuation!"]
    assert script_column(pa.array(given)).to_pylist() == [0, 1]


def test_other_words_in_place_of_these_give_the_same_scripts() -> None:
    given = [text(n % 90, 9 + n % 5) + " and then some" * (n % 2) for n in range(400)]
    given += [one.replace("rain", "reign", n % 3) for n, one in enumerate(given)]
    other = {word: "طاولة" + "é" * n for n, word in enumerate(WORDS)}
    other |= {"reign": "x", "and": "longer", "then": "o", "some": "anything"}
    spoken = [" ".join(other.get(word, word) for word in one.split()) for one in given]
    assert script_column(pa.array(spoken)).equals(script_column(pa.array(given)))


def test_slow_and_compiled_code_read_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    signs = "abcd ,.-' éжسل今天パンสวั오늘§9\uff19\u200b\u0301\U0001f600\U00020001\u3000  "
    texts = pa.array(["".join(rng.choices(signs, k=rng.randint(0, 40))) for _ in range(600)])
    values, begins = words.words_of(texts)
    slow = words.many_words(texts), values, begins, words.numbered(values)
    monkeypatch.setattr(words, "MANY", 0)
    values, begins = words.words_of(texts)
    fast = words.many_words(texts), values, begins, words.Numbering().codes(values)
    assert all(np.array_equal(one, other) for one, other in zip(slow, fast, strict=True))


def test_words_are_numbered_as_they_first_appear_however_many_there_are() -> None:
    values = np.random.default_rng(4).integers(1, 9_000, 40_000).astype(np.uint64)
    number = words.Numbering()
    codes = np.concatenate([number.codes(part) for part in np.split(values, [1, 7_000])])
    assert np.array_equal(codes, words.numbered(values))


def test_short_and_missing_texts_have_no_script() -> None:
    assert script_column(pa.array(["hello", None, ""], pa.string())).to_pylist() == [None] * 3
    assert script_column(pa.array([], pa.string())).to_pylist() == []


def test_what_is_nothing_but_an_address_when_masked_has_no_script() -> None:
    links = [
        "https://chat.example.org/invite/abcdef1",
        "https://chat.example.org/invite/xyz9876",
    ]
    beside = [
        "lorem somebody.with.a.name@example.org",
        "lorem another.long.name@mail.example.com",
    ]

    assert script_column(pa.array([*links, *beside])).to_pylist() == [None] * 4


def test_batches_and_threads_change_nothing() -> None:
    given = [text(n % 40) for n in range(400)]
    whole = script_column(pa.array(given)).to_pylist()
    scripts = Scripts()
    with ThreadPoolExecutor(4) as pool:
        parts = list(
            pool.map(lambda at: scripts.look(pa.array(given[at : at + 50])), range(0, 400, 50))
        )
    assert scripts.settled(np.concatenate(parts)).tolist() == whole
    assert len(set(whole)) == 40


def test_scripts_of_any_alphabet_are_found() -> None:
    arabic = "مرحبا، الكتاب على الطاولة في البيت الصغير قرب الحديقة {}"
    found = script_column(pa.array([arabic.format(1), arabic.format(22)])).to_pylist()
    assert found == [0, 0]


def test_compiled_code_tells_the_same_scripts_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [text(n % 90, 9 + n % 3) + " and then some" * (n % 2) for n in range(600)]
    given += [one.replace("rain", "reign") for one in given] + ["\t \n" * 20, "9" * 40]
    wanted = script_column(pa.array(given)).to_pylist()
    monkeypatch.setattr(script, "MANY", 0)
    assert script_column(pa.array(given)).to_pylist() == wanted
    assert len(set(wanted)) < len(set(given))


def test_texts_that_need_no_mask_are_masked_as_the_others_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = [f" Come{chr(n)}by {chr(n)} the HOUSE{chr(n)}" for n in range(1, 0x250)]
    given += [
        "see WWW.example.org now",
        "a  b",
        "http://x.y/z end",
        "K s",
        "",
        "I @ home",
        " i1 ",
    ]
    fast = masked(pa.array(given)).to_pylist()
    monkeypatch.setattr(script, "_bare", lambda texts: np.zeros(len(texts), bool))
    assert masked(pa.array(given)).to_pylist() == fast


def parts(masked_text: str, *, alone: bool = True) -> set[tuple[str, ...]]:
    """Give the words of a text, if asked for, and each two that follow each other."""
    said = masked_text.split()
    twos = set(pairwise(said))
    return twos | ({(word,) for word in said} if alone else {(said[-1],)})


def jaccard(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other)


def pairs_of_texts() -> list[tuple[str, str]]:
    """Make pairs that share all, most, some or none of their words."""
    rng = random.Random(7)
    made = []
    letters = "abcdefghijklmnopqrstuvwxyz"
    for n in range(600):
        words = ["".join(rng.choices(letters, k=rng.randint(3, 8))) for _ in range(24)]
        other = list(words)
        for at in rng.sample(range(24), n % 13):
            other[at] = "".join(rng.choices(letters, k=6))
        made.append((" ".join(words), " ".join(other)))
    return made


def test_sketches_estimate_the_share_of_common_twos_of_words() -> None:
    made = pairs_of_texts()
    exact = np.array([jaccard(parts(a, alone=False), parts(b, alone=False)) for a, b in made])
    both = sketches(pa.array([text for pair in made for text in pair]))
    told = (both[::2] == both[1::2]).mean(axis=1)
    # 96 places: a standard error of at most 0.051 for one pair, and of 0.003 for the mean of all.
    assert min(exact) < 0.4
    assert abs((told - exact).mean()) < 0.01
    assert np.abs(told - exact).max() < 0.25
    assert np.sqrt(((told - exact) ** 2).mean()) < 0.055


def test_pairs_above_the_threshold_are_one_script_and_those_below_are_not() -> None:
    hits, misses = [], []
    for a, b in pairs_of_texts():
        same = len(set(script_column(pa.array([a, b])).to_pylist())) == 1
        (hits if jaccard(parts(a), parts(b)) >= script.SIMILAR else misses).append(same)
    assert len(hits) > 100
    assert len(misses) > 100
    # What is similar is missed by chance where sketches do not meet; what is not is never taken for it.
    assert np.mean(hits) > 0.99
    assert not any(misses)


def test_compiled_code_meets_the_texts_that_numpy_meets() -> None:
    texts = [text for pair in pairs_of_texts() for text in pair]
    sketch = sketches(pa.array([*texts, *texts[:50], "", "short"]))
    short = np.empty((len(sketch), kernel.WORDS), np.int64)
    kernel.shorten(sketch, short)
    joined = 0
    for band in range(kernel.BANDS):
        plain, fast = np.empty((2, len(sketch)), np.int32)
        script._meet(sketch, short, band, np.empty(0, np.int64), plain)
        kernel.meet(sketch, short, band, np.zeros(1 << 12, np.int64), fast)
        assert np.array_equal(fast, plain)
        joined += int((fast != np.arange(len(fast))).sum())
    assert joined > 1000


def test_short_sketches_are_alike_wherever_sketches_are() -> None:
    sketch = sketches(pa.array([text for pair in pairs_of_texts() for text in pair]))
    short = np.empty((len(sketch), kernel.WORDS), np.int64)
    kernel.shorten(sketch, short)
    for one in range(0, len(sketch), 40):
        same = (sketch[one] & 0xFF) == (sketch[one + 1] & 0xFF)
        lowest = same[: kernel.COMPARED].sum()
        with np.errstate(over="ignore"):  # words wrap around, as in compiled code
            assert kernel.alike_bytes.py_func(short, one, one + 1) == lowest


def test_texts_of_one_byte_a_character_are_sketched_as_others_are() -> None:
    plain = ["the garden by the river is quiet in winter", "", "bread and coffee again"]
    odd = [*plain, "der Garten im Frühling ist grün"]
    assert np.array_equal(sketches(pa.array(plain)), sketches(pa.array(odd))[:3])
    cut = pa.array(["left out", *plain], pa.large_string()).slice(1)
    assert np.array_equal(sketches(cut), sketches(pa.array(plain)))
