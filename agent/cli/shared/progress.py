"""Shows how far a run is: a bar on a terminal, else a plain line now and then."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...text.wording import counted
from . import terminal
from .terminal import QUIET_S, Loudness, duration, money

if TYPE_CHECKING:
    from ...runs.counts import Counts

TITLE = 40
"""Maximum characters of the title that is shown."""


class Progress:
    """The progress of a run. `show` when something has happened, and at least every second."""

    def __init__(
        self, counts: "Counts", total: int | None, *, free: bool, at: Callable[[], str] = str
    ) -> None:
        """`total` is None if unknown; `free` leaves out tokens and cost; `at` is the title in work."""
        self.counts = counts
        self.total = total
        self.at = at
        self.cluster = ""
        """What the workers of a cluster do now."""
        self._free = free
        self._shown = time.monotonic()
        self._live = sys.stderr.isatty() and terminal.loudness is not Loudness.QUIET
        self._bar: Any = None
        self._task: Any = None

    @property
    def cost(self) -> str:
        """The cost as text: the known cost, and the number of requests of unknown cost."""
        known, unpriced = self.counts.spent.known_usd, self.counts.spent.unpriced
        if not unpriced or not known:
            return money(self.counts.spent.cost_usd)
        return f"{money(known)} and {counted(unpriced, 'request')} of unknown cost"

    def show(self, *, last: bool = False) -> None:
        """Update the bar, at most ten times a second; `last` removes it."""
        if last:
            self._remove()
            return
        now = time.monotonic()
        # A file that a long run is logged to gets fewer and fewer lines.
        if now - self._shown < (0.1 if self._live else max(QUIET_S, self.counts.seconds / 20)):
            return
        self._shown = now
        if not self._live:
            terminal.note(self.line())
            return
        if self._bar is None:
            self._draw()
        self._bar.update(self._task, completed=self.counts.settled, line=self.line(), at=self.title())

    def _draw(self) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        # The title takes what is left of the line.
        rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        texts = (TextColumn("{task.fields[line]}"), TextColumn("{task.fields[at]}", table_column=rest))
        console = Console(stderr=True)
        self._bar = Progress(
            BarColumn(bar_width=20),
            *texts,
            console=console,
            transient=True,
            refresh_per_second=2,
            expand=True,
        )
        self._task = self._bar.add_task("", total=self.total, line="", at="")
        self._bar.start()
        terminal.above.append(lambda text: console.print(escape(text), highlight=False, soft_wrap=True))

    def _remove(self) -> None:
        if self._bar is not None:
            terminal.above.pop()
            self._bar.stop()
            self._bar = None

    def title(self) -> str:
        """What is waited for, if a note has said so, or the title in work, for rich."""
        from rich.markup import escape

        title = terminal.clean(" ".join((terminal.waiting or self.at()).split()))
        return escape(title if len(title) <= TITLE else f"{title[: TITLE - 1]}…")

    def line(self) -> str:
        """Papers, rate, failures, cost, time since the beginning and time left."""
        counts, finished = self.counts, self.counts.settled
        parts = [f"{finished:,}/{self.total:,}" if self.total else counted(finished, "paper")]
        rate = counts.rate
        if rate is not None:
            parts.append(f"{rate:,.1f} papers/s" if rate >= 1 else f"{1 / rate:.1f} s a paper")
        if counts.cached > 0:
            parts.append(f"{counts.cached:,} cached")
        if counts.failed:
            parts.append(f"{counts.failed:,} failed")
        if not self._free and counts.spent.calls:
            parts += [counted(counts.tokens, "token"), self.cost]
        if self.cluster:
            parts.append(self.cluster)
        parts.append(duration(counts.seconds))
        if self.total and (left_s := counts.left_s(self.total)) is not None:
            parts.append(f"{duration(left_s)} left")
            if cost_usd := counts.spent.cost_usd:
                parts.append(
                    f"about {money(cost_usd * self.total / max(1, finished - counts.cached))} in total"
                )
        return " · ".join(parts)

    def summary(self, outputs: Sequence[str]) -> str:
        """One line about what the run did."""
        fresh = self.counts.done - self.counts.cached
        made = counted(self.counts.done, "card")
        parts = [made if self._free else f"{made} ({fresh} new, {self.counts.cached} cached)"]
        if same := self.counts.same:
            parts.append(f"{same:,} of them the same as another")
        parts.append(f"{self.counts.failed} failed")
        if self.counts.without_abstract:
            parts.append(f"{self.counts.without_abstract:,} without an abstract")
        if self.counts.duplicates:
            parts.append(f"{counted(self.counts.duplicates, 'duplicate')} skipped")
        if not self._free:
            parts += [
                counted(self.counts.spent.calls, "call"),
                counted(self.counts.tokens, "token"),
                self.cost,
            ]
        parts.append(duration(self.counts.seconds))
        where = f" → {', '.join(outputs)}" if outputs else ""
        return ", ".join(parts) + where
