"""JSONL: the contract. One card a line, as `Card.to_json` writes it."""

from pathlib import Path

from ..card import Card
from ..paper import Paper
from .files import PartialFile
from .interface import Format


class JsonlSink:
    """Cards as lines of JSON."""

    def __init__(self, path: Path) -> None:
        self._file = PartialFile(path)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a line."""
        self._file.append(card.to_json().encode() + b"\n")

    def close(self) -> None:
        """Give the file its name."""
        self._file.commit()

    def abandon(self) -> None:
        """Leave the lines in `NAME.partial`."""
        self._file.abandon()


FORMAT = Format("JSONL", (".jsonl", ".ndjson"), JsonlSink)
