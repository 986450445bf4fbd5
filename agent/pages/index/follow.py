"""Loads a card file into the index, and follows it while another process writes it.

It reads `cards.jsonl` and the `cards.jsonl.partial` of a running job, complete lines only; a card in the
partial file replaces the older one. When the run ends and the partial file is renamed, only its cards stay.
If a file is truncated or replaced, it is read again from the start.

Knows files of cards and the index. Knows no pages.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from ...card import Card, parse_card
from ...errors import BadInput, PapercardsError, UsageError
from ...paper import Paper
from ...sinks import destination, read_cards
from .database import Index
from .growing_file import Place, Tail

POLL_S = 0.5
"""Seconds between two checks of the files."""

_CHUNK = 500
_NAME, _PARTIAL = 0, 1
_READ = "read"


class Follower:
    """Keeps an index in step with a card file, in a thread of its own between `start` and `stop`."""

    def __init__(self, spec: Path, index: Index, papers: Iterable[Paper] = (), identity: str = "") -> None:
        """Raises UsageError or BadInput if there is no card file.

        `papers` provide the abstracts and are read in the thread. `identity` is a fingerprint of their
        source: if it changed, the index is rebuilt.
        """
        kind, self._path = destination(spec)
        self._spec = spec
        self._index = index
        self._papers = papers
        self._identity = identity
        self._lines = kind.name == "jsonl"
        self._name = Tail(self._path)
        self._partial = Tail(self._path.with_name(self._path.name + ".partial"))
        self._stamp = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="papercards-follower", daemon=True)
        self.fault = ""
        """One line about what could not be read; everything else was."""
        self.busy = True
        """Whether there is more to read."""
        self._check()

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait briefly for the thread."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)  # a source may be waiting for the network

    def read_all(self) -> None:
        """Read everything that is available now, in the caller's thread."""
        for _ in self._prepare():
            pass
        while self._step():
            pass
        self.busy = False

    def _check(self) -> None:
        """Check that there are cards, before announcing that they are served."""
        if not self._lines:
            next(read_cards(self._spec), None)
            return
        tails = [tail for tail in (self._name, self._partial) if tail.inode()]
        if not tails:
            raise UsageError("no such file", where=str(self._path))
        for tail in tails:
            with tail.path.open("rb") as lines:
                first = next((line for line in lines if line.strip()), b"")
            if first.endswith(b"\n") or (first and tail is self._name):
                parse_card(first, f"{tail.path}:1")

    def _run(self) -> None:
        try:
            for _ in self._prepare():
                if self._stop.is_set():
                    return
            while not self._stop.is_set():
                if not self._step():
                    self.busy = False
                    self._stop.wait(POLL_S)
        except (PapercardsError, OSError) as error:
            self.fault = str(error)
        finally:
            self.busy = False

    def _prepare(self) -> Iterator[None]:
        """Read abstracts first, since a card is indexed together with its paper."""
        index = self._index
        if index.note("identity") == self._identity:
            self._remember(index.note(_READ))
            return
        index.clear(papers=True)
        papers = iter(self._papers)
        try:
            while chunk := list(islice(papers, _CHUNK)):
                index.add_papers(chunk)
                yield
        except PapercardsError as error:
            self.fault = str(error)  # the cards can be shown without
            return
        index.note("identity", self._identity)

    def _step(self) -> bool:
        """Load what is new; returns whether there was anything."""
        if not self._lines:
            return self._read_again()
        name, partial = self._name, self._partial
        if partial.place.inode and name.inode() == partial.place.inode and not partial.inode():
            name.place, partial.place = partial.place, Place()
            if name.grew_only():
                self._index.adopt(_PARTIAL, _NAME, self._note())
        if not (name.grew_only() and partial.grew_only()):
            name.place, partial.place = Place(), Place()
            self._clear()
        # Both in one pass: what is renamed between the two looks is seen at the next.
        return any([self._read(name, _NAME), self._read(partial, _PARTIAL)])

    def _read(self, tail: Tail, origin: int) -> bool:
        some = False
        for lines in tail.read():
            some = True
            self._index.add(self._cards(lines, tail.path), origin, self._note())
            if self._stop.is_set():
                return False
            time.sleep(0)  # let a reader have its turn
        if origin == _NAME and (last := tail.unfinished()).strip():
            with suppress(BadInput):  # a whole file may lack its last line end; then again, it may be growing
                self._index.add([parse_card(last, str(tail.path))], origin)
                tail.skip(last)
                self._index.note(*self._note())
        return some

    def _cards(self, lines: Iterable[tuple[int, bytes]], path: Path) -> Iterator[Card]:
        for number, line in lines:
            if not line.strip():
                continue
            try:
                card = parse_card(line, f"{path}:{number}")
                if card.same_as != card.id:  # else it is a further entry of a paper that has its card
                    yield card
            except BadInput as error:
                self.fault = str(error)

    def _read_again(self) -> bool:
        """Reload the file, for formats that cannot be read incrementally."""
        try:
            status = self._path.stat()
        except OSError:
            return False
        stamp = f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
        if stamp == self._stamp:
            return False
        self._clear()
        cards = read_cards(self._spec)
        while chunk := list(islice(cards, _CHUNK)):
            self._index.add((card for card in chunk if card.same_as != card.id), _NAME)
        self._stamp = stamp
        self._index.note(_READ, json.dumps({"stamp": stamp}))
        return True

    def _clear(self) -> None:
        self._index.clear()
        self._index.note("identity", self._identity)
        self.fault = ""

    def _note(self) -> tuple[str, str]:
        return _READ, json.dumps({"name": self._name.saved(), "partial": self._partial.saved()})

    def _remember(self, note: str | None) -> None:
        kept = json.loads(note) if note else {}
        self._stamp = kept.get("stamp", "")
        self._name.place = Place(**kept.get("name", {}))
        self._partial.place = Place(**kept.get("partial", {}))
