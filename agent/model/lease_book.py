"""Shares the limits of endpoints among the workers of a cluster, in leases of seconds.

Each worker reports to the one book of a run, about once a second and for each endpoint, what it has used and
what it needs, and is told what it may use. Figures are sums since the worker began, so a report or a lease
that is lost or comes twice does no harm, and a book that is opened anew learns them again.

- **Requests and tokens a minute.** What is granted and not used, and what may be granted, together never
  exceed the burst; the refill is the rest of the limit. So no minute, wherever it begins, has more.
- **Money.** A worker is granted what its requests may cost at most, and gives back the difference.
- **Requests at once.** One window for all workers (AIMD), dealt out by need; where there are fewer places
  than workers, they take turns.
- **Pauses.** An endpoint that asks one worker to wait is asked by nobody meanwhile.

A worker that is silent for `SLICE_S` is taken for dead: its share is dealt out again. Only its money is not,
since what it asked for last may be billed; if it speaks again, it goes on where it was.

Knows numbers and a clock. Knows no network and no requests.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

SLICE_S = 5.0
"""Seconds for which a lease holds, from when the worker asked for it."""
PERIOD_S = 1.0
"""Seconds between two reports of a worker that has what it needs."""
_HUNGRY_S = 0.2
"""Least seconds between two reports of one that lacks something."""
_REPORT_S = 0.001
"""Seconds that the book may spend on a report; many hungry workers report less often."""
_BURST = 0.06
"""Share of a minute's limit that may be used at once; the rest is the refill of a minute."""
_NEARLY_ONE = 0.99

Who = tuple[str, str]
"""A worker, and the endpoint that it asks."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A worker's needs of one limited thing: requests, tokens or USD."""

    limit: float
    """Maximum of all workers together, a minute or (USD) in all."""
    used: float
    """Used so far, requests in flight at their worst."""
    returned: float
    """Granted so far and given back unused."""
    want: float
    """Needed until the next report, beyond what it has."""
    least: float
    """Needed by the next request; less is of no use."""
    open: float = 0.0
    """The part of `used` that is in flight and may turn out less."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker says of one endpoint."""

    requests: Ask | None = None
    """None without a limit."""
    tokens: Ask | None = None
    usd: Ask | None = None
    sent: int = 0
    """Requests sent so far."""
    busy: int = 0
    """Requests in flight, those that wait for a grant included."""
    waiting: int = 0
    """Requests that wait for a place in the window."""
    most: int = 1
    """Maximum number of requests in flight of this worker."""
    start: int | None = None
    """Initial number of requests in flight of all workers; None for always `most` each."""
    at_ease: int = 0
    """Answers so far that came at ease while its places were well used."""
    refused_at: int | None = None
    """The value of `Lease.cuts` when a request was sent that the endpoint refused as too much."""
    hold_s: float = 0.0
    """Seconds for which the endpoint still asks to wait."""
    last: bool = False
    """Whether this worker is done with the endpoint."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What a worker may use, for `SLICE_S` from its report on."""

    requests: float = 0.0
    """Granted so far, those that are used or returned included."""
    tokens: float = 0.0
    usd: float = 0.0
    window: int = 0
    """Requests in flight."""
    cuts: int = 0
    """How often the window was halved."""
    hold_s: float = 0.0
    """Seconds for which nothing may be sent."""
    again_s: float = PERIOD_S
    """Seconds after which a worker that lacks something asks again."""
    spent_usd: float = 0.0
    """What all workers have spent, requests in flight at their worst."""
    broke: bool = False
    """Whether no money is left, nor will come back, for the next request."""


