"""What requests of a worker may use of limits that it shares with others (see `lease_book`).

Knows a function that asks the book. Knows no network.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..errors import BudgetSpent, EndpointError, PapercardsError, Stopped
from .lease_book import PERIOD_S, SLICE_S, Ask, Lease, Report
from .limits import START, Limiter

Renew = Callable[[str, str, Report], Awaitable[Lease]]
"""`LeaseBook.renew`, wherever the book is: of a worker, of an endpoint, a report."""

_AHEAD = 1.25
"""A worker asks for what it took since its last report, times this."""
_LONGEST_SILENCE_S = 60.0
"""Seconds after which requests fail if the book does not answer."""


def worker_name() -> str:
    """A name for this process that no other worker has."""
    return uuid.uuid4().hex


@dataclass(slots=True)
class _Purse:
    """One limited thing: what of it was granted, taken and returned so far."""

    limit: float
    granted: float = 0.0
    used: float = 0.0
    returned: float = 0.0
    open: float = 0.0
    """The part of `used` that requests in flight took at their worst."""
    lately: float = 0.0
    """Taken since the last report."""
    unit: float = 0.0
    """What the last request took."""

    @property
    def left(self) -> float:
        return self.granted - self.used - self.returned

    def take(self, amount: float) -> None:
        self.used += amount
        self.lately += amount
        self.unit = abs(amount)

    def ask(self, waiting: float, least: float) -> Ask:
        """What to report, if requests wait for so much and the first of them for `least`."""
        keep = waiting + _AHEAD * self.lately
        least = least or self.unit
        # Less than a request needs is of more use to others.
        surplus = self.left if self.left < least else max(0.0, self.left - keep)
        self.returned += max(0.0, surplus)
        self.lately = 0.0
        want = max(0.0, keep - self.left)
        return Ask(self.limit, self.used, self.returned, want, least, max(0.0, self.open))


@dataclass(frozen=True, slots=True)
class _Need:
    """A request that waits: for requests and tokens a minute, or for money."""

    amounts: dict[str, float]
    admitted: asyncio.Future[None]


class LeasedLimiter(Limiter):
    """The gate of a worker: its share in the limits of one endpoint, and in the money of the run."""

    _queue = 8

    def __init__(
        self,
        renew: Renew,
        worker: str,
        endpoint: str,
        *,
        most: int,
        start: int | None = None,
        rpm: float | None = None,
        tpm: float | None = None,
        max_cost_usd: float | None = None,
        timeout_s: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most` is the maximum of this worker in flight; the other limits are those of all together.

        `worker` is a name that no other has, `endpoint` its address without secrets; `start`: initial
        requests at once of all workers, None for `most` each, whatever is answered.
        """
        super().__init__(
            most, adaptive=start is not None, start=start or START, timeout_s=timeout_s, clock=clock
        )
        self.window = 0.0
        self._renew = renew
        self._who = worker, endpoint
        self._about = Report(most=most, start=start)
        limits = {"requests": rpm, "tokens": tpm, "usd": max_cost_usd}
        self._purses = {name: _Purse(limit) for name, limit in limits.items() if limit}
        self._needs: deque[_Need] = deque()
        self._cuts = self._at_ease = 0
        self._refused_at: int | None = None
        self._lease = Lease()
        self._ends = self._renewed = float("-inf")
        self._users = 0
        self._lost: PapercardsError | None = None
        self._hurry = asyncio.Event()
        self._beat: asyncio.Task[None] | None = None

    # What `Limiter` does by itself

    async def _admit(self, tokens: int) -> int:
        await self._take({"requests": 1.0, "tokens": float(tokens)})
        self._sent += 1
        return self._sent

    def _wait_s(self) -> float:
        """Seconds until a request may go, as far as known; some must wait here, so that more is granted."""
        held_s = self._held_until - self.clock()
        return held_s if held_s > 0 or len(self._needs) < self._queue else self._lease.again_s

    def used(self, fewer: int) -> None:
        """Record that a request used fewer tokens than admitted, by this number."""
        if (purse := self._purses.get("tokens")) is not None:
            purse.used -= fewer

    def _grow(self) -> None:
        """The book makes the window grow."""
        self._at_ease += 1

    def hold(self, seconds: float) -> float:
        """Hold all requests for some seconds. Returns by how many seconds that extends the current hold."""
        self._hurry.set()  # others should know
        return super().hold(seconds)

    def _halve(self) -> None:
        """The book does so for all, once for one event."""
        super()._halve()
        self._refused_at = self._cuts
        self._hurry.set()

    def open(self) -> None:
        """Start a run in the running event loop, and begin to report."""
        super().open()
        self._users += 1
        if self._beat is None or self._beat.done():
            self._hurry, self._renewed = asyncio.Event(), self.clock()
            self._beat = asyncio.get_running_loop().create_task(self._report_on())

    def stop(self) -> None:
        """Let no more requests pass: `enter` raises Stopped, and pauses end."""
        super().stop()
        self._refuse(Stopped())

    async def close(self) -> None:
        """Give back what is left, and stop reporting, once nobody who started it needs it."""
        self._users -= 1
        if self._users > 0 or self._beat is None:
            return
        self._beat.cancel()
        with suppress(asyncio.CancelledError):
            await self._beat
        self._beat = None
        self.window = 0.0
        with suppress(Exception):  # a book that is gone needs no report
            last = replace(self._report(), last=True)
            async with asyncio.timeout(SLICE_S):
                await self._renew(*self._who, last)

    @property
    def waits(self) -> str:
        """What requests wait for, in a few words; empty if for answers alone."""
        if self.clock() < self._held_until:
            return "the pause that the endpoint asks for"
        names = {name for need in self._needs for name in need.amounts if name in self._purses}
        words = {"requests": "requests a minute", "tokens": "tokens a minute", "usd": "money in flight"}
        return " and ".join(words[name] for name in sorted(names))

    # What a `Budget` does

    async def reserve(self, worst_usd: float) -> float:
        """Wait until a request may be sent that costs at most this, which is returned. Raises BudgetSpent."""
        await self._take({"usd": worst_usd})
        if (purse := self._purses.get("usd")) is not None:
            purse.open += worst_usd
        return worst_usd

    def settle(self, worst_usd: float, cost_usd: float) -> None:
        """Record what a request cost that was reserved at its worst."""
        if (purse := self._purses.get("usd")) is not None:
            purse.used += cost_usd - worst_usd
            purse.open -= worst_usd

    # Between the two

    async def _take(self, amounts: dict[str, float]) -> None:
        self.go_on()
        if self._lost is not None:
            raise self._lost
        alike = amounts.keys()
        if not any(need.amounts.keys() == alike for need in self._needs) and self._fits(amounts):
            self._spend(amounts)
            return
        need = _Need(amounts, asyncio.get_running_loop().create_future())
        self._needs.append(need)
        self._hurry.set()
        try:
            await need.admitted
        except asyncio.CancelledError:
            if need.admitted.done() and not need.admitted.cancelled() and not need.admitted.exception():
                self._spend(amounts, -1)
            raise
        finally:
            with suppress(ValueError):
                self._needs.remove(need)

    def _fits(self, amounts: dict[str, float]) -> bool:
        now = self.clock()
        if now > self._ends or now < self._held_until:
            return False
        return all(
            purse.left >= amounts[name] - 1e-9 for name, purse in self._purses.items() if name in amounts
        )

    def _spend(self, amounts: dict[str, float], times: int = 1) -> None:
        for name, amount in amounts.items():
            if (purse := self._purses.get(name)) is not None:
                purse.take(times * amount)

    def _serve(self) -> None:
        """Let those go whose turn it is; who waits for money does not hold up who waits for the pace."""
        held: set[str] = set()
        for need in list(self._needs):
            if need.admitted.done() or held & need.amounts.keys():
                continue
            if self._fits(need.amounts):
                self._spend(need.amounts)
                need.admitted.set_result(None)
                self._needs.remove(need)
            else:
                held |= need.amounts.keys()

    def _refuse(self, error: Exception, what: str | None = None) -> None:
        for need in list(self._needs):
            if (what is None or what in need.amounts) and not need.admitted.done():
                need.admitted.set_exception(error)

    async def _report_on(self) -> None:
        while True:
            begin = self.clock()
            try:
                async with asyncio.timeout(SLICE_S):
                    lease = await self._renew(*self._who, self._report())
            except Exception as error:
                if self.clock() - self._renewed > _LONGEST_SILENCE_S:
                    self._lost = EndpointError(
                        f"the shared limits cannot be reached: {error or type(error).__name__}",
                        where=self._who[1],
                        next_step="Run the same command again to continue",
                    )
                    self._refuse(self._lost)
            else:
                self._renewed = self.clock()
                self._receive(lease, begin)
            with suppress(TimeoutError):
                wait = self._lease.again_s if self._needs else PERIOD_S
                async with asyncio.timeout(wait):  # wait_for may swallow the end of this task
                    await self._hurry.wait()
                self._hurry.clear()
                # Soon, but not at once: others ask, too.
                await asyncio.sleep(max(0.0, begin + self._lease.again_s - self.clock()))

    def _report(self) -> Report:
        asks: dict[str, Any] = {}
        for name, purse in self._purses.items():
            waiting = [need.amounts[name] for need in self._needs if name in need.amounts]
            asks[name] = purse.ask(sum(waiting), waiting[0] if waiting else 0.0)
        return replace(
            self._about,
            **asks,
            sent=self._sent,
            busy=self.busy,
            waiting=len(self._waiting),
            at_ease=self._at_ease,
            refused_at=self._refused_at,
            hold_s=max(0.0, self._held_until - self.clock()),
        )

    def _receive(self, lease: Lease, asked: float) -> None:
        self._lease, self._lost = lease, None
        self._ends = asked + SLICE_S
        for name, purse in self._purses.items():
            purse.granted = getattr(lease, name)
        if lease.cuts > self._cuts:
            self._cuts, self._cut_at, self._refused_at = lease.cuts, self._sent, None
        if lease.hold_s:
            self._held_until = max(self._held_until, asked + lease.hold_s)
        self.window = float(lease.window)
        self._serve()
        if lease.broke:
            self._refuse(self._broke(lease), "usd")
        self._wake()

    def _broke(self, lease: Lease) -> BudgetSpent:
        limit = self._purses["usd"].limit
        return BudgetSpent(
            f"the next call of a worker may cost more than is left: ${lease.spent_usd:.4f} "
            f"of ${limit:.4f} is spent by all workers",
            next_step="Run the same command again with a higher --max-cost to continue",
        )
