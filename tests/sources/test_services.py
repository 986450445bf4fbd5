"""Hugging Face, OpenAlex and Semantic Scholar: asked by name, and their records read from disk."""

import json
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

import pytest

from papercards.errors import BadInput, MissingExtra, UsageError
from papercards.sources import BadRecord, is_named
from papercards.sources.services import semantic_scholar
from tests.services import Shelf, Work, daily, ids, openalex, read, serving, works
from tests.services import semantic_scholar as s2
from tests.stub import Fault

HOSTILE = Work(
    "2401.00004", '<script>alert("x")</script>', "An <img src=x onerror=y> abstract.", doi="10.1/X(a),b"
)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serving(Shelf([*works(4), HOSTILE, Work("2401.00005", "No abstract", None)])) as one:
        yield one


def test_the_daily_papers_of_a_period_are_read_to_the_end(shelf: Shelf) -> None:
    found = read(shelf, "hf-daily:2026-11-24")

    assert ids(found)[:5] == [f"arxiv:2401.{n:05d}" for n in range(5)]
    assert ids(found)[5:] == [
        'huggingface.co/papers/2401.00005: has no abstract: its field "abstract" is null'
    ]
    assert found[4].title == HOSTILE.title and found[4].abstract == HOSTILE.abstract
    assert shelf.queries() == [
        {"date": "2026-11-24", "limit": "100", "p": "0"},
        {"date": "2026-11-24", "limit": "100", "p": "1"},
    ]


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        ("hf-daily:", {"limit": "2", "p": "0"}),
        ("https://huggingface.co/papers", {"limit": "2", "p": "0"}),
        ("hf-daily:2026-W48", {"week": "2026-W48", "limit": "2", "p": "0"}),
        ("https://huggingface.co/papers/month/2026-11", {"month": "2026-11", "limit": "2", "p": "0"}),
        ("https://huggingface.co/papers/date/2026-11-24?x", {"date": "2026-11-24", "limit": "2", "p": "0"}),
    ],
)
def test_a_limit_asks_for_no_more_papers_than_are_wanted(
    shelf: Shelf, spec: str, asked: dict[str, str]
) -> None:
    assert len(read(shelf, spec, limit=2)) == 2
    assert shelf.queries() == [asked]


def test_a_paper_of_hugging_face_by_its_address(shelf: Shelf) -> None:
    assert ids(read(shelf, "https://huggingface.co/papers/2401.00003")) == ["arxiv:2401.00003"]
    (gone,) = read(shelf, "https://huggingface.co/papers/2401.99999")
    assert gone.reason == "not found on Hugging Face"


def test_works_of_openalex_by_id_and_doi_with_their_abstracts_put_together(shelf: Shelf) -> None:
    found = read(shelf, "openalex:W2, https://openalex.org/W5,W77")

    assert found[0].title == "Paper 2" and found[0].abstract == "We count to 2 with care. It works."
    assert ids(found) == [
        "openalex:W2",
        "openalex:W5: OpenAlex has no abstract for it",
        "openalex:W77: not found on OpenAlex",
    ]
    for spec in ("doi:10.1/X(a),b", "https://doi.org/10.1/x(a),b"):
        with pytest.raises(UsageError, match="or a DOI"):
            read(shelf, spec)
    shelf.works[1] = Work("2401.00001", "T", "A b a.", doi="10.48550/arxiv.2401.00001")
    (paper,) = read(shelf, "https://doi.org/10.48550/arXiv.2401.00001")
    assert (paper.id, paper.abstract) == ("arxiv:2401.00001", "A b a.")


def test_a_query_of_openalex_is_paged_by_cursor(shelf: Shelf) -> None:
    shelf.works = works(230)

    assert len(read(shelf, "openalex-query:time series & more")) == 230
    assert [query["cursor"] for query in shelf.queries()] == ["*", "100", "200"]
    assert shelf.queries()[0]["search"] == "time series & more" and "sort" not in shelf.queries()[0]
    shelf.asked.clear()
    assert len(read(shelf, "openalex-query:x", limit=3, newest=True)) == 3
    (asked,) = shelf.queries()
    assert asked["per-page"] == "3" and asked["sort"] == "publication_date:desc"


