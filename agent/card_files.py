"""Card files for programs: read and written in any format that papercards knows."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from . import sinks
from .card import Card


def read_cards(path: str | Path) -> Iterator[Card]:
    """The cards of a file or folder (JSONL, JSON, Parquet, SQLite, DuckDB, CSV, vault), one at a time.

    Raises UsageError where there is none or its format cannot be read back, BadInput with the place of what
    is no card.
    """
    return sinks.read_cards(sinks.output_named(str(path)))


def write_cards(cards: Iterable[Card], path: str | Path) -> int:
    """Write cards to a file or folder, by its extension; gives their number.

    The file has its name once it is whole; until then, and where writing fails, it is `NAME.partial`. Raises
    UsageError for a format that is not known, StorageError where the disk refuses.
    """
    sink = sinks.open_sink(sinks.output_named(str(path)))
    count = 0
    try:
        for count, card in enumerate(cards, start=1):  # noqa: B007  (counted for the caller)
            sink.write(card, None)
        sink.close()
    finally:
        sink.abandon()
    return count
