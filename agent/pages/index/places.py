"""Where the cards of an index lie on the map: computed once, in the background, and kept in the index.

New cards are placed on the axes that were found; the axes are found again when there are twice as many cards.

Knows the index and the plane. Knows no pages.
"""

import json
import sqlite3
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict

from ...errors import StorageError
from ...reading.plane import SAMPLE, Plane, Text, fit
from .database import Index

_CHUNK = 200
_PLANE = "plane"


class Places:
    """The map of an index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._era = -1
        self._placed = -1
        """Last row that has a place."""
        self._read = -1
        self._xs, self._ys = array("H"), array("H")

    @property
    def busy(self) -> bool:
        """Whether cards are being placed."""
        return self._thread is not None and self._thread.is_alive()

    def update(self, *, wait: bool = False) -> None:
        """Place the cards that have no place yet: in the background, or with `wait` before it returns."""
        with self._lock:
            known = self._era == self._index.era and self._placed >= self._index.last_row
            if not self.busy and not known:
                self._thread = threading.Thread(target=self._run, name="papercards-map", daemon=True)
                self._thread.start()
            thread = self._thread
        if wait and thread is not None:
            thread.join()

    def coordinates(self) -> tuple[Sequence[int], Sequence[int]]:
        """The places by row, as far as there are any: across and up, from 0 to `SIDE`."""
        return self._xs, self._ys

    def _run(self) -> None:
        # The index may be closed or cleared meanwhile.
        with suppress(sqlite3.Error, StorageError):
            self._place()

    def _place(self) -> None:
        index = self._index
        era, size = index.era, index.size
        kept = json.loads(index.note(_PLANE) or "{}")
        if not kept or size > 2 * kept["size"]:
            found = fit(list(self._sample(size)))
            kept = {"size": size, "plane": asdict(found)}
            index.place([], fresh=True)
            index.note(_PLANE, json.dumps(kept))
        plane = Plane(**kept["plane"])
        xs, ys = array("H"), array("H")
        for row, x, y in index.places():
            _put(xs, ys, row, x, y)
        self._xs, self._ys, self._placed, self._era = xs, ys, len(xs) - 1, era
        while index.era == era and (texts := index.texts(len(xs) - 1, _CHUNK)):
            placed = [(row, *plane.place((title, abstract))) for row, title, abstract in texts]
            index.place(placed)
            for one in placed:
                _put(xs, ys, *one)
            self._placed = placed[-1][0]
            time.sleep(0)  # let a reader have its turn
            if index.size > 2 * kept["size"]:
                self._place()  # from the start, with other axes
                return

    def _sample(self, size: int) -> Iterator[Text]:
        """Papers from all over the index."""
        step = max(1, size // SAMPLE)
        row = -1
        while found := self._index.texts(row, 1 if step > 1 else _CHUNK):
            yield from ((title, abstract) for _, title, abstract in found)
            row = found[-1][0] + step - 1


def _put(xs: "array[int]", ys: "array[int]", row: int, x: int, y: int) -> None:
    missing = row - len(xs)
    for coordinates, value in ((xs, x), (ys, y)):
        coordinates.extend([0] * missing)
        coordinates.append(value)
