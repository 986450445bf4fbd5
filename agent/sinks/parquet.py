"""Writes Parquet: one row per card, with nested types."""

from collections.abc import Sequence

from ..card import Card
from ..paper import Paper
from .arrow_cards import CardsFile, read
from .files import PartialFile
from .interface import Format, Output


class ParquetSink:
    """Writes cards to a Parquet file."""

    def __init__(self, output: Output) -> None:
        self._cards = CardsFile(output.path, fields=output.fields)
        self.files: Sequence[PartialFile] = (self._cards.file,)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a row."""
        self._cards.append(card)

    def close(self) -> None:
        """Rename the file into place."""
        self._cards.commit()

    def abandon(self) -> None:
        """Stop; the rows stay in `NAME.partial`."""
        self._cards.abandon()


FORMAT = Format("parquet", (".parquet", ".pq"), ParquetSink, read, extra="tables")
