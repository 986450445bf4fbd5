"""The counts of a run so far: papers and their cost."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ..spent import Spent
from ..text.wording import counted
from .batch import Done, Duplicate, Failed, Outcome, Repeated, Untouched

_FIGURES = ("done", "cached", "failed", "without_abstract", "duplicates", "spent")


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
        """Number of papers that were not cached, and when the first of them was finished."""
        self._first: float | None = None

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

        self._note_fresh(self.done - self.cached + self.failed - before)

    def _note_fresh(self, fresh: int) -> None:
        if fresh > 0:
            self._asked += fresh
            self._first = self._first or time.monotonic()

    @property
    def looked_up(self) -> str:
        """What was found of missing abstracts: `41 abstracts filled: 30 OpenAlex, 11 arXiv; 19 not found`."""
        found = ", ".join(f"{number:,} {service}" for service, number in self.filled.most_common())
        line = counted(self.filled.total(), "abstract") + " filled" + (f": {found}" if found else "")
        return f"{line}; {self.without_abstract:,} not found"

    def figures(self) -> dict[str, Any]:
        """The counts by name."""
        return {name: getattr(self, name) for name in _FIGURES}

    def set(self, figures: Mapping[str, Any]) -> None:
        """Take counts that were made elsewhere, in place of these."""
        for name in _FIGURES:
            setattr(self, name, figures[name])
        self._note_fresh(self.done - self.cached + self.failed - self._asked)

    def stop(self) -> None:
        """Stop the clock: the last card is on disk."""
        self._end = self._end or time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the run began, until `stop`."""
        return (self._end or time.monotonic()) - self._begin

    @property
    def rate(self) -> float | None:
        """Papers a second, without cached ones and the time until the first; None if not known yet."""
        if self._first is None or self._asked < 2:
            return None
        return (self._asked - 1) / max(1e-3, (self._end or time.monotonic()) - self._first)

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
