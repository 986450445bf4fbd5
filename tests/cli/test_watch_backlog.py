"""`watch --limit`: what does not fit into a round comes in the next ones, all of it and once."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from papercards.errors import PapercardsError
from papercards.runs.ledger import state_path
from papercards.sources.services import arxiv_api
from tests.cli.test_enrich import cards, hosted, some, write
from tests.cli.test_watch import Look, ids, look, shelf
from tests.clocks import PATIENCE_S, until
from tests.conftest import Run
from tests.services import Shelf, Time, Work, works
from tests.stub import Fault, Stub

__all__ = ["hosted", "look", "shelf"]

QUERIES = ("arxiv-query:x", "hf-daily:", "openalex-query:x", "s2-query:x")


def to_the_end(look: Look, source: object, **options: object) -> list[str]:
    """The last line of each round, until one leaves nothing for the next."""
    said: list[str] = []
    while not said or "more follow in the next round" in said[-1]:
        said.append(look(source, "c.jsonl", no_cache=True, **options).splitlines()[-1])
        assert len(said) < 40
    return said


@pytest.mark.parametrize("source", QUERIES)
def test_forty_new_papers_with_a_limit_of_five_come_in_eight_rounds(
    look: Look, shelf: Shelf, tmp_path: Path, source: str
) -> None:
    shelf.works = works(40)

    said = to_the_end(look, source, limit=5)

    assert len(said) == 8 and all(" 5 new" in line for line in said)
    assert "40 checked" in said[-1] and "40 cards" in said[-1]
    assert len(set(ids(tmp_path / "c.jsonl"))) == len(ids(tmp_path / "c.jsonl")) == 40
    # The next round asks for no more than what is new, and a few beyond.
    shelf.works.insert(0, Work("2402.00001", "News", "A new one. It works."))
    assert " 1 new" in look(source, "c.jsonl", no_cache=True, limit=5)


def test_a_file_is_read_to_its_end_as_well(look: Look, tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", *some(12))

    said = to_the_end(look, source, limit=5)

    assert ["5 new" in said[0], "5 new" in said[1], "2 new" in said[2]] == [True] * 3 == [len(said) == 3] * 3
    assert len(set(ids(tmp_path / "c.jsonl"))) == 12


@pytest.mark.slow
def test_five_hundred_new_papers_come_once_each_although_rounds_are_killed(
    run: Run,
    shelf: Shelf,
    tmp_path: Path,
    environment: dict[str, str],
    stub: Stub,
    hosted: dict[str, str],
) -> None:
    shelf.works = works(500)
    shelf.works[7] = replace(shelf.works[8], id=shelf.works[7].id)  # two of the same second and title
    words = [
        "watch",
        "arxiv-query:x",
        "-o",
        "c.jsonl",
        "--once",
        "--limit",
        "50",
        "-m",
        "openai/m",
        "-j",
        "4",
    ]
    surroundings = hosted | shelf.environment()
    made = tmp_path / "c.jsonl"
    draw, rounds, killed = random.Random(5), 0, 0
    while True:
        rounds += 1
        assert rounds < 30
        if rounds in (1, 2, 5, 9):
            begin = made.read_bytes().count(b"\n") if made.exists() else 0
            some_answers = draw.randrange(5, 40)
            stub.script = [None] * some_answers + [Fault(delay_s=PATIENCE_S)] * 100
            child = subprocess.Popen(
                [sys.executable, "-m", "papercards", *words],
                cwd=tmp_path,
                env=environment | surroundings,
                stderr=subprocess.DEVNULL,
            )
            until(lambda: made.exists() and made.read_bytes().count(b"\n") > begin)  # noqa: B023
            child.send_signal(signal.SIGKILL)
            child.wait()
            stub.script = []
            killed += 1
            continue
        done = run(*words, **surroundings)
        assert done.returncode == 0, done.stderr
        if "more follow in the next round" not in done.stderr:
            break

    found = ids(made)
    assert killed == 4 and len(found) == len(set(found)) == 500
    assert set(found) == {f"arxiv:{work.id}" for work in shelf.works}


@pytest.mark.slow
@pytest.mark.parametrize("source", QUERIES)
def test_papers_that_arrive_while_pages_are_read_shift_nothing_away(
    look: Look, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(arxiv_api, "_NEWEST_SLICE", 40)
    shelf.works = [replace(work, doi=f"10.1000/{work.id}") for work in works(250)]
    abstract = "A new one. It works."
    news = (Work(f"2402.{n:05d}", f"News {n}", abstract, doi=f"10.1000/2402.{n:05d}") for n in range(30))

    def arrive(_headers: dict[str, str]) -> None:
        for work in (next(news, None), next(news, None)):
            if work is not None:
                shelf.works.insert(0, work)

    shelf.gate = arrive
    to_the_end(look, source, limit=60)
    shelf.gate = None
    to_the_end(look, source, limit=60)

    found = ids(tmp_path / "c.jsonl")
    assert len(found) == len(set(found))
    assert {one.partition(":")[2].removeprefix("10.1000/") for one in found} == {w.id for w in shelf.works}


def test_a_paper_that_is_put_in_below_known_ones_comes_too(look: Look, shelf: Shelf, tmp_path: Path) -> None:
    shelf.works = works(250)
    to_the_end(look, "arxiv-query:x", limit=250)
    shelf.works.insert(60, Work("2402.00001", "Held by a moderator", "A late one. It works."))
    shelf.works.insert(1, Work("2402.00002", "Of the same second", "Another one. It works."))

    assert " 2 new" in look("arxiv-query:x", "c.jsonl", no_cache=True)
    assert len(ids(tmp_path / "c.jsonl")) == 252


def test_that_the_newest_papers_are_withdrawn_hides_none(look: Look, shelf: Shelf, tmp_path: Path) -> None:
    shelf.works = works(150)
    to_the_end(look, "arxiv-query:x", limit=150)
    del shelf.works[:3]
    shelf.works[:0] = [Work(f"2402.{n:05d}", f"News {n}", "A new one. It works.") for n in range(12)]

    said = to_the_end(look, "arxiv-query:x", limit=5)

    assert [line.split(", ")[1].split()[0] for line in said] == ["5", "5", "2"]
    assert len(set(ids(tmp_path / "c.jsonl"))) == 162


def test_an_error_in_the_middle_of_the_pages_loses_nothing(
    look: Look, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from papercards.cli.shared import source_options as reading

    time, asked = Time(), reading.asked
    monkeypatch.setattr(reading, "asked", lambda *a, **k: replace(asked(*a, **k), clock=time.clock))
    monkeypatch.setattr(arxiv_api, "_NEWEST_SLICE", 40)
    shelf.works = works(100)
    to_the_end(look, "arxiv-query:x", limit=100)
    shelf.works[:0] = [Work(f"2402.{n:05d}", f"News {n}", "A new one. It works.") for n in range(90)]
    begin = len(shelf.asked)
    shelf.gate = lambda _: Fault(500) if len(shelf.asked) > begin + 1 else None

    with pytest.raises(PapercardsError, match="answers 500"):
        look("arxiv-query:x", "c.jsonl", no_cache=True)
    assert len(ids(tmp_path / "c.jsonl")) == 140
    shelf.gate = None
    # News of today above, a gap below: both come.
    shelf.works.insert(0, Work("2403.00001", "More news", "A new one. It works."))

    assert " 51 new" in look("arxiv-query:x", "c.jsonl", no_cache=True)
    assert len(set(ids(tmp_path / "c.jsonl"))) == 191


@pytest.mark.parametrize("what", ["cards", "state"])
def test_a_round_that_cannot_write_is_made_up_for(
    look: Look, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    from papercards.sinks import files

    shelf.works = works(30)
    look("arxiv-query:x", "c.jsonl", no_cache=True, limit=10)
    real = files.os.write
    broken: Callable[[], bool] = lambda: (tmp_path / "c.jsonl").read_bytes().count(b"\n") >= 15  # noqa: E731

    def write_some(fd: int, data: bytes) -> int:
        if (b'"tldr"' in bytes(data)) == (what == "cards") and (what == "state" or broken()):
            raise OSError(28, "No space left on device")
        return real(fd, bytes(data[:4000]) if what == "cards" else data)

    monkeypatch.setattr(files.os, "write", write_some)
    with pytest.raises(PapercardsError, match="disk is full"):
        look("arxiv-query:x", "c.jsonl", no_cache=True, limit=10)
    monkeypatch.setattr(files.os, "write", real)

    to_the_end(look, "arxiv-query:x", limit=10)

    found = ids(tmp_path / "c.jsonl")
    assert len(found) == len(set(found)) == 30


@pytest.mark.slow
def test_a_paper_that_failed_is_tried_again_before_its_query_counts_as_read(
    look: Look,
    shelf: Shelf,
    tmp_path: Path,
    stub: Stub,
    hosted: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in hosted.items():
        monkeypatch.setenv(name, value)
    shelf.works = works(300)
    stub.script = [None] * 250 + [Fault(400)]
    options = {"model": "openai/m", "concurrency": "1", "no_cache": True}

    assert "1 failed" in look("arxiv-query:x", "c.jsonl", code=1, limit=300, **options)
    assert "300 checked, 1 new" in look("arxiv-query:x", "c.jsonl", **options)
    assert "101 checked, 0 new" in look("arxiv-query:x", "c.jsonl", **options)
    assert len(set(ids(tmp_path / "c.jsonl"))) == 300


def test_a_feed_that_shows_too_little_says_that_papers_may_be_missing(look: Look, tmp_path: Path) -> None:
    feed = tmp_path / "feed.rss"

    def show(numbers: range) -> None:
        items = "".join(
            f"<item><title>Paper {n}</title><guid>https://example.org/{n}</guid>"
            f"<link>https://example.org/{n}</link>"
            f"<description>We count to {n} with care. It works well.</description></item>"
            for n in numbers
        )
        feed.write_text(f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>")

    show(range(20))
    assert "may be missing" not in look(feed, "c.jsonl")
    show(range(15, 35))
    assert "may be missing" not in look(feed, "c.jsonl")
    show(range(60, 80))
    said = look(feed, "c.jsonl")
    assert "feed.rss: shows only its newest 20 papers, and none of the last round" in said
    assert "may be missing" not in look(feed, "c.jsonl")
    assert len(ids(tmp_path / "c.jsonl")) == 55


def test_cards_that_were_deleted_come_again_although_the_state_is_still_there(
    look: Look, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.works = works(30)
    look("arxiv-query:x", "c.jsonl")
    (tmp_path / "c.jsonl").unlink()
    assert state_path(tmp_path / "c.jsonl").exists()

    assert "30 checked, 30 new" in look("arxiv-query:x", "c.jsonl")


def test_a_second_query_does_not_make_the_first_begin_anew(look: Look, shelf: Shelf, tmp_path: Path) -> None:
    from papercards.runs.ledger import load

    shelf.works = works(5)
    look("arxiv-query:x", "c.jsonl")
    path = state_path(tmp_path / "c.jsonl")

    assert load(path, ("arxiv-query:x", "s2-query:y")).places == load(path, ("arxiv-query:x",)).places != {}


def test_the_publication_of_a_preprint_from_an_earlier_round_gets_the_card_of_that(
    look: Look,
    shelf: Shelf,
    tmp_path: Path,
    stub: Stub,
    hosted: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in hosted.items():
        monkeypatch.setenv(name, value)
    title = "How cats count to ten"
    source = tmp_path / "p.jsonl"
    preprint = {
        "title": title,
        "abstract": "We count. It works.",
        "arxiv_id": "2301.00001",
        "authors": "A. Sun",
    }
    article = {**preprint, "arxiv_id": None, "doi": "10.1000/x", "year": 2024, "citation_key": "sun"}
    other = {
        "title": "How dogs count to ten",
        "abstract": "We count. It works.",
        "id": "1",
        "authors": "A. Sun",
    }

    for records in ([preprint], [preprint, article], [preprint, article, other]):
        write(source, *records)
        assert " 1 new" in look(source, "c.jsonl", "new.md", model="openai/m", no_cache=True)

    made = cards(tmp_path / "c.jsonl")
    assert [card.get("same_as") for card in made] == [None, "arxiv:2301.00001", None]
    assert made[1]["publication"]["citation_key"] == "sun" and made[1]["provenance"]["calls"] == 0
    assert len(stub.bodies) == 2
    assert "How dogs count" in (tmp_path / "new.md").read_text()
