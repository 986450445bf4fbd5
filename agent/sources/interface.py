"""What a source format is given and what it gives back.

A format is one module that ends in a `FORMAT`. It reads lazily and never raises for one record: a
record that cannot be read is a value with a reason, so that the rest goes on. A format knows no
other format.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ..paper import Paper
from .columns import BadRecord, Columns

Records = Iterator[Paper | BadRecord]


@dataclass(frozen=True, slots=True)
class Input:
    """One opened source."""

    name: str
    """As the user named it; the first part of every `where`."""
    stream: BinaryIO
    """At its first byte; closed by whoever opened it."""
    columns: Columns


def _never(_head: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Format:
    """One way in which papers are written down."""

    name: str
    """For messages: "JSONL"."""
    extensions: tuple[str, ...]
    """Lower case, with the dot. Where formats share one, `sniff` decides."""
    read: Callable[[Input], Records]
    """Raises UsageError or BadInput at the call if all of the source is unreadable."""
    sniff: Callable[[bytes], bool] = _never
    """Whether the first bytes look like this format; the byte order mark is already off."""
    count: Callable[[BinaryIO], int] | None = None
    """How many records `read` would give, where that is quicker to tell than to read them."""
