"""Writes a data set folder for the Hugging Face Hub: `data/cards-NNNNN.parquet` and a `README.md`.

A second run replaces these files and touches nothing else in the folder.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..card import Card
from ..errors import BadInput, StorageError
from ..paper import Paper
from . import arrow_cards
from .arrow_cards import CardsFile
from .dataset_readme import check, readme
from .facts import Facts
from .files import PartialFile, refuse
from .interface import Format, Output, SinkFile

PER_FILE = 100_000
"""Cards per file, about 100 MB."""

_OURS = re.compile(r"cards-\d{5}\.parquet")


class DatasetSink:
    """Writes cards to a folder of Parquet files with a README."""

    def __init__(self, output: Output) -> None:
        self.files: Sequence[SinkFile] = ()
        self._folder = output.path
        self._sources = output.source_names
        self._facts = Facts()
        self._readme = self._folder / "README.md"
        self._fields = output.fields
        self._old_readme()
        self._parts = [self._file(0)]

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a row to the current file."""
        if self._parts[-1].count >= PER_FILE:
            self._parts[-1].settle()
            self._parts.append(self._file(len(self._parts)))
        self._parts[-1].write(card)
        self._facts.add(card)

    def close(self) -> None:
        """Flush all files, rename them into place, and remove files of an earlier, larger run."""
        about = PartialFile(self._readme, within=self._folder)
        try:
            about.append(readme(self._facts, self._sources, self._old_readme(), str(self._readme)).encode())
            for part in self._parts:
                part.settle()
            for part in self._parts:
                part.close()
            about.commit()
        finally:
            about.abandon()
        now = {part.file.path.name for part in self._parts}
        try:
            for file in parts(self._folder):
                if file.name not in now:
                    file.unlink()
        except OSError as error:
            refuse(self._folder, error)

    def abandon(self) -> None:
        """Stop; the rows stay in `NAME.partial` files."""
        for part in self._parts:
            part.abandon()

    def _file(self, number: int) -> CardsFile:
        return CardsFile(self._part(number), within=self._folder, fields=self._fields)

    def _part(self, number: int) -> Path:
        return self._folder / "data" / f"cards-{number:05d}.parquet"

    def _old_readme(self) -> str | None:
        """The existing README. Raises UsageError if it was not written by papercards."""
        try:
            old = self._readme.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise StorageError("is not text in UTF-8", where=str(self._readme)) from error
        except OSError as error:
            refuse(self._folder, error)
        check(old, str(self._readme))
        return old


def parts(folder: Path) -> list[Path]:
    """The card files in a folder, in order."""
    return sorted(file for file in (folder / "data").glob("*.parquet") if _OURS.fullmatch(file.name))


def read(folder: Path) -> Iterator[Card]:
    """The cards of a folder. Raises BadInput if it has none."""
    found = parts(folder)
    if not found:
        raise BadInput("is not a data set of cards: it has no data/cards-00000.parquet", where=str(folder))
    for file in found:
        yield from arrow_cards.read(file)


FORMAT = Format("dataset", (), DatasetSink, read, folder=True, extra="tables")
