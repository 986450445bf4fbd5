"""What requests to one endpoint may use: requests at once, requests and tokens a minute, pauses.

A `Limiter` asks its `Allowances` before each request. Those here are of a process that has the endpoint for
itself; `leases` has those of a worker that shares them with others.

Knows numbers. Knows no headers and no requests.
"""

from collections.abc import Awaitable, Callable

_BURST_S = 1.0
"""Seconds by which a minute's allowance may be used early."""

Rest = Callable[[float], Awaitable[None]]
"""Sleeps for some seconds; raises Stopped after a stop."""
Demand = Callable[[], tuple[int, int]]
"""How many requests are in flight, and how many wait for a place in the window."""


class Allowances:
    """The allowances of a process that shares the endpoint with nobody; arguments as of `Limiter`."""

    def __init__(
        self,
        most: int,
        start: int | None,
        rpm: float | None,
        tpm: float | None,
        clock: Callable[[], float],
    ) -> None:
        """`start`: initial requests at once; None for `most`, whatever is answered."""
        self.queue = 0
        """Requests that should wait here though they could wait elsewhere, so that more is granted."""
        self.window = float(most if start is None else min(start, most))
        """Current limit of requests in flight."""
        self._most = most
        self._adaptive = start is not None
        self._slow_start = True
        self._clock = clock
        self._sent = self._cut_at = 0
        self._pace = [_Pace(rate / 60) if rate else None for rate in (rpm, tpm)]
        self._held_until = 0.0

    async def admit(self, tokens: int, rest: Rest) -> int:
        """Wait until a request may go that uses at most so many tokens. Returns its number."""
        while (wait := self.wait_s(tokens)) > 0:
            await rest(wait)
        for pace, amount in zip(self._pace, (1, tokens), strict=True):
            if pace is not None:
                pace.take(self._clock(), amount)
        self._sent += 1
        return self._sent

    def used(self, fewer: int) -> None:
        """Record that a request used fewer tokens than admitted, by this number."""
        pace = self._pace[1]
        if pace is not None:
            pace.give_back(fewer)

    def grow(self) -> None:
        """Record an answer that came at ease while the window was well used."""
        if self._adaptive:
            self.window = min(self._most, self.window + (1.0 if self._slow_start else 1.0 / self.window))

    def shrink(self, number: int) -> bool:
        """Halve the window, once for all requests in flight together, since that request was too much.

        Returns whether other requests were in flight when it was sent, so that these may be the cause.
        """
        crowded = self._adaptive and (self.window > 1 or number <= self._cut_at)
        if self._adaptive and number > self._cut_at:
            self.window = max(1.0, self.window / 2)
            self._slow_start = False
            self._cut_at = self._sent
            self._halved()
        return crowded

    def _halved(self) -> None:
        """Hook for who shares the window."""

    def hold(self, seconds: float) -> float:
        """Admit nothing for some seconds. Returns by how many that extends the current hold."""
        now = self._clock()
        more = now + seconds - max(self._held_until, now)
        self._held_until = max(self._held_until, now + seconds)
        return max(0.0, more)

    def start(self, demand: Demand, changed: Callable[[], None]) -> None:
        """Begin a run in the running event loop. Calls `changed` when `window` has grown by itself."""

    def stop(self) -> None:
        """Admit nothing more: `admit` raises Stopped, as `rest` does."""

    async def close(self) -> None:
        """End a run."""

    def wait_s(self, tokens: int) -> float:
        """Seconds until a request may go; 0 or less if it may."""
        now = self._clock()
        return max([self._held_until - now, *(pace.wait(now) for pace in self._pace if pace is not None)])


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
