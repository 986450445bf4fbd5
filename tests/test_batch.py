"""Many papers: in order, bounded, nothing lost, and only what meets every paper ends the run."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from papercards.batch import Batch, Done, Duplicate, Failed, Outcome
from papercards.card import Provenance
from papercards.draft import Draft, DraftArtifact
from papercards.errors import EndpointError, PapercardsError, PaperFailed
from papercards.evidence import build
from papercards.paper import Paper
from papercards.reader import Reading
from papercards.sources import BadRecord
from tests.conftest import make_paper

NONE = DraftArtifact("not-stated")
DRAFT = Draft("Short.", (), (), (), (), NONE, NONE, NONE)
MADE = Provenance(model="m", prompt="p", taxonomy="t", created="")


class Slow:
    """Takes a random moment for each paper and counts how many it has at once."""

    def __init__(self, fail: dict[str, PapercardsError] | None = None) -> None:
        self.fail = fail or {}
        self.busy = self.most = self.seen = 0

    async def read(self, paper: Paper) -> Reading:
        self.busy += 1
        self.seen += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(random.random() / 200)
            if paper.title in self.fail:
                raise self.fail[paper.title]
            return Reading(build(paper, DRAFT, MADE))
        finally:
            self.busy -= 1

    async def close(self) -> None:
        pass


def papers(count: int) -> Iterator[Paper]:
    return (make_paper(str(n), f"Text {n}.", f"p:{n}") for n in range(count))


def run(batch: Batch, records: object, stop_after: int | None = None) -> list[Outcome]:
    async def go() -> list[Outcome]:
        outcomes = []
        async for outcome in batch.run(records):  # type: ignore[arg-type]
            outcomes.append(outcome)
            if len(outcomes) == stop_after:
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


def test_an_endpoint_error_ends_the_run_after_the_papers_before_it() -> None:
    slow = Slow({"50": EndpointError("gone")})

    with pytest.raises(EndpointError, match="gone"):
        run(Batch(slow, 4), papers(1000))
    assert slow.seen < 200


def test_a_source_that_breaks_ends_the_run_after_what_it_gave() -> None:
    def broken() -> Iterator[Paper]:
        yield from papers(3)
        raise EndpointError("disk gone")

    seen: list[Outcome] = []

    async def go() -> None:
        async for outcome in Batch(Slow(), 2).run(broken()):
            seen.append(outcome)

    with pytest.raises(EndpointError, match="disk gone"):
        asyncio.run(go())
    assert len(seen) == 3


def test_stopping_finishes_what_is_in_flight() -> None:
    slow = Slow()

    outcomes = run(Batch(slow, 4), papers(10_000), stop_after=10)
    assert 10 <= len(outcomes) < 200
    assert slow.seen == len(outcomes)


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
