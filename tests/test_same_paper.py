"""One paper once: it is asked about once, and all of its records get their card."""

import csv
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from papercards.card import Card
from papercards.paper import Paper
from papercards.runs.batch import RECENT
from papercards.runs.same_paper import AHEAD_BYTES, SamePapers, ahead
from papercards.sources import BadRecord, open_source
from papercards.sources.local_ids import LocalIds
from tests.cli.test_enrich import cards, hosted, write
from tests.conftest import Run
from tests.stub import Fault, Stub

__all__ = ["hosted"]

TEXT = "We study how cats count. Our method is {} than others. It works."
LONGER = TEXT.format("much better") + " Code is at https://github.com/a/b."
SUN = [{"family": "Sun", "given": "Ada"}]


def record(title: str = "How cats count to ten", **more: object) -> dict[str, object]:
    return {"title": title, "abstract": TEXT.format("better"), **more}


def papers(tmp_path: Path, *records: object) -> list[Paper]:
    found = list(LocalIds().apart(open_source(write(tmp_path / "p.jsonl", *records))))
    assert not any(isinstance(one, BadRecord) for one in found), found
    return [one for one in found if isinstance(one, Paper)]


def grouped(every: Iterable[Paper]) -> list[int]:
    """For each paper the number of the first record of it."""
    same, numbers, count = SamePapers(), [], 0
    for paper in every:
        earlier, _ = same.add(paper)
        numbers.append(count if earlier is None else earlier)
        count += earlier is None
    return numbers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"arxiv_id": "2401.00001v1"}, {"arxiv_id": "2401.00001v3"}),
        ({"arxiv_id": "2401.00001"}, {"doi": "10.48550/arXiv.2401.00001"}),
        ({"arxiv_id": "2401.00001", "doi": "10.1000/X"}, {"doi": "https://doi.org/10.1000/x"}),
        ({"doi": "10.1000/x"}, {"arxiv_id": "2401.00001", "doi": "10.1000/X"}),
        ({"doi": "10.1101/2020.01.02.123456v1"}, {"doi": "10.1101/2020.01.02.123456v2"}),
        ({"doi": "10.21203/rs.3.rs-123/v1"}, {"doi": "10.21203/rs.3.rs-123/v2"}),
        ({"doi": "10.1000/x", "pmid": 123}, {"id": "PMID123"}),
        ({"doi": "10.1000/x", "pmid": "https://pubmed.ncbi.nlm.nih.gov/123/"}, {"id": "y", "pmid": "0123"}),
        # OpenAlex, Semantic Scholar, Crossref, DataCite
        ({"doi": "10.1000/x", "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/123"}}, {"id": "PMID123"}),
        (
            {"doi": "10.1000/x", "locations": [{"landing_page_url": "https://arxiv.org/abs/2401.00001"}]},
            {"arxiv_id": "2401.00001"},
        ),
        ({"externalIds": {"ArXiv": "2401.00001", "DOI": "10.1000/X"}}, {"doi": "10.1000/x"}),
        ({"externalIds": {"PubMed": "123", "DOI": "10.1000/X"}}, {"id": "PMID123"}),
        (
            {"doi": "10.1000/x", "relation": {"has-preprint": [{"id-type": "doi", "id": "10.1101/7.1"}]}},
            {"doi": "10.1101/7.1"},
        ),
        (
            {
                "doi": "10.48550/arXiv.2401.00001",
                "relatedIdentifiers": [
                    {"relationType": "IsVersionOf", "relatedIdentifier": "10.1000/X"},
                    {"relationType": "Cites", "relatedIdentifier": "10.1000/cited"},
                ],
            },
            {"doi": "10.1000/x"},
        ),
        # by title, first author and year
        ({"doi": "10.1000/x", "authors": SUN, "year": 2023}, {"id": "k", "authors": "Ada Sun", "year": 2021}),
        (
            {"arxiv_id": "2101.00001", "authors": ["Ada Sun", "B. Ng"]},
            {"doi": "10.1000/x", "authors": ["Sun, A."], "year": "2022", "title": "How Cats Count: to Ten."},
        ),
        (
            {"id": "a", "authors": ["Zoë Müller"], "year": 2020, "title": "Über das Zählen der Katzen"},
            {"id": "b", "authors": ["Muller, Z"], "year": 2020, "title": "Uber das Zahlen der Katzen"},
        ),
    ],
)  # fmt: skip
def test_two_records_of_one_paper_are_found(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any]
) -> None:
    for some in ((one, other), (other, one)):
        records = [{**record(), **dict(some[0])}, {**record(), **dict(some[1])}]
        records[1]["abstract"] = LONGER
        every = papers(tmp_path, *records)
        assert grouped(every) == [0, 0]
        # The longer one comes first.
        assert next(iter(ahead(every))) is every[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"id": "1"}, {"id": "1", "title": "How dogs count to ten", "abstract": LONGER}),
        ({"citation_key": "sun"}, {"citation_key": "sun", "title": "How dogs count", "abstract": LONGER}),
        ({"arxiv_id": "2401.00001"}, {"arxiv_id": "2401.00002"}),
        # Two arXiv ids are two papers, whatever they are called.
        ({"arxiv_id": "2401.00001", "authors": SUN}, {"arxiv_id": "2401.00002", "authors": SUN}),
        ({"id": "a", "authors": SUN, "year": 2020}, {"id": "b", "authors": SUN, "year": 2023}),
        ({"id": "a", "authors": SUN, "year": 2020}, {"id": "b", "authors": ["Bo Ng"], "year": 2020}),
        ({"id": "a", "authors": SUN}, {"id": "b", "authors": SUN}),
        ({"id": "a", "year": 2020}, {"id": "b", "year": 2020}),
        (
            {"doi": "10.1000/x", "relation": {"is-review-of": [{"id": "10.1000/y"}]}},
            {"doi": "10.1000/y"},
        ),
        ({"doi": "10.1000/rs.1/v1"}, {"doi": "10.1000/rs.1/v2"}),
    ],
)  # fmt: skip
def test_two_papers_stay_two(tmp_path: Path, one: dict[str, Any], other: dict[str, Any]) -> None:
    second = {"abstract": LONGER, **other}
    every = papers(tmp_path, {**record(), **one}, {**record(), **second})

    assert grouped(every) == [0, 1] and list(ahead(every)) == every


