"""The review file, which several people can write to at once without losing edits.

Knows edits. Knows no cards and no web.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .edits import Edit, Key, Overlay, Place, Value
from .line_log import now
from .record_log import RecordLog


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


class ReviewFile(RecordLog[Edit]):
    """The edits of one file."""

    def __init__(self, path: Path) -> None:
        """Raises BadInput if the file is something else."""
        super().__init__(path, Edit, "an edit", "Fix or delete the line, or choose another file")

    def _forget(self) -> None:
        self.overlay = Overlay()
        """The overlay as of the last `refresh`."""
        self._order: dict[str, int] = {}

    def _take(self, record: Edit) -> None:
        self._order[record.edit] = self.changes
        self.overlay.take(record)

    def write(self, key: Key, new_edits: Sequence[NewEdit], by: str) -> Sequence[Edit]:
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

    def undo(self, key: Key, by: str) -> Sequence[Edit]:
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
