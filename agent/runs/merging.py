"""Reads the cards of a run's parts in the order of their source, in place of a model.

A merge is a run over the same sources whose cards and failures are already there, so everything that a run
writes comes out as one run would have written it. Each part has the order of the source, so one line of each
is held at a time.

Knows files of cards and errors. Knows no command line.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..card import parse_card
from ..errors import PaperFailed
from ..model.cache import Part as KeyPart
from ..paper import Paper
from ..reading.reader import Reading, Wanted
from ..sinks.errors_file import errors_path
from .batch import NothingFinished
from .part import Part, part_of


class Lines:
    """The lines of a file with JSON objects, the next one visible."""

    def __init__(self, path: Path) -> None:
        self._lines = _lines(path)
        self.where = ""
        self.line = b""
        self.record: dict[str, Any] | None = None
        """The next line, parsed; None at the end."""
        self.take()

    def take(self) -> None:
        """Go on to the next line."""
        self.where, self.line, self.record = next(self._lines, ("", b"", None))


def _lines(path: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield f"{path}:{number}", line, json.loads(line)


class Merged(NothingFinished):
    """The parts of a run as a reader: it recalls cards, and repeats failures."""

    def __init__(self, parts: Mapping[Part, Path], made_by: Mapping[str, KeyPart]) -> None:
        """`parts` are all N of N, read in their order; `made_by` is that of the parts' reader."""
        self.made_by = made_by
        self._of = len(parts)
        self._cards = {part.number: Lines(path) for part, path in parts.items()}
        self._failures = {part.number: Lines(errors_path(path)) for part, path in parts.items()}
        self._repeated: dict[str, bytes] = {}
        """Cards that repeat another, which are made anew from that one, or taken where it has failed."""
        self.missing = 0
        """Number of papers that no part has a card or an error for."""

    def recall(self, papers: Sequence[Paper], keys: Sequence[bytes]) -> list[bytes | None]:
        """The line of each paper's card, without its publication; None if its part has none."""
        return [self._line(paper, self._cards[part_of(paper, self._of)]) for paper in papers]

    def _line(self, paper: Paper, cards: Lines) -> bytes | None:
        self._set_repeated_aside(cards)
        if cards.record is None or cards.record.get("id") != paper.id:
            return None
        line = parse_card(cards.line, cards.where).own_json().encode()
        cards.take()
        return line

    def _set_repeated_aside(self, cards: Lines) -> None:
        while cards.record is not None and cards.record.get("same_as"):
            card = parse_card(cards.line, cards.where)
            self._repeated[card.id] = card.own_json().encode()
            cards.take()

    async def read(self, paper: Paper) -> Reading:
        """Raises PaperFailed as the part did, or since the part has nothing about this paper."""
        number = part_of(paper, self._of)
        for cards in self._cards.values():
            # Another record of a paper whose first one failed, or of one that stands far back.
            found_line = self._line(paper, cards) or self._repeated.pop(paper.id, None)
            if found_line is not None:
                card = parse_card(found_line, paper.where)
                return Reading(card.model_copy(update={"publication": paper.publication}))
        failures = self._failures[number]
        while failures.record is not None and failures.record["error"] != "PaperFailed":
            failures.take()
        found = failures.record
        if found is None or found["id"] != paper.id:
            self.missing += 1
            raise PaperFailed(
                "no part has it", next_step=f"Run the command with --part {number}/{self._of} again"
            )
        failures.take()
        raise PaperFailed(found["message"], attempts=found["attempts"])

    def left_over(self) -> list[str]:
        """Places of cards that stand in a part but belong to no paper of the sources."""
        for cards in self._cards.values():
            self._set_repeated_aside(cards)
        return [cards.where for cards in self._cards.values() if cards.record is not None]

    def wants(self, paper: Paper) -> Wanted | None:
        """Nothing is sent."""
        return None

    def stop(self) -> None:
        """Nothing is in flight."""

    async def close(self) -> None:
        """Nothing was opened for long."""
