"""Limits the number of requests in flight, their rate, and their cost.

`Limiter` finds how many requests an endpoint handles in parallel by additive increase and multiplicative
decrease (AIMD; Chiu and Jain 1989), does not grow while answers only queue (as TCP Vegas does, Brakmo and
Peterson 1995), keeps to requests and tokens a minute by the generic cell rate algorithm (ITU-T I.371), and
holds every request while the endpoint asks to wait. `leases` has the limiter of a worker that shares these
limits with others. `Budget` counts what is in
flight at its worst case, so that the sum stays under a limit whatever comes back.

Knows numbers and headers. Knows no requests and no models.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from statistics import median

from ..errors import BudgetSpent, Stopped
from .waiting import reset_wait_s

START = 8
"""Initial number of requests in flight in an adaptive run."""
MOST = 256
"""Maximum number of requests in flight in an adaptive run."""

LONGEST_HOLD_S = 600.0
"""Maximum seconds that a run waits if the endpoint asks it to; beyond that it ends."""
_QUEUEING = 3.0
"""Answers slower than an idle endpoint's by this factor were probably queued."""
_ANSWERS_KEPT = 9
_BURST_S = 1.0
"""Seconds by which a minute's allowance may be used early."""
_ENOUGH = 3
"""Answers from which on their median says how long an idle endpoint takes."""


class Limiter:
    """The gate that every request passes through.

    Allows at most `most` requests at once. In adaptive mode the limit starts low, doubles with each round of
    answers until the endpoint first refuses or is too slow, then grows by one per round; such an event halves
    it, once for all requests in flight together. It does not grow while answers take several times as long as
    the fastest one, or half the timeout: more requests would only make a longer queue.
    """

    _queue = 0
    """Requests that should wait here though they could wait elsewhere, so that more is granted."""

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
        """`start`: initial requests at once in adaptive mode; `timeout_s`: timeout of one request.

        `rpm`: requests a minute; `tpm`: tokens a minute, completions first counted at their maximum. `sleep`
        defaults to a pause that `stop` ends.
        """
        self.most = most
        self.window = float(min(start, most) if adaptive else most)
        """Current limit of requests in flight."""
        self.busy = 0
        self.answers = 0
        """Number of requests answered so far."""
        self.silent_since = clock()
        """Time of the endpoint's last answer, by the clock."""
        self.clock = clock
        self._adaptive = adaptive
        self._slow_start = True
        self._sent = self._cut_at = 0
        self._pace = [_Pace(rate / 60) if rate else None for rate in (rpm, tpm)]
        self._held_until = 0.0
        self._timeout_s = timeout_s
        self._took: deque[float] = deque(maxlen=_ANSWERS_KEPT)
        self._idle_s = float("inf")
        """Shortest observed seconds of an answer, when nothing is queued."""
        self._sleep = sleep
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._stopped = False
        self._pauses: set[asyncio.Future[None]] = set()

    def stop(self) -> None:
        """Let no more requests pass: `enter` raises Stopped, and pauses end."""
        self._stopped = True
        for pause in self._pauses:
            if not pause.done():
                pause.set_result(None)
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_exception(Stopped())

    def open(self) -> None:
        """Start a run in the running event loop, with the limits learned so far.

        The time between runs is ignored.
        """
        self._stopped = False
        self.silent_since = self.clock()

    async def enter(self, tokens: int, *, begun: bool = False) -> int:
        """Wait for a slot; `tokens` is the maximum that the request may use. Returns the request's number.

        A request for a paper that is already `begun` goes first: cards come in order, and all behind one
        that is asked again would wait for it until the end. Raises Stopped after `stop`.
        """
        self.go_on()
        if self.busy >= int(self.window) or self._waiting:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if begun:
                self._waiting.appendleft(place)
            else:
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
            return await self._admit(tokens)
        except BaseException:
            self.leave()
            raise

    def wait_s(self) -> float:
        """Seconds until a request may go; infinity if another must end first, 0 or less if it may."""
        if self.busy >= int(self.window) and len(self._waiting) >= self._queue:
            return float("inf")
        return self._wait_s()

    def go_on(self) -> None:
        """Raises Stopped after `stop`."""
        if self._stopped:
            raise Stopped

    async def pause(self, seconds: float) -> None:
        """Sleep for some seconds, or until `stop`."""
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
        """Release the slot."""
        self.busy -= 1
        self._wake()

    def answered(self, headers: Mapping[str, str], seconds: float = 0.0) -> float:
        """Record an answer of the endpoint after some seconds.

        Returns the seconds for which all other requests are held, if the endpoint's allowance is used up;
        usually 0.
        """
        self.answers += 1
        self.silent_since = self.clock()
        if self._adaptive:
            self._took.append(seconds)
            usual = median(self._took)
            # The first answer may have waited for a model to load, or for a prompt to be read the first time.
            self._idle_s = min(self._idle_s, usual if len(self._took) >= _ENOUGH else self._took[0])
            slow = max(seconds, usual)
            queueing = slow > _QUEUEING * self._idle_s or slow > self._timeout_s / 2
            # A window that is not used says nothing.
            if 2 * self.busy >= self.window and not queueing:
                self._grow()
        wait = reset_wait_s(headers, time.time())
        # A limit a day is no reason to wait in silence: the next refusal says what it is.
        return self.hold(wait) if wait is not None and wait <= LONGEST_HOLD_S else 0.0

    def shrink(self, number: int) -> bool:
        """Halve the limit, after the request with that number or an earlier one was refused as too much.

        Returns whether other requests were in flight when it was sent, so that these may be the cause.
        """
        crowded = self._adaptive and (self.window > 1 or number <= self._cut_at)
        if self._adaptive and number > self._cut_at:
            self._cut_at = self._sent
            self._halve()
        return crowded

    def queues(self, seconds: float) -> bool:
        """Whether a request that was cancelled after some seconds was probably queued behind others.

        A single one that hangs while others are answered quickly does not mean too many requests.
        """
        return not self._took or median(self._took) > seconds / 4

    def hold(self, seconds: float) -> float:
        """Hold all requests for some seconds. Returns by how many seconds that extends the current hold."""
        now = self.clock()
        more = now + seconds - max(self._held_until, now)
        self._held_until = max(self._held_until, now + seconds)
        return max(0.0, more)

    def used(self, fewer: int) -> None:
        """Record that a request used fewer tokens than reserved, by this number."""
        if (pace := self._pace[1]) is not None:
            pace.give_back(fewer)

    async def close(self) -> None:
        """End a run."""

    async def _admit(self, tokens: int) -> int:
        """Wait until a request may go that uses at most so many tokens. Returns its number."""
        while (wait := self._wait_s()) > 0:
            await self.pause(wait)
            self.go_on()
        for pace, amount in zip(self._pace, (1, tokens), strict=True):
            if pace is not None:
                pace.take(self.clock(), amount)
        self._sent += 1
        return self._sent

    def _wait_s(self) -> float:
        now = self.clock()
        return max([self._held_until - now, *(pace.wait(now) for pace in self._pace if pace is not None)])

    def _grow(self) -> None:
        """Let more requests be in flight: one for each answer at the start, one a round later."""
        self.window = min(self.most, self.window + (1.0 if self._slow_start else 1.0 / self.window))

    def _halve(self) -> None:
        self.window = max(1.0, self.window / 2)
        self._slow_start = False

    def _wake(self) -> None:
        while self._waiting and self.busy < int(self.window):
            place = self._waiting.popleft()
            if not place.done():
                self.busy += 1
                place.set_result(None)


