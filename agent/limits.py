"""How many requests may be out at once, how fast they may follow each other, and how much they may cost.

`Limiter` finds the number of requests that an endpoint bears by additive increase and multiplicative
decrease (AIMD; Chiu and Jain 1989), keeps to requests and tokens a minute by the generic cell rate
algorithm (ITU-T I.371), and obeys `x-ratelimit-*`. `Budget` counts what is in flight at its worst case, so
that the sum stays under a limit whatever comes back.

Knows numbers and headers. Knows no requests and no models.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from .errors import BudgetSpent

START = 8
"""Requests in flight at the beginning of an adaptive run."""
MOST = 256
"""And at its height."""

_BURST_S = 1.0
"""A minute's allowance may be used this many seconds early."""
_PART = re.compile(r"([\d.]+)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Limiter:
    """The gate that every request passes.

    `most` requests at once at most. Adaptive: starts low, doubles with each round of answers until the
    endpoint first says 429, then grows by one a round; a 429 halves it, once for all that were out together.
    Errors of the server do not shrink it: they say nothing of how much is too much.
    """

    def __init__(
        self,
        most: int,
        *,
        adaptive: bool = False,
        rpm: float | None = None,
        tpm: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`rpm`: requests a minute; `tpm`: tokens a minute, completions counted at their bound first."""
        self.most = most
        self.window = float(min(START, most) if adaptive else most)
        """Requests that may be out at once just now."""
        self.busy = 0
        self._adaptive = adaptive
        self._slow_start = True
        self._sent = self._cut_at = 0
        self._clock, self._sleep = clock, sleep
        self._pace = [_Pace(rate / 60) if rate else None for rate in (rpm, tpm)]
        self._held_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self, tokens: int) -> int:
        """Wait for a place; `tokens` is the most that the request may use. Gives the request's number."""
        if self.busy >= int(self.window) or self._waiting:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self.leave()
                raise
        else:
            self.busy += 1
        try:
            while (wait := self._wait(tokens)) > 0:
                await self._sleep(wait)
        except asyncio.CancelledError:
            self.leave()
            raise
        self._sent += 1
        return self._sent

    def leave(self) -> None:
        """Give the place back."""
        self.busy -= 1
        self._wake()

    def answered(self, headers: Mapping[str, str]) -> None:
        """The endpoint answered."""
        if self._adaptive and 2 * self.busy >= self.window:
            # A window that is not used says nothing.
            self.window = min(self.most, self.window + (1.0 if self._slow_start else 1.0 / self.window))
        self._obey(headers)

    def refused(self, number: int, headers: Mapping[str, str]) -> None:
        """The endpoint said 429 to the request of that number."""
        if self._adaptive and number > self._cut_at:
            self.window = max(1.0, self.window / 2)
            self._slow_start = False
            self._cut_at = self._sent
        self._obey(headers)

    def used(self, fewer: int) -> None:
        """A request used so many tokens fewer than was allowed for."""
        pace = self._pace[1]
        if pace is not None:
            pace.give_back(fewer)

    def _wake(self) -> None:
        while self._waiting and self.busy < int(self.window):
            place = self._waiting.popleft()
            if not place.done():
                self.busy += 1
                place.set_result(None)

    def _wait(self, tokens: int) -> float:
        """Seconds until a request may go; 0: it has gone, and counts."""
        now = self._clock()
        waits = [self._held_until - now]
        waits += [pace.wait(now) for pace in self._pace if pace is not None]
        if (longest := max(waits)) > 0:
            return longest
        for pace, amount in zip(self._pace, (1, tokens), strict=True):
            if pace is not None:
                pace.take(now, amount)
        return 0.0

    def _obey(self, headers: Mapping[str, str]) -> None:
        for what in ("requests", "tokens"):
            if headers.get(f"x-ratelimit-remaining-{what}") == "0":
                wait = duration_s(headers.get(f"x-ratelimit-reset-{what}", ""))
                if wait is not None:
                    self._held_until = max(self._held_until, self._clock() + wait)


class _Pace:
    """So much a second, a little early at most."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._due = 0.0
        """When all that was taken would have been due."""

    def wait(self, now: float) -> float:
        return self._due - now - _BURST_S

    def take(self, now: float, amount: float) -> None:
        self._due = max(self._due, now) + amount / self._per_second

    def give_back(self, amount: float) -> None:
        self._due -= amount / self._per_second


def duration_s(text: str) -> float | None:
    """Seconds of `1s`, `6m0s`, `20ms` (as OpenAI writes them) or `12.5`; None for anything else."""
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))
    try:
        return max(0.0, float(text))
    except ValueError:
        return None


class Budget:
    """A limit in USD that is kept whatever the answers in flight turn out to cost."""

    def __init__(self, most_usd: float) -> None:
        self.most_usd = most_usd
        self.spent_usd = 0.0
        self._reserved: dict[int, float] = {}
        self._count = 0
        self._settled = asyncio.Event()

    async def reserve(self, worst_usd: float) -> int:
        """Set aside the most that a request may cost. Gives its number.

        Waits while what is in flight may still turn out cheaper. Raises BudgetSpent where it cannot fit.
        """
        while self.spent_usd + sum(self._reserved.values()) + worst_usd > self.most_usd:
            if not self._reserved:
                raise BudgetSpent(
                    f"the next call may cost ${worst_usd:.4f}, and ${self.spent_usd:.4f} of "
                    f"${self.most_usd:.4f} is spent",
                    next_step="Run the same command again with a higher --max-cost to go on",
                )
            self._settled.clear()
            await self._settled.wait()
        self._count += 1
        self._reserved[self._count] = worst_usd
        return self._count

    def settle(self, number: int, cost_usd: float) -> None:
        """What the request did cost; the rest is free again."""
        del self._reserved[number]
        self.spent_usd += cost_usd
        self._settled.set()
