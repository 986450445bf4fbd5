"""Writes a folder of Markdown notes for Obsidian: one per paper, one per label, and one index of all.

The vault is scanned once, when it is opened, and a paper's note is found by the id in its front matter, even
if it was moved or renamed. A note without our marks belongs to the user and is not changed. An up-to-date
note is not rewritten.

Memory holds the note's name, title and tags of each paper.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..card import Card
from ..errors import StorageError
from ..paper import Paper
from ..taxonomy import shipped
from .escaping import text
from .files import RecordFile, refuse, replace_file
from .interface import Format, Output, SinkFile
from .safe_names import key, unique_name
from .vault_note import (
    GROUPS,
    between,
    block_of,
    fresh,
    front_of,
    is_index,
    label_path,
    merged,
    note_id,
    read_head,
    tags_of,
    title_of,
    wiki_link,
)

HOME = "Paper cards"
PAPERS = "papers"

_HEAD_BYTES = 1 << 13
_MOST_HEAD_BYTES = 1 << 20
_SHOWN = 5
"""Maximum number of names in a remark."""


@dataclass(frozen=True, slots=True)
class _Note:
    path: str
    """Path in the vault, with `/` and without extension."""
    title: str
    tags: tuple[str, ...]


class VaultSink:
    """Writes cards as notes."""

    files: Sequence[SinkFile] = ()

    def __init__(self, output: Output, *, by_citation_key: bool = False) -> None:
        """`by_citation_key`: name new notes `@KEY` where a paper has a citation key."""
        self._by_citation_key = by_citation_key
        self._folder = output.path
        self._taxonomies: set[str] = set()
        self._untouched: list[str] = []
        # Two runs at once would take each other's notes for strangers'.
        self._lock = RecordFile(self._folder / ".papercards.lock", derived=True)
        self._open = True
        try:
            self._check_folders()
            self._notes = self._look_through()
            self._taken = {key(path.stem) for path in self._listed(PAPERS)}
        except BaseException:
            self.abandon()
            raise

    @property
    def remarks(self) -> Sequence[str]:
        """One line about notes that were not written."""
        if not self._untouched:
            return ()
        shown = ", ".join(f"{path}.md" for path in self._untouched[:_SHOWN])
        more = len(self._untouched) - _SHOWN
        return (
            f"{self._folder}: not changed, since the marks or the front matter of papercards were removed: "
            f"{shown}{f' and {more} more' if more > 0 else ''}",
        )

    def write(self, card: Card, paper: Paper | None) -> None:
        """Create or update the paper's note."""
        if card.same_as == card.id:
            return  # a further entry of a paper that has its note
        front, block = front_of(card), block_of(card)
        self._taxonomies.add(card.provenance.taxonomy)
        name = note_id(card)
        known = self._notes.get(name)
        path = known.path if known else self._new_path(self._title(card), name)
        if self._bring(path, fresh(front, block), lambda old: merged(old, front, block)):
            self._notes[name] = _Note(path, title_of(card), tuple(map(sys.intern, tags_of(card))))

    def close(self) -> None:
        """Write the index notes."""
        if not self._open:
            return
        labels = self._by_label()
        written = {label_path(field, tag) for field, tag in labels}
        for (field, tag), notes in labels.items():
            self._bring_index(label_path(field, tag), self._label_block(field, tag, notes))
        for field in GROUPS:
            for file in self._listed(field):
                # What no paper has any more stays, and says so; notes of a person's own are none of ours.
                path = f"{field}/{file.stem}"
                if path not in written and is_index(_start(file)):
                    self._bring_index(path, f"# {text(file.stem)}\n\nNo paper of the vault has this label.")
        self._bring_index(HOME, self._home_block(labels))
        self.abandon()

    def abandon(self) -> None:
        """Stop: existing notes are complete, but the index notes may be outdated."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):  # Windows keeps what is open
                self._lock.path.unlink(missing_ok=True)
            self._lock.release()

    def _check_folders(self) -> None:
        inside = self._folder.resolve()
        for name in (PAPERS, *GROUPS):
            if not (self._folder / name).resolve().is_relative_to(inside):
                raise StorageError(
                    "is a link to a folder outside the vault",
                    where=str(self._folder / name),
                    next_step="Replace it with a folder",
                )

    def _look_through(self) -> dict[str, _Note]:
        found: dict[str, _Note] = {}
        for folder, inner, names in os.walk(self._folder):
            inner[:] = [name for name in inner if not name.startswith(".")]
            for name in names:
                file = Path(folder, name)
                if file.suffix.lower() != ".md" or file.is_symlink():
                    continue
                head = read_head(_start(file))
                if head is None:
                    continue
                path = file.relative_to(self._folder).with_suffix("").as_posix()
                other = found.get(head.id)
                # Of a note and its copy, the copy has something added to its name.
                if other is None or (len(path), path) < (len(other.path), other.path):
                    title = head.title or file.stem
                    found[head.id] = _Note(path, title, tuple(map(sys.intern, head.tags)))
        return found

    def _listed(self, folder: str) -> Iterator[Path]:
        """The notes directly in a folder."""
        try:
            yield from (file for file in (self._folder / folder).iterdir() if file.suffix.lower() == ".md")
        except FileNotFoundError:
            return
        except OSError as error:
            refuse(self._folder / folder, error)

    def _title(self, card: Card) -> str:
        key = card.publication.citation_key
        return f"@{key}" if key and self._by_citation_key else card.title

    def _new_path(self, title: str, id: str) -> str:  # noqa: A002
        name = unique_name(title, id, self._taken)
        self._taken.add(key(name))
        return f"{PAPERS}/{name}"

    def _bring(self, path: str, new: str, merge: Callable[[str], str | None]) -> bool:
        """Bring a note up to date; False if it must not be changed."""
        file = self._folder / f"{path}.md"
        wanted = new.encode("utf-8", "replace")
        try:
            old = file.read_bytes()
        except FileNotFoundError:
            replace_file(file, wanted)
            return True
        except OSError as error:
            refuse(file, error)
        if old == wanted:
            return True
        try:
            better = merge(old.decode())
        except UnicodeDecodeError:
            better = None
        if better is None or file.is_symlink():
            self._untouched.append(path)
            return False
        wanted = better.encode("utf-8", "replace")
        if wanted != old:
            replace_file(file, wanted)
        return True

    def _bring_index(self, path: str, block: str) -> None:
        self._bring(path, f"{between(block)}\n", lambda old: merged(old, {}, block))

    def _by_label(self) -> Mapping[tuple[str, str], list[_Note]]:
        """The papers of each label, both sorted; tags that differ only in case are one, as in Obsidian."""
        spelt: dict[tuple[str, str], str] = {}
        found: dict[tuple[str, str], list[_Note]] = {}
        fields = {space: field for field, space in GROUPS.items()}
        for note in sorted(self._notes.values(), key=lambda note: (note.title.casefold(), note.path)):
            for full in note.tags:
                space, _, tag = full.partition("/")
                if space in fields and tag:
                    place = (fields[space], key(tag))
                    spelt[place] = min(tag, spelt.get(place, tag))
                    found.setdefault(place, []).append(note)
        return {(field, spelt[field, tag]): found[field, tag] for field, tag in sorted(found)}

    def _label_block(self, field: str, tag: str, notes: Sequence[_Note]) -> str:
        space = f"{GROUPS[field]}/"
        first = sum(next(one for one in note.tags if one.startswith(space)) == space + tag for note in notes)
        means = ""
        if self._taxonomies == {shipped().version}:
            means = text(shipped().labels[field].get(tag, ""))
        return "\n\n".join(
            part
            for part in (
                f"# {text(tag)}",
                means,
                f"{_papers(len(notes))}, for {first:,} of them the main label.",
                "\n".join(f"- {wiki_link(note.path, note.title)}" for note in notes),
            )
            if part
        )

    def _home_block(self, labels: Mapping[tuple[str, str], Sequence[_Note]]) -> str:
        parts = [f"# {HOME}", f"{_papers(len(self._notes))}."]
        for group in GROUPS:
            lines = [
                f"- {wiki_link(label_path(field, tag), tag)} · {len(notes):,}"
                for (field, tag), notes in labels.items()
                if field == group
            ]
            if lines:
                parts += [f"## {group.capitalize()}", "\n".join(lines)]
        return "\n\n".join(parts)


def _papers(count: int) -> str:
    return f"{count:,} paper{'s' * (count != 1)}"


def _start(file: Path) -> str:
    """The start of a note, with all of its front matter unless that is huge."""
    try:
        with file.open("rb") as stream:
            start = stream.read(_HEAD_BYTES)
            if len(start) == _HEAD_BYTES and read_head(start.decode("utf-8", "replace")) is None:
                start += stream.read(_MOST_HEAD_BYTES)
    except OSError as error:
        refuse(file, error)
    return start.decode("utf-8", "replace")


FORMAT = Format("vault", (), VaultSink, folder=True)
BY_CITATION_KEY = Format("vault-citekey", (), partial(VaultSink, by_citation_key=True), folder=True)
