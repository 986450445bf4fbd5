"""Limits that workers share: never more than the limit, hardly less, and dead workers hold nothing."""

import asyncio
import random
from bisect import bisect_right
from collections.abc import Coroutine
from typing import Any

import pytest

from papercards import Card, Failure, Paper, Session
from papercards.errors import BudgetSpent, EndpointError, Stopped
from papercards.model.lease_book import SLICE_S, Ask, Lease, LeaseBook, Report
from papercards.model.leases import LeasedLimiter
from tests.clocks import run_virtual
from tests.servers import vllm
from tests.servers.loopback import Served, serving

PLACE = "https://models.example.org/v1"


class Cluster:
    """A book, workers with a limiter each, and what their endpoint saw."""

    def __init__(self, **limits: Any) -> None:
        self.limits = limits
        self.clock = asyncio.get_running_loop().time
        self.book = LeaseBook(clock=self.clock)
        self.silent: set[str] = set()
        self.times: list[float] = []
        self.tokens = 0
        self.flying = self.most_flying = 0
        self.by: dict[str, int] = {}
        self.spent_usd = 0.0

    async def renew(self, worker: str, endpoint: str, report: Report) -> Lease:
        if worker in self.silent:
            raise ConnectionError("the worker is cut off")
        await asyncio.sleep(0.003)
        lease = self.book.renew(worker, endpoint, report)
        await asyncio.sleep(0.003)
        return lease

    def limiter(self, name: str, most: int = 32, endpoint: str = PLACE) -> LeasedLimiter:
        limiter = LeasedLimiter(self.renew, name, endpoint, most=most, clock=self.clock, **self.limits)
        limiter.open()
        return limiter

    async def work(
        self,
        name: str,
        seconds: float,
        *,
        together: int = 32,
        takes_s: float = 1.0,
        tokens: int = 1,
        idle_s: float = 0.0,
        worst_usd: float = 0.0,
        usd: float = 0.0,
        most: int = 32,
    ) -> None:
        """A worker that sends what it may, with pauses in between where it has no papers."""
        limiter = self.limiter(name, most)
        end = self.clock() + seconds
        chance = random.Random(name)

        async def one() -> None:
            while self.clock() < end:
                number = await limiter.enter(tokens)
                assert number
                if worst_usd:
                    try:
                        reserved = await limiter.reserve(worst_usd)
                    except BaseException:
                        limiter.leave()
                        raise
                self.times.append(self.clock())
                self.by[name] = self.by.get(name, 0) + 1
                self.flying += 1
                self.most_flying = max(self.flying, self.most_flying)
                await asyncio.sleep(takes_s * chance.uniform(0.5, 1.5))
                self.flying -= 1
                self.tokens += tokens // 2
                limiter.answered({}, takes_s)
                limiter.used(tokens - tokens // 2)
                if worst_usd:
                    self.spent_usd += usd
                    limiter.settle(reserved, usd)
                limiter.leave()
                if idle_s:
                    await asyncio.sleep(chance.uniform(0, 2 * idle_s))

        tasks = [asyncio.create_task(one()) for _ in range(together)]
        late = asyncio.create_task(asyncio.sleep(seconds + 30))
        try:
            await asyncio.wait([*tasks, late], return_when=asyncio.FIRST_EXCEPTION)
            limiter.stop()
            for task in tasks:
                if task.done() and (error := task.exception()) is not None:
                    raise error
        finally:
            for task in [*tasks, late]:
                task.cancel()
            await asyncio.gather(*tasks, late, return_exceptions=True)
            await limiter.close()

    def most_a_minute(self) -> int:
        """The most requests in any 60 seconds, wherever they begin."""
        times = sorted(self.times)
        return max(bisect_right(times, t + 60 - 1e-6) - place for place, t in enumerate(times))


def hungry(cluster: Cluster, seconds: float, **more: Any) -> list[Coroutine[Any, Any, None]]:
    """Eight workers: two that could do all of it, three that do some, three that have little to do."""
    needs = [(32, 0.0)] * 2 + [(8, 2.0)] * 3 + [(2, 20.0)] * 3
    return [
        cluster.work(f"w{n}", seconds, together=together, idle_s=idle_s, **more)
        for n, (together, idle_s) in enumerate(needs)
    ]


@pytest.mark.parametrize("rpm", [6, 60, 1500])
def test_eight_workers_keep_one_limit_and_use_it(rpm: int) -> None:
    async def go() -> Cluster:
        cluster = Cluster(rpm=rpm)
        await asyncio.gather(*hungry(cluster, 180))
        return cluster

    cluster = run_virtual(go())
    assert cluster.most_a_minute() <= rpm
    assert sum(time <= 180 for time in cluster.times) >= 0.9 * rpm * 3
    assert len(cluster.by) >= min(rpm, 8)


def test_tokens_a_minute_are_shared_by_what_was_used_in_the_end() -> None:
    async def go() -> Cluster:
        cluster = Cluster(tpm=60_000)
        await asyncio.gather(*hungry(cluster, 180, tokens=1000))  # of which 500 are used
        return cluster

    cluster = run_virtual(go())
    assert sum(time <= 180 for time in cluster.times) * 500 >= 0.9 * 180_000
    assert cluster.most_a_minute() * 500 <= 60_000


def test_workers_that_die_keep_nothing_of_the_limit() -> None:
    async def go() -> Cluster:
        cluster = Cluster(rpm=300)
        jobs = [asyncio.create_task(job) for job in hungry(cluster, 180)]

        async def kill() -> None:
            for name in ("w0", "w2", "w7"):
                await asyncio.sleep(30)
                cluster.silent.add(name)

        await asyncio.gather(kill(), *jobs, return_exceptions=True)
        assert cluster.book.workers == 0
        return cluster

    cluster = run_virtual(go())
    assert cluster.most_a_minute() <= 300
    assert sum(time <= 180 for time in cluster.times) >= 0.9 * 900
    assert cluster.by["w1"] > 2 * cluster.by["w0"]


def test_a_budget_is_never_overspent_and_hardly_left_over() -> None:
    async def go() -> Cluster:
        cluster = Cluster(max_cost_usd=1.0)
        jobs = hungry(cluster, 600, worst_usd=0.002, usd=0.0007)
        ends = await asyncio.gather(*jobs, return_exceptions=True)
        assert sum(isinstance(end, BudgetSpent) for end in ends) >= 5
        said = next(str(end) for end in ends if isinstance(end, BudgetSpent))
        assert "of $1.0000 is spent by all workers" in said and "--max-cost" in said
        assert cluster.book.spent_usd == pytest.approx(cluster.spent_usd)
        return cluster

    assert 0.9 <= run_virtual(go()).spent_usd <= 1.0


def test_what_a_dead_worker_may_have_spent_is_not_spent_again() -> None:
    now = 0.0
    book = LeaseBook(clock=lambda: now)
    ask = Ask(1.0, 0.0, 0.0, want=0.8, least=0.4)
    assert book.renew("dead", PLACE, Report(usd=ask)).usd == 0.8
    now += SLICE_S + 1
    lease = book.renew("alive", PLACE, Report(usd=ask))
    assert (lease.usd, lease.broke) == (0.0, True)
    back = book.renew("dead", PLACE, Report(usd=Ask(1.0, 0.1, 0.7, want=0.0, least=0.0)))
    assert (back.usd, back.spent_usd) == (0.8, 0.1)  # it was only slow
    assert book.renew("alive", PLACE, Report(usd=ask)).usd == 0.8


def test_a_window_is_shared_grows_and_is_halved_once_for_all() -> None:
    async def go() -> None:
        cluster = Cluster(start=8)
        jobs = [asyncio.create_task(job) for job in hungry(cluster, 120, most=64)]
        await asyncio.sleep(3)
        assert cluster.most_flying <= 64
        await asyncio.sleep(57)
        window = cluster.book._windows[PLACE]
        before, busy = window.size, cluster.flying
        assert busy >= 0.9 * 64  # two hungry workers with 32 each have it nearly all
        ended = [
            cluster.book.renew(name, PLACE, Report(most=64, start=8, busy=9, waiting=9, refused_at=0))
            for name in ("w0", "w1", "w2")
        ]
        assert window.cuts == 1 and window.size == pytest.approx(before / 2)
        assert sum(lease.window for lease in ended) <= window.size
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    run_virtual(go())


def test_workers_take_turns_where_there_are_fewer_places_than_workers() -> None:
    async def go() -> Cluster:
        cluster = Cluster(start=1)
        cluster.book._windows[PLACE].slow_start = False
        await asyncio.gather(*(cluster.work(f"w{n}", 300, together=2, takes_s=9.0, most=1) for n in range(4)))
        return cluster

    cluster = run_virtual(go())
    assert len(cluster.by) == 4 and min(cluster.by.values()) > 3


def test_all_workers_wait_when_the_endpoint_asks_one_to() -> None:
    async def go() -> None:
        cluster = Cluster()
        first = cluster.limiter("first")
        second = cluster.limiter("second")
        await first.enter(1)
        assert first.hold(45) == pytest.approx(45)
        begin = cluster.clock()
        await asyncio.sleep(2)
        await asyncio.gather(first.enter(1), second.enter(1))
        assert cluster.clock() - begin == pytest.approx(45, abs=1)
        await first.close()
        await second.close()

    run_virtual(go())


def test_endpoints_have_limits_of_their_own_and_share_the_money() -> None:
    now = 0.0
    book = LeaseBook(clock=lambda: now)
    many, dear = Ask(600.0, 0, 0, want=20, least=1), Ask(1.0, 0, 0, want=0.6, least=0.6)
    one, other = (book.renew("w", place, Report(requests=many, usd=dear)) for place in (PLACE, "elsewhere"))
    assert one.requests == other.requests == 20
    assert (one.usd, other.usd) == (0.6, 0.0)


def test_a_stopped_worker_passes_nothing_and_a_lost_book_is_an_error() -> None:
    async def go() -> None:
        cluster = Cluster(rpm=60)
        limiter = cluster.limiter("w")
        await limiter.enter(1)
        cluster.silent.add("w")
        await asyncio.sleep(SLICE_S + 1)
        waiting = asyncio.create_task(limiter.enter(1))
        await asyncio.sleep(SLICE_S)
        assert not waiting.done()  # what it had is no longer its own
        with pytest.raises(EndpointError, match="shared limits cannot be reached: the worker is cut off"):
            await waiting
        cluster.silent.clear()
        await asyncio.sleep(2)
        await limiter.enter(1)
        cluster.silent.add("w")
        await asyncio.sleep(SLICE_S + 1)
        waiting = asyncio.create_task(limiter.enter(1))
        await asyncio.sleep(1)
        limiter.stop()
        with pytest.raises(Stopped):
            await waiting
        await limiter.close()

    run_virtual(go())


def test_a_book_that_is_opened_anew_learns_what_is_spent() -> None:
    book = LeaseBook(clock=lambda: 0.0)
    spent = Ask(1.0, used=0.5, returned=0.3, want=1.0, least=0.1)
    assert book.renew("w", PLACE, Report(usd=spent)).usd == pytest.approx(0.5 + 0.3 + 0.5)


def test_sessions_share_the_limits_of_one_book() -> None:
    book = LeaseBook()

    async def renew(worker: str, endpoint: str, report: Report) -> Lease:
        return book.renew(worker, endpoint, report)

    async def cards_of(served: list[Served], number: int) -> list[Card | Failure]:
        papers = [Paper.of(f"Paper {number}.{n}", f"We study models for sets {n}.") for n in range(10)]
        session = Session(
            "vllm/m",
            base_url=[one.url for one in served],
            cache=False,
            price="1/1",
            max_cost_usd=1.0,
            rpm=6000,
            leases=renew,
        )
        async with session:
            return [outcome async for outcome in session.arun(papers, judge=False)]

    async def go(*served: Served) -> list[list[Card | Failure]]:
        return await asyncio.gather(*(cards_of([*served], number) for number in range(2)))

    with serving(vllm.app("m")) as served, serving(vllm.app("m")) as other:
        outcomes = asyncio.run(go(served, other))
        assert served.chats and other.chats
    cards = [one for some in outcomes for one in some if isinstance(one, Card)]
    assert len(cards) == 20
    assert book.workers == 0
    assert book.spent_usd == pytest.approx(sum(card.provenance.cost_usd or 0 for card in cards))
