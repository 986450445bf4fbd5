"""Parquet: a row a card, nested types kept."""

from collections.abc import Sequence

from ..card import Card
from ..paper import Paper
from .arrow_cards import CardsFile, read
from .files import PartialFile
from .interface import Format, Output


class ParquetSink:
    """Cards as a Parquet file."""

    def __init__(self, output: Output) -> None:
        self._cards = CardsFile(output.path)
        self.files: Sequence[PartialFile] = (self._cards.file,)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a row."""
        self._cards.append(card)

    def close(self) -> None:
        """Give the file its name."""
        self._cards.commit()

    def abandon(self) -> None:
        """Leave the rows in `NAME.partial`."""
        self._cards.abandon()


FORMAT = Format("parquet", (".parquet", ".pq"), ParquetSink, read, extra="tables")
