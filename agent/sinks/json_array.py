"""Writes and reads a JSON array of cards as a stream, one card per line."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from ..card import Card, parse_card
from ..errors import BadInput
from .file_sink import FileSink, Lines
from .interface import Format

MOST_CHARACTERS = 16 << 20
"""Maximum characters of one card."""

_AT_ONCE = 1 << 18
"""Number of characters read at a time."""

_SPACE = re.compile(r"[ \t\r\n]*")


class JsonSink(FileSink, Lines):
    """Writes cards as a JSON array."""

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add elements, all or none."""
        if lines:
            self._file.append((b",\n" if self._file.size else b"[\n") + b",\n".join(lines))

    def close(self) -> None:
        """End the array and rename the file into place."""
        self._file.commit(b"\n]\n" if self._file.size else b"[]\n")


def read(path: Path) -> Iterator[Card]:
    """The cards of an array in any layout. Raises BadInput with the number of an invalid card."""
    with path.open(encoding="utf-8-sig") as file:
        text = _Text(path, file)
        if text.next() != "[":
            raise BadInput("is not a JSON array of cards", where=str(path))
        while text.next(1) != "]":
            yield parse_card(text.record(), text.where)
            if text.next() not in ("]", ","):
                raise BadInput("the array is incomplete after it", where=text.where)
            if text.next() == "]":
                return


class _Text:
    """A file of which only the current part is in memory."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self._text = ""
        self._at = 0
        self._records = 0

    @property
    def where(self) -> str:
        """Position of the last record."""
        return f"{self._path}: card {self._records}"

    def next(self, skip: int = 0) -> str:
        """The next character after `skip` characters and white space; empty at the end."""
        self._at += skip
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def record(self) -> dict[str, Any]:
        """The object that starts here."""
        self._records += 1
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # It may be that only its beginning is in memory.
                if len(self._text) - self._at < MOST_CHARACTERS and self._more():
                    continue
                raise BadInput(f"is not valid JSON: {error.msg}", where=self.where) from error
            except (RecursionError, ValueError) as error:
                raise BadInput("is nested too deeply or has a number too long", where=self.where) from error
            if not isinstance(value, dict):
                raise BadInput("not a card: not a JSON object", where=self.where)
            self._at = end
            return value

    def _more(self) -> bool:
        try:
            more = self._file.read(max(_AT_ONCE, len(self._text) - self._at))
        except UnicodeDecodeError as error:
            raise BadInput("is not valid UTF-8", where=f"{self._path}: after card {self._records}") from error
        self._text = self._text[self._at :] + more
        self._at = 0
        return bool(more)


_decoder = json.JSONDecoder()

FORMAT = Format("json", (".json",), JsonSink, read)
