"""The order of letters: examples of UAX 9, with capitals for what runs from right to left, as it writes them."""

import pytest

from core.imaging import bidi

_HEBREW = {chr(ord("A") + number): chr(0x5D0 + number) for number in range(26)}
_HEBREW["Z"] = "ת"


def _shown(text: str, base: int | None = None) -> str:
    """From left to right what is written: capitals are letters of Hebrew, `~` is an Arabic letter."""
    letters = "".join(_HEBREW.get(char, char).replace("~", "ب") for char in text)
    base = bidi.direction(letters) if base is None else base
    runs = list(zip(bidi.bidi_levels(letters, base), text, strict=True))
    return "".join(char for _, char in bidi.ordered(runs))


ORDERS = [
    ("car is THE CAR in arabic", "car is RAC EHT in arabic"),
    ("CAR IS the car IN ENGLISH", "HSILGNE NI the car SI RAC"),
    ("he said THE VALUES ARE 123, 456, OK", "he said KO ,456 ,123 ERA SEULAV EHT"),
    ("ABC 123", "123 CBA"),
    ("ABC 12.5", "12.5 CBA"),
    ("ABC 5%", "5% CBA"),
    ("ABC $5", "$5 CBA"),
    ("~~ 1/2", "1/2 ~~"),
    ("abc (DEF) ghi", "abc (FED) ghi"),
    ("ABC!", "!CBA"),
    ("abc DEF!", "abc FED!"),
    ("12 ab", "12 ab"),
    ("12", "12"),
    ("", ""),
    ("...", "..."),
    ("ABC   ", "   CBA"),
]


@pytest.mark.parametrize(("text", "expected"), ORDERS, ids=[text or "nothing" for text, _ in ORDERS])
def test_as_the_annex_orders_it(text: str, expected: str) -> None:
    assert _shown(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("abc 12", 0), ("12 ABC def", 1), ("12", 0), ("\u2067ABC", 1)])
def test_the_first_strong_letter_says_where_a_line_begins(text: str, expected: int) -> None:
    assert bidi.direction("".join(_HEBREW.get(char, char) for char in text)) == expected


def test_a_digit_behind_an_arabic_letter_is_an_arabic_number() -> None:
    assert bidi.bidi_levels("ب 1,2", 1) == [1, 1, 2, 2, 2]
    assert bidi.bidi_levels("ab 1,2", 0) == [0] * 6


def test_marks_and_controls_go_with_what_is_before_them() -> None:
    assert bidi.bidi_levels("a\u0301א\u05b0\u200dב", 0) == [0, 0, 1, 1, 1, 1]
