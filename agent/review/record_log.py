"""Records of one kind in a file of lines that several people write to at once without losing any.

Knows lines and records. Knows no cards and no web.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from ..card import Record
from ..errors import BadInput
from ..text.wording import first_fault
from .line_log import LineLog

R = TypeVar("R", bound=Record)


class RecordLog(ABC, Generic[R]):
    """The records of one file. All methods are thread-safe and may raise StorageError."""

    def __init__(self, path: Path, kind: type[R], name: str, next_step: str) -> None:
        """Raises BadInput with the next step if the file is something else; `name` is a record's."""
        self.path = path
        self.changes = 0
        """Counter that grows with every line."""
        self.faults: list[tuple[str, str]] = []
        """What is wrong with invalid lines, each with its position; they are ignored."""
        self._kind, self._name = kind, name
        self._log = LineLog(path, lambda line: isinstance(self._read(line), kind))
        self._forget()
        self.refresh()
        for fault, where in self.faults:
            raise BadInput(fault, where=where, next_step=next_step)

    @abstractmethod
    def _forget(self) -> None:
        """Begin without records, at first and if the file was replaced by another."""

    @abstractmethod
    def _take(self, record: R) -> None:
        """Take the next record."""

    def refresh(self) -> None:
        """Read the lines that others have written."""
        with self._log.held():
            self._add(*self._log.read())

    def _append(self, decide: Callable[[], Sequence[R]]) -> Sequence[R]:
        """Write the records that `decide` gives, when all that others have written is taken; all or none."""
        made: list[R] = []

        def lines(anew: bool, news: list[bytes]) -> list[bytes]:
            self._add(anew, news)
            made.extend(decide())
            return [one.model_dump_json().encode() for one in made]

        with self._log.held():
            self._log.append(lines)
            for one in made:
                self.changes += 1
                self._take(one)
        return made

    def _add(self, anew: bool, lines: Sequence[bytes]) -> None:
        if anew:
            self.faults = []
            self.changes += 1
            self._forget()
        for number, line in enumerate(lines, start=self._log.lines - len(lines) + 1):
            if not line.strip():
                continue
            record = self._read(line)
            if isinstance(record, str):
                self.faults.append((record, f"{self.path}:{number}"))
            else:
                self.changes += 1
                self._take(record)

    def _read(self, line: bytes) -> R | str:
        """The record on a line, or what is wrong with the line."""
        try:
            return self._kind.model_validate_json(line)
        except ValidationError as error:
            return f"not {self._name}: {first_fault(error)}"
