"""Keeps the outcomes of a batch in the order of the source, and counts failures that are alike.

Knows outcomes as anything. Knows no readers.
"""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Alike:
    """Counts papers in a row that failed in the same way."""

    _ENOUGH = 5
    """Limit while no paper has succeeded yet."""
    _ENOUGH_MORE = 20
    """Limit once some papers have a card: then a run of odd papers is more likely than a changed endpoint."""

    def __init__(self) -> None:
        self._kind = ""
        self._count = 0
        self._succeeded = False

    def succeeded(self) -> None:
        """Record a paper that got a card."""
        self._kind, self._count = "", 0
        self._succeeded = True

    def failed(self, kind: str) -> int | None:
        """The number of papers in a row that failed in the same way, if it has reached the limit."""
        self._count = self._count + 1 if kind == self._kind else 1
        self._kind = kind
        if not kind or (kind == "too long" and self._succeeded):
            return None  # long papers may stand together; that none fits at all is another matter
        # The wrong answers of a weak model are no reason to stop before it had a fair chance.
        patient = self._succeeded or kind in ("wrong answer", "too long")
        return self._count if self._count >= (self._ENOUGH_MORE if patient else self._ENOUGH) else None


class Window(Generic[T]):
    """A window of outcomes in order, some still pending."""

    def __init__(self, most: int) -> None:
        """At most `most` outcomes wait, plus a chunk of known ones."""
        self._most = most
        self._waiting: deque[T | asyncio.Future[T]] = deque()
        self._over = False
        self._changed = asyncio.Event()
        self._roomy = asyncio.Event()

    def put(self, outcome: "T | asyncio.Future[T]") -> None:
        """Add the next outcome."""
        self._waiting.append(outcome)
        self._changed.set()

    def end(self) -> None:
        """Mark the end of the outcomes."""
        self._over = True
        self._changed.set()

    async def room(self) -> None:
        """Wait until fewer than `most` outcomes wait."""
        while len(self._waiting) >= self._most:
            self._roomy.clear()
            await self._roomy.wait()

    async def take(self) -> list[T]:
        """The next outcome once available, with all available ones after it; empty at the end."""
        waiting = self._waiting
        while not waiting:
            if self._over:
                return []
            self._changed.clear()
            await self._changed.wait()
        first = waiting.popleft()
        outcomes = [await first if isinstance(first, asyncio.Future) else first]
        while waiting:
            outcome = waiting[0]
            if isinstance(outcome, asyncio.Future):
                if not outcome.done() or outcome.exception() is not None:
                    break
                outcome = outcome.result()
            outcomes.append(outcome)
            waiting.popleft()
        self._roomy.set()
        return outcomes
