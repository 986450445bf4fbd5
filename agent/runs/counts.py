"""The counts of a run so far: papers and their cost."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..spent import Spent
from ..text.wording import counted
from .batch import Done, Duplicate, Failed, Outcome, Repeated, Untouched

FIGURES = ("done", "cached", "failed", "without_abstract", "duplicates")


class Counts:
    """Counts the outcomes of a run."""

    def __init__(self) -> None:
        self.done = self.cached = self.failed = self.duplicates = self.without_abstract = 0
        self.same = 0
        """Cards, of those done, that repeat the card of the same paper."""
        self.filled: Counter[str] = Counter()
        """Cards whose abstract was looked up, by the service that had it."""
        self.spent = Spent()
        """Calls, tokens and cost of all papers so far, failed ones included."""
        self._begin = time.monotonic()
        self._end: float | None = None
        self._asked = 0
        """Number of papers that were not cached, and when the last of them was finished."""
        self._last = 0.0
        self._start: tuple[float, int, float] | None = None
        """Until when papers count as the first ones, and their number and last time: they had to wait for the
        model to start, and came together.
        """
        self._gap = 0.0
        """The longest time between two papers since."""

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count the outcomes."""
        before = self.done - self.cached + self.failed
        for outcome in outcomes:
            match outcome:
                case Done(paper=paper, reading=reading):
                    self.done += 1
                    if paper.told is not None and (source := paper.publication.abstract_source):
                        self.filled[source.partition(": ")[0]] += 1
                    self.cached += reading.cached
                    self.same += isinstance(reading, Repeated)
                    self.spent += reading.spent
                case Failed(without_abstract=True):
                    self.without_abstract += 1
                case Failed(spent=spent):
                    self.failed += 1
                    self.spent += spent
                case Untouched(spent=spent):
                    self.spent += spent
                case Duplicate():
                    self.duplicates += 1

        if fresh := self.done - self.cached + self.failed - before:
            self._finished(time.monotonic(), fresh)

    @property
    def looked_up(self) -> str:
        """What was found of missing abstracts: `41 abstracts filled: 30 OpenAlex, 11 arXiv; 19 not found`."""
        found = ", ".join(f"{number:,} {service}" for service, number in self.filled.most_common())
        line = counted(self.filled.total(), "abstract") + " filled" + (f": {found}" if found else "")
        return f"{line}; {self.without_abstract:,} not found"

    def figures(self) -> dict[str, Any]:
        """The counts by name, as JSON has them."""
        return {name: getattr(self, name) for name in FIGURES} | {"spent": asdict(self.spent)}

    def set(self, figures: Mapping[str, Any]) -> None:
        """Take counts that were made elsewhere, in place of these."""
        for name in FIGURES:
            setattr(self, name, figures[name])
        self.spent = Spent(**figures["spent"])
        if (fresh := self.done - self.cached + self.failed - self._asked) > 0:
            self._finished(time.monotonic(), fresh)

    def stop(self) -> None:
        """Stop the clock: the last card is on disk."""
        self._end = self._end or time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the run began, until `stop`."""
        return (self._end or time.monotonic()) - self._begin

    def _finished(self, now: float, fresh: int) -> None:
        self._asked += fresh
        if self._start is None or now <= self._start[0]:
            until = now + (now - self._begin) / 10 if self._start is None else self._start[0]
            self._start = until, self._asked, now
        else:
            self._gap = max(self._gap, now - self._last)
        self._last = now

    @property
    def rate(self) -> float | None:
        """Papers a second, without cached ones and the time until the first; None if not known yet.

        It stays the same between two papers, unless that takes longer than ever before.
        """
        if self._start is None or self._asked == self._start[1]:
            return None
        _, first, begin = self._start
        now = max(self._last, (self._end or time.monotonic()) - self._gap)
        return (self._asked - first) / max(1e-3, now - begin)

    def left_s(self, total: int) -> float | None:
        """Seconds until all of so many papers are finished; None if not known yet."""
        rate = self.rate
        return (
            None if rate is None else max(0.0, (total - self.settled) / rate - time.monotonic() + self._last)
        )

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens, as far as the endpoint reported them."""
        return self.spent.prompt_tokens + self.spent.completion_tokens

    @property
    def settled(self) -> int:
        """Number of papers with an outcome."""
        return self.done + self.failed + self.duplicates + self.without_abstract

    @property
    def wanting(self) -> bool:
        """Whether the run did not do what it should: papers failed, or none at all had an abstract."""
        return self.failed > 0 or (self.without_abstract > 0 and not self.done + self.duplicates)


def summed(figures: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of figures that were made in several places."""
    every = list(figures)
    spent = sum((Spent(**one["spent"]) for one in every), Spent())
    return {name: sum(one[name] for one in every) for name in FIGURES} | {"spent": asdict(spent)}
