"""What a watch keeps: a ledger of cards that only grows, and a small state beside it.

The ledger, a JSONL file, is the truth: a paper has been dealt with if its card is a whole line there, and in
no other case. So whatever ends a watch, and whenever, the next round neither loses a paper nor writes one
twice. The state only spares work: when the last round was, which papers fail again and again, and how much
of the ledger the other outputs show.

Knows cards as lines and files. Knows no sources and no models.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from .card import Card
from .errors import UsageError
from .paper import Paper, identity
from .seen import Seen
from .sinks.files import PartialFile, RecordFile
from .sinks.interface import SinkFile
from .sources.local_ids import LocalIds

GIVEN_UP = 3
"""Rounds in which a paper may fail before it is left alone."""


class Ledger:
    """Cards of earlier rounds and of this one; open for one round, and for one process at a time."""

    files: Sequence[SinkFile] = ()

    def __init__(self, path: Path) -> None:
        """Raises StorageError where it cannot be written or another run does, UsageError where it is none."""
        self._file = RecordFile(path, keep=True)
        self.ids = Seen()
        """What `identity` gives of the cards that were there when it was opened."""
        self.local_ids = LocalIds()
        """Taken by those cards."""
        try:
            self._read(path)
        except BaseException:
            self._file.release()
            raise

    @property
    def size(self) -> int:
        """Bytes of its cards."""
        return self._file.size

    def _read(self, path: Path) -> None:
        at = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                whole = line.endswith(b"\n")
                name = _id(line) if line.strip() else ()
                if name is None and whole:
                    raise UsageError(
                        "is no card, so nothing is added to this file",
                        where=f"{path}:{number}",
                        next_step="Mend or remove the line, or name another output",
                    )
                if name is None:
                    # A write that was cut off: the card comes again.
                    self._file.cut(at)
                elif not whole:
                    self._file.append(b"\n")
                if name:
                    self.ids.add(identity(*name))
                    self.local_ids.take(name[0])
                at += len(line)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a card."""
        self.write_lines([card.to_json().encode()])

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add cards, all or none."""
        if lines:
            self._file.append(b"\n".join(lines) + b"\n")

    def close(self) -> None:
        """See it safely on the disk and let go of it."""
        self._file.finish()

    def abandon(self) -> None:
        """Let go of it: what was written stays."""
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


def _id(line: bytes) -> tuple[str, str] | None:
    """Id and title of the card on a line; None: it is no card."""
    try:
        card = json.loads(line)
        name, title = card["id"], card["title"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return (name, title) if isinstance(name, str) and name and isinstance(title, str) else None


class Failing(BaseModel):
    """A paper, or a record, without a card."""

    reason: str
    rounds: int
    """In a row."""


class State(BaseModel):
    """What one watch remembers beside its ledger."""

    version: Literal[1] = 1
    sources: tuple[str, ...] = ()
    last_round: float | None = None
    """When the last whole round began, Unix time."""
    failing: dict[str, Failing] = {}
    """By id, or by place for a record that is no paper; those of the last round alone."""
    shown: dict[str, int] = {}
    """Bytes of the ledger that each other output shows."""

    def given_up(self, name: str) -> bool:
        """Whether a paper failed too often to be tried again."""
        return name in self.failing and self.failing[name].rounds >= GIVEN_UP

    def known(self, where: str, reason: str) -> bool:
        """Whether a record was bad in the last round already, and was said to be."""
        return where in self.failing and self.failing[where].reason == reason

    def save(self, path: Path) -> None:
        """Write it whole. Raises StorageError where the disk refuses."""
        file = PartialFile(path, derived=True)
        try:
            file.commit(self.model_dump_json(indent=1).encode() + b"\n")
        finally:
            file.abandon()


def state_path(path: Path) -> Path:
    """Where the state of a ledger is: `cards.watch.json` for `cards.jsonl`."""
    return path.with_name(f"{path.stem}.watch.json")


def load(path: Path, sources: tuple[str, ...]) -> State:
    """The state of a watch on these sources; a new one where there is none, or none that can be read."""
    try:
        state = State.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return State(sources=sources)
    return state if state.sources == sources else State(sources=sources, shown=state.shown)
