"""Writes JSONL, the main format: one card per line, as written by `Card.to_json`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..card import Card, parse_card
from .file_sink import FileSink, Lines
from .interface import Format


class JsonlSink(FileSink, Lines):
    """Writes cards as lines of JSON."""

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add lines, all or none."""
        if lines:
            self._file.append(b"\n".join(lines) + b"\n")


def _read(path: Path) -> Iterator[Card]:
    """The cards of a file, one at a time. Raises BadInput with the line that is not a card."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield parse_card(line, f"{path}:{number}")


FORMAT = Format("jsonl", (".jsonl", ".ndjson"), JsonlSink, _read)
