"""The error book: every mistake that is counted, with its papers, the most frequent first."""

import pytest

from papercards.evals.label_file import ARTIFACTS, FIELDS
from papercards.evals.reporting.error_book import MOST_CHARACTERS, error_book, paper_url
from tests.evals.runs import baseline_run, worse_run


def test_every_mistake_that_is_counted_is_in_the_book() -> None:
    for run in (baseline_run(), worse_run()):
        book = error_book(run)
        assert set(book) == set(FIELDS)
        papers = [paper for paper in run.papers if paper.card is not None]
        claims = [paper.score.claims for paper in papers]
        listed = book["claims"]
        missed = sum(len(one.cases) for one in listed if one.came is None)
        wrong = sum(len(one.cases) for one in listed if one.expected is None)
        mixed = sum(len(one.cases) for one in listed if None not in (one.expected, one.came))
        assert missed == sum(one.counts.missed for one in claims)
        assert wrong == sum(one.counts.wrong for one in claims)
        assert mixed == sum(one.counts.hits - one.kinds_right for one in claims)
        for name in ARTIFACTS:
            failures = sum(paper.score.status(name).right is False for paper in papers)
            assert sum(len(one.cases) for one in book[name]) == failures
        mains = sum(paper.score.tasks.main_right is False for paper in papers)
        confused = sum(len(one.cases) for one in book["tasks"] if None not in (one.expected, one.came))
        assert confused == mains


def test_the_most_frequent_mistake_comes_first_with_what_was_said() -> None:
    code = error_book(worse_run())["code"]

    assert (code[0].expected, code[0].came) == ("released", "promised")
    assert code[0].papers == len(code[0].cases) > 10
    case = code[0].cases[0]
    assert (case.expected, case.came) == (("released",), "promised")
    assert case.quotes[0].source == "the card's evidence"
    sizes = [one.papers for one in error_book(baseline_run())["tasks"]]
    assert sizes == sorted(sizes, reverse=True)


def test_a_paper_without_a_card_is_not_in_the_book() -> None:
    run = worse_run()
    lost = {paper.id for paper in run.papers if paper.card is None}

    found = {case.id for rows in error_book(run).values() for one in rows for case in one.cases}

    assert len(lost) == 2
    assert not lost & found


def test_quotes_are_cut() -> None:
    for rows in error_book(baseline_run()).values():
        for one in rows:
            for case in one.cases:
                assert all(0 < len(quote.text) <= MOST_CHARACTERS for quote in case.quotes)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("arxiv:2401.03955", "https://arxiv.org/abs/2401.03955"),
        ("arxiv:math/0309136", "https://arxiv.org/abs/math/0309136"),
        ("doi:10.1000/x(1)", "https://doi.org/10.1000/x(1)"),
        ("javascript:alert(1)", None),
        ('arxiv:"><script>', None),
        ("sha256:00", None),
    ],
)
def test_only_known_ids_become_links(name: str, url: str | None) -> None:
    assert paper_url(name) == url
