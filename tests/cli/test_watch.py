"""`watch`: every paper gets its card once, whenever the program ends and whatever ends it."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from papercards.card import Card
from papercards.cli.watch import Watch, watch
from papercards.errors import BadInput, PapercardsError, UsageError
from papercards.review.edits import Key, Place, version_of
from papercards.review.review_file import NewEdit, ReviewFile
from tests.cli.test_enrich import cards, hosted, some, write
from tests.clocks import PATIENCE_S, until
from tests.conftest import KEY, Run
from tests.services import Shelf, Time, Work, closed, serving, works
from tests.stub import Fault, Stub, error

__all__ = ["hosted"]

Look = Callable[..., str]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serving(Shelf(works(3))) as one:
        yield one


@pytest.fixture
def look(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Look:
    """One round in this process: `look("arxiv-query:x", "cards.jsonl")` gives what it said."""
    monkeypatch.chdir(tmp_path)
    for name, value in shelf.environment().items():
        monkeypatch.setenv(name, value)

    def go(source: object, *outputs: str, code: int = 0, once: bool = True, **options: object) -> str:
        options = {"model": "baseline", "cache_dir": str(tmp_path / "cache")} | options
        with pytest.raises(typer.Exit) as ended:
            watch([str(source)], [Path(name) for name in outputs], once=once, **options)  # type: ignore[arg-type]
        said = capsys.readouterr().err
        assert ended.value.exit_code == code, said
        return said

    return go


def ids(path: Path) -> list[str]:
    return [card["id"] for card in cards(path)]


def test_a_round_adds_what_is_new_and_writes_the_other_outputs_from_all(
    look: Look, shelf: Shelf, tmp_path: Path
) -> None:
    words = ("arxiv-query:cat:cs.LG", "cards.md", "cards.jsonl")

    assert "3 checked, 3 new → cards.jsonl (3 cards)" in look(*words)
    shelf.works.insert(0, Work("2402.00001", "News", "A new one. It works."))
    # Within minutes what was fetched is new enough.
    assert "3 checked, 0 new" in look(*words)
    assert "4 checked, 1 new → cards.jsonl (4 cards)" in look(*words, cache_dir="other")
    assert ids(tmp_path / "cards.jsonl") == [*(f"arxiv:2401.0000{n}" for n in range(3)), "arxiv:2402.00001"]
    shown = (tmp_path / "cards.md").read_text()
    assert "News" in shown and "Paper 0" in shown
    asked = shelf.queries()
    assert len(asked) == 2 and {query["sortBy"] for query in asked} == {"submittedDate"}
    (tmp_path / "cards.md").unlink()
    assert "4 checked, 0 new" in look(*words, cache_dir="other")
    assert (tmp_path / "cards.md").read_text() == shown


def test_a_query_that_finds_nothing_is_a_round_like_another(look: Look, shelf: Shelf) -> None:
    shelf.works = []

    assert "0 checked, 0 new → c.jsonl (0 cards)" in look("arxiv-query:x", "c.jsonl")


def test_a_watch_begins_with_the_newest_two_hundred_papers_of_a_query_and_all_of_a_file(
    look: Look, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.works = works(300)
    source = write(tmp_path / "p.jsonl", *some(210))

    said = look("arxiv-query:x", "c.jsonl")
    assert "200 checked, 200 new" in said and "begins with the newest 200 papers" in said
    # Beyond the first known paper a hundred are looked at, which came late or at the same second.
    again = look("arxiv-query:x", "c.jsonl", limit=3)
    assert "101 checked, 0 new" in again and "begins" not in again
    assert "210 checked, 210 new → c.jsonl (410 cards)" in look(source, "c.jsonl")


@pytest.mark.slow
def test_killed_in_the_middle_nothing_is_lost_and_nothing_comes_twice(
    run: Run, tmp_path: Path, environment: dict[str, str], stub: Stub, hosted: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(30))
    # What comes after that is never answered, however late the kill is.
    stub.script = [None] * 8 + [Fault(delay_s=PATIENCE_S)] * 2
    words = [
        "watch",
        str(source),
        "-o",
        "cards.jsonl",
        "-o",
        "cards.md",
        "--once",
        "-m",
        "openai/m",
        "-j",
        "2",
    ]
    made = tmp_path / "cards.jsonl"
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", *words],
        cwd=tmp_path,
        env=environment | hosted,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: made.exists() and made.read_bytes().count(b"\n") >= 4)
    child.kill()
    child.wait()
    stub.script = []
    before = made.read_bytes()
    assert 4 <= before.count(b"\n") < 30
    made.write_bytes(before + before.splitlines()[0][:99])  # as a write that was cut off

    done = run(*words, **hosted)

    assert done.returncode == 0, done.stderr
    assert made.read_bytes().startswith(before)
    assert len(ids(made)) == len(set(ids(made))) == 30
    assert "Paper 29" in (tmp_path / "cards.md").read_text()
    assert len(stub.bodies) <= 30 + 2  # what was in flight at the end
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_file_without_a_line_end_at_its_end_keeps_its_last_card(look: Look, tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", *some(2))
    look(source, "cards.jsonl")
    made = tmp_path / "cards.jsonl"
    made.write_bytes(made.read_bytes().rstrip(b"\n"))
    write(source, *some(3))

    assert "3 checked, 1 new" in look(source, "cards.jsonl")
    assert len(set(ids(made))) == len(ids(made)) == 3


def test_a_file_of_other_lines_is_not_added_to(look: Look, tmp_path: Path) -> None:
    source = write(tmp_path / "papers.jsonl", *some(2))
    other = write(tmp_path / "p.jsonl", *some(2))
    before = other.read_bytes()

    with pytest.raises(UsageError, match=r"p\.jsonl:1: is not a card, so nothing was added to this file"):
        watch([str(source)], [other], once=True, model="baseline")
    with pytest.raises(UsageError, match="is both a source and an output"):
        watch([str(source)], [source], once=True, model="baseline")
    assert other.read_bytes() == before


@pytest.mark.slow
def test_rounds_go_on_until_ctrl_c(tmp_path: Path, environment: dict[str, str]) -> None:
    source = write(tmp_path / "p.jsonl", *some(2))
    words = ["watch", "p.jsonl", "-o", "cards.jsonl", "--every", "1s", "-m", "baseline"]
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", *words],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    try:
        said = [child.stderr.readline()]
        source.rename(tmp_path / "away")
        while said[-1] and "no such file" not in said[-1]:
            said.append(child.stderr.readline())
        write(source, *some(4))
        while said[-1] and "4 checked" not in said[-1]:
            said.append(child.stderr.readline())
        child.send_signal(signal.SIGINT)
        said.append(child.stderr.read())
        child.wait(timeout=PATIENCE_S)
    finally:
        child.kill()

    assert "2 checked, 2 new → cards.jsonl (2 cards); next " in said[0]
    assert "4 checked, 2 new → cards.jsonl (4 cards)" in "".join(said)
    assert child.returncode == 130 and "interrupted; run the same command again" in said[-1]
    assert len(set(ids(tmp_path / "cards.jsonl"))) == 4


def test_what_fails_is_said_once_and_a_paper_that_fails_again_and_again_is_left_alone(
    look: Look, tmp_path: Path, stub: Stub, hosted: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in hosted.items():
        monkeypatch.setenv(name, value)
    source = write(tmp_path / "p.jsonl", *some(2), {"title": "No abstract"})
    bad = error(400, "bad paper")
    stub.script = [bad, None, bad, bad]

    said = [look(source, "c.jsonl", code=c, model="openai/m", concurrency="1") for c in (1, 1, 1, 0, 0)]

    assert (
        "3 checked, 1 new, 1 failed, 1 without an abstract" in said[0]
        and "3 checked, 0 new, 1 failed" in said[1]
    )
    assert ["has no abstract" in one for one in said] == [True, False, False, False, False]
    assert len(stub.bodies) == 4 and len(ids(tmp_path / "c.jsonl")) == 1


def test_a_service_that_is_down_fails_the_round_alone(look: Look, shelf: Shelf, tmp_path: Path) -> None:
    look("arxiv-query:x", "cards.jsonl")
    shelf.faults = [Fault(429, headers={"retry-after": "80000"})]

    with pytest.raises(BadInput, match="arXiv answers 429 and asks to wait 80,000 s"):
        look("arxiv-query:x", "cards.jsonl", no_cache=True)
    assert len(ids(tmp_path / "cards.jsonl")) == 3


def test_a_round_waits_for_hours_for_a_service_that_throttles_and_says_so(
    look: Look, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from papercards.cli.shared import source_options as reading

    time, asked = Time(), reading.asked
    shelf.gate = closed(time, 4 * 3600.0, Fault(406))
    monkeypatch.setattr(reading, "asked", lambda *a, **k: replace(asked(*a, **k), clock=time.clock))

    said = look("arxiv-query:x", "cards.jsonl").splitlines()

    assert "3 checked, 3 new" in said[-1] and time.passed >= 4 * 3600
    assert len(shelf.asked) == len(said) < 25
    host = shelf.url.removeprefix("http://")
    assert all(line.startswith(f"{host} asks to wait ") and "(answers 406)" in line for line in said[:-1])


def test_a_service_that_cannot_be_had_leaves_the_others(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in shelf.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PAPERCARDS_ARXIV_URL", "http://no-such-host.invalid")
    made = tmp_path / "c.jsonl"

    with pytest.raises(BadInput, match="arXiv cannot be found"):
        watch(["arxiv-query:x", "s2-query:x"], [made], once=True, model="baseline", no_cache=True)

    assert "3 checked, 3 new" in capsys.readouterr().err and len(ids(made)) == 3


def test_the_next_round_is_due_by_the_clock_and_soon_after_one_that_failed(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from papercards.cli.shared import source_options as reading
    from papercards.cli.shared import wiring

    now, naps = [1_000_000.0], list[float]()

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds

    monkeypatch.setattr("papercards.cli.watch.time.time", lambda: now[0])
    monkeypatch.setattr("papercards.cli.watch.time.sleep", sleep)
    monkeypatch.setenv("PAPERCARDS_ARXIV_URL", shelf.url)
    chosen = wiring.settings(model="baseline", no_cache=True)

    def start() -> Watch:
        return Watch(chosen, ["arxiv-query:x"], reading.asked(chosen), [tmp_path / "c.jsonl"])

    one = start()
    one.wait(86400)
    one.patient_round(86400)
    assert naps == []
    one.wait(86400)
    assert sum(naps) == 86400 and max(naps) <= 30
    shelf.faults = [Fault(400)]
    one.patient_round(86400)
    naps.clear()
    one.wait(86400)
    assert sum(naps) == 600
    one.patient_round(86400)
    now[0] += 80_000
    naps.clear()
    start().wait(86400)
    assert sum(naps) == 6400 and "the last round was" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "outputs", "every", "said"),
    [
        ("arxiv-query:x", ["c.md"], "1d", "watch needs a JSONL output"),
        ("arxiv-query:x", ["c.jsonl"], "5m", "services can be polled every 10 minutes at most"),
        ("arxiv-query:x", ["c.jsonl"], "often", '"often" is not a valid interval'),
        ("-", ["c.jsonl"], "1d", "standard input can be read only once"),
        ("arxiv-query:x", ["c.jsonl", "c.xyz"], "1d", 'unknown format ".xyz"'),
    ],
)
def test_a_watch_that_cannot_be_is_refused_before_anything_is_asked(
    shelf: Shelf, source: str, outputs: list[str], every: str, said: str
) -> None:
    with pytest.raises(PapercardsError, match=said) as caught:
        watch([source], [Path(name) for name in outputs], every=every, model="baseline")
    assert caught.value.exit_code == 2 and shelf.asked == []


def test_a_site_has_all_cards_with_their_abstracts_and_corrections_after_each_round(
    run: Run, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    words = ("watch", source, "--once", "-m", "baseline", "-o", "c.jsonl", "-o", "site/")

    def news() -> str:
        return (tmp_path / "site/news.js").read_text()

    write(source, *some(2))
    assert "site/index.html: 2 papers" in run(*words).stderr
    first = news()
    run(*words)
    assert news() == first  # open pages need not be told of what is the same
    write(source, *some(3))
    assert "site/index.html: 3 papers" in run(*words).stderr
    assert news() != first
    card = Card.model_validate(cards(tmp_path / "c.jsonl")[0])
    file = ReviewFile(tmp_path / "c.review.jsonl")
    file.write(Key(card.id, version_of(card)), [NewEdit(Place("tldr"), card.tldr, "By a person.")], "ada")
    run(*words)
    shown = (tmp_path / "site/data.js").read_text()
    assert all(paper["abstract"] in shown for paper in some(3))  # from rounds before, too
    assert "By a person." in shown

    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/mine.md").write_text("mine")
    refused = run(*words[:-1], "site:notes")
    assert refused.returncode == 2 and "is not empty, and no site" in refused.stderr