@pytest.mark.parametrize(
    "title",
    [
        "Editorial",
        "Introduction",
        "Erratum to: How cats count to ten",
        "Correction to How cats count to ten",
        "Editorial: counting in the wild",
        "Introduction to the special issue on cats",
        "Reply to Ng and others on cats",
        "Book Review of the month",
        "Deep Learning",
    ],
)
def test_a_title_that_many_papers_have_makes_none_the_same(tmp_path: Path, title: str) -> None:
    one = record(title, id="a", authors=SUN, year=2020)
    every = papers(tmp_path, one, {**one, "id": "b", "abstract": LONGER})

    assert grouped(every) == [0, 1] and list(ahead(every)) == every


def test_what_is_like_the_second_record_only_is_not_like_the_first(tmp_path: Path) -> None:
    """Two preprints of one title, and a publication that could be either's: it is the first one's."""
    year = {"authors": SUN, "year": 2024}
    every = papers(
        tmp_path,
        record(arxiv_id="2401.00001", **year),
        record(doi="10.1000/x", **year),
        record(arxiv_id="2401.00002", **year),
    )

    assert grouped(every) == [0, 0, 1]
    assert len(list(ahead(every))) == 3


LIBRARY = f"""
@misc{{preprint, title={{How Cats Count to Ten}}, author={{Sun, Ada and Ng, Bo}}, year={{2023}},
  eprint={{2301.00001}}, archiveprefix={{arXiv}}, abstract={{{TEXT.format("better")}}}}}
@article{{other, title={{How dogs count to ten}}, author={{Sun, Ada}}, year={{2023}},
  abstract={{{TEXT.format("slower")}}}}}
@article{{paper, title={{How cats count to ten}}, author={{Sun, A. and Ng, B.}}, year={{2024}},
  doi={{10.1000/cats}},
  journal={{Cats}}, abstract={{{LONGER}}}}}
@article{{again, title={{How cats count to ten}}, author={{Sun, A. and Ng, B.}}, year={{2024}},
  doi={{10.1000/cats}},
  abstract={{{TEXT.format("better")}}}}}
"""


