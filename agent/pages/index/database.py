"""The index behind the pages: cards in an SQLite file with full-text search, tags in bitmaps.

Row numbers are never reused, so a bitmap stays valid while the index grows. The full-text table has no
content of its own: a dropped row stays in it but is hidden, since it is no longer alive in the bitmaps. Any
number of threads may write and read, one at a time each.

Knows cards and papers. Knows no files of cards and no pages.
"""

import sqlite3
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ...card import Card
from ...paper import Paper
from . import stored_papers
from .facets import REPEATED, Facets, Tag, confidence_of, dated, first_author, rows_of, tags_of
from .query import parse
from .searching import Searches
from .tables import connected, opened, refused


@dataclass(frozen=True, slots=True)
class Found:
    """A selection of cards."""

    rows: int
    """Bitmap of the rows."""
    ranked: Sequence[int] | None = None
    """Rows by relevance, most relevant first, for a search; may contain rows that are not selected."""

    @property
    def count(self) -> int:
        """Number of rows."""
        return self.rows.bit_count()


class Index:
    """Cards that can be searched, counted and sorted."""

    def __init__(self, path: Path) -> None:
        """Open the index or create it. Raises StorageError if the file cannot be used."""
        self.path = path
        self._lock = threading.Lock()
        self._writing = threading.RLock()
        self._tags: dict[Tag, int] = {}
        self._next = 0
        """Number of the next row."""
        self._searches = Searches(self._rows)
        self.changes = 0
        """Counter that grows whenever the set of visible cards changes."""
        self.corrections = 0
        """Counter that grows whenever a card is shown with other corrections."""
        self.era = 0
        """Counter that grows whenever row numbers start again from the beginning."""
        try:
            self._writer = opened(path)
            self._reader = connected(path)
            self._reader.execute("PRAGMA query_only = 1")
            self._load()
        except sqlite3.Error as error:
            raise refused(path, error) from error

    # What is in it

    @property
    def size(self) -> int:
        """Number of visible cards."""
        return self.facets.alive.bit_count()

    def find(self, words: str = "", tags: Iterable[Tag] = ()) -> Found:
        """The cards that match all the words and have all the tags."""
        rows = self.facets.alive
        for tag in tags:
            rows &= self.facets.bitmap(tag)
        sought = parse(words)
        ranked: Sequence[int] | None = None
        if sought.wanted:
            hits, ranked = self._searches.hits(sought.wanted, self.changes)
            rows &= hits
        for expression in sought.unwanted:
            rows &= ~self._searches.hits(expression, self.changes)[0]
        return Found(rows, ranked)

    def counts(self, field: str, found: Found) -> list[tuple[str, int]]:
        """Number of selected cards for each value of a field, most frequent first."""
        return self.facets.counts(field, found.rows)

    def page(
        self, found: Found, sort: str = "file", skip: int = 0, most: int | None = None
    ) -> Iterator[Card]:
        """The cards of a selection in a sort order (one of `SORTS`), skipping the first `skip`."""
        for row in list(rows_of(found.rows, self._order(found, sort), skip, most)):
            if line := self._value("SELECT card FROM cards WHERE row = ?", row):
                yield self._corrected.get(row) or Card.model_validate_json(line)

    def neighbours(self, found: Found, sort: str, name: str) -> tuple[str | None, str | None]:
        """The ids of the cards before and after a card in a selection; None at either end."""
        mine = self.row(name)
        before = after = None
        if mine is not None and found.rows >> mine & 1:
            rows = rows_of(found.rows, self._order(found, sort))
            for row in rows:
                if row == mine:
                    after = next(rows, None)
                    break
                before = row
            else:
                before = None
        return self._id(before), self._id(after)

    def shown(self, name: str) -> Card | None:
        """The card with that id as people corrected it."""
        row = self.row(name) if self._corrected else None
        return self.card(name) if row is None else self._corrected.get(row) or self.card(name)

    def card(self, name: str) -> Card | None:
        """The card with that id as it is in the file."""
        line = self.line(name)
        return Card.model_validate_json(line) if line else None

    def paper(self, name: str) -> Paper | None:
        """The paper with that id, with the requested sections; None if no source has it."""
        found = self._one(stored_papers.SELECT, name)
        return stored_papers.paper_of(name, found) if found else None

    def line(self, name: str) -> str | None:
        """The card with that id as a line of JSON, as `Card.to_json` writes it."""
        return self._value("SELECT card FROM cards WHERE id = ?", name)

    def row(self, name: str) -> int | None:
        """The number of the row of the card with that id."""
        return next(iter(self._rows("SELECT row FROM cards WHERE id = ?", name)), None)

    def after(self, row: int, most: int) -> list[tuple[int, str]]:
        """Rows and JSON lines of the next cards after a row, in the order of the rows."""
        return self._all("SELECT row, card FROM cards WHERE row > ? ORDER BY row LIMIT ?", row, most)

    def texts(self, row: int, most: int) -> list[tuple[int, str, str]]:
        """Rows, titles and abstracts, or else summaries, of the next cards after a row."""
        query = (
            "SELECT row, cards.title, coalesce(papers.abstract, json_extract(card, '$.tldr'), '') "
            "FROM cards LEFT JOIN papers ON papers.id = cards.id WHERE row > ? ORDER BY row LIMIT ?"
        )
        return self._all(query, row, most)

    def places(self) -> list[tuple[int, int, int]]:
        """Rows with their places on the map, in the order of the rows."""
        return self._all("SELECT row, x, y FROM places ORDER BY row")

    def name(self, row: int) -> str | None:
        """The id of the visible card of a row; None if there is none."""
        return self._id(row) if self.facets.alive >> row & 1 else None

    @property
    def last_row(self) -> int:
        """Number of the last visible row; -1 if there is none."""
        return self.facets.alive.bit_length() - 1

    # How it grows

    def place(self, places: Iterable[tuple[int, int, int]], *, fresh: bool = False) -> None:
        """Store places on the map; with `fresh`, forget those that there are."""
        with self._change() as run:
            if fresh:
                run.execute("DELETE FROM places")
            run.executemany("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", places)

    def correct(self, row: int, card: Card | None) -> None:
        """Show the card of a row as people corrected it; with None, as it is in the file again.

        Filters and counts follow; the text search does not.
        """
        line = self._value("SELECT card FROM cards WHERE row = ?", row)
        if line is None:
            return
        original = Card.model_validate_json(line)
        before, after = set(tags_of(self._corrected.get(row, original))), set(tags_of(card or original))
        self.facets.retag(row, before - after, after - before)
        if card is None:
            self._corrected.pop(row, None)
        else:
            self._corrected[row] = card
        self.corrections += 1

    def add_papers(self, papers: Iterable[Paper]) -> None:
        """Store papers; a paper must be added before its card."""
        papers = iter(papers)
        while chunk := list(islice(papers, 500)):
            with self._change() as run:
                run.executemany(stored_papers.INSERT, map(stored_papers.row_of, chunk))

    def add(self, cards: Iterable[Card], origin: int, note: tuple[str, str] | None = None) -> None:
        """Add cards in one transaction, with a note; a card replaces an earlier one with the same id."""
        fresh: dict[int, tuple[Tag, ...]] = {}
        stale: list[int] = []
        with self._writing:
            with self._change() as run:
                for card in cards:
                    old = run.execute("DELETE FROM cards WHERE id = ? RETURNING row", (card.id,)).fetchall()
                    stale += [row for (row,) in old]
                    row, self._next = self._next, self._next + 1
                    fresh[row] = (*tags_of(card), *[REPEATED] * (card.same_as is not None))
                    self._write(run, row, card, origin, fresh[row])
                if note is not None:
                    run.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", note)
            for row, tags in fresh.items():
                self.facets.add(row, tags)
            self.facets.show(fresh)
            self.facets.drop(stale)
            self.changes += bool(fresh)

    def adopt(self, origin: int, as_origin: int, note: tuple[str, str]) -> None:
        """Replace all cards of one origin by those of another."""
        with self._writing:
            with self._change() as run:
                query = "DELETE FROM cards WHERE origin = ? RETURNING row"
                gone = run.execute(query, (as_origin,)).fetchall()
                run.execute("UPDATE cards SET origin = ? WHERE origin = ?", (as_origin, origin))
                run.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", note)
            self.facets.drop(row for (row,) in gone)
            self.changes += 1

    def clear(self, *, papers: bool = False) -> None:
        """Drop all cards, and with `papers` the papers too."""
        with self._writing:
            with self._change() as run:
                for table in ("cards", "tags", "tagged", "places", "notes", *(["papers"] if papers else [])):
                    run.execute(f"DELETE FROM {table}")  # noqa: S608
                run.execute("INSERT INTO words (words) VALUES ('delete-all')")
            self._load()
            self.era += 1
            self.changes += 1

    def note(self, name: str, value: str | None = None) -> str | None:
        """Store a note about what was read so far, or return it."""
        if value is not None:
            with self._change() as run:
                run.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))
            return value
        return self._value("SELECT value FROM notes WHERE name = ?", name)

    def close(self) -> None:
        """Close the file."""
        with self._writing, self._lock:  # no thread may be reading
            with suppress(sqlite3.Error):
                self._writer.execute("PRAGMA optimize")
            self._reader.close()
            self._writer.close()

    def _write(self, run: sqlite3.Connection, row: int, card: Card, origin: int, tags: Sequence[Tag]) -> None:
        sure = confidence_of(card)
        run.execute(
            "INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(row, card.id, origin, card.title, dated(card), -1 if sure is None else sure),
                *(first_author(card), card.publication.venue or "", card.to_json()),
            ),
        )
        for tag in tags:
            if tag not in self._tags:
                self._tags[tag] = len(self._tags)
                run.execute("INSERT INTO tags VALUES (?, ?, ?)", (self._tags[tag], *tag))
        numbers = array("I", [self._tags[tag] for tag in tags])
        run.execute("INSERT INTO tagged VALUES (?, ?)", (row, numbers.tobytes()))
        kept = run.execute(stored_papers.SELECT, (card.id,)).fetchone()
        if kept:
            body = stored_papers.paper_of(card.id, kept).text
        else:
            body = "\n".join(claim.evidence.text for claim in card.claims)
        labels = " ".join(tag.value for tag in tags if tag.field in ("task", "modality", "contribution"))
        about = card.about
        people = "\n".join((*(one.name for one in about.authors), about.venue or "", str(about.year or "")))
        run.execute(
            "INSERT INTO words (rowid, title, summary, body, labels, people) VALUES (?, ?, ?, ?, ?, ?)",
            (row, card.title, card.tldr, body, labels, people),
        )

    def _load(self) -> None:
        run = self._writer
        self.facets = Facets()
        self._corrected: dict[int, Card] = {}
        known = {number: Tag(field, value) for number, field, value in run.execute("SELECT * FROM tags")}
        self._tags = {tag: number for number, tag in known.items()}
        self._next = 0
        for row, numbers in run.execute("SELECT row, tags FROM tagged ORDER BY row"):
            self.facets.add(row, [known[number] for number in array("I", numbers)])
            self._next = row + 1
        self.facets.show(row for (row,) in run.execute("SELECT row FROM cards"))
        self._searches.forget()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        run = self._writer
        with self._writing:
            try:
                run.execute("BEGIN")
                yield run
                run.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    run.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise refused(self.path, error) from error
                raise

    def _order(self, found: Found, sort: str) -> Iterable[int]:
        if sort == "relevance" and found.ranked is not None:
            return found.ranked
        order = self._searches.order(sort, self.changes)
        return range(found.rows.bit_length()) if order is None else order

    def _id(self, row: int | None) -> str | None:
        return None if row is None else self._value("SELECT id FROM cards WHERE row = ?", row)

    def _all(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._reader.execute(query, values).fetchall()

    def _one(self, query: str, *values: object) -> Any:
        return next(iter(self._all(query, *values)), None)

    def _value(self, query: str, *values: object) -> str | None:
        found = self._one(query, *values)
        return str(found[0]) if found else None

    def _rows(self, query: str, *values: object) -> list[int]:
        return [row for (row,) in self._all(query, *values)]
