"""Missing abstracts are looked up in services, and only the right ones are taken."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from papercards.paper import Paper
from papercards.runs.job import Job
from papercards.sources import BadRecord, Options
from tests.abstract_services import NAMES, Held, Services, serving
from tests.conftest import Run
from tests.publication.test_outputs import library
from tests.services import Time
from tests.stub import Fault

TEXT = (
    "We study how models forecast series of many lengths, and show that a small one does as well as others."
)
OTHER = "Bridges are built of stone and steel. We measure how long a hundred of them have stood in the rain."
TITLE = "Small models forecast long series"
AUTHORS = (("Wei", "Zhang"), ("Jürgen", "Müller"))
WORK = Held(TITLE, TEXT, AUTHORS, 2021)


@pytest.fixture
def services() -> Iterator[Services]:
    with serving(Services()) as one:
        yield one


def look_up(
    services: Services, folder: Path, record: dict[str, Any] | list[dict[str, Any]], **asked: Any
) -> list[Paper | BadRecord]:
    path = folder / "papers.jsonl"
    records = record if isinstance(record, list) else [record]
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    options = {
        "endpoints": services.endpoints(),
        "cache_dir": folder / "cache",
        "clock": Time().clock,
    } | asked
    return list(Job((str(path),), options=Options(fill_abstracts=True, judged=True, **options)).papers())


def found(records: list[Paper | BadRecord]) -> list[str | None]:
    """Where the abstracts are from."""
    return [one.publication.abstract_source if isinstance(one, Paper) else None for one in records]


ARXIV = "arXiv: arxiv:2101.00001"
S2 = f"Semantic Scholar: s2:{0:040x}"


@pytest.mark.parametrize(
    ("service", "ids", "record", "source"),
    [
        ("openalex", {"doi": "10.1000/x1"}, {"doi": "doi:10.1000/X1"}, "OpenAlex: doi:10.1000/x1"),
        ("openalex", {"doi": "10.48550/arxiv.2101.00001"}, {"id": "2101.00001"}, f"OpenAlex: {ARXIV[7:]}"),
        ("semanticscholar", {"doi": "10.1000/x1"}, {"doi": "10.1000/x1"}, "Semantic Scholar: doi:10.1000/x1"),
        ("semanticscholar", {"pmid": "123456"}, {"pmid": 123456}, S2),
        ("semanticscholar", {"pmcid": "PMC77"}, {"pmcid": "PMC77"}, S2),
        ("arxiv", {"arxiv": "2101.00001"}, {"url": "https://arxiv.org/abs/2101.00001v3"}, ARXIV),
        ("crossref", {"doi": "10.1000/x1"}, {"doi": "10.1000/x1"}, "Crossref: doi:10.1000/x1"),
        ("europepmc", {"doi": "10.1000/x1"}, {"doi": "10.1000/x1"}, "Europe PMC: doi:10.1000/x1"),
        ("europepmc", {"pmid": "123456"}, {"note": "PMID: 123456"}, "Europe PMC: PMID123456"),
        ("europepmc", {"pmid": "12"}, {"url": "https://pubmed.ncbi.nlm.nih.gov/12/"}, "Europe PMC: PMID12"),
        ("europepmc", {"pmcid": "PMC77"}, {"extra": "Tag: x\nPMCID: PMC77"}, "Europe PMC: PMC77"),
    ],
)  # fmt: skip
def test_each_service_is_asked_by_the_ids_that_it_knows(
    services: Services, tmp_path: Path, service: str, ids: dict[str, str], record: dict[str, Any], source: str
) -> None:
    services.works[service] = [replace(WORK, **ids)]

    (paper,) = look_up(services, tmp_path, {"title": TITLE, **record})

    assert isinstance(paper, Paper) and paper.publication.abstract_source == source
    assert paper.abstract.replace("Background: ", "") == TEXT
    assert json.loads(paper.publication_json)["abstract_source"] == source


@pytest.mark.parametrize("service", NAMES)
def test_each_service_is_searched_by_title(services: Services, tmp_path: Path, service: str) -> None:
    others = [
        Held(f"{TITLE} with {n} more words", OTHER, AUTHORS, 2021, f"10.1000/{n}", f"2101.0000{n}", f"9{n}")
        for n in range(3)
    ]
    services.works[service] = [*others, replace(WORK, doi="10.1000/x", arxiv="2101.00009", pmid="99")]

    (paper,) = look_up(
        services,
        tmp_path,
        {"title": f"{{{TITLE}}}.", "authors": ["Zhang, Wei", "Müller, J."], "year": "2021"},
    )

    assert isinstance(paper, Paper) and paper.abstract.replace("Background: ", "") == TEXT


LOOK_ALIKES = [
    replace(WORK, title="Small models do not forecast long series"),
    replace(WORK, title="Small models forecast long series: a reply"),
    replace(WORK, title="Small models forecast long series II"),
    replace(WORK, title="Small models forecast short series"),
    replace(WORK, title="Correction to: Small models forecast long series"),
    replace(WORK, authors=(("Ann", "Smith"),)),
    replace(WORK, authors=(("Yu", "Zhang"),)),
    replace(WORK, authors=(("Li", "Chen"), ("Wei", "Zhang"), ("Eva", "Novak"))),
    replace(WORK, year=2016),
    replace(WORK, title="Small models forecasts long series", authors=()),
    replace(WORK, title="Small models forecasts long series", year=None),
]


@pytest.mark.parametrize("service", NAMES)
@pytest.mark.parametrize("number", range(len(LOOK_ALIKES)))
def test_a_look_alike_is_not_taken(services: Services, tmp_path: Path, service: str, number: int) -> None:
    known = {"arxiv": "2101.00001"} if service == "arxiv" else {"doi": "10.1000/x", "pmid": "7"}
    services.works[service] = [replace(LOOK_ALIKES[number], **known)]

    records = look_up(
        services, tmp_path, {"title": TITLE, "authors": ["Wei Zhang", "Jürgen Müller"], "year": 2021}
    )

    assert found(records) == [None]
    (bad,) = records
    assert isinstance(bad, BadRecord) and bad.without_abstract == TITLE


@pytest.mark.parametrize(
    ("held", "record"),
    [
        (WORK, {"title": "SMALL MODELS FORECAST LONG-SERIES"}),
        (WORK, {"title": "Small models forecasts long series", "authors": ["Wei Zhang"], "year": 2022}),
        (replace(WORK, title=f"{TITLE}: a study of time"), {"authors": "Zhang, W.", "year": 2021}),
        (replace(WORK, title="Small models foercast long series"), {"authors": "W. Zhang", "year": 2021}),
        (replace(WORK, title="β-models forecast long series"), {"title": "Beta-Models Forecast Long Series"}),
        (replace(WORK, authors=(("Zhang", "Wei"),)), {"authors": ["Wei Zhang"], "year": 2021}),
        (replace(WORK, year=2020), {"authors": "W. Zhang and others", "year": 2021}),
    ],
)  # fmt: skip
def test_the_same_work_is_known_in_other_words(
    services: Services, tmp_path: Path, held: Held, record: dict[str, Any]
) -> None:
    # Crossref is searched by words that need not all be there.
    services.works["crossref"] = [replace(held, doi="10.1000/x")]

    assert found(look_up(services, tmp_path, {"title": TITLE, **record})) == ["Crossref: doi:10.1000/x"]


def test_two_works_of_one_title_are_told_apart_or_neither_is_taken(
    services: Services, tmp_path: Path
) -> None:
    services.works["openalex"] = [
        replace(WORK, doi="10.1000/a"),
        replace(WORK, doi="10.1000/b", authors=(("Ann", "Smith"),), abstract=OTHER),
    ]

    assert found(look_up(services, tmp_path, {"title": TITLE})) == [None]
    assert found(look_up(services, tmp_path, {"title": TITLE, "authors": ["Ann Smith"]})) == [
        "OpenAlex: doi:10.1000/b"
    ]


def test_an_abstract_of_another_paper_under_the_id_is_not_taken(services: Services, tmp_path: Path) -> None:
    other = Held(
        "A hundred bridges in the rain", OTHER, (("Ann", "Smith"),), 2021, doi="10.1000/x", arxiv="2101.00001"
    )
    for name in NAMES:
        services.works[name] = [other]
    records = [
        {"title": TITLE, "doi": "10.1000/x", "authors": ["Wei Zhang"]},
        {"title": TITLE, "arxiv_id": "2101.00001"},
    ]

    assert found(look_up(services, tmp_path, records)) == [None, None]


def test_under_the_right_id_a_title_may_have_changed(services: Services, tmp_path: Path) -> None:
    services.works["crossref"] = [
        replace(WORK, title="How small models forecast very long time series", doi="10.1000/x")
    ]

    records = look_up(services, tmp_path, {"title": TITLE, "doi": "10.1000/x", "authors": ["Wei Zhang"]})

    assert found(records) == ["Crossref: doi:10.1000/x"]


@pytest.mark.parametrize(
    "text",
    [
        "No abstract available.",
        "Abstract not available",
        TITLE,
        "Please see the PDF for the full text of the article.",
        "We use cookies on this website. Log in to get access. Add to cart.",
        "This paper has been withdrawn by the authors.",
        "",
    ],
)
def test_what_is_no_abstract_is_not_taken(services: Services, tmp_path: Path, text: str) -> None:
    for name in NAMES:
        services.works[name] = [replace(WORK, abstract=text or None, doi="10.1000/x")]

    assert found(look_up(services, tmp_path, {"title": TITLE, "doi": "10.1000/x"})) == [None]


def test_a_placeholder_in_the_source_is_looked_up(services: Services, tmp_path: Path) -> None:
    services.works["openalex"] = [replace(WORK, doi="10.1000/x")]
    records = [
        {"title": TITLE, "abstract": text, "doi": "10.1000/x"}
        for text in ("", "  ", None, "N/A", "<p></p>", "No abstract.")
    ]

    assert found(look_up(services, tmp_path, records)) == ["OpenAlex: doi:10.1000/x"] * 6


def test_markup_of_an_abstract_becomes_text(services: Services, tmp_path: Path) -> None:
    services.works["crossref"] = [
        replace(WORK, abstract="We reach 95% < 99%. It works & we tell.", doi="10.1000/x")
    ]

    (paper,) = look_up(services, tmp_path, {"title": TITLE, "doi": "10.1000/x"})

    assert isinstance(paper, Paper) and paper.abstract == "We reach 95% < 99%. It works & we tell."


def test_many_papers_take_few_requests_and_a_second_run_none(services: Services, tmp_path: Path) -> None:
    works = [
        replace(WORK, title=f"{TITLE} of kind {n}", doi=f"10.1000/{n}", arxiv=f"2101.{n:05}")
        for n in range(120)
    ]
    services.works["openalex"] = works[:40]
    services.works["arxiv"] = works[40:80]
    services.works["crossref"] = works[80:100]
    records = [{"title": one.title, "doi": one.doi} for one in works]
    records[40:80] = [{"title": one.title, "arxiv_id": one.arxiv} for one in works[40:80]]

    first = look_up(services, tmp_path, records)
    counts = {name: services.count(name) for name in NAMES}
    services.asked.clear()
    again = look_up(services, tmp_path, records)

    assert [(source or "").partition(":")[0] for source in found(first)] == (
        ["OpenAlex"] * 40 + ["arXiv"] * 40 + ["Crossref"] * 20 + [""] * 20
    )
    assert first == again and not services.asked
    # Ids, then 20 titles. OpenAlex is asked by itself for each DOI that it lacks, which is free.
    assert counts["arxiv"] == 1 + 2 and counts["crossref"] == 1 + 20 and counts["europepmc"] == 1 + 2
    assert counts["openalex"] == 1 + 40 + 2 and counts["semanticscholar"] == 1 + 20


def test_without_the_network_the_cache_is_read_and_nothing_is_asked(
    services: Services, tmp_path: Path
) -> None:
    services.works["openalex"] = [replace(WORK, title=f"{TITLE} {n}", doi=f"10.1000/{n}") for n in range(3)]
    records = [{"title": f"{TITLE} {n}", "doi": f"10.1000/{n}"} for n in range(3)]
    look_up(services, tmp_path, records[:2])
    services.asked.clear()

    assert found(look_up(services, tmp_path, records, offline=True)) == [
        "OpenAlex: doi:10.1000/0", "OpenAlex: doi:10.1000/1", None,
    ]  # fmt: skip
    assert not services.asked


@pytest.mark.parametrize(
    "fault",
    [
        Fault(503, b"down"),
        Fault(500, b"{}"),
        Fault(200, b"<html>maintenance</html>"),
        Fault(200, b'{"unexpected": []}'),
        Fault(200, b'{"results": 5, "resultList": null, "message": {"items": 7}}'),
        Fault(429, b"slow down", {"retry-after": "100000"}),
        Fault(401, b"{}"),
    ],
)
@pytest.mark.parametrize("down", NAMES)
def test_a_service_that_fails_is_left_out_and_the_next_one_asked(
    services: Services, tmp_path: Path, down: str, fault: Fault
) -> None:
    said: list[str] = []
    services.down = {down: fault}
    records = [
        {"title": f"{TITLE} of kind {n}", "doi": f"10.1000/{n}", "arxiv_id": f"2101.0000{n}"}
        for n in range(3)
    ]
    for name in NAMES:
        services.works[name] = [
            replace(WORK, title=one["title"], doi=one["doi"], arxiv=one["arxiv_id"]) for one in records
        ]
    # The last one is only in two services that are asked late.
    for name in ("arxiv", "openalex", "semanticscholar"):
        services.works[name].pop()

    sources = found(look_up(services, tmp_path, records, say=said.append))

    assert None not in sources
    lines = [line for line in said if "is not asked for more abstracts" in line]
    # A single record of another form is a record without an abstract.
    asked = down != "europepmc" and (down == "arxiv" or fault.status != 200 or fault.body[:1] == b"<")
    assert len(lines) == asked, said


def test_what_a_service_gave_before_it_failed_is_kept(services: Services, tmp_path: Path) -> None:
    records = [{"title": f"{TITLE} of kind {n}"} for n in range(25)]
    services.works["arxiv"] = [
        replace(WORK, title=one["title"], arxiv=f"2101.000{n:02}") for n, one in enumerate(records)
    ]
    services.faults["arxiv"] = [None, Fault(403, b"{}")]

    sources = found(look_up(services, tmp_path, records))

    assert sources == [f"arXiv: arxiv:2101.000{n:02}" for n in range(10)] + [None] * 15


@pytest.mark.parametrize(
    "title", ["Editorial", "Guest Editorial", "Book reviews", "Introduction", "Letter to the Editor"]
)
def test_titles_that_many_works_have_say_nothing(services: Services, tmp_path: Path, title: str) -> None:
    for name in NAMES:
        services.works[name] = [replace(WORK, title=title, doi="10.1000/x", arxiv="2101.00001", pmid="7")]
    record = {"title": title, "authors": ["Wei Zhang", "Jürgen Müller"], "year": 2021}

    assert found(look_up(services, tmp_path, record)) == [None]
    assert found(look_up(services, tmp_path, {**record, "doi": "10.1000/x"})) == ["OpenAlex: doi:10.1000/x"]


def test_a_service_that_asks_for_a_little_time_gets_it(services: Services, tmp_path: Path) -> None:
    time = Time()
    services.works["openalex"] = [replace(WORK, doi="10.1000/x")]
    services.faults["openalex"] = [Fault(429, b"slow down", {"retry-after": "7"})]

    records = look_up(services, tmp_path, {"title": TITLE, "doi": "10.1000/x"}, clock=time.clock)

    assert found(records) == ["OpenAlex: doi:10.1000/x"]
    assert 7 <= sum(time.naps) < 9


def test_keys_and_contact_go_where_they_belong(services: Services, tmp_path: Path) -> None:
    keys = {"openalex": "oa-secret-1", "semanticscholar": "s2-secret-1"}

    look_up(services, tmp_path, {"title": TITLE, "doi": "10.1000/x"}, keys=keys, contact="me@example.org")

    for (name, path), headers in zip(services.asked, services.headers, strict=True):
        said = json.dumps(headers) + path
        assert "mailto:me@example.org" in headers["user-agent"]
        for owner, key in keys.items():
            assert (key in said) == (owner == name)
    assert {name for name, _ in services.asked} == set(NAMES)
    for file in (tmp_path / "cache").rglob("*"):
        assert not file.is_file() or b"secret-1" not in file.read_bytes()


def test_a_table_needs_no_column_for_abstracts(run: Run, services: Services, tmp_path: Path) -> None:
    services.works["openalex"] = [replace(WORK, doi="10.1000/x")]
    services.works["europepmc"] = [
        replace(WORK, pmid="77", title="How bridges stand in the rain", abstract=OTHER)
    ]
    (tmp_path / "p.csv").write_text(
        f"title,doi,pmid\n{TITLE},10.1000/x,\nHow bridges stand in the rain,,77\n", "utf-8"
    )

    without = run("enrich", "p.csv", "-m", "baseline", "-o", "c.jsonl", **services.environment())
    done = run(
        "enrich", "p.csv", "-m", "baseline", "-o", "c.jsonl", "--fill-abstracts", **services.environment()
    )

    assert without.returncode == 2 and "no column looks like the abstract" in without.stderr
    assert done.returncode == 0, done.stderr
    assert "2 abstracts filled: 1 OpenAlex, 1 Europe PMC; 0 not found" in done.stderr


def test_a_paper_alone_is_looked_up(run: Run, services: Services, tmp_path: Path) -> None:
    services.works["openalex"] = [replace(WORK, doi="10.1000/x", abstract=None)]
    services.works["arxiv"] = [replace(WORK, arxiv="2101.00001")]
    named = run("summarize", "doi:10.1000/x", "-m", "baseline", "--json", **services.environment())
    done = run(
        "summarize", "doi:10.1000/x", "-m", "baseline", "--json", "--fill-abstracts", **services.environment()
    )

    assert named.returncode == 1 and "OpenAlex has no abstract for it" in named.stderr
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["publication"]["abstract_source"] == "arXiv: arxiv:2101.00001"
    assert "abstract from arXiv: arxiv:2101.00001" in done.stderr


def test_only_the_picked_paper_is_looked_up(run: Run, services: Services, tmp_path: Path) -> None:
    services.works["arxiv"] = [replace(WORK, arxiv="2101.00001")]
    (tmp_path / "l.bib").write_text(
        "@article{a, title={A hundred bridges in the rain}}\n"
        f"@article{{b, title={{{TITLE}}}, eprint={{2101.00001}}, archiveprefix={{arXiv}}}}\n", "utf-8"
    )  # fmt: skip

    done = run(
        "summarize",
        "l.bib",
        "--pick",
        "forecast",
        "-m",
        "baseline",
        "--fill-abstracts",
        **services.environment(),
    )

    assert done.returncode == 0, done.stderr
    assert len(services.asked) == 1


def test_a_watch_fills_what_comes_without_an_abstract(run: Run, services: Services, tmp_path: Path) -> None:
    services.works["openalex"] = [replace(WORK, doi="10.1000/x")]
    (tmp_path / "l.jsonl").write_text(json.dumps({"title": TITLE, "doi": "10.1000/x"}) + "\n", "utf-8")
    words = ("watch", "l.jsonl", "--once", "-o", "c.jsonl", "-m", "baseline", "--fill-abstracts")

    first = run(*words, **services.environment())
    services.asked.clear()
    second = run(*words, **services.environment())

    assert "1 checked, 1 new, 1 abstract filled" in first.stderr
    assert "1 checked, 0 new" in second.stderr and not services.asked


def test_a_rerun_and_an_estimate_fill_as_the_run_did(run: Run, services: Services, tmp_path: Path) -> None:
    services.works["openalex"] = [replace(WORK, doi="10.1000/x")]
    (tmp_path / "l.jsonl").write_text(json.dumps({"title": TITLE, "doi": "10.1000/x"}) + "\n", "utf-8")
    words = ("enrich", "l.jsonl", "-o", "c.jsonl", "-m", "baseline", "--fill-abstracts")

    estimate = run(*words, "--estimate", **services.environment())
    assert run(*words, **services.environment()).returncode == 0
    before = (tmp_path / "c.jsonl").read_bytes()
    again = run("rerun", "c.run.json", **services.environment())

    assert "abstracts filled   1" in estimate.stdout
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "c.jsonl").read_bytes() == before
    assert (
        run(
            "verify", "c.jsonl", "--source", "l.jsonl", "--fill-abstracts", **services.environment()
        ).returncode
        == 0
    )


OUTPUTS = ("-o", "cards.jsonl", "-o", "cards.csv")


@pytest.mark.slow
def test_a_library_of_300_entries_is_filled_as_far_as_the_services_have_abstracts(
    run: Run, services: Services, tmp_path: Path
) -> None:
    made = library(tmp_path, 300, 60)
    text = (tmp_path / "library.bib").read_text("utf-8")
    titles = {key: text.partition(f"{{{key},\n  title = {{")[2].partition("},\n")[0] for key in made}
    lacking = [key for key, about in made.items() if not about["whole"]]
    assert len(lacking) == 60

    def held(key: str, number: int) -> Held:
        names = tuple(
            (given, family) for family, _, given in (name.partition(", ") for name in made[key]["authors"])
        )
        plain = titles[key].replace("\\", "")
        text, year = f"{TEXT} This is number {number}.", made[key]["year"]
        return Held(plain, text, names, year, f"10.1000/{number}", f"2101.{number:05}", f"8{number}")

    works = {key: held(key, number) for number, key in enumerate(lacking)}
    every = list(works.values())
    services.works = {
        "openalex": every[:30],
        "arxiv": every[28:38],
        "europepmc": every[38:40],
        "semanticscholar": [every[40], *(replace(one, authors=(("No", "Body"),)) for one in every[41:50])],
        "crossref": [*every[41:44], *(replace(one, title=f"{one.title} and more") for one in every[50:])],
    }
    words = ("enrich", "library.bib", "-m", "baseline", *OUTPUTS, "--fill-abstracts")

    done = run(*words, **services.environment())

    assert done.returncode == 0, done.stderr
    counts = "30 OpenAlex, 8 arXiv, 3 Crossref, 2 Europe PMC, 1 Semantic Scholar"
    assert f"44 abstracts filled: {counts}; 16 not found" in done.stderr
    assert "284 cards, 0 failed, 16 without an abstract" in done.stderr
    assert "16 papers without an abstract got no card: " in done.stderr
    errors = [json.loads(line) for line in (tmp_path / "cards.errors.jsonl").read_text("utf-8").splitlines()]
    assert [one["id"] for one in errors] == lacking[44:]
    cards = [json.loads(line) for line in (tmp_path / "cards.jsonl").read_text("utf-8").splitlines()]
    sources = {
        card["publication"]["citation_key"]: card["publication"].get("abstract_source") for card in cards
    }
    assert {key for key, source in sources.items() if source} == set(lacking[:44])
    assert list(sources) == [key for key in made if key not in lacking[44:]]

    services.asked.clear()
    assert run(*words, **services.environment()).returncode == 0
    assert not services.asked


FORMATS = {
    "a.ris": f"TY  - JOUR\nTI  - {TITLE}\nAU  - Zhang, Wei\nDO  - 10.1000/x\nER  - \n",
    "b.nbib": f"PMID- 77\nOWN - NLM\nTI  - {TITLE}.\nFAU - Zhang, Wei\nPMC - PMC77\nDP  - 2021 Jan\n",
    "c.json": f'[{{"id": "z1", "type": "article-journal", "title": "{TITLE}", "PMID": "77"}}]',
    "d.bib": f"@article{{k, title={{{TITLE}}}, eprint={{77}}, eprinttype={{pubmed}}}}",
    "e.bib": f"@article{{k, title={{{TITLE}}}, note={{PMID: 77; seen}}}}",
    "f.xml": "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>77</PMID><Article><ArticleTitle>"
    f"{TITLE}.</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>",
    "g.html": f'<html><meta name="citation_title" content="{TITLE}"><meta name="citation_doi" '
    'content="10.1000/x"><body><p>x</p></body></html>',
    "h.csv": f"Title;Authors;PubMed ID\n{TITLE};Zhang, Wei;77\n",
    "i.atom": '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>http://arxiv.org/abs/'
    f"2101.00001v1</id><title>{TITLE}</title></entry></feed>",
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_ids_of_every_format_are_used(services: Services, tmp_path: Path, name: str) -> None:
    held = replace(WORK, doi="10.1000/x", arxiv="2101.00001", pmid="77", pmcid="PMC77")
    services.works = {service: [held] for service in NAMES}
    (tmp_path / name).write_text(FORMATS[name], encoding="utf-8")
    options = Options(fill_abstracts=True, endpoints=services.endpoints(), clock=Time().clock)

    (paper,) = Job((str(tmp_path / name),), options=options).papers()

    assert isinstance(paper, Paper) and paper.publication.abstract_source, paper
    # Found by its id: nothing was searched for.
    assert len(services.asked) == 1