def test_a_library_is_annotated_in_every_entry_of_a_paper_that_is_asked_about_once(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    (tmp_path / "lib.bib").write_text(LIBRARY)
    names = ["cards.jsonl", "out.bib", "t.csv", "t.db", "t.parquet", "t.xlsx", "t.md", "notes/", "feed.atom"]
    outputs = [word for name in names for word in ("-o", name)]

    done = run("enrich", "lib.bib", *outputs, "--no-cache", **hosted)

    assert done.returncode == 0, done.stderr
    assert "4 cards (" in done.stderr and "2 of them the same as another" in done.stderr
    assert len(stub.bodies) == 2
    every = cards(tmp_path / "cards.jsonl")
    told = {card["publication"]["citation_key"]: card for card in every}
    preprint, paper = told["preprint"], told["paper"]
    assert set(told) == {"preprint", "other", "paper", "again"}
    # The longest abstract is the one that is asked about.
    assert "same_as" not in told["paper"] and "same_as" not in told["other"]
    assert preprint["same_as"] == told["again"]["same_as"] == paper["id"] == "doi:10.1000/cats"
    assert preprint["id"] == "arxiv:2301.00001" and preprint["title"] == "How Cats Count to Ten"
    assert preprint["publication"]["year"] == 2023 and paper["publication"]["year"] == 2024
    assert preprint["tldr"] == paper["tldr"]
    assert [told[key]["provenance"]["calls"] for key in ("paper", "preprint", "again")] == [1, 0, 0]
    assert all(Card.model_validate(card) for card in every)
    bib = (tmp_path / "out.bib").read_text()
    assert bib.count("keywords") == 4 and bib.count("@") == 4
    with (tmp_path / "t.csv").open() as stream:
        rows = {row["citation_key"]: row["same_as"] for row in csv.DictReader(stream)}
    assert rows == {"preprint": "doi:10.1000/cats", "again": "doi:10.1000/cats", "paper": "", "other": ""}
    found = sqlite3.connect(tmp_path / "t.db").execute("SELECT count(*) FROM papers WHERE same_as IS NULL")
    assert found.fetchone() == (2,)
    notes = [note.read_text() for note in (tmp_path / "notes/papers").iterdir()]
    assert len(notes) == 3 and sum("same_as: doi:10.1000/cats" in note for note in notes) == 1
    assert (tmp_path / "t.md").read_text().count("The same paper as") == 2
    assert (tmp_path / "feed.atom").read_text().count("<entry>") == 2
    back = run("convert", "t.parquet", "back.jsonl")
    assert back.returncode == 0, back.stderr
    assert (tmp_path / "back.jsonl").read_bytes() == (tmp_path / "cards.jsonl").read_bytes()
    verified = run("verify", "cards.jsonl", "--source", "lib.bib")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    annotated = run("annotate", "lib.bib", "--cards", "cards.jsonl")
    assert "4 of 4 entries matched a card" in annotated.stderr
    assert (tmp_path / "lib.bib").read_text().count("keywords") == 4


def test_a_warm_rerun_gives_the_same_bytes_and_every_record_can_be_asked_about(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    (tmp_path / "lib.bib").write_text(LIBRARY)

    first = run("enrich", "lib.bib", "-o", "a.jsonl", **hosted)
    again = run("enrich", "lib.bib", "-o", "b.jsonl", **hosted)
    assert first.returncode == again.returncode == 0 and len(stub.bodies) == 2
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    kept = run("enrich", "lib.bib", "-o", "c.jsonl", "--keep-duplicates", "--no-cache", **hosted)

    assert kept.returncode == 0 and "the same as another" not in kept.stderr
    assert len(stub.bodies) == 6 and not any("same_as" in card for card in cards(tmp_path / "c.jsonl"))
    rerun = run("rerun", "a.run.json", "--offline", **hosted)
    assert rerun.returncode == 0 and "identical to the recorded bytes" in rerun.stderr


@pytest.mark.parametrize("cache", [True, False])
def test_records_that_stand_far_apart_in_a_stream_are_found(run: Run, tmp_path: Path, cache: bool) -> None:
    between = RECENT + 8
    lines = [
        record(arxiv_id="2301.00001", authors=SUN),
        *(
            {"title": f"Paper {n} of many papers", "abstract": f"We count to {n}. It works.", "id": str(n)}
            for n in range(between)
        ),
        record(doi="10.1000/cats", authors=SUN, year=2024) | {"abstract": LONGER},
    ]
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder" / "p.jsonl", *lines)

    flags = [] if cache else ["--no-cache"]
    done = run("enrich", "folder", "-o", "c.jsonl", "-m", "baseline", *flags)

    assert done.returncode == 0, done.stderr
    every = cards(tmp_path / "c.jsonl")
    assert len(every) == between + 2
    # Without a cache nothing is kept of a card so far back, so the second record is asked about itself.
    assert every[-1].get("same_as") == ("arxiv:2301.00001" if cache else None)


def test_a_record_is_asked_about_itself_if_the_first_got_no_card(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    write(
        tmp_path / "p.jsonl",
        record(arxiv_id="2301.00001", doi="10.1000/cats") | {"abstract": LONGER},
        record(doi="10.1000/cats"),
    )
    stub.script = [Fault(400)]

    done = run("enrich", "p.jsonl", "-o", "c.jsonl", "-j", "2", **hosted)

    assert done.returncode == 1 and len(stub.bodies) == 2
    [card] = cards(tmp_path / "c.jsonl")
    assert card["id"] == "doi:10.1000/cats" and "same_as" not in card


def test_the_same_id_twice_gets_no_second_card_where_there_is_no_second_entry(
    run: Run, tmp_path: Path
) -> None:
    write(tmp_path / "p.jsonl", record(arxiv_id="2301.00001"), record(arxiv_id="2301.00001v2"))
    (tmp_path / "lib.bib").write_text(LIBRARY)

    done = run("enrich", "p.jsonl", "-o", "c.jsonl", "-m", "baseline")
    both = run("enrich", "lib.bib", "lib.bib", "-o", "d.jsonl", "-m", "baseline")

    assert "p.jsonl:2: duplicate of arxiv:2301.00001, skipped" in done.stderr
    assert len(cards(tmp_path / "c.jsonl")) == 1 and len(cards(tmp_path / "d.jsonl")) == 4
    assert "4 duplicates skipped" in both.stderr


def test_papers_without_authors_take_one_place_each_in_memory() -> None:
    same = SamePapers()
    for n in range(10_000):
        same.add(Paper(f"arxiv:2401.{n:05d}", f"Paper {n}", "We count."))

    assert same._numbers.bytes / 10_000 <= 24 and AHEAD_BYTES < 10 << 20


@pytest.mark.parametrize("keep", [True, False])
def test_parts_merged_are_as_one_run_would_have_it(run: Run, tmp_path: Path, keep: bool) -> None:
    count = 30
    records = [
        {"title": f"Paper {n} of many papers", "abstract": f"We count to {n}. It works.", "id": str(n)}
        for n in range(count)
    ]
    for n in range(0, count, 3):
        records[n] |= {"arxiv_id": f"2301.{n:05d}", "doi": f"10.1000/{n}"}
        other = {"title": f"Paper {n} published", "abstract": f"We count to {n} well. It works."}
        records.append(other | {"doi": f"10.1000/{n}", "citation_key": f"key{n}"})
        records.append(other | {"doi": f"10.1000/{n}", "citation_key": f"again{n}"})
    write(tmp_path / "p.jsonl", *records)
    flags = ["-m", "baseline", "--no-cache", *(["--keep-duplicates"] if keep else [])]

    whole = run("enrich", "p.jsonl", "-o", "whole.jsonl", *flags)
    parts = [run("enrich", "p.jsonl", "-o", "c.jsonl", "--part", f"{k}/3", *flags) for k in (1, 2, 3)]
    merged = run("merge", "c.jsonl")

    assert whole.returncode == 0 and all(one.returncode == 0 for one in parts), parts[0].stderr
    assert merged.returncode == 0, merged.stderr
    assert ("20 of them the same as another" in whole.stderr) is not keep
    assert (tmp_path / "c.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert len(cards(tmp_path / "c.jsonl")) == count + 20
