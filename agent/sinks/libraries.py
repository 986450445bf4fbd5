"""Writes reference libraries with tags: BibTeX, RIS and CSL-JSON.

If papers come from a file of the same format, that file is written back byte for byte, with keywords and a
note added to the entries that have a card; several files are concatenated. A paper from elsewhere becomes a
new entry at the end. Entries are matched by the position that a source gives its papers.

The library is read when the sink is opened, so that it is the same one that the source reads. It is held in
memory, and so are the tags; new entries are kept in a temporary file.
"""

import re
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..bibliography import KINDS, Kind
from ..bibliography.charset import decoded, encoded
from ..bibliography.entry import Entry, applied, new_key
from ..bibliography.tags import Tags, tags
from ..card import Card
from ..paper import Paper
from .file_sink import FileSink
from .files import refuse
from .interface import Format, Output

_WHERE = re.compile(r"(?P<file>.+?):(?P<place>\d+(?::\d+)?)", re.DOTALL)
_HEAD_BYTES = 1 << 16
_IN_MEMORY = 1 << 20


class _Library:
    """A library file, and the tags for its entries."""

    def __init__(self, kind: Kind, text: str) -> None:
        self.text = text
        self.entries: dict[str, Entry] = {entry.place: entry for entry in kind.entries(text)}
        self.tags: dict[str, Tags] = {}

    def written(self) -> str:
        """The text with the tags added."""
        edits = (edit for place, marks in self.tags.items() for edit in self.entries[place].edits(marks))
        return applied(self.text, edits)


class LibrarySink(FileSink):
    """Writes cards as keywords and notes of a library's entries."""

    def __init__(self, kind: Kind, output: Output) -> None:
        self._kind = kind
        self._libraries: dict[str, _Library | None] = {}
        self._keys: set[str] = set()
        for source in output.sources:
            if Path(source).is_file():
                self._library(source)
        super().__init__(output)
        self._new = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._lengths: list[int] = []

    def write(self, card: Card, paper: Paper | None) -> None:
        """Store the tags for the paper's entry, or create an entry."""
        found = _WHERE.fullmatch(paper.where) if paper else None
        library = self._library(found["file"]) if found else None
        if found and library and found["place"] in library.entries:
            library.tags[found["place"]] = tags(card)
            return
        key = new_key(card, self._keys)
        self._keys.add(key.casefold())
        data = encoded(self._kind.new(card, paper, key))
        try:
            self._new.write(data)
        except OSError as error:
            refuse(self._file.path, error)
        self._lengths.append(len(data))

    def close(self) -> None:
        """Write the libraries and the new entries, and rename the file into place."""
        texts = [library.written() for library in self._libraries.values() if library]
        for piece in self._kind.joined(texts, self._new_entries()):
            self._file.append(encoded(piece))
        super().close()
        self._new.close()

    def abandon(self) -> None:
        """Stop without leaving a file."""
        super().abandon()
        self._new.close()

    def _new_entries(self) -> Iterator[str]:
        self._new.seek(0)
        for length in self._lengths:
            yield decoded(self._new.read(length))

    def _library(self, name: str) -> _Library | None:
        """The library in a file; None if it is not of this format."""
        if name not in self._libraries:
            path = Path(name)
            self._libraries[name] = None
            if path.suffix.lower() in self._kind.extensions and path.is_file():
                try:
                    data = path.read_bytes()
                except OSError:
                    return None
                if self._kind.looks_like(data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")):
                    library = _Library(self._kind, decoded(data))
                    self._libraries[name] = library
                    self._keys.update(entry.key.casefold() for entry in library.entries.values())
        return self._libraries[name]


_NAMES = {"BibTeX": ("bibtex", True), "RIS": ("ris", True), "CSL-JSON": ("csl", False)}
"""Name of each format, and whether its extensions select it: `.json` selects cards."""

FORMATS = tuple(
    Format(name, kind.extensions if own else (), partial(LibrarySink, kind), extra=kind.extra)
    for kind in KINDS
    for name, own in (_NAMES[kind.name],)
)
