"""The review file, which several people can write to at once without losing edits.

Knows edits. Knows no cards and no web.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput
from .edits import Edit, Key, Overlay, Place, Value, read_edit
from .line_log import LineLog, now


@dataclass(frozen=True, slots=True)
class NewEdit:
    """A requested edit."""

    place: Place
    was: Value
    value: Value
    seen: str = ""
    """Id of the edit of that place that the user saw; empty for the card itself."""


class Conflict(Exception):
    """Somebody else has changed the same place; nothing was written."""

    def __init__(self, place: Place, theirs: Edit | None) -> None:
        super().__init__("somebody else has changed this")
        self.place = place
        self.theirs = theirs
        """The current edit of the place; None if an edit was undone and the card itself holds."""


class ReviewFile:
    """The edits of one file. All methods are thread-safe and may raise StorageError."""

    def __init__(self, path: Path) -> None:
        """Raises BadInput if the file is something else."""
        self.path = path
        self._log = LineLog(path, lambda line: isinstance(read_edit(line), Edit))
        self.overlay = Overlay()
        """The overlay as of the last `refresh`."""
        self._order: dict[str, int] = {}
        self.changes = 0
        """Counter that grows with every line."""
        self.faults: list[str] = []
        """Invalid lines, each with its position; they are ignored."""
        self.refresh()
        if self.faults:
            raise BadInput(
                self.faults[0],
                where="the review file",
                next_step="Fix or delete the line, or choose another file",
            )

    def refresh(self) -> None:
        """Read the lines that others have written."""
        with self._log.held():
            self._take(*self._log.read())

    def write(self, key: Key, new_edits: Sequence[NewEdit], by: str) -> list[Edit]:
        """Write edits of one card, all or none. Raises Conflict if one of the places was edited meanwhile."""

        def decide() -> list[Edit]:
            for new_edit in new_edits:
                theirs = self.overlay.last(key, new_edit.place)
                if (theirs.edit if theirs else "") != new_edit.seen:
                    raise Conflict(new_edit.place, theirs)
            at = now()
            return [
                _edit(key, by, at, one.place, was=one.was, value=one.value, after=one.seen)
                for one in new_edits
            ]

        return self._append(decide)

    def undo(self, key: Key, by: str) -> list[Edit]:
        """Undo the last edit of a card by this person that nobody has edited since; [] if there is none."""

        def decide() -> list[Edit]:
            mine = [one for one in self.overlay.of(key).values() if one.by == by]
            if not mine:
                return []
            last = max(mine, key=lambda one: self._order[one.edit])
            # What was written in one go is taken back in one go.
            together = [one for one in mine if one.at == last.at]
            at = now()
            return [
                _edit(key, by, at, one.place, was=one.value, value=one.was, after=one.edit, undoes=one.edit)
                for one in together
            ]

        return self._append(decide)

    def _append(self, decide: Callable[[], list[Edit]]) -> list[Edit]:
        edits: list[Edit] = []

        def lines(anew: bool, news: list[bytes]) -> list[bytes]:
            self._take(anew, news)
            edits.extend(decide())
            return [edit.to_json() for edit in edits]

        with self._log.held():
            self._log.append(lines)
            for edit in edits:
                self._add(edit)
        return edits

    def _take(self, anew: bool, lines: Sequence[bytes]) -> None:
        if anew:
            self.overlay, self._order, self.faults = Overlay(), {}, []
            self.changes += 1
        first = self._log.lines - len(lines) + 1
        for number, line in enumerate(lines, start=first):
            if not line.strip():
                continue
            edit = read_edit(line)
            if isinstance(edit, Edit):
                self._add(edit)
            else:
                self.faults.append(f"{self.path}:{number}: {edit}")

    def _add(self, edit: Edit) -> None:
        self.changes += 1
        self._order[edit.edit] = self.changes
        self.overlay.take(edit)


def _edit(
    key: Key, by: str, at: str, place: Place, *, was: Value, value: Value, after: str, undoes: str = ""
) -> Edit:
    return Edit(
        edit=secrets.token_hex(8),
        at=at,
        by=by,
        card=key.card,
        version=key.version,
        field=place.field,
        item=place.item,
        was=was,
        value=value,
        after=after,
        undoes=undoes,
    )
