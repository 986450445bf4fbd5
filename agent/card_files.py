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


def write_cards(cards: Iterable[Card], *paths: str | Path, source: Path | None = None) -> int:
    """Write cards to files or folders, by their extension; returns the number of cards.

    `source` is the file that they come from, if they may have different own fields. A file gets its name when
    it is complete; until then, and if writing fails, it is `NAME.partial`. Raises UsageError for an unknown
    format, StorageError if a file cannot be written.
    """
    opened: list[sinks.Sink] = []
    count = 0
    try:
        for path in paths:
            opened.append(sinks.open_sink(sinks.output_named(str(path)), cards=source))
        for count, card in enumerate(cards, start=1):  # noqa: B007  (counted for the caller)
            for sink in opened:
                sink.write(card, None)
        for sink in opened:
            sink.close()
    finally:
        for sink in opened:
            sink.abandon()
    return count
