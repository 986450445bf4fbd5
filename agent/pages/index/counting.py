"""Shares of the values of a field in a selection, counted and estimated as `papercards stats` does.

Cards are counted by the bitmaps of an index, in place of being read.

Knows the index and statistics. Knows no pages.
"""

from ...card import MISSING
from ...statistics.groups import Counts, Own, Value, grouping, shares
from ...statistics.shares import Statistics, shares_of
from .database import Found, Index
from .facets import OWN, REPEATED, STATED, Tag


def stats_of(index: Index, found: Found, share: str, by: str = "") -> Statistics:
    """The answer of `stats` for a selection, without further records of a paper.

    `share` is a field of filters, or a condition on one such as `code=released`; `by` is a field that groups.
    """
    field = share.partition("=")[0]
    own: Own = {field.removeprefix(OWN): "label"} if field.startswith(OWN) else {}
    fields = grouping([by] if by else [], own)
    counts = Counts(fields, shares([share.removeprefix(OWN)], fields, own))
    (asked,) = counts.shares
    repeated = found.rows & index.facets.bitmap(REPEATED)
    rows = found.rows & ~repeated
    counts.cards = rows.bit_count()
    features: dict[str, int] = {}
    told = rows & index.facets.named(field)
    for value, mine in _values(index, rows, field).items():
        told |= mine if asked.told((value,)) else 0
        for name in asked.features((value,)):
            features[name] = features.get(name, 0) | mine
    for value, mine in (_values(index, rows, by) if by else {None: rows}).items():
        group = (value,) if by else ()
        counts.papers[group] = mine.bit_count()
        counts.told[group, 0] = (mine & told).bit_count()
        for name, having in features.items():
            if count := (mine & having).bit_count():
                counts.having[group, 0, name] = count
        if by:
            counts.of_value[0][value] = mine.bit_count()
    counts.silent[0] = (rows & ~told).bit_count()
    return shares_of(counts, repeated=repeated.bit_count())


def _values(index: Index, rows: int, field: str) -> dict[Value, int]:
    """Bitmaps of the rows with each value of a field, and of those without one."""
    every = [value for value, _ in index.counts(field, Found(rows))]
    # Of an own number or text it is counted whether there is one; of others, no value is no answer.
    unknown = MISSING if field.startswith(OWN) and STATED not in every else ()
    found: dict[Value, int] = {}
    rest = rows & ~index.facets.named(field)
    for value in every:
        if value not in unknown:
            mine = rows & index.facets.bitmap(Tag(field, value))
            found[int(value) if field == "year" else value] = mine
            rest &= ~mine
    if rest:
        found[None] = rest
    return found
