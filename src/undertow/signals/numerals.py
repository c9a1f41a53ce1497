"""Numbers said in words, nought to ninety-nine, as digits: `six douze` is `612`.

Only what people say when they dictate a telephone number; no general number grammar.
"""

# ruff: noqa: RUF001  # words of six languages

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

Words = Mapping[str, str]
"""Word or words, in natural spelling, to the digits they stand for."""


def _options(words: str) -> list[list[str]]:
    """Split `zero|oh one two` into alternatives per place."""
    return [place.replace("_", " ").split("|") for place in words.split()]


def _table(
    units: str, teens: str, tens: str, *joints: str, first: str = "{ten}"
) -> dict[str, str]:
    """Build the words of one language.

    Args:
        units: the words for 0 to 9.
        teens: the words for 10 to 19.
        tens: the words for 20, 30 and so on.
        joints: how a ten and a unit are joined, as formats of `{ten}` and `{unit}`.
        first: format of a bare ten.
    """
    ones = _options(units)
    made = {word: str(n) for n, words in enumerate(ones) for word in words}
    made |= {word: str(10 + n) for n, words in enumerate(_options(teens)) for word in words}
    for place, words in enumerate(_options(tens), start=2):
        for ten in words:
            made[first.format(ten=ten)] = f"{place}0"
            for unit in range(1, 10):
                for one in ones[unit]:
                    made |= {j.format(ten=ten, unit=one): f"{place}{unit}" for j in joints}
    return made


def _french_high() -> Iterator[tuple[str, str]]:
    """Give soixante-dix to quatre-vingt-dix-neuf, with hyphens and with spaces."""
    units = ["un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"]
    teens = [
        "dix",
        "onze",
        "douze",
        "treize",
        "quatorze",
        "quinze",
        "seize",
        "dix-sept",
        "dix-huit",
        "dix-neuf",
    ]
    for place, base, rest in (
        (70, "soixante", teens),
        (80, "quatre-vingt", units),
        (90, "quatre-vingt", teens),
    ):
        for at, word in enumerate(rest, start=1 if place == 80 else 0):
            for spoken in (f"{base}-{word}", f"{base}-et-{word}"):
                yield spoken, str(place + at)
                yield spoken.replace("-", " "), str(place + at)


def _turkish_hundreds() -> Iterator[tuple[str, str]]:
    """Give yüz to dokuz yüz doksan dokuz: Turkish numbers are dictated in threes."""
    for hundred, word in enumerate(
        ["yüz", *(f"{unit} yüz" for unit in _TURKISH_UNITS[2:])], start=1
    ):
        yield word, f"{hundred}00"
        for rest, digits in TURKISH_PAIRS.items():
            if digits != "0":
                yield f"{word} {rest}", f"{hundred}{digits:0>2}"


ENGLISH: Final = _table(
    "zero|oh|nought one two three four five six seven eight nine",
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "{ten} {unit}",
    "{ten}-{unit}",
)
FRENCH: Final = {
    **_table(
        "zéro un|une deux trois quatre cinq six sept huit neuf",
        "dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf",
        "vingt trente quarante cinquante soixante",
        "{ten}-{unit}",
        "{ten} {unit}",
        "{ten} et {unit}",
    ),
    **dict(_french_high()),
    "quatre-vingts": "80",
    "quatre-vingt": "80",
    "quatre vingts": "80",
    "quatre vingt": "80",
}
GERMAN: Final = {
    **_table(
        "null eins|ein zwei|zwo drei|drei vier fünf|fuenf sechs sieben acht neun",
        "zehn elf zwölf|zwoelf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
        "zwanzig dreißig|dreissig vierzig fünfzig sechzig siebzig achtzig neunzig",
        "{unit}und{ten}",
    )
}
SPANISH: Final = {
    **_table(
        "cero uno|un dos tres cuatro cinco seis siete ocho nueve",
        "diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
        "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
        "{ten} y {unit}",
    ),
    **{
        word: str(21 + n)
        for n, word in enumerate(
            [
                "veintiuno",
                "veintidós",
                "veintitrés",
                "veinticuatro",
                "veinticinco",
                "veintiséis",
                "veintisiete",
                "veintiocho",
                "veintinueve",
            ]
        )
    },
}
_TURKISH_UNITS: Final = [
    "sıfır",
    "bir",
    "iki",
    "üç",
    "dört",
    "beş",
    "altı",
    "yedi",
    "sekiz",
    "dokuz",
]
TURKISH_PAIRS: Final = _table(
    " ".join(_TURKISH_UNITS),
    "on on_bir on_iki on_üç on_dört on_beş on_altı on_yedi on_sekiz on_dokuz",
    "yirmi otuz kırk elli altmış yetmiş seksen doksan",
    "{ten} {unit}",
)
TURKISH: Final = {**TURKISH_PAIRS, **dict(_turkish_hundreds())}
ARABIC: Final = _table(
    "صفر واحد|واحدة اثنان|اثنين|إثنين ثلاثة|ثلاث|تلاتة أربعة|أربع|اربعة خمسة|خمس ستة|ست سبعة|سبع"
    " ثمانية|ثماني|تمانية|ثمنية تسعة|تسع",
    "عشرة أحد_عشر اثنا_عشر ثلاثة_عشر أربعة_عشر خمسة_عشر ستة_عشر سبعة_عشر ثمانية_عشر تسعة_عشر",
    "عشرون|عشرين ثلاثون|ثلاثين أربعون|أربعين خمسون|خمسين ستون|ستين سبعون|سبعين ثمانون|ثمانين تسعون|تسعين",
    "{unit} و{ten}",
    "{unit} و {ten}",
)