def test_papers_of_semantic_scholar_by_any_id(shelf: Shelf) -> None:
    found = read(shelf, "s2:ARXIV:2401.00001,ARXIV:2401.00005,DOI:10.1/a,b")

    assert ids(found) == [
        "arxiv:2401.00001",
        "s2:ARXIV:2401.00005: Semantic Scholar has no abstract for it",
        "s2:DOI:10.1/a,b: not found on Semantic Scholar",
    ]
    shelf.faults = [Fault(400, b'{"error": "Unrecognized id or input format"}')]
    (bad,) = read(shelf, "https://www.semanticscholar.org/paper/A-title/" + "0" * 40)
    assert "Unrecognized id" in bad.reason
    with pytest.raises(UsageError, match='"nothing" is not an id of Semantic Scholar'):
        read(shelf, "s2:nothing")


def test_queries_of_semantic_scholar_by_relevance_and_newest_first(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.works = works(7)
    assert len(read(shelf, "s2-query:time series", newest=True)) == 7
    assert [query.get("token") for query in shelf.queries()] == [None, "3", "6"]
    assert shelf.queries()[0]["sort"] == "publicationDate:desc"
    shelf.asked.clear()

    shelf.works = works(250)
    assert len(read(shelf, "s2-query:time series")) == 250
    assert [query["offset"] for query in shelf.queries()] == ["0", "100", "200"]
    assert shelf.queries()[0]["query"] == "time series"

    monkeypatch.setattr(semantic_scholar, "_MOST_RELEVANT", 120)
    found = read(shelf, "s2-query:x")
    assert len(found) == 121 and "only the first 120 papers of a query" in found[-1].reason
    assert len(read(shelf, "s2-query:x", limit=120)) == 120


@pytest.mark.parametrize(
    "spec",
    ["hf-daily:yesterday", "https://huggingface.co/papers/x/y", "openalex:5", "openalex-query:", "s2-query:"],
)
def test_names_that_can_be_none_are_usage_errors(shelf: Shelf, spec: str) -> None:
    with pytest.raises(UsageError, match="Use a form such as "):
        read(shelf, spec)
    assert is_named(spec) and shelf.asked == []


@pytest.mark.parametrize("spec", ["hf-daily:", "openalex-query:x", "s2-query:x"])
def test_an_answer_of_another_form_is_one_line(shelf: Shelf, spec: str) -> None:
    shelf.faults = [Fault(200, b'{"results": {"data": 1}, "data": 2}')]

    with pytest.raises(BadInput, match="did not return a list"):
        read(shelf, spec)


def test_keys_go_to_their_own_service(shelf: Shelf) -> None:
    keys = {"openalex": "oa-key-123", "semanticscholar": "s2-key-123"}

    for spec in ("openalex:W1", "s2:ARXIV:2401.00001", "hf-daily:", "arxiv:2401.00001"):
        read(shelf, spec, keys=keys, limit=1)

    sent = [(h.get("authorization"), h.get("x-api-key")) for h in shelf.headers]
    assert sent == [("Bearer oa-key-123", None), (None, "s2-key-123"), (None, None), (None, None)]
    assert not any("key" in path for path in shelf.asked)


def test_records_of_the_services_are_read_from_disk(shelf: Shelf, tmp_path: Path) -> None:
    every = [*shelf.works[:2], HOSTILE]
    hf, oa, api = (tmp_path / name for name in ("daily.json", "works.jsonl", "answer.json"))
    hf.write_text(json.dumps([daily(work) for work in every]))
    oa.write_text("".join(json.dumps(openalex(work, n)) + "\n" for n, work in enumerate(every)))
    api.write_text(json.dumps({"total": 3, "offset": 0, "data": [s2(work) for work in every]}))

    assert ids(read(None, hf)) == ids(read(None, api)) == [f"arxiv:{work.id}" for work in every]
    assert [paper.abstract for paper in read(None, hf)] == [work.abstract for work in every]
    assert [paper.abstract for paper in read(None, oa)][2] == HOSTILE.abstract
    whole = tmp_path / "page.json"
    whole.write_text(json.dumps({"meta": {"count": 3}, "results": [openalex(work, 1) for work in every]}))
    assert len(read(None, whole)) == 3 and shelf.asked == []


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (None, "OpenAlex has no abstract for it"),
        ({}, "OpenAlex has no abstract for it"),
        ({"a": 1}, "has no word positions"),
        ({"a": ["0"]}, "has no word positions"),
        (["a"], "has no word positions"),
        ({"a": list(range(1_000_001))}, "more than 1,000,000 words"),
    ],
)
def test_an_index_that_is_no_abstract_is_a_bad_record(tmp_path: Path, index: object, reason: str) -> None:
    path = tmp_path / "w.jsonl"
    path.write_text(json.dumps({"title": "T", "abstract_inverted_index": index}) + "\n")

    (bad,) = read(None, path)

    assert isinstance(bad, BadRecord) and reason in bad.reason and bad.where == f"{path}:1"


