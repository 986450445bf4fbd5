"""How many requests may be out at once, how fast they may follow each other, and how much they may cost.

`Limiter` finds how many requests an endpoint handles in parallel by additive increase and multiplicative
decrease (AIMD; Chiu and Jain 1989), does not grow while answers only queue (as TCP Vegas does, Brakmo and
Peterson 1995), keeps to requests and tokens a minute by the generic cell rate algorithm (ITU-T I.371), and
holds every request while the endpoint asks to wait. `Budget` counts what is in flight at its worst case, so
that the sum stays under a limit whatever comes back.

Knows numbers and headers. Knows no requests and no models.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from statistics import median

from .errors import BudgetSpent, Stopped
from .waiting import reset_wait_s

START = 8
"""Requests in flight at the beginning of an adaptive run."""
MOST = 256
"""And at its height."""

LONGEST_HOLD_S = 600.0
"""A run waits this long when an endpoint asks for it; for more, it ends."""
_BURST_S = 1.0
"""A minute's allowance may be used this many seconds early."""
_QUEUEING = 3.0
"""Answers that take so many times longer than those of an idle endpoint mostly waited in its queue."""
_ANSWERS_KEPT = 9


class Limiter:
    """The gate that every request passes.

    `most` requests at once at most. Adaptive: starts low, doubles with each round of answers until the
    endpoint first refuses or keeps somebody waiting too long, then grows by one a round; such an event
    halves it, once for all that were out together. It does not grow while answers take several times as
    long as the quickest did, or half the time-out: then more requests only make a longer queue.
    """

    def __init__(
        self,
        most: int,
        *,
        adaptive: bool = False,
        start: int = START,
        timeout_s: float = float("inf"),
        rpm: float | None = None,
        tpm: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """`start`: requests at once when an adaptive run begins; `timeout_s`: of one request.

        `rpm`: requests a minute; `tpm`: tokens a minute, completions counted at their bound first. `sleep`
        None: a pause that `stop` ends.
        """
        self.most = most
        self.window = float(min(start, most) if adaptive else most)
        """Requests that may be out at once just now."""
        self.busy = 0
        self.answers = 0
        """Requests that were answered so far."""
        self.silent_since = clock()
        """When the endpoint last answered anybody, by the clock."""
        self.clock = clock
        self._adaptive = adaptive
        self._slow_start = True
        self._sent = self._cut_at = 0
        self._timeout_s = timeout_s
        self._took: deque[float] = deque(maxlen=_ANSWERS_KEPT)
        self._idle_s = float("inf")
        """Seconds that an answer takes while nothing queues, as far as was seen."""
        self._sleep = sleep
        self._pace = [_Pace(rate / 60) if rate else None for rate in (rpm, tpm)]
        self._held_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._stopped = False
        self._pauses: set[asyncio.Future[None]] = set()

    def stop(self) -> None:
        """Let no request pass any more: `enter` raises Stopped, pauses end."""
        self._stopped = True
        for pause in self._pauses:
            if not pause.done():
                pause.set_result(None)
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_exception(Stopped())

    def reopen(self) -> None:
        """Begin another run with what was learned of the endpoint; silence between runs says nothing."""
        self._stopped = False
        self.silent_since = self.clock()

    async def enter(self, tokens: int) -> int:
        """Wait for a place; `tokens` is the most that the request may use. Gives the request's number.

        Raises Stopped after `stop`.
        """
        self.go_on()
        if self.busy >= int(self.window) or self._waiting:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled() and place.exception() is None:
                    self.leave()
                raise
        else:
            self.busy += 1
        try:
            while (wait := self._wait(tokens)) > 0:
                await self.pause(wait)
                self.go_on()
        except BaseException:
            self.leave()
            raise
        self._sent += 1
        return self._sent

    def go_on(self) -> None:
        """Raises Stopped after `stop`."""
        if self._stopped:
            raise Stopped

    async def pause(self, seconds: float) -> None:
        """Sleep so long, or until `stop`."""
        if self._sleep is not None:
            await self._sleep(seconds)
            return
        if self._stopped:
            return
        # No Event: several runs, each with its own event loop, may share a limiter.
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pauses.add(ended)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(ended, seconds)
        finally:
            self._pauses.discard(ended)

    def leave(self) -> None:
        """Give the place back."""
        self.busy -= 1
        self._wake()

    def answered(self, headers: Mapping[str, str], seconds: float = 0.0) -> float:
        """The endpoint answered, after so many seconds.

        Gives the seconds that it holds back all others for, since it says that nothing remains; mostly 0.
        """
        self.answers += 1
        self.silent_since = self.clock()
        if self._adaptive:
            self._took.append(seconds)
            usual = median(self._took)
            self._idle_s = min(self._idle_s, usual if len(self._took) == _ANSWERS_KEPT else self._took[0])
            slow = max(seconds, usual)
            queueing = slow > _QUEUEING * self._idle_s or slow > self._timeout_s / 2
            # A window that is not used says nothing.
            if 2 * self.busy >= self.window and not queueing:
                self.window = min(self.most, self.window + (1.0 if self._slow_start else 1.0 / self.window))
        wait = reset_wait_s(headers, time.time())
        # A limit a day is no reason to wait in silence: the next refusal says what it is.
        return self.hold(wait) if wait is not None and wait <= LONGEST_HOLD_S else 0.0

    def shrink(self, number: int) -> bool:
        """Too much was asked at once, by the request of that number or before: halve the window.

        Gives whether the request was sent while others were out beside it, so that it may have been in
        their way.
        """
        crowded = self._adaptive and (self.window > 1 or number <= self._cut_at)
        if self._adaptive and number > self._cut_at:
            self.window = max(1.0, self.window / 2)
            self._slow_start = False
            self._cut_at = self._sent
        return crowded

    def queues(self, seconds: float) -> bool:
        """Whether a request that was given up after so many seconds was likely waiting for others.

        A single one that hangs while the others are answered quickly says nothing about too many.
        """
        return not self._took or median(self._took) > seconds / 4

    def hold(self, seconds: float) -> float:
        """Let nothing pass for so many seconds. Gives by how much that is longer than it was held already."""
        until = self.clock() + seconds
        more = until - max(self._held_until, self.clock())
        self._held_until = max(self._held_until, until)
        return max(0.0, more)

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
        now = self.clock()
        waits = [self._held_until - now]
        waits += [pace.wait(now) for pace in self._pace if pace is not None]
        if (longest := max(waits)) > 0:
            return longest
        for pace, amount in zip(self._pace, (1, tokens), strict=True):
            if pace is not None:
                pace.take(now, amount)
        return 0.0


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


class Budget:
    """A limit in USD that is kept whatever the answers in flight turn out to cost."""

    def __init__(self, most_usd: float) -> None:
        self.most_usd = most_usd
        self.spent_usd = 0.0
        self._reserved: dict[int, float] = {}
        self._count = 0
        self._waiting: list[asyncio.Future[None]] = []

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
            settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(settled)
            await settled
        self._count += 1
        self._reserved[self._count] = worst_usd
        return self._count

    def settle(self, number: int, cost_usd: float) -> None:
        """What the request did cost; the rest is free again."""
        del self._reserved[number]
        self.spent_usd += cost_usd
        waiting, self._waiting = self._waiting, []
        for settled in waiting:
            if not settled.done():
                settled.set_result(None)
