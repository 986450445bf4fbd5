"""Card files for programs: read and written in any format that papercards knows."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from . import sinks
from .card import Card


def read_cards(path: str | Path) -> Iterator[Card]:
    """The cards of a file or folder (JSONL, JSON, Parquet, SQLite, DuckDB, CSV, vault), one at a time.

    Raises UsageError if the file is missing or its format cannot be read back, BadInput with the place of
    anything that is not a card.
    """
    return sinks.read_cards(sinks.output_named(str(path)))


def write_cards(cards: Iterable[Card], path: str | Path) -> int:
    """Write cards to a file or folder, by its extension; returns their number.

    The file gets its name when it is complete; until then, and if writing fails, it is `NAME.partial`. Raises
    UsageError for an unknown format, StorageError if the file cannot be written.
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
