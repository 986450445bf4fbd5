"""Writes Parquet: one row per card, with nested types."""

from .arrow_cards import CardsFile, read
from .interface import Format

FORMAT = Format(
    "parquet",
    (".parquet", ".pq"),
    lambda output: CardsFile(output.path, fields=output.fields),
    read,
    extra="tables",
)
