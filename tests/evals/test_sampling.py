from pathlib import Path
from random import Random

import pytest

from papercards.evals.labels import Labelled, read_labels
from papercards.evals.sampling import narrowing, suggest

from .records import card, record, write


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Labelled, ...]:
    return read_labels(write(tmp_path / "labels.jsonl", [record(f"p{n}") for n in range(3)]))


def test_a_paper_on_which_the_taggers_differ_comes_first(labelled: tuple[Labelled, ...]) -> None:
    mine = [card("a", "regression"), card("b", "regression", code="released"), card("c", "regression")]
    theirs = [card("a", "regression"), card("b", "clustering"), card("c", "regression")]

    first, *rest = suggest(mine, labelled, 3, other=theirs)

    assert first.id == "b"
    assert first.disagreement == pytest.approx(2 / 7)
    assert "the taggers differ in tasks, code" in first.reasons
    assert [row.disagreement for row in rest] == [0, 0]


def test_low_confidence_and_a_rare_task_count(labelled: tuple[Labelled, ...]) -> None:
    cards = [
        card("sure", "regression", confidence=0.9),
        card("unsure", "regression", confidence=0.2),
        card("rare", "clustering", confidence=0.9),
    ]

    found = suggest(cards, labelled, 3)

    assert [row.id for row in found] == ["rare", "unsure", "sure"]
    assert found[0].rarity == 1
    assert found[1].doubt == pytest.approx(0.8)
    assert found[1].rarity == 1 / 4


def test_a_rare_task_is_less_rare_after_its_first_paper() -> None:
    cards = [card("a", "x"), card("b", "x"), card("c", "y")]

    found = suggest(cards, (), 3)

    assert {row.id for row in found[:2]} in ({"a", "c"}, {"b", "c"})
    assert [row.rarity for row in found] == [1, 1, 0.5]


def test_labelled_papers_are_not_suggested_by_id_nor_title(labelled: tuple[Labelled, ...]) -> None:
    cards = [card("p0", "x"), card("other", "x", title="the paper  P1"), card("new", "x")]

    assert [row.id for row in suggest(cards, labelled, 9)] == ["new"]


def test_ties_and_random_draws_are_fixed_by_the_seed() -> None:
    cards = [card(f"c{n}", f"t{n}") for n in range(30)]

    def drawn(seed: int, at_random: bool) -> list[str]:
        return [row.id for row in suggest(cards, (), 5, seed=seed, at_random=at_random)]

    assert drawn(1, False) == drawn(1, False) != drawn(2, False)
    assert drawn(1, True) == drawn(1, True) != drawn(2, True)
    assert suggest(cards, (), 1, at_random=True)[0].reasons == ("drawn at random",)


@pytest.mark.parametrize("more", [0, 1, 3, 9, 24, 105])
def test_intervals_narrow_with_the_root_of_the_papers(labelled: tuple[Labelled, ...], more: int) -> None:
    width = narrowing(labelled, more).width

    assert width is not None
    assert width**2 * (3 + more) == pytest.approx(3)
    assert narrowing(labelled, more, split="test").width is None


def test_a_real_interval_narrows_as_is_said(labelled: tuple[Labelled, ...]) -> None:
    """The interval of a mean has a quarter of the width with 16 times the papers."""
    random = Random(4)

    def width(count: int) -> float:
        rows = [[random.random() for _ in range(count)] for _ in range(400)]
        means = sorted(sum(row) / count for row in rows)
        return means[389] - means[10]

    assert width(480) / width(30) == pytest.approx(narrowing(labelled, 45).width, rel=0.15)
