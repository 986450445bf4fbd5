import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from papercards.evals.scoring.summaries import rouge, score_summary

TEXT = st.text(alphabet="ab cde-1.,É", max_size=40)


@given(TEXT, TEXT)
def test_rouge_is_that_of_the_reference_package(text: str, reference: str) -> None:
    theirs = rouge_scorer.RougeScorer(["rouge1", "rougeL"], use_stemmer=False).score(reference, text)

    ours = rouge(text, reference)

    assert ours.one == pytest.approx(theirs["rouge1"].fmeasure)
    assert ours.longest == pytest.approx(theirs["rougeL"].fmeasure)


def test_the_better_reference_counts_and_the_floors_stand_beside() -> None:
    found = score_summary(
        "Sums suffice for sets.", "Deep Sets", "We study sets. Sums do.", ["Nothing alike", "sums suffice"]
    )

    assert found.words == 4
    assert found.rouge == rouge("Sums suffice for sets.", "sums suffice")
    assert found.title == rouge("Deep Sets", "nothing") == found.first
    assert score_summary("a", "b", "", []).rouge is None


def test_numbers_and_names_must_stand_in_the_paper() -> None:
    abstract = "Our BERT-based model, TTM, is 40% better on three data sets from London."

    good = score_summary("TTMs beat BERT by 40% on 3 data sets from London.", "Tiny", abstract, [])
    assert (good.numbers, good.names) == ((), ())
    bad = score_summary("TTM beats GPT-4 by 41% in Paris.", "Tiny", abstract, [])
    assert bad.names == ("GPT-4", "Paris")
    assert bad.numbers == ("4", "41")
