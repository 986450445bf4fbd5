"""The library: what a program, a notebook and a user's own event loop get."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import papercards
from papercards import Card, EndpointError, Failure, Job, Paper, Session, open_source, read_cards, write_cards
from papercards.errors import BadInput, BudgetSpent, PaperFailed, UsageError
from tests.clocks import PATIENCE_S
from tests.conftest import KEY, SEED
from tests.servers import vllm
from tests.servers.loopback import Served, serving

MODEL = "meta-llama/Llama-3.1-8B-Instruct"
TITLE = "Deep Sets"
ABSTRACT = (
    "We study models for sets. We show that a function of sets can be decomposed. Our code is released."
)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(vllm.app(MODEL, api_key=KEY)) as server:
        yield server


@pytest.fixture
def papers(served: Served, tmp_path: Path) -> Iterator[Session]:
    with Session(f"vllm/{MODEL}", base_url=served.url, api_key=KEY, cache_dir=tmp_path / "cache") as session:
        yield session


def some(count: int) -> list[Paper]:
    return [
        Paper.of(f"Oaks {n}", f"We study {n} oaks of a forest. They are tall and old.", id=f"p{n}")
        for n in range(count)
    ]


def test_one_paper_is_read_and_asked_once(papers: Session, served: Served) -> None:
    card = papers.read(title=TITLE, abstract=ABSTRACT)
    again = papers.read(Paper.of(TITLE, ABSTRACT))

    assert isinstance(card, Card) and card == again
    assert card.title == TITLE and card.provenance.model == papers.model
    assert len(served.chats) == 1


def test_many_papers_come_in_order_and_one_outcome_each(papers: Session, tmp_path: Path) -> None:
    table = tmp_path / "p.csv"
    rows = [f"Oaks {n},We study {n} oaks of a forest. They are tall and old." for n in range(12)]
    table.write_text("\n".join(["title,abstract", *rows[:6], "Empty,", *rows[6:], rows[0]]) + "\n")

    found = list(papers.run(open_source(str(table))))

    assert [one.title for one in found if isinstance(one, Card)] == [f"Oaks {n}" for n in range(12)]
    failed = [(place, one.kind) for place, one in enumerate(found) if isinstance(one, Failure)]
    assert failed == [(6, "NoAbstract"), (13, "Duplicate")]


def test_outcomes_are_streamed_and_the_source_is_read_no_further_than_needed(papers: Session) -> None:
    read = 0

    def endless() -> Iterator[Paper]:
        nonlocal read
        for paper in some(100_000):
            read += 1
            yield paper

    outcomes = papers.run(endless())
    assert isinstance(next(outcomes), Card)
    outcomes.close()

    assert read < 5_000
    assert isinstance(papers.read(title=TITLE, abstract=ABSTRACT), Card), (
        "a run that was left early ends the session"
    )


def test_it_works_where_a_loop_is_running_as_in_a_notebook(papers: Session) -> None:
    async def cell() -> str:
        return papers.read(title=TITLE, abstract=ABSTRACT).title

    assert asyncio.run(cell()) == TITLE


def test_it_works_in_a_thread(papers: Session) -> None:
    titles: list[str] = []
    thread = threading.Thread(target=lambda: titles.append(papers.read(title=TITLE, abstract=ABSTRACT).title))
    thread.start()
    thread.join()
    assert titles == [TITLE]


def test_it_works_in_the_users_own_loop_many_at_once(served: Served) -> None:
    async def main() -> tuple[list[Card], int]:
        async with Session(f"vllm/{MODEL}", base_url=served.url, api_key=KEY, cache=False) as papers:
            cards = await asyncio.gather(*(papers.aread(paper) for paper in some(5)))
            streamed = [one async for one in papers.arun(some(8))]
            return list(cards), len(streamed)

    cards, streamed = asyncio.run(main())
    assert [card.title for card in cards] == [paper.title for paper in some(5)]
    assert streamed == 8


@pytest.mark.slow
def test_a_worker_process_reads_papers(served: Served, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from papercards import Session\n"
        f"how = dict(base_url={served.url!r}, api_key={KEY!r}, cache_dir=sys.argv[1])\n"
        f"with Session('vllm/{MODEL}', **how) as papers:\n"
        f"    print(papers.read(title={TITLE!r}, abstract={ABSTRACT!r}).title)\n"
    )
    done = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", program, str(tmp_path / "cache")], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert [process.communicate(timeout=PATIENCE_S)[0].strip() for process in done] == [TITLE, TITLE]
    assert len(served.chats) <= 2  # one that was alone when it began claims nothing


def test_a_job_writes_what_the_command_line_writes(papers: Session, tmp_path: Path) -> None:
    output = tmp_path / "cards.jsonl"
    done = papers.enrich(Job.of(SEED, [output, tmp_path / "cards.csv"]))

    assert (done.done, done.failed) == (215, 0)
    assert len(list(read_cards(output))) == 215
    assert (tmp_path / "cards.run.json").exists() and (tmp_path / "cards.csv").exists()
    assert KEY not in (tmp_path / "cards.run.json").read_text()


def test_what_fails_is_an_error_of_ours(papers: Session, served: Served, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="abstract"):
        papers.read(title="Empty", abstract="n/a")
    with pytest.raises(UsageError, match="nothing to read"):
        papers.read(title="Only a title")
    with Session(f"vllm/{MODEL}", base_url=served.url, api_key="wrong", cache=False) as others:
        with pytest.raises(EndpointError, match="401"):
            others.read(title=TITLE, abstract=ABSTRACT)
        with pytest.raises(EndpointError):
            list(others.run(some(3)))
    with (
        Session(f"vllm/{MODEL}", base_url=served.url, offline=True, cache_dir=tmp_path / "none") as offline,
        pytest.raises(PaperFailed, match="no answer in the cache"),
    ):
        offline.read(title=TITLE, abstract=ABSTRACT)
    papers.close()
    with pytest.raises(UsageError, match="closed"):
        papers.read(title=TITLE, abstract=ABSTRACT)


def test_a_budget_holds_over_all_papers_of_a_session(served: Served) -> None:
    with (
        Session(
            f"vllm/{MODEL}", base_url=served.url, api_key=KEY, cache=False, price="10/10", max_cost_usd=0.2
        ) as papers,
        pytest.raises(BudgetSpent),
    ):
        for paper in some(50):
            papers.read(paper)
    assert 1 <= len(served.chats) < 50


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "nobody/x"},
        {"timeout_s": 0},
        {"concurrency": 0},
        {"max_cost_usd": -1},
        {"base_url": "http://h"},
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Session(**wrong)  # type: ignore[arg-type]


def test_settings_of_the_command_line_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: Served
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "papercards.toml").write_text('model = "baseline"\nbase_url = "http://127.0.0.1:9"\n')
    monkeypatch.setenv("PAPERCARDS_MODEL", "baseline")
    with Session(f"vllm/{MODEL}", base_url=served.url, api_key=KEY, cache=False) as papers:
        assert papers.read(title=TITLE, abstract=ABSTRACT).provenance.model == f"vllm/{MODEL}"


def test_cards_are_written_and_read_in_any_format(papers: Session, tmp_path: Path) -> None:
    cards = [one for one in papers.run(some(3)) if isinstance(one, Card)]
    for name in ("cards.jsonl", "cards.sqlite", "cards.json"):
        assert write_cards(cards, tmp_path / name) == 3
        assert list(read_cards(tmp_path / name)) == cards


PUBLIC = """
BadInput BadRecord BudgetSpent Card Counts EndpointError Failure Job MissingExtra Paper PaperFailed
PapercardsError Person Publication Session Statistics StorageError Taxonomy UsageError
open_source read_cards stats write_cards write_stats __version__
""".split()


def test_what_is_public_is_what_the_documentation_lists() -> None:
    assert sorted(papercards.__all__) == sorted(PUBLIC)
    page = Path(__file__).parents[1] / "docs" / "api.md"
    listed = page.read_text(encoding="utf-8")
    assert all(f"\n## {name}\n" in listed for name in PUBLIC if name != "__version__")
    for name in PUBLIC:
        assert getattr(papercards, name) is not None
    with pytest.raises(AttributeError):
        _ = papercards.nothing_of_the_kind


def test_importing_the_library_loads_nothing_of_it() -> None:
    program = "import sys, papercards; print(sorted(n for n in sys.modules if n.startswith('papercards.')))"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
