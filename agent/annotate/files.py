"""Adds tags to a library file in place, and removes them again.

Entries are matched by the paper's id as computed by the sources, even without an abstract. If the id is a key
of the file itself, the titles must match too. If a paper has several entries, all of them are annotated,
except those with a key that was there before, which BibTeX ignores.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..bibliography import KINDS, Kind
from ..bibliography.charset import decoded, encoded
from ..bibliography.entry import Edit
from ..bibliography.tags import Tags
from ..errors import UsageError
from ..paper import Paper, identity
from ..sinks.files import PartialFile
from ..sources.columns import Columns
from .undo import FileStep, digest, read_steps, undone, write_steps

_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Annotated:
    """A library and its planned changes."""

    before: bytes
    after: bytes
    edits: Sequence[Edit]
    """The edits in order; offsets count bytes of `before`, `new` is text of the library."""
    entries: int
    matched: int
    """Number of entries with a card; an entry that already has all tags needs no edit."""


def kind_of(path: Path, data: bytes) -> Kind:
    """The format of a library file. Raises UsageError if it cannot be annotated."""
    head = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    for kind in KINDS:
        if path.suffix.lower() in kind.extensions and kind.looks_like(head):
            return kind
    raise UsageError(
        "not a library that can be annotated",
        where=str(path),
        next_step=f"Supported: {', '.join(kind.name for kind in KINDS)}, and zotero:",
    )


def read_library(path: Path) -> bytes:
    """The bytes of a file. Raises UsageError if it does not exist."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror}", where=str(path)) from error


def annotated(path: Path, marks: Mapping[str, Tags], columns: Columns) -> Annotated:
    """The planned changes for the tags of each paper, by `identity`. Writes nothing."""
    data = read_library(path)
    text = decoded(data)
    edits: list[Edit] = []
    done: set[tuple[str, str]] = set()
    count = 0
    for entry in kind_of(path, data).entries(text):
        count += 1
        record = entry.record()
        # A paper's id does not need its abstract, unless it is made of it.
        if isinstance(record, str):
            continue
        paper = columns.paper({**record, "abstract": record.get("abstract") or "-"}, entry.place)
        if not isinstance(paper, Paper):
            continue
        name = identity(paper.id, paper.title)
        if name in marks and (name, entry.key) not in done:
            done.add((name, entry.key))
            edits += entry.edits(marks[name])
    edits.sort()
    in_bytes: list[Edit] = []
    at = offset = 0
    pieces: list[bytes] = []
    for edit in edits:
        start = offset + len(encoded(text[at : edit.start]))
        end = start + len(encoded(text[edit.start : edit.end]))
        pieces += [data[offset:start], encoded(edit.new)]
        in_bytes.append(Edit(start, end, edit.new))
        at, offset = edit.end, end
    return Annotated(data, b"".join([*pieces, data[offset:]]), in_bytes, count, len(done))


def undo_path(path: Path) -> Path:
    """Path of the undo file: `refs.bib.undo`."""
    return path.with_name(f"{path.name}.undo")


def save(path: Path, change: Annotated) -> None:
    """Replace the file by its annotated form, after writing the undo file. Raises StorageError."""
    undo = undo_path(path)
    steps = _steps(undo, change.before)
    if steps and steps[-1].after != digest(change.before):
        # Changed by others since: what was done before that can no more be undone.
        steps = []
    pieces, grown = [], 0
    for edit in change.edits:
        new = len(encoded(edit.new))
        was = change.before[edit.start : edit.end].decode("latin-1")
        pieces.append((edit.start + grown, edit.start + grown + new, was))
        grown += new - (edit.end - edit.start)
    step = FileStep(before=digest(change.before), after=digest(change.after), pieces=tuple(pieces))
    write_steps(undo, [*steps, step])
    _replace(path, change.after)


def take_back(path: Path) -> None:
    """Undo the last change. Raises UsageError if there is none, or if the file has changed since."""
    undo = undo_path(path)
    data = read_library(path)
    steps = _steps(undo, data)
    if not steps:
        raise UsageError("nothing to undo", where=str(path), next_step=f"The undo file would be {undo}")
    _replace(path, undone(data, steps[-1], str(path)))
    write_steps(undo, steps[:-1])


def _steps(undo: Path, data: bytes) -> list[FileStep]:
    """The steps that led to the current file, without one whose file was never written."""
    steps: list[FileStep] = read_steps(undo, FileStep)
    while steps and steps[-1].before == digest(data) != steps[-1].after:
        steps.pop()
    return steps


def _replace(path: Path, data: bytes) -> None:
    file = PartialFile(path)
    file.append(data)
    file.settle()
    target = path.resolve()
    shutil.copymode(target, target.with_name(f"{target.name}.partial"))
    file.commit()
