"""Filters the papers of a source by arXiv category.

A record whose categories include none of the wanted ones is skipped; a record without categories is kept.
Case is ignored.

Knows records with named fields. Knows no file format.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping

_FIELD = "categories"

# The way from the start of a line to the record's own "categories", over fields whose values are no objects
# and no lists. Every step is possessive: a line that is not so is given up in one pass.
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_HEAD = re.compile(
    rb"\s*+\{(?:\s*+(?!\"categories\")" + _STRING + rb"\s*+:\s*+(?:" + _STRING + rb"|[-\w.+]++)\s*+,)*+"
    rb"\s*+\"categories\"\s*+:\s*+\"([^\"\\]*+)\"\s*+[,}]"
)


class Wanted:
    """The wanted categories, such as `cs.LG` or `cs.*`, where `*` matches anything; without any, all are."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        every = "|".join(fnmatch.translate(name.strip().casefold()) for name in self.names)
        self._match = re.compile(every).match

    def has(self, categories: Iterable[str] | None) -> bool:
        """Whether one of a paper's categories is wanted, or it has none."""
        if not self.names:
            return True
        match = self._match
        told = False
        for name in categories or ():
            told = True
            if match(name.casefold()):
                return True
        return not told

    def has_record(self, record: object) -> bool:
        """The same for a record, by its field `categories`: names between spaces or commas, or a list."""
        return not self.names or not isinstance(record, Mapping) or self.has(_told(record.get(_FIELD)))

    def rules_out(self, line: bytes) -> bool:
        """Whether the JSON object on a line is not wanted, decided with as little parsing as possible.

        False if that is not certain; the caller then decodes it.
        """
        if not self.names:
            return False
        found = _HEAD.match(line)
        if found is None or self.has(found[1].decode("utf-8", "replace").replace(",", " ").split()):
            return False
        # Of fields that bear one name, the last counts.
        return line.find(b'"categories"', found.end()) < 0


def _told(value: object) -> list[str] | None:
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, list):
        return [name for item in value if isinstance(item, str) for name in item.replace(",", " ").split()]
    return None
