"""The queue of the Review room: every card with what is worrying in it, judged in a thread beside the pages.

What was judged is kept beside the index, so that a second look at the same cards judges nothing again. A
card is judged anew when it changes, or its paper, or the run that it is compared with.

Knows the index and worries. Knows no review file and no pages.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path

from ..baseline import Baseline, Chances
from ..card import Card
from ..errors import PapercardsError
from ..evidence import numbered_as
from ..paper import Paper
from ..reading_copy import reading_copy
from ..review.edits import Key
from ..review.worries import Baseline as Second
from ..review.worries import Worry, worries
from ..sinks import read_cards
from ..taxonomy import Taxonomy
from ..text import digest
from .index import Index
from .queue_file import Queued, QueueFile

POLL_S = 0.5
_CHUNK = 50
_VERSION = "3"
"""Of the worries; what another version judged is judged again."""


class Queue:
    """Cards in the order in which a person should look at them."""

    def __init__(self, index: Index, taxonomy: Taxonomy, against: Path | None = None) -> None:
        """Raises StorageError where its file cannot be used, UsageError or BadInput for no cards there."""
        self._index = index
        self._taxonomy = taxonomy
        self._against = against
        self._baseline = Baseline(taxonomy)
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._some = threading.Event()
        self.busy = True
        """Whether there is more to be judged."""
        self.fault = ""
        """What could not be read, in one line."""
        if against is not None:
            next(read_cards(against), None)
        self._file = QueueFile(index.path.with_name(f"{index.path.stem}.review.db"))

    def wake(self, wait_s: float = 0.0) -> None:
        """Begin to judge, if nobody has asked before, and wait a little for the first cards."""
        self._wanted.set()
        self._some.wait(wait_s)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Once it is woken, judge in a thread of its own meanwhile."""
        thread = threading.Thread(target=self._run, name="papercards-queue", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._wanted.set()
            thread.join(timeout=5)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    # What is in it

    def page(
        self, wanted: Callable[[Key], bool], kind: str = "", skip: int = 0, most: int = 25
    ) -> list[Queued]:
        """The cards that are wanted, the most worrying first; `kind` is one of `REASONS`, or empty."""
        found = (one for one in self._file.cards(kind) if wanted(one.key) and self.there(one.key))
        return list(islice(found, skip, skip + most))

    def next(self, name: str, wanted: Callable[[Key], bool], *, back: bool = False) -> str | None:
        """The id of the next wanted card in the queue after one, or of the one before it."""
        found = self._file.around(name, back=back)
        return next((one.key.card for one in found if wanted(one.key) and self.there(one.key)), None)

    def of(self, name: str) -> Queued | None:
        """What is worrying in the card of that id, as far as it was judged."""
        return self._file.of(name)

    def counts(self) -> dict[str, int]:
        """How many cards have a worry of each kind."""
        return self._file.counts()

    def there(self, key: Key) -> bool:
        """Whether the index has that very card."""
        line = self._index.line(key.card)
        return line is not None and _version(line) == key.version

    # How it is made

    def other(self, name: str) -> Card | None:
        """The card of that id in the other run."""
        line = self._file.other(name) if self._against is not None else None
        return Card.model_validate_json(line) if line else None

    def second(self, paper: Paper) -> Second:
        """What the baseline says of a paper, by the paper's numbers of sentences."""
        copy = reading_copy(paper)
        scores = self._baseline.scores(copy.paper)
        draft = copy.renumbered(self._baseline.draft(scores))
        none = Chances(0.0, {})
        return Second(draft, replace(scores, sentences=copy.spread(scores.sentences, none)))

    def judge(self, card: Card) -> list[Worry]:
        """What is worrying in a card."""
        paper = self._index.paper(card.id)
        own = card.provenance.model.startswith("baseline")
        second = self.second(numbered_as(card, paper)) if paper is not None and not own else None
        return worries(card, paper, self._taxonomy, second, self.other(card.id))

    def judge_all(self) -> None:
        """Judge all that is there now, in the caller's thread."""
        self._read_other()
        last = -1
        while (last := self._judge_next(last)) >= 0:
            pass
        self.busy = False

    def _run(self) -> None:
        index = self._index
        # Who only browses should not wait behind it.
        self._wanted.wait()
        era, last, seen = index.era, -1, -1
        try:
            self._read_other()
            while not self._stop.is_set():
                changes = index.changes
                if index.era != era:
                    era, last = index.era, -1
                elif changes == seen:
                    self.busy = False
                    self._some.set()
                    self._stop.wait(POLL_S)
                    continue
                reached = self._judge_next(last)
                if reached >= 0:
                    last = reached
                else:
                    seen = changes
        except (PapercardsError, sqlite3.Error, OSError) as error:
            self.fault = f"the queue could not be made: {error}"
        finally:
            self.busy = False
            self._some.set()

    def _judge_next(self, last: int) -> int:
        """Judge the next few after a row; gives the last row, or -1 where there are no more."""
        rows = self._index.after(last, _CHUNK)
        found = []
        for row, line in rows:
            self.busy = True
            last = row
            card = Card.model_validate_json(line)
            judged = self._judged_of(card.id, line)
            if self._file.judged(card.id) == judged:
                continue
            found.append((Queued(Key(card.id, _version(line)), card.title, self.judge(card)), judged))
            if self._stop.is_set():
                break
            time.sleep(0.002)  # let a reader have its turn
        if found:
            self._file.put(found)
            self._some.set()
        return last if rows and not self._stop.is_set() else -1

    def _judged_of(self, name: str, line: str) -> str:
        """A word that changes with all that a card is judged of."""
        known = (repr(self._index.paper(name)), self._file.other(name) or "")
        return digest(_VERSION, line, self._baseline.version, self._taxonomy.version, *known)

    def _read_other(self) -> None:
        path = self._against
        status = path.stat() if path is not None and path.exists() else None
        identity = f"{path} {status.st_size} {status.st_mtime_ns}" if status else str(path)
        self._file.keep_other(identity, read_cards(path) if path is not None else ())


def _version(line: str) -> str:
    """As `review.edits.version_of`, of the card's line."""
    return sha256(line.encode()).hexdigest()[:16]
