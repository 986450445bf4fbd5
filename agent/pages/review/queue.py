"""The queue of the Review room: every card with its possible faults, judged in a background thread.

Judgements are stored beside the index, so that opening the same cards again does not judge them again. A card
is judged again if it, its paper, or the run it is compared with changes.

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

from ...card import Card
from ...errors import PapercardsError
from ...paper import Paper
from ...reading.baseline import Baseline, Chances
from ...reading.evidence import numbered_as
from ...reading.reading_copy import reading_copy
from ...review.edits import Key
from ...review.worries import Baseline as Second
from ...review.worries import Worry, worries
from ...sinks import read_cards
from ...taxonomy import Taxonomy
from ...text.spans import digest
from ..index.database import Index
from .queue_file import Queued, QueueFile

POLL_S = 0.5
_CHUNK = 50
_VERSION = "4"
"""Version of the worries; judgements of other versions are redone."""


class Queue:
    """Cards in the order in which they should be reviewed."""

    def __init__(self, index: Index, taxonomy: Taxonomy, against: Path | None = None) -> None:
        """Raises StorageError if its file is unusable, UsageError or BadInput if `against` has no cards."""
        self._index = index
        self._taxonomy = taxonomy
        self._against = against
        self._baseline = Baseline(taxonomy)
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._some = threading.Event()
        self.busy = True
        """Whether there are more cards to judge."""
        self.fault = ""
        """One line about what could not be read."""
        if against is not None:
            next(read_cards(against), None)
        self._file = QueueFile(index.path.with_name(f"{index.path.stem}.review.db"))

    def wake(self, wait_s: float = 0.0) -> None:
        """Start judging, unless already started, and wait briefly for the first cards."""
        self._wanted.set()
        self._some.wait(wait_s)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Judge in a background thread, once `wake` is called."""
        thread = threading.Thread(target=self._run, name="papercards-queue", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._wanted.set()
            thread.join(timeout=5)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    # What is in it

    def page(
        self, wanted: Callable[[Key], bool], kind: str = "", skip: int = 0, most: int = 25
    ) -> list[Queued]:
        """The wanted cards, the most worrying first; `kind` is one of `REASONS`, or empty for all."""
        found = (one for one in self._file.cards(kind) if wanted(one.key) and self.there(one.key))
        return list(islice(found, skip, skip + most))

    def next(self, name: str, wanted: Callable[[Key], bool], *, back: bool = False) -> str | None:
        """The id of the next wanted card in the queue after a card, or before it with `back`."""
        found = self._file.around(name, back=back)
        return next((one.key.card for one in found if wanted(one.key) and self.there(one.key)), None)

    def of(self, name: str) -> Queued | None:
        """The queue entry of the card with that id; None if it was not judged yet."""
        return self._file.of(name)

    def counts(self) -> dict[str, int]:
        """Number of cards with a worry of each kind."""
        return self._file.counts()

    def there(self, key: Key) -> bool:
        """Whether the index has exactly this version of the card."""
        line = self._index.line(key.card)
        return line is not None and _version(line) == key.version

    # How it is made

    def other(self, name: str) -> Card | None:
        """The card with that id in the other run."""
        line = self._file.other(name) if self._against is not None else None
        return Card.model_validate_json(line) if line else None

    def second(self, paper: Paper) -> Second:
        """The baseline's answer for a paper, with sentences numbered as in the paper."""
        copy = reading_copy(paper)
        scores = self._baseline.scores(copy.paper)
        draft = copy.renumbered(self._baseline.draft(scores))
        none = Chances(0.0, {})
        return Second(draft, replace(scores, sentences=copy.spread(scores.sentences, none)))

    def judge(self, card: Card) -> list[Worry]:
        """The worries about a card."""
        paper = self._index.paper(card.id)
        own = card.provenance.model.startswith("baseline")
        second = self.second(numbered_as(card, paper)) if paper is not None and not own else None
        return worries(card, paper, self._taxonomy, second, self.other(card.id))

    def judge_all(self) -> None:
        """Judge all cards that are available now, in the caller's thread."""
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
            self.fault = f"cannot build the queue: {error}"
        finally:
            self.busy = False
            self._some.set()

    def _judge_next(self, last: int) -> int:
        """Judge the next few cards after a row; returns the last row, or -1 if there are no more."""
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
        """A fingerprint of all inputs of the judgement of a card."""
        known = (repr(self._index.paper(name)), self._file.other(name) or "")
        return digest(_VERSION, line, self._baseline.version, self._taxonomy.version, *known)

    def _read_other(self) -> None:
        path = self._against
        status = path.stat() if path is not None and path.exists() else None
        identity = f"{path} {status.st_size} {status.st_mtime_ns}" if status else str(path)
        self._file.keep_other(identity, read_cards(path) if path is not None else ())


def _version(line: str) -> str:
    """The same as `review.edits.version_of`, from the card's JSON line."""
    return sha256(line.encode()).hexdigest()[:16]
