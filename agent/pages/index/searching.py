"""Search results and sort orders as rows, cached while the visible cards stay the same.

Knows the tables. Knows no cards.
"""

from array import array
from collections.abc import Callable, Sequence

from .facets import bitmap_of, rows_of

SORTS = ("file", "newest", "title", "author", "venue", "confidence", "relevance")

_ORDERS = {
    "newest": "SELECT row FROM cards ORDER BY dated DESC, row DESC",
    "title": "SELECT row FROM cards ORDER BY title COLLATE NOCASE, row",
    "author": "SELECT row FROM cards ORDER BY author = '', author COLLATE NOCASE, dated DESC, row",
    "venue": "SELECT row FROM cards ORDER BY venue = '', venue COLLATE NOCASE, dated DESC, row",
    "confidence": "SELECT row FROM cards ORDER BY confidence DESC, row",
}

_RANKED = 20_000
"""Maximum hits that are ranked by relevance; with more, which would take too long, title matches come first.
"""

_KEPT = 8
"""Number of searches whose hits are cached, so that facets and pages need not search again."""


class Searches:
    """A cache of searches and sort orders."""

    def __init__(self, rows: Callable[..., list[int]]) -> None:
        """`rows` returns the first column of a query's result."""
        self._rows = rows
        self._orders: dict[str, tuple[int, Sequence[int]]] = {}
        self._hits: dict[str, tuple[int, int, Sequence[int]]] = {}

    def order(self, sort: str, changes: int) -> Sequence[int] | None:
        """All rows in a sort order, as of a number of changes; None for the order of the row numbers."""
        if sort not in _ORDERS:
            return None
        made, order = self._orders.get(sort, (-1, ()))
        if made != changes:
            order = array("I", self._rows(_ORDERS[sort]))
            self._orders[sort] = changes, order
        return order

    def hits(self, expression: str, changes: int) -> tuple[int, Sequence[int]]:
        """The rows that match an FTS5 expression: as a bitmap, and by relevance."""
        made, bitmap, ranked = self._hits.pop(expression, (-1, 0, ()))
        if made != changes:
            bitmap, ranked = self._look(expression)
        self._hits[expression] = changes, bitmap, ranked
        for old in list(self._hits)[:-_KEPT]:
            self._hits.pop(old, None)
        return bitmap, ranked

    def forget(self) -> None:
        """Clear the cache, after row numbers started again from the beginning."""
        self._orders.clear()
        self._hits.clear()

    def _look(self, expression: str) -> tuple[int, Sequence[int]]:
        (count,) = self._rows("SELECT count(*) FROM words WHERE words MATCH ?", expression)
        if count <= _RANKED:
            ranked = self._match(expression, " ORDER BY bm25(words, 10, 4, 1, 4, 8)")
            return bitmap_of(ranked), ranked
        hits = self._match(expression)
        bitmap = bitmap_of(hits)
        first = self._match(f"{{title}} : ({expression})")
        return bitmap, array("I", [*first, *rows_of(bitmap & ~bitmap_of(first), hits)])

    def _match(self, expression: str, order: str = "") -> "array[int]":
        query = "SELECT rowid FROM words WHERE words MATCH ?" + order  # noqa: S608  (words of ours)
        return array("I", self._rows(query, expression))
