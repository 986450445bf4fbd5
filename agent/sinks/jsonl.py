"""Writes JSONL, the main format: one card per line, as written by `Card.to_json`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..card import Card, parse_card
from ..paper import Paper
from .files import PartialFile
from .interface import Format, Output


class JsonlSink:
    """Writes cards as lines of JSON."""

    def __init__(self, output: Output) -> None:
        self._file = PartialFile(output.path)
        self.files: Sequence[PartialFile] = (self._file,)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a line."""
        self.write_lines([card.to_json().encode()])

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add lines, all or none."""
        if lines:
            self._file.append(b"\n".join(lines) + b"\n")

    def close(self) -> None:
        """Rename the file into place."""
        self._file.commit()

    def abandon(self) -> None:
        """Stop; the lines stay in `NAME.partial`."""
        self._file.abandon()


def _read(path: Path) -> Iterator[Card]:
    """The cards of a file, one at a time. Raises BadInput with the line that is not a card."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield parse_card(line, f"{path}:{number}")


FORMAT = Format("jsonl", (".jsonl", ".ndjson"), JsonlSink, _read)