class LeaseBook:
    """The limits of all endpoints of a run, and who has what of them."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._seen: dict[Who, float] = {}
        """When a worker reported last; the longest ago comes first."""
        self._turns: dict[Who, float] = {}
        """When a worker sent its last request, as far as known; who waits longest comes first."""
        self._sent: dict[Who, int] = {}
        self._rates: dict[tuple[str, str], _Rate] = {}
        self._money: _Money | None = None
        self._windows: defaultdict[str, _Window] = defaultdict(_Window)
        self._held_until: defaultdict[str, float] = defaultdict(float)

    @property
    def workers(self) -> int:
        """Number of workers that are alive, each counted once an endpoint."""
        self._forget_the_dead(self._clock())
        return len(self._seen)

    @property
    def spent_usd(self) -> float:
        """What all workers have spent of a limited budget, requests in flight at their worst."""
        return self._money.spent if self._money is not None else 0.0

    def renew(self, worker: str, endpoint: str, report: Report) -> Lease:
        """The lease of a worker that reports on an endpoint; any name that is its own will do."""
        now, who = self._clock(), (worker, endpoint)
        self._forget_the_dead(now)
        self._seen.pop(who, None)
        self._seen[who] = now
        if report.sent > self._sent.get(who, 0):
            self._turns[who] = now
        self._turns.setdefault(who, 0.0)
        self._sent[who] = report.sent
        until = max(self._held_until[endpoint], now + report.hold_s)
        self._held_until[endpoint] = until
        granted = {}
        again_s = max(_HUNGRY_S, len(self._seen) * _REPORT_S)
        for name, ask in (("requests", report.requests), ("tokens", report.tokens)):
            if ask is not None:
                rate = self._rates.setdefault((endpoint, name), _Rate(ask.limit, now))
                rate.refill(now, ask.least)
                granted[name] = rate.renew(who, ask, self._turns)
                again_s = max(again_s, min(PERIOD_S, ask.least / rate.per_second / 4))
        if report.usd is not None:
            self._money = self._money or _Money(report.usd.limit)
            granted["usd"] = self._money.renew(who, report.usd, self._turns)
        window = self._windows[endpoint]
        lease = Lease(
            **granted,
            window=window.renew(who, report, self._turns),
            cuts=window.cuts,
            hold_s=max(0.0, until - now),
            again_s=again_s,
            spent_usd=self.spent_usd,
            broke=report.usd is not None and self._money is not None and self._money.broke(report.usd),
        )
        if report.last:
            self._forget(who)
        return lease

    def _forget_the_dead(self, now: float) -> None:
        while self._seen and now - self._seen[oldest := next(iter(self._seen))] > SLICE_S:
            self._forget(oldest)

    def _forget(self, who: Who) -> None:
        del self._seen[who]
        self._turns.pop(who, None)
        for (endpoint, _), rate in self._rates.items():
            if endpoint == who[1]:
                rate.holders.pop(who, None)
        if self._money is not None:
            self._money.forget(who)
        self._windows[who[1]].shares.pop(who, None)


@dataclass(slots=True)
class _Holder:
    granted: float
    ask: Ask
    """What its worker reported last."""

    @property
    def left(self) -> float:
        return self.granted - self.ask.used - self.ask.returned


class _Account:
    """Something of which there is `level` to grant."""

    def __init__(self, level: float) -> None:
        self.level = level
        self.holders: dict[Who, _Holder] = {}

    def renew(self, who: Who, ask: Ask, turns: dict[Who, float]) -> float:
        """Take a worker's report; what it is granted, in all so far."""
        holder = self.holders.get(who) or self._meet(who, ask)
        self.level += ask.returned - holder.ask.returned
        holder.ask = ask
        self._settle(holder)
        more = self._share(who, ask, turns)
        self.level -= more
        holder.granted += more
        return holder.granted

    def _meet(self, who: Who, ask: Ask) -> _Holder:
        holder = self.holders[who] = _Holder(ask.used + ask.returned, ask)
        return holder

    def _settle(self, holder: _Holder) -> None:
        """Correct the level for what a worker reported."""

    def _share(self, who: Who, ask: Ask, turns: dict[Who, float]) -> float:
        """By need, in whole requests, and none before those that wait longer have one."""
        if ask.want <= 0:
            return 0.0
        hungry = {other: one for other, one in self.holders.items() if one.ask.want > 0 and other in turns}
        ahead = sum(one.ask.least for other, one in hungry.items() if turns[other] < turns[who])
        room = self.level - ahead
        share = self.level * ask.want / sum(one.ask.want for one in hungry.values())
        least = ask.least or ask.want
        count = min(math.floor(room / least), math.ceil(ask.want / least), max(1, math.floor(share / least)))
        return max(0, count) * least


