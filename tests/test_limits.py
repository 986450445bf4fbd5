"""The gate before every request: it grows while all is well, halves once for a burst of 429s, keeps its pace,
and a budget is never overspent.
"""

import asyncio
from collections.abc import Awaitable

import pytest

from papercards.errors import BudgetSpent, Stopped
from papercards.model.limits import MOST, START, Budget, Limiter
from papercards.model.waiting import asked_wait_s, duration_s, until_s
from tests.clocks import PATIENCE_S


class Clock:
    """Time that passes by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def run(job: Awaitable[None]) -> None:
    async def go() -> None:
        await job

    asyncio.run(go())


async def rounds(limiter: Limiter, count: int, refuse: int = 0) -> list[int]:
    """Fill the window so many times; the first `refuse` requests of each round get a 429."""
    sizes = []
    for _ in range(count):
        size = int(limiter.window)
        numbers = [await limiter.enter(1) for _ in range(size)]
        sizes.append(size)
        for place, number in enumerate(numbers):
            if place < refuse:
                limiter.shrink(number)
            else:
                limiter.answered({})
        for _ in numbers:
            limiter.leave()
    return sizes


def test_an_adaptive_window_doubles_until_the_first_refusal_then_creeps() -> None:
    async def go() -> None:
        limiter = Limiter(MOST, adaptive=True)
        assert await rounds(limiter, 4) == [START, 2 * START, 4 * START, 8 * START]
        before = int(limiter.window)
        await rounds(limiter, 1, refuse=5)
        after = limiter.window
        assert before / 2 <= after < before / 2 + 2  # one burst, one cut
        grown = await rounds(limiter, 5)
        assert grown[-1] - grown[0] in (3, 4, 5)

    run(go())


def test_the_window_has_a_ceiling_and_a_floor() -> None:
    async def go() -> None:
        limiter = Limiter(20, adaptive=True)
        await rounds(limiter, 10)
        assert int(limiter.window) == 20
        for _ in range(30):
            number = await limiter.enter(1)
            limiter.shrink(number)
            limiter.leave()
        assert limiter.window == 1

    run(go())


def test_a_window_that_is_not_used_does_not_grow() -> None:
    async def go() -> None:
        limiter = Limiter(MOST, adaptive=True)
        for _ in range(100):
            await limiter.enter(1)
            limiter.answered({})
            limiter.leave()
        assert limiter.window == START

    run(go())


def test_a_fixed_number_stays_whatever_is_refused() -> None:
    async def go() -> None:
        limiter = Limiter(64)
        await rounds(limiter, 3, refuse=64)
        assert limiter.window == 64

    run(go())


def test_no_more_are_out_at_once_than_the_window_says_and_all_get_in() -> None:
    async def go() -> None:
        limiter = Limiter(5)
        out = most = done = 0

        async def one() -> None:
            nonlocal out, most, done
            await limiter.enter(1)
            out += 1
            most = max(most, out)
            await asyncio.sleep(0.001)
            out -= 1
            done += 1
            limiter.leave()

        await asyncio.gather(*(one() for _ in range(50)))
        assert (most, done, limiter.busy) == (5, 50, 0)

    run(go())


def test_who_gives_up_waiting_leaves_no_place_taken() -> None:
    async def go() -> None:
        limiter = Limiter(1)
        await limiter.enter(1)
        waiting = asyncio.create_task(limiter.enter(1))
        await asyncio.sleep(0)
        limiter.leave()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert limiter.busy == 0
        await asyncio.wait_for(limiter.enter(1), PATIENCE_S)

    run(go())


def test_requests_a_minute_are_kept() -> None:
    async def go() -> None:
        clock = Clock()
        limiter = Limiter(8, rpm=120, clock=clock, sleep=clock.sleep)
        begin = clock.now
        for _ in range(240):
            await limiter.enter(1)
            limiter.leave()
        assert clock.now - begin == pytest.approx(120, abs=2)

    run(go())


def test_tokens_a_minute_are_kept_by_what_was_used_in_the_end() -> None:
    async def go() -> None:
        clock = Clock()
        limiter = Limiter(8, tpm=6000, clock=clock, sleep=clock.sleep)
        begin = clock.now
        for _ in range(100):
            await limiter.enter(500)
            limiter.used(400)
            limiter.leave()
        assert clock.now - begin == pytest.approx(100, abs=7)

    run(go())


def test_an_endpoint_that_says_nothing_is_left_is_waited_for() -> None:
    async def go() -> None:
        clock = Clock()
        limiter = Limiter(8, clock=clock, sleep=clock.sleep)
        await limiter.enter(1)
        limiter.answered({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6s"})
        limiter.leave()
        begin = clock.now
        await limiter.enter(1)
        assert clock.now - begin == pytest.approx(6)

    run(go())


def test_an_endpoint_that_asks_to_wait_holds_everybody() -> None:
    async def go() -> None:
        clock = Clock()
        limiter = Limiter(8, clock=clock, sleep=clock.sleep)
        assert limiter.hold(45) == pytest.approx(45)
        assert limiter.hold(44) == 0  # nothing new to tell
        begin = clock.now
        await asyncio.gather(*(limiter.enter(1) for _ in range(8)))
        assert clock.now - begin == pytest.approx(45)

    run(go())


@pytest.mark.parametrize("reset", ["inf", "nan", "4102444800", "soon", "", "-inf", "1e300"])
def test_a_time_that_cannot_be_meant_holds_nobody(reset: str) -> None:
    async def go() -> None:
        clock = Clock()
        limiter = Limiter(8, clock=clock, sleep=clock.sleep)
        limiter.answered({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": reset})
        begin = clock.now
        await limiter.enter(1)
        assert clock.now == begin

    run(go())


@pytest.mark.parametrize("first_s", [0.0, 100.0], ids=["warm", "cold"])
@pytest.mark.parametrize("place", [False, True], ids=["steadily", "in rounds"])
def test_a_window_does_not_grow_while_answers_only_queue(place: bool, first_s: float) -> None:
    """One device that answers one after the other: more in flight is a longer queue, and time-outs.

    The first answer may be slow for another reason: the model is loaded, its prompt read for the first time.
    """

    async def go() -> None:
        limiter = Limiter(MOST, adaptive=True, start=1, timeout_s=900)
        for _ in range(200):
            size = int(limiter.window)
            for _ in range(size):
                await limiter.enter(1)
            for number in range(size):
                late = 0.0 if limiter.answers else first_s
                limiter.answered({}, late + 2.0 * (number + 1 if place else size))
            for _ in range(size):
                limiter.leave()
        assert 1 <= limiter.window <= 16

    run(go())


def test_a_window_grows_where_answers_come_together() -> None:
    async def go() -> None:
        limiter = Limiter(MOST, adaptive=True, start=1, timeout_s=900)
        for _ in range(10):
            size = int(limiter.window)
            for _ in range(size):
                await limiter.enter(1)
            for _ in range(size):
                limiter.answered({}, 2.0)
            for _ in range(size):
                limiter.leave()
        assert limiter.window == MOST

    run(go())


def test_after_a_stop_nobody_passes_and_nobody_waits() -> None:
    async def go() -> None:
        limiter = Limiter(1)
        await limiter.enter(1)
        waiting = asyncio.create_task(limiter.enter(1))
        paused = asyncio.create_task(limiter.pause(3600))
        await asyncio.sleep(0)
        limiter.stop()
        with pytest.raises(Stopped):
            await waiting
        await asyncio.wait_for(paused, PATIENCE_S)
        with pytest.raises(Stopped):
            await limiter.enter(1)
        limiter.leave()
        assert limiter.busy == 0

    run(go())


NOW = 1_800_000_000.0
"""2027-01-15 08:00:00 UTC."""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("6m0s", 360),
        ("1800000002", 2),
        ("1800000002000", 2),
        ("1800000002.5", 2.5),
        ("2027-01-15T08:00:05Z", 5),
        ("2027-01-15T09:00:05+01:00", 5),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60),
        ("1799999000", 0),
        ("4102444800", None),
        ("2027-01-15T08:00:05", None),
        ("inf", None),
        ("99999999", None),
    ],
)
def test_reads_when_an_endpoint_allows_more(text: str, seconds: float | None) -> None:
    assert until_s(text, NOW) == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize(
    ("headers", "body", "text", "seconds"),
    [
        ({"retry-after": "45"}, None, "", 45),
        ({"retry-after-ms": "1500"}, None, "", 1.5),
        ({"retry-after": "0"}, None, "", 0),
        ({"retry-after": "1800000045"}, None, "", 45),
        # The client's clock runs ten minutes fast: what counts is the server's own.
        (
            {"retry-after": "Fri, 15 Jan 2027 07:51:00 GMT", "date": "Fri, 15 Jan 2027 07:50:00 GMT"},
            None,
            "",
            60,
        ),
        ({}, None, "Rate limit reached. Please try again in 1.2s.", 1.2),
        ({}, None, "Limit 1000 requests per day. Please try again in 7h12m0s. Upgrade", 25_920),
        ({}, None, "Rate limit exceeded. Please retry after 12 seconds", 12),
        ({}, None, "Please wait 2 minutes and 5 seconds before the next request", 125),
        ({}, None, "try again in 20ms", 0.02),
        ({}, {"error": {"details": [{"retryDelay": "33.5s"}]}}, "", 33.5),
        ({}, {"error": "Model is loading", "estimated_time": 20.5}, "", 20.5),
        ({}, {"error": {"retry_after": 7}}, "", 7),
        ({"retry-after": "soon"}, None, "try again later", None),
        ({"retry-after": "nan"}, None, "", None),
        ({}, None, "", None),
    ],
)
def test_reads_how_long_a_refusal_asks_to_wait(
    headers: dict[str, str], body: object, text: str, seconds: float | None
) -> None:
    found = asked_wait_s(headers, body, text, NOW)
    assert found == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("6m0s", 360), ("20ms", 0.02), ("1h2m3s", 3723), ("12.5", 12.5), ("soon", None), ("", None)],
)
def test_reads_durations(text: str, seconds: float | None) -> None:
    assert duration_s(text) == (pytest.approx(seconds) if seconds is not None else None)


def test_a_budget_counts_what_is_in_flight_at_its_worst() -> None:
    async def go() -> None:
        budget = Budget(1.0)
        first, second = await budget.reserve(0.4), await budget.reserve(0.4)
        third = asyncio.create_task(budget.reserve(0.4))
        await asyncio.sleep(0)
        assert not third.done()
        budget.settle(first, 0.1)
        number = await asyncio.wait_for(third, PATIENCE_S)
        budget.settle(second, 0.4)
        budget.settle(number, 0.4)
        assert budget.spent_usd == pytest.approx(0.9)
        with pytest.raises(BudgetSpent, match=r"\$0\.9000 of \$1\.0000 is spent.*--max-cost"):
            await budget.reserve(0.2)
        assert await budget.reserve(0.05)

    run(go())


def test_a_paper_that_was_begun_goes_before_those_that_were_not() -> None:
    async def go() -> list[str]:
        limiter, order = Limiter(1), list[str]()

        async def one(name: str, *, begun: bool = False) -> None:
            await limiter.enter(1, begun=begun)
            order.append(name)
            limiter.leave()

        await limiter.enter(1)
        waiting = [asyncio.create_task(one(name)) for name in ("second", "third")]
        await asyncio.sleep(0)
        waiting.append(asyncio.create_task(one("first again", begun=True)))
        await asyncio.sleep(0)
        limiter.leave()
        await asyncio.gather(*waiting)
        return order

    assert asyncio.run(go()) == ["first again", "second", "third"]
