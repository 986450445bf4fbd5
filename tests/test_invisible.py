"""What shows nothing is found, and the letters that need such helpers keep them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.text.invisible import hidden, visible


@pytest.mark.parametrize(
    "text",
    [
        "a\u200bb\U000e0041c\x07",
        "a\u202eb\u202cc",
        "a\u2066b\u2069c",
        "a\u206ab\u206fc",
        "\ufff9a\ufffab\ufffbc",
        "a\u3164b\uffa0c\u115f\u1160",
        "a\ufe0fb\ufe01\ufe02c",
        "a\U000e0100b\U000e01efc",
        "a\u200cb\u200dc",
        "a\u200e\u200fb\u061cc",
        "a\u2065b\u17b4c\U0001d173",
    ],
)
def test_hidden_characters_are_left_out_and_seen(text: str) -> None:
    assert visible(text) == ("abc", True)


@pytest.mark.parametrize(
    "text",
    [
        "naïve 🙂 text\n",
        "one\r\ntwo\tthree",
        "می\u200cخواهم",  # Persian: the joiner parts two halves of a word
        "क्\u200dष",  # Devanagari
        "👩\u200d👩\u200d👧 and ❤\ufe0f and 1\ufe0f\u20e3",
        "葛\U000e0100城市 and 齊\ufe00",
        "\u05e9\u05dc\u05d5\u05dd (A\u200e) \u05e2\u05d5\u05dc\u05dd",
        "\u2067\u0627\u0644\u0639\u0631\u0628\u064a\u0629\u2069 is a language",
        "한국어 \u1112\u1161\u11ab",
        "Größe, Ça, Ångström, x\u0302, 𝔽, ∑",
    ],
)
def test_writing_that_needs_marks_keeps_them(text: str) -> None:
    assert visible(text) == (text, False)


def test_a_message_of_direction_marks_is_hidden_also_among_letters_that_may_have_one() -> None:
    assert visible("שלום\u200e\u200f\u200e\u200e\u200f") == ("שלום", True)
    assert visible("שלום\u202eabc") == ("שלוםabc", True)


@given(st.text())
def test_the_ranges_are_what_the_text_loses(text: str) -> None:
    at, kept = 0, ""
    for start, end in hidden(text):
        assert at <= start < end
        kept, at = kept + text[at:start], end
    assert visible(text) == (kept + text[at:], bool(hidden(text)))