class _Pace:
    """A rate of `per_second` units with up to one second of burst."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._due = 0.0
        """Time at which everything taken so far is due."""

    def wait(self, now: float) -> float:
        return self._due - now - _BURST_S

    def take(self, now: float, amount: float) -> None:
        self._due = max(self._due, now) + amount / self._per_second

    def give_back(self, amount: float) -> None:
        self._due -= amount / self._per_second


class Budget:
    """A limit in USD that holds whatever the requests in flight turn out to cost."""

    def __init__(self, most_usd: float) -> None:
        self.most_usd = most_usd
        self.spent_usd = 0.0
        self._reserved: list[float] = []
        self._waiting: list[asyncio.Future[None]] = []

    async def reserve(self, worst_usd: float) -> float:
        """Reserve the maximum cost of a request, which is returned.

        Waits while requests in flight may still turn out cheaper. Raises BudgetSpent if it does not fit.
        """
        while self.spent_usd + sum(self._reserved) + worst_usd > self.most_usd:
            if not self._reserved:
                raise BudgetSpent(
                    f"the next call may cost ${worst_usd:.4f}, and ${self.spent_usd:.4f} "
                    f"of ${self.most_usd:.4f} is spent",
                    next_step="Run the same command again with a higher --max-cost to continue",
                )
            settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(settled)
            await settled
        self._reserved.append(worst_usd)
        return worst_usd

    def settle(self, worst_usd: float, cost_usd: float) -> None:
        """Record the actual cost of a request and release what was reserved for it."""
        self._reserved.remove(worst_usd)
        self.spent_usd += cost_usd
        waiting, self._waiting = self._waiting, []
        for settled in waiting:
            if not settled.done():
                settled.set_result(None)
