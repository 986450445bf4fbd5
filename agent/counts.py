"""What a run did so far: papers and what they cost."""

import time
from collections.abc import Iterable

from .batch import Done, Duplicate, Failed, Outcome, Untouched
from .spent import Spent


class Counts:
    """Counts the outcomes of a run."""

    def __init__(self) -> None:
        self.done = self.cached = self.failed = self.duplicates = 0
        self.spent = Spent()
        """By all papers so far, also by those that failed."""
        self._begin = time.monotonic()
        self._end: float | None = None

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count what came."""
        for outcome in outcomes:
            match outcome:
                case Done(reading=reading):
                    self.done += 1
                    self.cached += reading.cached
                    self.spent += reading.spent
                case Failed(spent=spent):
                    self.failed += 1
                    self.spent += spent
                case Untouched(spent=spent):
                    self.spent += spent
                case Duplicate():
                    self.duplicates += 1

    def stop(self) -> None:
        """Note that the last card is on disk."""
        self._end = self._end or time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the run began, until `stop`."""
        return (self._end or time.monotonic()) - self._begin

    @property
    def tokens(self) -> int:
        """Tokens of prompts and completions, as far as the endpoint reported them."""
        return self.spent.prompt_tokens + self.spent.completion_tokens
