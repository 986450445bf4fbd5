"""What a sink is: a place for cards, one at a time, that is whole or not there.

A sink keeps no list of cards: memory does not grow with their number. It knows cards and papers,
and no other sink.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..card import Card
from ..paper import Paper
from ..redact import without_secrets


class SinkFile(Protocol):
    """A file that a sink writes, for the record of the run."""

    @property
    def path(self) -> Path:
        """The name it has once it is whole."""

    @property
    def whole(self) -> bool:
        """Whether it has its name."""

    @property
    def size(self) -> int:
        """Bytes so far."""

    @property
    def sha256(self) -> str:
        """Of the bytes so far, in hex."""


class Sink(Protocol):
    """An output that is open. Every method raises StorageError where the disk refuses."""

    @property
    def files(self) -> Sequence[SinkFile]:
        """What it writes; a folder that holds more than cards has none."""

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


@runtime_checkable
class RemarkingSink(Sink, Protocol):
    """A sink that may have something to say to the person at its end."""

    @property
    def remarks(self) -> Sequence[str]:
        """A line each; bounded, whatever was written."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where cards go."""

    path: Path
    """A file or a folder; the folders above it are there."""
    sources: tuple[str, ...] = ()
    """Where the papers come from, as the user named it: some formats give a source back with tags in it."""

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources as they may be published: no folders of the user's, no keys in addresses."""
        return tuple(map(_publishable, self.sources))


_NAMED = re.compile(r"([a-z][a-z-]+:)?(.*)", re.DOTALL)


def _publishable(source: str) -> str:
    if "://" in source:
        return without_secrets(source)
    match = _NAMED.fullmatch(source)
    prefix, rest = (match[1] or "", match[2]) if match else ("", source)
    return source if prefix and not Path(rest).exists() else prefix + Path(rest).name


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write cards down."""

    name: str
    """What it is called on the command line, lower case: `jsonl`, as in `-o jsonl:FILE`."""
    extensions: tuple[str, ...]
    """Lower case, with the dot; none for a folder."""
    open: Callable[[Output], Sink]
    """Raises StorageError if nothing can be written there."""
    read: Callable[[Path], Iterator[Card]] | None = None
    """The cards again, equal to those that were written; None: something of them is lost. Raises BadInput."""
    folder: bool = False
    """Whether it is a folder that is written, not a file."""
    extra: str | None = None
    """The extra of this distribution that it needs, as `tables`; None: nothing more."""
    repeatable: bool = True
    """Whether the same cards make the same bytes every time."""
