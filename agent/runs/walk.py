"""Walks a source of a watch from its newest paper back to the first known one.

A round takes a limited number of new papers, so a walk may end before it is through; the next round walks
again and passes what has a card by now. Only a walk that got through, and whose papers are all settled, moves
the *place* of the source: the ids at its top. A later walk ends soon after it meets one of them. So the place
needs neither page numbers, which shift while papers arrive, nor the ids of all papers, and a round that was
killed anywhere leaves no gap.

Knows sources, the ledger and its state. Knows no models.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ..id_set import IdSet
from ..paper import Paper, identity
from ..sources import BadRecord, Listing, Options, listing, open_source
from ..sources.abstracts import filled
from .ledger import Failing, Ledger, State

START_DAYS = 7
"""The same for an archive that is harvested by date."""

OVERLAP_DAYS = 2
"""Days before the last harvest from which on the next one has papers: archives put papers in late."""

START = 200
"""Papers with which the watch of a query begins, unless a limit is given: older ones are not news."""

MARGIN = 100
"""Papers that are checked beyond the first known one: a service puts papers in late, and in any order if they
have the same date."""

_PLACE = 100
"""Ids that a place has, so that it is found although papers are withdrawn."""


class Walk:
    """One source in one round."""

    def __init__(
        self, source: str, options: Options, cards: Ledger, state: State, limit: int | None, met: IdSet
    ) -> None:
        """`limit` is the number of new papers to take, `met` are the papers of this round so far."""
        self.source = source
        self._options = options
        self._cards = cards
        self._state = state
        self._limit = limit
        self._met = met
        self._listing = listing(source)
        self._top: list[str] = []
        self._begin = datetime.fromtimestamp(options.clock.now(), UTC)
        self.checked = 0
        """Records that were looked at, known ones included."""
        self.failing: dict[str, Failing] = {}
        """Those that are not tried again, with the reason."""
        self.more = False
        """Whether new papers are left for the next round."""
        self.through = False
        """Whether it got to the known papers or to the end."""
        self.begins = False
        """Whether the source is new and has more papers than the watch begins with."""
        self.gap = False
        """Whether papers may be missing: the source shows only its newest ones, and none of them is known."""

    @property
    def place(self) -> tuple[str, ...]:
        """The place of the source once all papers of this walk are settled."""
        if self._listing is Listing.DATED:
            return (self._date(OVERLAP_DAYS),)
        return tuple(self._top) or self._state.places.get(self.source, ())

    @property
    def beginning(self) -> str:
        """What the watch of the source begins with, in words."""
        if self._listing is Listing.DATED:
            return f"the papers since {self._options.since}"
        return f"the newest {self.checked} papers"

    def papers(self) -> Iterator[Paper | BadRecord]:
        """The records that are neither known nor given up, at most as many as the limit.

        Raises what `open_source` raises.
        """
        place = self._state.places.get(self.source) if len(self._cards.ids) else None
        newest = self._listing is Listing.NEWEST
        most = self._limit or (None if self._listing is Listing.WHOLE else START)
        end = START if newest and place is None and self._limit is None else None
        if self._listing is Listing.DATED:
            self.begins = place is None and self._limit is None
            since = place[0] if place else self._date(START_DAYS) if self.begins else None
            self._options = replace(self._options, since=since)
            if since is not None:
                # So that it does not move on while the first papers are not read yet.
                self._state.places[self.source] = (since,)
        taken = 0
        beyond: int | None = None
        records = filled(open_source(self.source, self._options), self._options)
        for record in self._cards.local_ids.apart(records):
            name = None if isinstance(record, BadRecord) else identity(record.id, record.title)
            if name is not None and not self._met.add(name):
                continue  # a list that moves while it is read shows papers twice
            settled = self._settled(record, name)
            if beyond is not None:
                beyond += 1
                if newest and beyond > MARGIN:
                    break
            elif place and settled and isinstance(record, Paper) and record.id in place:
                beyond = 0
            if self.checked == end:
                self.begins = True
                break
            if not settled and taken == most:
                self.more = True
                return
            self.checked += 1
            if isinstance(record, Paper) and len(self._top) < _PLACE:
                self._top.append(record.id)
            if not settled:
                taken += 1
                yield record
        self.through = True
        self.gap = self._listing is Listing.WINDOW and bool(place) and beyond is None

    def _date(self, days: int) -> str:
        """The date so many days before this walk."""
        return (self._begin - timedelta(days=days)).date().isoformat()

    def _settled(self, record: Paper | BadRecord, name: str | None) -> bool:
        """Whether nothing is left to do for a record; what failed for good is noted again."""
        if isinstance(record, BadRecord):
            key, settled = record.where, self._state.known(record.where, record.reason)
        else:
            key, settled = record.id, self._state.given_up(record.id)
        if settled:
            self.failing[key] = self._state.failing[key]
        return settled or (name is not None and name in self._cards.ids)
