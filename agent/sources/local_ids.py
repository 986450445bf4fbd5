"""Ids that mean something in their own file alone: rows' numbers, citation keys.

In two files they may stand for two papers. The first paper of an id keeps it; another one under the same id
gets it with a mark of its text, so that every card has an id of its own. The same paper once more keeps the
id and is so known as a duplicate. Ids that mean the same everywhere (arXiv, DOI, …) are left alone.

Knows papers. Knows no files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..paper import Paper, is_global, marked
from ..seen import Seen
from .columns import BadRecord


class LocalIds:
    """The local ids that were met so far; some twenty bytes each."""

    def __init__(self) -> None:
        self._taken = Seen()
        self._met = Seen()

    def take(self, id: str) -> None:  # noqa: A002
        """No paper to come has this id, unless it is marked."""
        if not is_global(id):
            self._taken.add(id)

    def apart(self, records: Iterable[Paper | BadRecord]) -> Iterator[Paper | BadRecord]:
        """The records, no two different papers under one id."""
        for record in records:
            if isinstance(record, BadRecord) or is_global(record.id):
                yield record
                continue
            name = marked(record)
            if self._taken.add(record.id):
                self._met.add(name)
                yield record
            elif name in self._met:
                yield record
            else:
                yield replace(record, id=name)
