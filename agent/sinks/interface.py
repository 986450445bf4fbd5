"""The interface of sinks: outputs that take cards one at a time and are complete or not there.

A sink keeps no list of cards: memory does not grow with their number. It knows cards and papers, and no other
sink.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..card import Card
from ..paper import Paper
from ..safety.redact import without_secrets
from ..safety.safe_files import exists
from ..text import identifiers
from ..text.prefix import split

if TYPE_CHECKING:
    from .relational import Column


class SinkFile(Protocol):
    """A file written by a sink, for the record of the run."""

    @property
    def path(self) -> Path:
        """Final path of the file."""

    @property
    def whole(self) -> bool:
        """Whether the file is complete and has its final name."""

    @property
    def size(self) -> int:
        """Size in bytes so far."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes so far, in hex."""


class Sink(Protocol):
    """An open output. Every method raises StorageError if it cannot be written."""

    @property
    def files(self) -> Sequence[SinkFile]:
        """The files that it writes; empty for a folder with more than cards."""

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a card; `paper` is its paper, if known."""

    def close(self) -> None:
        """Finish: rename everything into place, or fail as a whole."""

    def abandon(self) -> None:
        """Stop: everything written stays as `NAME.partial`."""


@runtime_checkable
class LineSink(Sink, Protocol):
    """A sink that only needs a card's line, so that cards need not be parsed."""

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add cards as JSON lines of `Card.to_json`, in UTF-8 and without line ends, all or none."""


@runtime_checkable
class RemarkingSink(Sink, Protocol):
    """A sink with remarks to print when it closes."""

    @property
    def remarks(self) -> Sequence[str]:
        """The remarks, one line each, of bounded number."""


@dataclass(frozen=True, slots=True)
class Output:
    """An output of cards."""

    path: Path
    """Path of a file or folder; its parent folder exists."""
    sources: tuple[str, ...] = ()
    """Sources of the papers, as given by the user: some formats write a source back with tags added."""
    fields: "Callable[[], tuple[Column, ...]]" = tuple
    """The columns of own fields that cards may have; those of the first card need not be among them."""

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources in publishable form, without folders and secrets in addresses."""
        return tuple(map(_publishable, self.sources))


def _publishable(source: str) -> str:
    if "://" in source:
        return without_secrets(source)
    prefix, rest = split(source)
    is_path = rest.startswith(("/", "~", ".")) or exists(rest)
    if not is_path and (prefix or identifiers.name(source)):
        return source
    return prefix + Path(rest).name


@dataclass(frozen=True, slots=True)
class Format:
    """An output format."""

    name: str
    """Name on the command line in lower case: `jsonl`, as in `-o jsonl:FILE`."""
    extensions: tuple[str, ...]
    """Extensions in lower case, with the dot; empty for a folder."""
    open: Callable[[Output], Sink]
    """Opens a sink. Raises StorageError if it cannot be written."""
    read: Callable[[Path], Iterator[Card]] | None = None
    """Reads back equal cards, raising BadInput; None if the format loses data."""
    folder: bool = False
    """Whether the output is a folder instead of a file."""
    extra: str | None = None
    """The extra of papercards that it needs, such as `tables`; None for no extra."""
    repeatable: bool = True
    """Whether the same cards always give the same bytes."""
