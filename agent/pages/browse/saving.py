"""Saves a selection of cards as a file to download, through the output formats of the program.

Knows the index and outputs. Knows no pages.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...card import Card
from ...sinks import open_sink
from ..index.database import Index
from .selection import Selection

FORMATS = {"csv": ("cards.csv", "text/csv"), "bibtex": ("cards.bib", "application/x-bibtex")}
FORMATS |= {"jsonl": ("cards.jsonl", "application/x-ndjson")}
"""File name and media type of each format."""

TITLES = {"csv": "CSV", "bibtex": "BibTeX", "jsonl": "JSONL"}

_BLOCK = 1 << 16


def saved(index: Index, selection: Selection, kind: str) -> Iterator[bytes]:
    """The selected cards in their order as a file of that format, piece by piece."""
    with tempfile.TemporaryDirectory(prefix="papercards-") as folder:
        path = Path(folder) / FORMATS[kind][0]

        def cards() -> Iterable[Card]:
            return index.page(index.find(selection.words, selection.tags), selection.order)

        sink = open_sink(path, cards=cards)
        try:
            for card in cards():
                sink.write(card, index.paper(card.id))
            sink.close()
        finally:
            sink.abandon()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