def page(props: object, more: str = "") -> str:
    """A page as the Hub renders it."""
    return (
        "<!doctype html>\n<!-- saved from url=(0029)https://huggingface.co/papers -->\n<html><head>"
        '<meta property="og:url" content="https://huggingface.co/papers"><title>Daily Papers</title>'
        '<script>document.title = "run"; throw 1</script></head><body>'
        '<div class="SVELTE_HYDRATER" data-target="MainHeader" data-props="{&quot;paper&quot;:{}}"></div>'
        f'<div data-target="DailyPapers" data-props="{escape(json.dumps(props))}">{more}</div></body></html>'
    )


def test_a_saved_page_gives_the_papers_that_it_embeds(tmp_path: Path) -> None:
    path = tmp_path / "papers.html"
    every = [*works(2), HOSTILE]
    path.write_text(page({"dateString": "2026-11-24", "dailyPapers": [daily(work) for work in every]}))

    found = read(None, path)

    assert ids(found) == [f"arxiv:{work.id}" for work in every]
    assert [paper.abstract for paper in found] == [work.abstract for work in every]
    assert found[2].title == HOSTILE.title and found[0].where == f"{path}, paper 1"
    path.write_text(page({"paper": daily(HOSTILE)["paper"], "comments": []}))
    assert ids(read(None, path)) == ["arxiv:2401.00004"]


def test_a_page_that_embeds_nothing_is_read_as_it_shows_itself(tmp_path: Path) -> None:
    path = tmp_path / "papers.html"
    shown = (
        '<article><h3><a href="/papers/2401.00001">Shown &amp; told</a></h3><p>7</p><p>An abstract\n that'
        ' is shown.</p></article><article><h3><a href="/papers/2401.00002">Bare</a></h3></article>'
    )
    path.write_text(page({"dailyPapers": "gone"}, shown))

    first, second = read(None, path)

    assert (first.id, first.title, first.abstract) == (
        "arxiv:2401.00001",
        "Shown & told",
        "An abstract that is shown.",
    )
    assert "does not show its abstract" in second.reason


def test_without_the_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("requests", "lxml"):
        monkeypatch.setitem(sys.modules, name, None)
    feed = tmp_path / "a.xml"
    feed.write_text('<feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>')
    for spec in ("arxiv:2401.00001", "hf-daily:", "openalex:W1", "s2:" + "0" * 40, str(feed)):
        with pytest.raises(MissingExtra, match=r"pip install 'papercards\[sources\]'"):
            read(None, spec)


def test_a_name_that_nobody_knows_lists_those_that_are_known() -> None:
    for spec in ("arxv:ti:forecasting", "https://example.org/paper"):
        with pytest.raises(
            UsageError, match=r"no such file or known source\. .*Papers can be given as: arxiv:ID,ID "
        ):
            read(None, spec)
