"""The files of a watch: an append-only ledger of cards, and a small state file beside it.

The ledger, a JSONL file, decides: a paper is finished if and only if its card is a complete line there. So
however a watch ends, the next round neither loses a paper nor writes one twice. The state only saves work: it
holds the time of the last round, the papers that keep failing, how far back each source was read, and how
much of the ledger the other outputs contain.

Knows cards as lines and files. Knows no sources and no models.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from ..card import Card, parse_card
from ..errors import UsageError
from ..id_set import IdSet
from ..paper import Paper, identity
from ..publication import publication_of
from ..sinks.files import RecordFile, write_file
from ..sinks.interface import SinkFile
from ..sources.local_ids import LocalIds
from .batch import Finished, NothingFinished, Repeated
from .same_paper import SamePapers

GIVEN_UP = 3
"""Number of rounds in which a paper may fail before it is no longer tried."""


class Ledger:
    """The cards of all rounds; open for one round, and for one process at a time."""

    files: Sequence[SinkFile] = ()

    def __init__(self, path: Path) -> None:
        """Raises StorageError if it cannot be written or is in use, UsageError if it is not a ledger."""
        self._file = RecordFile(path, keep=True)
        self.ids = IdSet()
        """`identity` of the cards that were in the file when it was opened."""
        self.local_ids = LocalIds()
        """Local ids used by those cards."""
        self._same = SamePapers()
        self._begins = array("Q")
        """Offset of the card of each of these papers."""
        try:
            self._read(path)
        except BaseException:
            self._file.release()
            raise

    @property
    def size(self) -> int:
        """Size of its cards in bytes."""
        return self._file.size

    def _read(self, path: Path) -> None:
        at = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                whole = line.endswith(b"\n")
                card = _card(line) if line.strip() else {}
                if card is None and whole:
                    raise UsageError(
                        "is not a card, so nothing was added to this file",
                        where=f"{path}:{number}",
                        next_step="Fix or remove the line, or choose another output",
                    )
                if card is None:
                    # A write that was cut off: the card comes again.
                    self._file.cut(at)
                elif not whole:
                    self._file.append(b"\n")
                if card:
                    self.ids.add(identity(card["id"], card["title"]))
                    self.local_ids.take(card["id"])
                    told = partial(publication_of, card.get("publication"))
                    if self._same.add(Paper(card["id"], card["title"], "", told=told))[0] is None:
                        self._begins.append(at)
                at += len(line)

    def same(self, paper: Paper) -> Card | None:
        """The card of another record of a paper, from an earlier round."""
        number = self._same.find(paper)
        if number is None:
            return None
        with self._file.path.open("rb") as lines:
            lines.seek(self._begins[number])
            return parse_card(lines.readline(), str(self._file.path))

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a card."""
        self.write_lines([card.to_json().encode()])

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add cards, all or none."""
        if lines:
            self._file.append(b"\n".join(lines) + b"\n")

    def close(self) -> None:
        """Flush the file to disk and close it."""
        self._file.finish()

    def abandon(self) -> None:
        """Close the file; what was written stays."""
        self._file.release()


@contextmanager
def ledger(path: Path) -> Iterator[Ledger]:
    """A ledger for one round. Raises what `Ledger` raises."""
    opened = Ledger(path)
    try:
        yield opened
        opened.close()
    finally:
        opened.abandon()


class KnownPapers:
    """Finished cards of a round: those of other records of a paper in the ledger, then those in the cache."""

    def __init__(self, cards: Ledger, finished: Finished | None) -> None:
        self._cards = cards
        self._finished = finished or NothingFinished()
        self.keys, self.line, self.keep = self._finished.keys, self._finished.line, self._finished.keep

    def recall(self, papers: Sequence[Paper], keys: Sequence[bytes]) -> list[bytes | None]:
        """For each paper the line of its card, or None."""
        others = [self._cards.same(paper) for paper in papers]
        return [
            line if other is None else Repeated(other.own_json().encode(), paper).own_line
            for paper, other, line in zip(papers, others, self._finished.recall(papers, keys), strict=True)
        ]


def _card(line: bytes) -> dict[str, Any] | None:
    """The card on a line, as far as it is looked at; None if it is not a card."""
    try:
        card = json.loads(line)
        name, title = card["id"], card["title"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return card if isinstance(name, str) and name and isinstance(title, str) else None


class Failing(BaseModel):
    """A paper, or a record, without a card."""

    reason: str
    rounds: int
    """Number of failed rounds in a row."""


class State(BaseModel):
    """The state of a watch, stored beside its ledger."""

    version: Literal[1] = 1
    sources: tuple[str, ...] = ()
    last_round: float | None = None
    """Start of the last complete round, in Unix time."""
    failing: dict[str, Failing] = {}
    """Failures of the last round, by id, or by position for a record that is not a paper."""
    shown: dict[str, int] = {}
    """Bytes of the ledger that each other output contains."""
    places: dict[str, tuple[str, ...]] = {}
    """For each source the ids at its top when it was last read to the known papers (see `walk`); none while a
    watch with a limit has not got so far yet."""

    def given_up(self, name: str) -> bool:
        """Whether a paper has failed too often to be tried again."""
        return name in self.failing and self.failing[name].rounds >= GIVEN_UP

    def known(self, where: str, reason: str) -> bool:
        """Whether a record was already reported as bad in the last round."""
        return where in self.failing and self.failing[where].reason == reason

    def save(self, path: Path) -> None:
        """Write the state atomically. Raises StorageError if it cannot be written."""
        write_file(path, [self.model_dump_json(indent=1).encode() + b"\n"], derived=True)


def state_path(path: Path) -> Path:
    """Path of the state of a ledger: `cards.watch.json` for `cards.jsonl`."""
    return path.with_name(f"{path.stem}.watch.json")


def load(path: Path, sources: tuple[str, ...]) -> State:
    """The state of a watch on these sources; a new one if there is none or it cannot be read."""
    try:
        state = State.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return State(sources=sources)
    if state.sources == sources:
        return state
    return State(sources=sources, shown=state.shown, places=state.places)
