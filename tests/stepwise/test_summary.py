"""The written sentence: cut where a clause ends, checked against the paper."""

import pytest

from papercards.reading.draft import MAX_WORDS
from papercards.reading.stepwise.summary import flags, tidy

LONG = (
    "The paper proposes a new approach to generating prediction sets for code models, which involves using a "
    "restricted set of sets that can be represented as partial programs and is evaluated on many tasks"
)


@pytest.mark.parametrize(
    ("raw", "tidied"),
    [
        ("  A method counts.  It is fast. ", "A method counts."),
        ('"A method counts"', "A method counts."),
        ("It uses GPT-4. And more.", "It uses GPT-4."),
        ("A rate of 0.5 vs. others is kept", "A rate of 0.5 vs. others is kept."),
        (LONG, "The paper proposes a new approach to generating prediction sets for code models."),
        ("", ""),
    ],
)
def test_the_first_sentence_is_kept_and_cut_at_a_clause(raw: str, tidied: str) -> None:
    assert tidy(raw) == tidied


def test_what_cannot_be_cut_stays_and_is_flagged() -> None:
    endless = " ".join(["word"] * (MAX_WORDS + 5))

    assert tidy(endless) == f"{endless}."
    assert flags(tidy(endless), endless) == ("summary-too-long",)


def test_no_clause_is_cut_inside_brackets() -> None:
    raw = f"We show that sums (one, two, and three) suffice {'very ' * 22}well, which helps all"

    assert tidy(raw).startswith("We show that sums (one, two, and three) suffice")
    assert tidy(raw).count("(") == tidy(raw).count(")")


def test_strange_numbers_and_names_are_flagged() -> None:
    source = "TTM\nIt is 40% better."

    assert flags("It is 40% better with TTM.", source) == ()
    assert flags("It is 41% better.", source) == ("number-not-in-source",)
    assert flags("It beats ImageNet.", source) == ("name-not-in-source",)
    assert flags("", source) == ("no-summary",)
