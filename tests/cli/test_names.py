"""Papers by name from the command line: asked of a loopback server, verified, run again without it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_enrich import cards
from tests.conftest import Run
from tests.services import Shelf, Work, serving, works
from tests.stub import Fault

KEY = "s2-key-0123456789"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    hostile = Work("2401.00002", "=cmd|' /C calc'!A0 <script>", "We &lt;b&gt; count to 4. \u202eIt works.")
    with serving(Shelf([*works(2), hostile, Work("2401.00003", "Bare", None)])) as one:
        yield one


@pytest.mark.parametrize(
    "spec",
    [
        "arxiv:2401.00001",
        "https://arxiv.org/abs/2401.00001",
        "https://huggingface.co/papers/2401.00001",
        "openalex:W1",
        "s2:ARXIV:2401.00001",
    ],
)
def test_one_paper_by_its_name(run: Run, shelf: Shelf, spec: str) -> None:
    done = run("summarize", spec, "-m", "baseline", "--json", **shelf.environment())

    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    assert card["title"] == "Paper 1" and card["id"] in ("arxiv:2401.00001", "openalex:W1")
    assert len(shelf.asked) == 1


def test_names_become_cards_that_verify_and_that_a_rerun_gives_again_without_the_network(
    run: Run, shelf: Shelf, tmp_path: Path
) -> None:
    names = ["arxiv:2401.00000,2401.77777,2401.00002", "https://huggingface.co/papers/2401.00003"]
    queries = ["hf-daily:2026-11-24", "s2-query:time series"]
    there = shelf.environment() | {"SEMANTIC_SCHOLAR_API_KEY": KEY}
    (tmp_path / "out").mkdir()

    done = run("enrich", *names, *queries, "-m", "baseline", "-o", "out/cards.jsonl", **there)

    assert done.returncode == 1, done.stderr
    assert "not found on arXiv" in done.stderr and "duplicate of" in done.stderr
    made = cards(tmp_path / "out" / "cards.jsonl")
    assert [card["id"] for card in made] == [f"arxiv:2401.0000{n}" for n in (0, 2, 1)]
    errors = [json.loads(line) for line in (tmp_path / "out" / "cards.errors.jsonl").open()]
    assert [error["where"] for error in errors] == [
        "arxiv:2401.77777",
        "huggingface.co/papers/2401.00003",
        "huggingface.co/papers/2401.00003",
        f"s2:{'240100003'.rjust(40, '0')}",
    ]
    record = json.loads((tmp_path / "out" / "cards.run.json").read_text())
    assert [(source["path"], source["named"]) for source in record["sources"]] == [
        (name, True) for name in (*names, *queries)
    ]
    assert any(headers.get("x-api-key") == KEY for headers in shelf.headers)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in written) and KEY not in done.stderr

    asked = len(shelf.asked)
    sources = [word for name in (*names, *queries) for word in ("--source", name)]
    verified = run("verify", "out/cards.jsonl", *sources, "--offline", **there)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    again = run("rerun", "out/cards.run.json", "--offline", **there)
    assert "identical to the recorded bytes" in again.stderr, again.stderr
    assert len(shelf.asked) == asked


def test_a_service_that_is_down_is_one_line_and_what_was_made_stays(
    run: Run, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.works = works(150)
    shelf.faults = []
    there = shelf.environment()
    run("enrich", "s2-query:x", "--limit", "100", "-m", "baseline", "-o", "first.jsonl", **there)
    shelf.faults = [Fault(503, headers={"retry-after": "999"})]

    done = run("enrich", "s2-query:x", "--limit", "150", "-m", "baseline", "-o", "cards.jsonl", **there)

    assert done.returncode == 1
    where = f"papercards: {shelf.url}/graph/v1/paper/search: Semantic Scholar answers 503"
    assert done.stderr.splitlines()[-1].startswith(where)
    assert len(cards(tmp_path / "cards.jsonl.partial")) == 100
    offline = run("enrich", "arxiv-query:y", "-m", "baseline", "--offline", **there)
    assert offline.returncode == 1
    assert "is not in the cache. Run without --offline" in offline.stderr.splitlines()[-1]
    # Nothing was kept, so nothing is there to be read offline.
    bare = run("summarize", "arxiv:2401.00001", "-m", "baseline", "--no-cache", **there)
    assert bare.returncode == 0 and not (tmp_path / "home" / "fetched").exists()


def test_a_filter_that_leaves_nothing_says_so(run: Run, shelf: Shelf, tmp_path: Path) -> None:
    done = run(
        "enrich",
        "arxiv:2401.00001",
        "--category",
        "math.*",
        "-m",
        "baseline",
        "-o",
        "c.jsonl",
        **shelf.environment(),
    )

    assert done.returncode == 1
    last = "papercards: arxiv:2401.00001: has no papers of math.*. Check --category"
    assert done.stderr.splitlines()[-1] == last


@pytest.mark.parametrize(
    "word",
    [
        "2401.00001",
        "2401.00001v1",
        "arxiv.org/abs/2401.00001",
        "10.48550/arXiv.2401.00001",
        "https%3A%2F%2Farxiv.org%2Fabs%2F2401.00001",
        "https://ar5iv.labs.arxiv.org/html/2401.00001",
        "https://doi.org/10.48550/arXiv.2401.00001",
        "https://hf.co/papers/2401.00001",
        "https://huggingface.co/papers/2401.00001v1#community",
    ],
)
def test_a_bare_id_that_is_no_file_is_that_paper(run: Run, shelf: Shelf, word: str) -> None:
    done = run("summarize", word, "-m", "baseline", "--json", **shelf.environment())

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["id"] == "arxiv:2401.00001" and len(shelf.asked) == 1


def test_a_file_goes_before_an_id_of_its_name(run: Run, shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "hep-th").mkdir()
    (tmp_path / "hep-th" / "9901001").write_text("On files\n\nA file has a name. It works.\n")

    done = run("summarize", "hep-th/9901001", "-m", "baseline", "--json", **shelf.environment())

    assert json.loads(done.stdout)["title"] == "On files" and shelf.asked == []


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("2401.00001.pdf", "Did you mean arxiv:2401.00001?"),
        ("papers/2401.00001v2.pdf", "Did you mean arxiv:2401.00001?"),
        ("arxv:2401.00001", "Did you mean arxiv:2401.00001?"),
        ("Counting to Four", """did you mean 'arxiv-query:ti:"Counting to Four"'?"""),
        ("Is counting hard?", """did you mean 'arxiv-query:ti:"Is counting hard?"'?"""),
        ("https://openreview.net/forum?id=rJ4km2R5t7", "Save the page or its PDF and give the file"),
        ("https://example.org/a-paper", "Save the page or its PDF and give the file"),
        ("my notes.txt", "Check the path"),
    ],
)
def test_what_was_probably_meant_is_said(run: Run, shelf: Shelf, word: str, meant: str) -> None:
    done = run("summarize", word, "-m", "baseline", **shelf.environment())

    assert done.returncode == 2 and meant in done.stderr and done.stderr.count("\n") == 1
    assert shelf.asked == []


def test_the_query_that_is_suggested_for_a_title_works_and_asks_for_two_papers(
    run: Run, shelf: Shelf
) -> None:
    query = 'arxiv-query:ti:"Counting to Four"'
    several = run("summarize", query, "-m", "baseline", **shelf.environment())
    assert several.returncode == 2 and "several papers found" in several.stderr
    picked = run("summarize", query, "--pick", "1", "-m", "baseline", "--json", **shelf.environment())

    assert json.loads(picked.stdout)["title"] == "Paper 0"
    # The second time it was there already.
    assert [query["max_results"] for query in shelf.queries()] == ["2"]


def test_without_a_network_a_line_comes_at_once(run: Run) -> None:
    done = run(
        "summarize", "2401.00001", "-m", "baseline", PAPERCARDS_ARXIV_URL="http://no-such-host.invalid"
    )

    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and "arXiv cannot be found: you may be offline" in line


def test_the_contact_comes_from_the_variable_or_the_file(run: Run, shelf: Shelf, tmp_path: Path) -> None:
    there = shelf.environment()
    run("summarize", "arxiv:2401.00001", "-m", "baseline", PAPERCARDS_CONTACT="a@b.org", **there)
    (tmp_path / "papercards.toml").write_text('contact = "https://b.org/us"\n')
    run("summarize", "arxiv:2401.00000", "-m", "baseline", **there)

    agents = [headers["user-agent"] for headers in shelf.headers]
    assert "mailto:a@b.org" in agents[0] and "+https://b.org/us" in agents[1]
    bad = run("summarize", "arxiv:2401.00002", "-m", "baseline", PAPERCARDS_CONTACT="a(b", **there)
    assert bad.returncode == 2 and "Correct PAPERCARDS_CONTACT" in bad.stderr