class _Rate(_Account):
    """A limit a minute."""

    def __init__(self, limit: float, now: float) -> None:
        self._burst = limit * _BURST + _NEARLY_ONE  # things are counted whole
        super().__init__(self._burst)
        self.per_second = limit * (1 - _BURST) / 60
        self._at = now

    def refill(self, now: float, least: float) -> None:
        """`least`: the next request needs so much, were it more than the whole burst."""
        most = max(self._burst, least, *(one.ask.least for one in self.holders.values()))
        held = sum(max(0.0, one.left) for one in self.holders.values())
        self.level = min(self.level + (now - self._at) * self.per_second, most - held)
        self._at = now


class _Money(_Account):
    """A limit in USD for the whole run."""

    def __init__(self, limit: float) -> None:
        super().__init__(limit)
        self._gone: set[Who] = set()

    @property
    def spent(self) -> float:
        return sum(one.ask.used for one in self.holders.values())

    def broke(self, ask: Ask) -> bool:
        """Whether the next request cannot be paid, and nothing is about to come back."""
        alive = [one for who, one in self.holders.items() if who not in self._gone]
        hope = sum(one.left + one.ask.open for one in alive)
        return ask.want > 0 and self.level + hope < ask.least

    def renew(self, who: Who, ask: Ask, turns: dict[Who, float]) -> float:
        self._gone.discard(who)
        return super().renew(who, ask, turns)

    def forget(self, who: Who) -> None:
        """What it has spent stays spent, and what it had may be, too."""
        self._gone.add(who)

    def _meet(self, who: Who, ask: Ask) -> _Holder:
        # To a book that was opened anew what was used before is news.
        holder = self.holders[who] = _Holder(ask.returned, ask)
        return holder

    def _settle(self, holder: _Holder) -> None:
        if holder.left < 0:
            self.level += holder.left
            holder.granted -= holder.left


@dataclass(slots=True)
class _Share:
    places: int = 0
    busy: int = 0
    demand: int = 0
    most: int = 0
    at_ease: int = 0

    @property
    def held(self) -> int:
        return max(self.places, self.busy)


@dataclass(slots=True)
class _Window:
    """The requests in flight at one endpoint."""

    size: float = 0.0
    slow_start: bool = True
    cuts: int = 0
    shares: dict[Who, _Share] = field(default_factory=dict)

    def renew(self, who: Who, report: Report, turns: dict[Who, float]) -> int:
        """Take a worker's report; the number of requests that it may have in flight."""
        if report.start is None:
            return report.most
        self.size = self.size or report.start
        mine = self.shares.setdefault(who, _Share(at_ease=report.at_ease))
        mine.busy, mine.demand, mine.most = report.busy, report.busy + report.waiting, report.most
        if report.refused_at == self.cuts:
            self.size, self.slow_start = max(1.0, self.size / 2), False
            self.cuts += 1
        answers, mine.at_ease = max(0, report.at_ease - mine.at_ease), report.at_ease
        # A round of answers doubles it at the start, and adds one later.
        grown = self.size + answers if self.slow_start else math.sqrt(self.size**2 + 2 * answers)
        self.size = min(grown, float(sum(one.most for one in self.shares.values())))
        mine.places = max(0, min(self._fair(who, mine, turns), mine.most))
        return mine.places

    def _fair(self, who: Who, mine: _Share, turns: dict[Who, float]) -> int:
        others = [(other, one) for other, one in self.shares.items() if other != who]
        hungry = [(other, one) for other, one in others if one.demand]
        places = int(self.size)
        room = places - sum(one.held for _, one in others)
        without = sum(not one.held for _, one in hungry)
        if not mine.demand:
            return min(1, room - without)  # so that its next request need not wait
        if places <= len(hungry):
            ahead = sum(turns[other] < turns[who] for other, _ in hungry)
            return min(1, room) if ahead < places else 0
        wanted = mine.demand + sum(one.demand for _, one in hungry)
        return max(min(math.ceil(places * mine.demand / wanted), room - without), min(1, room))
