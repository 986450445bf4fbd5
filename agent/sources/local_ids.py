"""Makes ids unique that are only valid within their file: row numbers, citation keys.

In two files the same id may stand for different papers. The first paper keeps its id; a different one with
the same id gets a suffix from its text, so that every card has its own id. A repeated paper keeps the id and
is recognised as a duplicate. Global ids (arXiv, DOI, …) are not changed.

Knows papers. Knows no files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..id_set import IdSet
from ..paper import Paper, is_global, marked
from .columns import BadRecord


class LocalIds:
    """The local ids seen so far, about twenty bytes each."""

    def __init__(self) -> None:
        self._taken = IdSet()
        self._met = IdSet()

    def take(self, id: str) -> None:  # noqa: A002
        """Mark an id as taken."""
        if not is_global(id):
            self._taken.add(id)

    def apart(self, records: Iterable[Paper | BadRecord]) -> Iterator[Paper | BadRecord]:
        """The records, with different ids for different papers."""
        return (self.own(record) if isinstance(record, Paper) else record for record in records)

    def own(self, paper: Paper) -> Paper:
        """The paper, with another id if its own is that of a different paper."""
        if is_global(paper.id):
            return paper
        name = marked(paper)
        if self._taken.add(paper.id):
            self._met.add(name)
        elif name not in self._met:
            return replace(paper, id=name)
        return paper
