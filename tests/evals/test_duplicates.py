from hypothesis import given
from hypothesis import strategies as st

from papercards.evals.labelling.duplicates import THRESHOLD, groups, jaccard, near_duplicates, shingles

WORDS = [f"word{n}" for n in range(60)]


def test_a_word_changed_in_a_long_abstract_is_still_the_same() -> None:
    changed = [*WORDS[:30], "other", *WORDS[31:]]

    (pair,) = near_duplicates([("One", " ".join(WORDS)), ("Two", " ".join(changed))])

    assert (pair.first, pair.second, pair.same_title) == (0, 1, False)
    assert pair.overlap == 55 / 61


def test_titles_are_the_same_but_for_case_and_punctuation() -> None:
    (pair,) = near_duplicates([("Deep sets!", None), ("Other", None), ("DEEP  Sets", None)])

    assert (pair.first, pair.second, pair.reason) == (0, 2, "same title")


def test_near_duplicates_through_a_third_are_one_group() -> None:
    assert groups([("a", None), ("b", " ".join(WORDS)), ("A", " ".join(WORDS)), ("c", None)]) == [
        [0, 1, 2],
        [3],
    ]


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), max_size=12))
def test_the_prefix_filter_loses_no_pair(texts: list[list[str]]) -> None:
    abstracts = [" ".join(words) for words in texts]
    sets = [shingles(text) for text in abstracts]

    found = {
        (pair.first, pair.second)
        for pair in near_duplicates([(f"t{n}", text) for n, text in enumerate(abstracts)])
    }

    assert found == {
        (i, j) for j in range(len(sets)) for i in range(j) if jaccard(sets[i], sets[j]) >= THRESHOLD
    }
