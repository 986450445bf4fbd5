"""The gate before every request: it grows while all is well, halves once for a burst of 429s, keeps its pace,
and a budget is never overspent.
"""

import asyncio
from collections.abc import Awaitable

import pytest

from papercards.errors import BudgetSpent
from papercards.limits import MOST, START, Budget, Limiter, duration_s


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
                limiter.refused(number, {})
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
            limiter.refused(number, {})
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
        await asyncio.wait_for(limiter.enter(1), 1)

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
        number = await asyncio.wait_for(third, 1)
        budget.settle(second, 0.4)
        budget.settle(number, 0.4)
        assert budget.spent_usd == pytest.approx(0.9)
        with pytest.raises(BudgetSpent, match=r"\$0\.9000 of \$1\.0000 is spent.*--max-cost"):
            await budget.reserve(0.2)
        assert await budget.reserve(0.05)

    run(go())
