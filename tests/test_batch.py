"""Many papers: in order, bounded, nothing lost, and only what meets every paper ends the run."""

import asyncio
import random
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from papercards.card import Provenance
from papercards.errors import EndpointError, PapercardsError, PaperFailed
from papercards.paper import Paper, marked
from papercards.reading.draft import Draft, DraftArtifact
from papercards.reading.evidence import build
from papercards.reading.reader import Reading
from papercards.runs.batch import Batch, Done, Duplicate, Failed, Outcome, Recalled
from papercards.runs.card_lines import CardLines
from papercards.sources import BadRecord
from papercards.sources.local_ids import LocalIds
from papercards.spent import Spent
from tests.conftest import make_paper

NONE = DraftArtifact("not-stated")
DRAFT = Draft("Short.", (), (), (), (), NONE, NONE, NONE)
GOOD = "We study the growth of elms in the city. They are tall, and we measure how tall they are."
MADE = Provenance(model="m", prompt="p", taxonomy="t", created="")


class Slow:
    """Takes a random moment for each paper and counts how many it has at once."""

    def __init__(self, fail: dict[str, PapercardsError] | None = None, at_once: str | None = None) -> None:
        self.fail = fail or {}
        self.at_once = at_once
        """The title of a paper that takes no time."""
        self.busy = self.most = self.seen = 0

    made_by: Mapping[str, None] = {}

    async def read(self, paper: Paper) -> Reading:
        self.busy += 1
        self.seen += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(0 if paper.title == self.at_once else random.random() / 200)
            if paper.title in self.fail:
                raise self.fail[paper.title]
            return Reading(build(paper, DRAFT, MADE))
        finally:
            self.busy -= 1

    def stop(self) -> None:
        pass

    async def close(self) -> None:
        pass


def papers(count: int) -> Iterator[Paper]:
    return (make_paper(str(n), f"Text {n}.", f"p:{n}") for n in range(count))


def run(batch: Batch, records: object, stop_after: int | None = None) -> list[Outcome]:
    async def go() -> list[Outcome]:
        outcomes: list[Outcome] = []
        async for some in batch.run(records):  # type: ignore[arg-type]
            outcomes += some
            if stop_after is not None and len(outcomes) >= stop_after:
                batch.stop()
        return outcomes

    return asyncio.run(go())


def test_outcomes_come_in_the_order_of_the_source() -> None:
    slow = Slow()

    outcomes = run(Batch(slow, 8), papers(200))
    assert [o.paper.title for o in outcomes if isinstance(o, Done)] == [str(n) for n in range(200)]
    assert slow.most == 8


def test_what_fails_is_an_outcome_in_its_place() -> None:
    slow = Slow({"2": PaperFailed("no", attempts=3)})
    records = [*papers(2), BadRecord("p:x", "not JSON"), *list(papers(4))[2:], *papers(1)]

    kinds = [type(outcome) for outcome in run(Batch(slow, 3), iter(records))]
    assert kinds == [Done, Done, Failed, Failed, Done, Duplicate]


def test_an_endpoint_error_ends_the_run_and_what_is_in_flight_is_finished() -> None:
    slow = Slow({"50": EndpointError("gone")})
    batch = Batch(slow, 4)

    outcomes = run(batch, papers(1000))
    assert str(batch.ended) == "while processing p:50: gone"
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    assert slow.seen == len(done) + 1 < 200
    assert {outcome.paper.title for outcome in done} >= {str(n) for n in range(50)}


@pytest.mark.parametrize(("before", "enough"), [(0, 5), (1, 20)])
def test_papers_that_fail_alike_in_a_row_end_the_run(before: int, enough: int) -> None:
    refusal = "the endpoint answered 400: no"
    # What fails before the card is there does not count after it.
    slow = Slow({str(n): PaperFailed(refusal, alike="400 no") for n in range(before, 1000)}, at_once="0")
    batch = Batch(slow, 2)

    outcomes = run(batch, papers(1000))
    assert f"{enough} papers in a row failed in the same way: {refusal}" in str(batch.ended)
    assert "models doctor" in str(batch.ended)
    assert enough <= sum(isinstance(outcome, Failed) for outcome in outcomes) <= enough + 2


def test_papers_that_fail_each_in_its_own_way_do_not_end_the_run() -> None:
    every = {str(n): PaperFailed("no", alike=str(n % 2)) for n in range(50)}
    own = {str(n): PaperFailed("cut short") for n in range(50, 100)}
    batch = Batch(Slow(every | own), 1)

    assert len(run(batch, papers(100))) == 100
    assert batch.ended is None


def test_what_failed_papers_cost_is_told() -> None:
    spent = Spent(3, 300, 0, 30, 0.25)
    [outcome] = run(Batch(Slow({"0": PaperFailed("no", spent=spent)}), 1), papers(1))
    assert isinstance(outcome, Failed)
    assert outcome.spent == spent


def test_a_source_that_breaks_ends_the_run_after_what_it_gave() -> None:
    def broken() -> Iterator[Paper]:
        yield from papers(3)
        raise EndpointError("disk gone")

    seen: list[Outcome] = []

    async def go() -> None:
        async for outcomes in Batch(Slow(), 2).run(broken()):
            seen.extend(outcomes)

    with pytest.raises(EndpointError, match="disk gone"):
        asyncio.run(go())
    assert len(seen) == 3


def test_stopping_finishes_what_is_in_flight() -> None:
    slow = Slow()

    outcomes = run(Batch(slow, 4), papers(10_000), stop_after=10)
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    assert 10 <= len(done) < 200
    assert slow.seen == len(done)


