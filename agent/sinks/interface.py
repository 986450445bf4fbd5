"""What a sink is: a place for cards, one at a time, that is whole or not there.

A sink keeps no list of cards: memory does not grow with their number. It knows cards and papers,
and no other sink.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..card import Card
from ..paper import Paper
from .files import PartialFile


class Sink(Protocol):
    """An output that is open. Every method raises StorageError where the disk refuses."""

    @property
    def files(self) -> Sequence[PartialFile]:
        """What it writes."""

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add one card; `paper` is what it was made from, where that is known."""

    def close(self) -> None:
        """Finish: what was written gets its real name, or is refused as a whole."""

    def abandon(self) -> None:
        """Stop: what was written stays beside the real name, as `NAME.partial`."""


@runtime_checkable
class LineSink(Sink, Protocol):
    """A sink that wants a card's line and nothing else, so that no card need be parsed for it."""

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add cards as `Card.to_json` writes them, in UTF-8 and without line ends, all or none."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write cards down."""

    name: str
    """For messages: "JSONL"."""
    extensions: tuple[str, ...]
    """Lower case, with the dot."""
    open: Callable[[Path], Sink]
    """Raises StorageError if nothing can be written there."""
