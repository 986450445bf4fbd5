"""Sentences, links and numbers stand where they are said to stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.text.spans import digits, links, numbers, sentences


def split(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["We use trees, e.g. oaks, and more.", "They grow."],
        ["Smith et al. show this.", "We disagree."],
        ["As Fig. 3 shows, it works.", "It is fast."],
        ["Accuracy rises from 0.71 to 0.74.", "Loss is 1.5."],
        ["We release v1.2.0 of the tool.", "It needs Python 3.11."],
        ["Code is at https://github.com/a.b/c.d.", "Enjoy."],
        ["The bound is $O(n^{1.5})$ for $f(x. y)$ with (i) a norm and (ii) a cone.", "It is tight."],
        ["Größe zählt für Modelle.", "Ça marche très bien.", "它有效。"],
        ["A generalized Tur\\'{a}n problem [J. Doe, Phys. Rev. 2017] is solved by us."],
        ["Only one sentence here"],
        ["It ends in fine-tuning.", "Remarkably, it works."],
    ],
)
def test_splits_as_a_reader_would(parts: list[str]) -> None:
    text = " ".join(parts)

    assert split(text) == parts


def test_splits_where_a_space_was_lost_but_not_inside_a_link() -> None:
    assert split("We use fine-tuning.Remarkably, it works.") == [
        "We use fine-tuning.",
        "Remarkably, it works.",
    ]
    assert len(sentences("See https://example.org/some.Path, it is long.")) == 1


@pytest.mark.parametrize("text", ["", " ", "\n\n \t"])
def test_an_empty_text_has_no_sentence(text: str) -> None:
    assert sentences(text) == ()


def test_a_line_break_ends_no_sentence_and_a_blank_line_does() -> None:
    assert split("One line\nand its rest. Two.\n\nA heading\n\nThree.") == [
        "One line\nand its rest.",
        "Two.",
        "A heading",
        "Three.",
    ]


@given(st.text())
def test_every_visible_character_lies_in_exactly_one_sentence(text: str) -> None:
    spans = sentences(text)

    covered = [position for span in spans for position in range(span.start, span.end)]
    assert len(covered) == len(set(covered))
    assert covered == sorted(covered)
    assert not "".join(c for i, c in enumerate(text) if i not in set(covered)).strip()


def test_links_lose_the_punctuation_around_them_and_get_a_scheme() -> None:
    text = "See (https://x.org/a_(b)), github.com/hmarkc/FW-Merging. Or www.a.org!"

    found = links(text)
    assert [link.url for link in found] == [
        "https://x.org/a_(b)",
        "https://github.com/hmarkc/FW-Merging",
        "https://www.a.org",
    ]
    assert all(link.url.endswith(text[link.start : link.end]) for link in found)


def test_a_number_is_the_same_in_any_spelling() -> None:
    source = numbers("We train 1,000 models of 7B on three sets, 3.50% and 0.10 better than GPT-4.")

    for said in ("1000 models", "7 billion", "3 sets", "3.5%", "0.1 better", "GPT-4"):
        assert digits(said) <= source, said
    assert not digits("8 models") <= source
