from dataclasses import replace

import pytest
from sklearn.metrics import cohen_kappa_score

from papercards.evals.label_file import Labelled, LabelledClaim
from papercards.evals.scoring.sentences import NO_CLAIM, class_pairs, graded, kappa
from tests.evals.test_score import READING, make_card

ABSTRACT = "We study sets here. Sums always suffice. It is twice as fast."
LABELLED = Labelled(
    "p1",
    "A title",
    "dev",
    (
        replace(READING, claims=(LabelledClaim(20, 40, "theoretical"),)),
        replace(READING, claims=(LabelledClaim(20, 40, "finding"), LabelledClaim(41, 61, "efficiency"))),
    ),
    ABSTRACT,
    "",
)


def test_every_sentence_is_graded_by_every_reading_and_the_card() -> None:
    card = make_card(claims=((20, 40, "finding"), (0, 19, "novelty")))

    assert graded(card, LABELLED) == [
        ((NO_CLAIM, NO_CLAIM), "novelty"),
        (("theoretical", "finding"), "finding"),
        ((NO_CLAIM, "efficiency"), NO_CLAIM),
    ]


def test_kappa_over_the_classes_is_scikit_learns() -> None:
    card = make_card(claims=((20, 40, "finding"),))
    pairs = class_pairs(card, LABELLED)

    assert len(pairs) == 6
    expected = cohen_kappa_score([a for a, _ in pairs], [b for _, b in pairs])
    assert kappa(pairs) == pytest.approx(expected)


def test_a_paper_without_a_card_claims_nothing() -> None:
    assert {said for _, said in class_pairs(None, LABELLED)} == {NO_CLAIM}


def test_nothing_is_graded_without_an_abstract_or_without_labelled_claims() -> None:
    assert graded(make_card(), replace(LABELLED, abstract=None)) == []
    assert graded(make_card(), replace(LABELLED, fields=("tasks",))) == []