def test_the_source_is_read_no_further_than_needed() -> None:
    given = 0

    def counted() -> Iterator[Paper]:
        nonlocal given
        for given, paper in enumerate(papers(5000), start=1):
            yield paper

    async def go() -> None:
        stream = Batch(Slow(), 4).run(counted())
        async for _ in stream:
            break
        await stream.aclose()

    asyncio.run(go())
    assert given < 60


def test_recalled_new_failed_bad_and_duplicate_come_in_the_order_of_the_source(tmp_path: Path) -> None:
    slow = Slow({"20": PaperFailed("no")})
    every = list(papers(400))
    known = {paper.id for paper in every[::3]}
    finished = CardLines(tmp_path, {})
    for paper in every[::3]:
        finished.keep(paper, build(paper, DRAFT, MADE).own_json().encode())
    finished.close()
    records = [*every[:100], BadRecord("p:x", "not JSON"), *every[90:]]

    with closing(CardLines(tmp_path, {})) as again:
        outcomes = run(Batch(slow, 4, again), iter(records))
    assert slow.seen == 400 - len(known)
    shown = [o.paper.title if isinstance(o, Done) else type(o).__name__ for o in outcomes]
    expected = [paper.title for paper in every[:100]] + ["Failed"] + ["Duplicate"] * 10
    expected += [paper.title for paper in every[100:]]
    expected[20] = "Failed"
    assert shown == expected
    for outcome in outcomes:
        if isinstance(outcome, Done):
            assert isinstance(outcome.reading, Recalled) == (outcome.paper.id in known)
            assert outcome.reading.line == build(outcome.paper, DRAFT, MADE).to_json().encode()
            assert outcome.reading.card == build(outcome.paper, DRAFT, MADE)
    with closing(CardLines(tmp_path, {})) as all_kept:
        assert [line is None for line in all_kept.recall(every)] == [n == 20 for n in range(400)]


def test_recalled_papers_do_not_pile_up_behind_a_slow_one(tmp_path: Path) -> None:
    given = 0
    every = list(papers(5000))
    finished = CardLines(tmp_path, {})
    for paper in every[1:]:
        finished.keep(paper, b"{}")
    finished.close()

    def counted() -> Iterator[Paper]:
        nonlocal given
        for given, paper in enumerate(every, start=1):
            yield paper

    class Stuck(Slow):
        async def read(self, paper: Paper) -> Reading:
            await asyncio.sleep(0.5)
            return await super().read(paper)

    async def go() -> int:
        with closing(CardLines(tmp_path, {})) as again:
            stream = Batch(Stuck(), 4, again).run(counted())
            async for _ in stream:
                break
            await stream.aclose()
        return given

    assert asyncio.run(go()) < 1000


def test_many_recalled_cards_come_at_once(tmp_path: Path) -> None:
    every = list(papers(2000))
    finished = CardLines(tmp_path, {})
    for paper in every:
        finished.keep(paper, f'{{"id":"{paper.id}","n":1}}'.encode())
    finished.close()

    async def go() -> list[list[Outcome]]:
        with closing(CardLines(tmp_path, {})) as again:
            return [outcomes async for outcomes in Batch(Slow(), 4, again).run(iter(every))]

    lists = asyncio.run(go())
    assert len(lists[0]) == 1
    assert len(lists) < 50
    lines = [o.reading.line for some in lists for o in some if isinstance(o, Done)]
    assert lines == [
        f'{{"id":"{paper.id}","n":1,"publication":{{"source":"{paper.where}"}}}}'.encode() for paper in every
    ]


def _lines(records: list[Paper], directory: Path, *, judge: bool) -> list[str]:
    with closing(CardLines(directory, {"judged": judge})) as finished:
        outcomes = run(Batch(Slow(), 4, finished, judge=judge, ids=LocalIds()), iter(records))
    return [
        f"{'recalled ' * o.reading.cached}{o.paper.id}" if isinstance(o, Done) else type(o).__name__
        for o in outcomes
    ]


def test_a_card_that_was_forced_does_not_come_back_when_papers_are_judged(tmp_path: Path) -> None:
    junk, good = make_paper("Oaks", "No abstract available.", "p:1"), make_paper("Elms", GOOD, "p:2")

    assert _lines([junk, good], tmp_path, judge=False) == [junk.id, good.id]
    assert _lines([junk, good], tmp_path, judge=False) == [f"recalled {junk.id}", f"recalled {good.id}"]
    assert _lines([junk, good], tmp_path, judge=True) == ["Failed", good.id]
    assert _lines([junk, good], tmp_path, judge=True) == ["Failed", f"recalled {good.id}"]
    assert _lines([good], tmp_path, judge=False) == [f"recalled {good.id}"]


def test_what_is_no_paper_takes_no_id_from_one(tmp_path: Path) -> None:
    junk = replace(make_paper("Oaks", "No abstract available.", "p:1"), id="key")
    good = replace(make_paper("Elms", GOOD, "p:2"), id="key")
    other = replace(make_paper("Ashes", GOOD.replace("elms", "ashes"), "p:3"), id="key")

    for again in (False, True):
        made = _lines([junk, good, other, good], tmp_path, judge=True)
        said = "recalled " if again else ""
        assert made == ["Failed", f"{said}key", f"{said}{marked(other)}", "Duplicate"]


def test_a_recalled_paper_is_not_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [make_paper(f"Elms {n}", GOOD, f"p:{n}") for n in range(20)]
    seen: list[Paper] = []

    def judgement(paper: Paper) -> Paper:
        seen.append(paper)
        return paper

    monkeypatch.setattr("papercards.runs.batch.judgement", judgement)
    _lines(every[:15], tmp_path, judge=True)
    _lines(every, tmp_path, judge=True)

    assert seen == every
