"""Rows of tables as they are, for those who look for more in them than papers.

Every format that has records with named fields hands them to `Columns` one by one; these columns give them
back in a paper's place. So encodings, separators, limits and positions are those of papers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..paper import Paper
from .columns import BadRecord, Choice, Columns


@dataclass(frozen=True)
class Row(Paper):
    """A record with its position; what a paper has is left empty."""

    cells: Mapping[str, object] = field(default_factory=dict)
    """The fields by name: text in CSV, any JSON value in other formats."""


class AsTheyAre(Columns):
    """Columns that take any record for a row, whether it has a title and an abstract or not."""

    def choose(self, names: tuple[str, ...]) -> Choice:
        """The usual choice; some field stands for the title where none looks like one."""
        found = super().choose(names)
        if found.title is None and names:
            return replace(found, title=names[0])
        return found

    def fit(self, names: tuple[str, ...]) -> bool:
        """Whether they may be the header of a table: two names, one of a title, an abstract or an id."""
        found = super().choose(names)
        named = [name for name in names if name]
        return len(named) > 1 and any((found.title, found.abstract, found.id, found.doi, found.arxiv_id))

    def demand(self, names: tuple[str, ...], where: str) -> tuple[str, ...]:
        """All columns."""
        return names

    def paper(self, record: object, where: str) -> Paper | BadRecord:
        """The record as a `Row`."""
        if not isinstance(record, dict):
            return super().paper(record, where)
        return Row("", "", "", where, cells=record)
