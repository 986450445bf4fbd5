"""arXiv by id, by list and by query, from a server that answers as its API does."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from papercards.errors import BadInput, UsageError
from papercards.paper import Paper
from papercards.sources import BadRecord, NoPapers, Options, count_records, is_named, open_source
from papercards.sources.services import arxiv_api
from tests.services import Shelf, Work, atom, entry, ids, read, serving, works
from tests.stub import Fault

OLD = Work("cs/0501001", "An old <script>alert(1)</script> paper", "Of &lt; 2007.", categories="cs.CL")


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serving(Shelf([*works(250), OLD])) as one:
        yield one


@pytest.mark.parametrize(
    "spec",
    [
        "arxiv:2401.00003",
        "arXiv:2401.00003",
        "https://arxiv.org/abs/2401.00003",
        "http://www.arxiv.org/pdf/2401.00003.pdf",
        "https://export.arxiv.org/abs/2401.00003v1?context=cs",
    ],
)
def test_each_form_of_a_name_is_that_paper_letter_for_letter(shelf: Shelf, spec: str) -> None:
    (paper,) = read(shelf, spec)

    assert isinstance(paper, Paper) and is_named(spec)
    assert paper.id == "arxiv:2401.00003" and paper.title == "Paper 3"
    assert paper.abstract == "  We count to 3\nwith care. It works.\n"
    assert paper.url == "http://arxiv.org/abs/2401.00003v1"


def test_ids_come_in_their_order_in_one_request_and_one_that_is_not_there_is_a_bad_record(
    shelf: Shelf,
) -> None:
    found = read(shelf, "arxiv:2401.00009, 2401.99999,cs.CL/0501001,2401.00001")

    assert ids(found) == [
        "arxiv:2401.00009",
        "arxiv:2401.99999: not found on arXiv",
        "arxiv:cs/0501001",
        "arxiv:2401.00001",
    ]
    assert isinstance(found[2], Paper) and found[2].title == "An old <script>alert(1)</script> paper"
    assert len(shelf.asked) == 1


def test_the_version_that_is_named_is_read_else_the_latest(shelf: Shelf) -> None:
    shelf.works[1] = replace(shelf.works[1], versions=3)

    found = read(shelf, "arxiv:2401.00001v2,2401.00001,2401.00001v7")

    assert [one.url if isinstance(one, Paper) else one.reason for one in found] == [
        "http://arxiv.org/abs/2401.00001v2",
        "http://arxiv.org/abs/2401.00001v3",
        "not found on arXiv",
    ]
    assert shelf.queries()[0]["id_list"] == "2401.00001v2,2401.00001,2401.00001v7"


def test_an_id_that_arxiv_does_not_understand_spoils_no_other(shelf: Shelf) -> None:
    shelf.bad_ids = {"2401.00005"}

    found = read(shelf, "arxiv:" + ",".join(f"2401.{n:05d}" for n in range(10)))

    bad = [one for one in found if isinstance(one, BadRecord)]
    assert len(found) == 10 and [one.where for one in bad] == ["arxiv:2401.00005"]
    assert "rejected the request" in bad[0].reason


@pytest.mark.parametrize("spec", ["arxiv:", "arxiv:notanid", "arxiv:2413.00001", "arxiv-query:  "])
def test_a_name_that_can_be_none_is_a_usage_error(shelf: Shelf, spec: str) -> None:
    with pytest.raises(UsageError, match="such as arxiv"):
        read(shelf, spec)
    assert shelf.asked == []


def test_a_file_of_ids_is_told_from_a_paper_by_its_content(shelf: Shelf, tmp_path: Path) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_text(
        "# to read\n2401.00001\n\nhttps://arxiv.org/abs/2401.00002v1  # soon\narXiv:cs/0501001\n2401.77777"
    )
    paper = tmp_path / "paper.txt"
    paper.write_text("2401.00001\n\nThe number of this abstract.")

    assert count_records(str(listed)) == 4 and shelf.asked == []
    assert ids(read(shelf, listed)) == [
        "arxiv:2401.00001",
        "arxiv:2401.00002",
        "arxiv:cs/0501001",
        f"{listed}:6: not found on arXiv",
    ]
    assert [one.title for one in read(shelf, paper) if isinstance(one, Paper)] == ["2401.00001"]
    assert len(shelf.asked) == 1


def test_papers_of_a_reading_list_have_the_positions_of_their_lines(shelf: Shelf, tmp_path: Path) -> None:
    listed = tmp_path / "list.md"
    listed.write_text(
        "# To read\n\n- [One](https://arxiv.org/abs/2401.00001v1), 2024\n- Two, arXiv:2401.00002, 2024\n"
        "- [Gone](https://arxiv.org/abs/2401.77777)\n- [No month](https://arxiv.org/abs/2413.00001)\n"
        "- [One](https://arxiv.org/abs/2401.00001v1), again\n"
    )

    assert count_records(str(listed)) == 4 and shelf.asked == []
    found = read(shelf, listed)

    assert ids(found) == [
        "arxiv:2401.00001",
        "arxiv:2401.00002",
        f"{listed}:5: not found on arXiv",
        f"{listed}:6: is not an arXiv id, a DOI or an address of one",
    ]
    assert [one.where for one in found[:2]] == [f"{listed}:3", f"{listed}:4"]
    assert len(shelf.asked) == 1


def test_a_list_may_come_by_standard_input(shelf: Shelf) -> None:
    options = Options(endpoints=shelf.endpoints())

    found = list(open_source("-", options, stdin=io.BytesIO(b"2401.00002\r\ncs/0501001\r\n")))

    assert ids(found) == ["arxiv:2401.00002", "arxiv:cs/0501001"]


def test_a_long_list_is_read_a_hundred_at_a_time_and_only_as_far_as_it_is_wanted(
    shelf: Shelf, tmp_path: Path
) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_text("".join(f"2401.{n:05d}\n" for n in range(250)))
    options = Options(endpoints=shelf.endpoints())

    records = open_source(str(listed), options)
    next(records)
    assert len(shelf.asked) == 1
    assert len(list(records)) == 249 and len(shelf.asked) == 3


def test_a_line_behind_the_sniffed_part_that_is_no_id_is_one_bad_record(shelf: Shelf, tmp_path: Path) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_text("2401.00001\n" * 40 + "# a comment\n" * 6000 + "no id at all\n")

    found = read(shelf, listed)

    assert len(found) == 41
    assert ids(found[-1:]) == [f"{listed}:6041: is not an arXiv id, a DOI or an address of one"]


def test_a_query_is_paged_and_asks_for_no_more_than_is_wanted(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_api, "_SLICE", 100)
    assert len(read(shelf, "arxiv-query:ti:forecasting")) == 251
    assert [query["start"] for query in shelf.queries()] == ["0", "100", "200"]
    assert {query["max_results"] for query in shelf.queries()} == {"100"}
    shelf.asked.clear()

    found = read(shelf, "arxiv-query:cat:cs.LG AND ti:forecasting", limit=5)

    assert ids(found)[0] == "arxiv:2401.00000" and len(found) == 5
    (asked,) = shelf.queries()
    assert asked["search_query"] == "cat:cs.LG AND ti:forecasting" and asked["max_results"] == "5"
    assert asked["sortBy"] == "relevance"
    read(shelf, "arxiv-query:x", newest=True, limit=1)
    assert shelf.queries()[-1]["sortBy"] == "submittedDate"


def test_categories_are_asked_for_and_checked(shelf: Shelf) -> None:
    found = read(shelf, "arxiv-query:all:x", categories=("cs.CL", "q-bio.*"))

    assert ids(found) == ["arxiv:cs/0501001"]
    assert shelf.queries()[0]["search_query"] == "(all:x) AND (cat:cs.CL OR cat:q-bio.*)"
    with pytest.raises(NoPapers, match=r"has no papers of math\.AG\. Check --category"):
        read(shelf, "arxiv:2401.00001", categories=("math.AG",))


def test_a_page_that_comes_empty_by_mistake_is_asked_for_again(shelf: Shelf) -> None:
    shelf.faults = [Fault(200, atom([], 251))]

    assert len(read(shelf, "arxiv-query:x", limit=3)) == 3
    assert len(shelf.asked) == 2


def test_a_query_that_finds_nothing_and_one_that_is_wrong_are_clear(shelf: Shelf) -> None:
    shelf.works = []
    with pytest.raises(NoPapers, match="arxiv-query:x: has no papers"):
        read(shelf, "arxiv-query:x")
    assert len(shelf.asked) == 1
    body = b"<feed><entry><id>http://arxiv.org/api/errors#y</id><summary>bad\nsyntax</summary></entry></feed>"
    shelf.faults = [Fault(200, body)]
    with pytest.raises(BadInput, match="arXiv rejected the query: bad syntax"):
        read(shelf, "arxiv-query:(")


def test_no_more_than_arxiv_gives_of_one_query_is_asked_and_that_is_said(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_api, "_MOST_RESULTS", 20)

    found = read(shelf, "arxiv-query:x")

    assert len(found) == 21 and isinstance(found[-1], BadRecord)
    assert "only the first 20 papers of a query; narrow it" in found[-1].reason
    assert len(read(shelf, "arxiv-query:x", limit=20)) == 20


def test_hostile_answers_stay_text_or_become_a_line(shelf: Shelf) -> None:
    bomb = b'<!DOCTYPE f [<!ENTITY a "aaaaaaaaaa">%s]>' % b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;" * 10) for n in range(9)
    )
    whole = atom([entry(works(1)[0]).replace("Paper 0", "&a8;")], 1)
    shelf.faults = [Fault(200, whole.replace(b"<feed", bomb + b"<feed"))]

    found = read(shelf, "arxiv:2401.00000")

    assert len(str(found)) < 2000
    shelf.faults = [Fault(200, atom([entry(works(1)[0])], 1)[:-9]), Fault(503, headers={"retry-after": "0"})]
    assert ids(read(shelf, "arxiv:2401.00000")) == ["arxiv:2401.00000"]
    assert len(shelf.asked) == 4


def test_papers_are_read_again_without_the_network(shelf: Shelf, tmp_path: Path) -> None:
    specs = ["arxiv:2401.00001,2401.99999", "arxiv-query:cat:cs.LG"]
    before = [read(shelf, spec, tmp_path, limit=120) for spec in specs]
    asked = len(shelf.asked)

    assert [read(shelf, spec, tmp_path, limit=120, offline=True) for spec in specs] == before
    assert len(shelf.asked) == asked
    with pytest.raises(BadInput, match="is not in the cache"):
        read(shelf, "arxiv:2401.00007", tmp_path, offline=True)
