"""Shows corrections in the other rooms as soon as they are in the review file.

Knows the index and the review file. Knows no pages.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256

from ...card import Card
from ...errors import StorageError
from ...review.corrected import corrected
from ...review.edits import Edit, Key, Place
from ...review.review_file import ReviewFile
from ..index.database import Index


class Corrections:
    """Keeps the cards of an index as the edits of a review file have them."""

    def __init__(self, index: Index, file: ReviewFile) -> None:
        self._index = index
        self._file = file
        self._lock = threading.Lock()
        self._seen = (-1, -1, -1)
        self._shown: dict[str, tuple[int, Mapping[Place, Edit]]] = {}
        """Row and edits of each card that is shown corrected."""

    def apply(self) -> None:
        """Apply what has changed since the last call; without changes, this takes a look at the file."""
        index, overlay = self._index, self._file.overlay
        with self._lock:
            with suppress(StorageError):  # the Review room says so
                self._file.refresh()
                overlay = self._file.overlay
            now = (index.era, index.changes, self._file.changes)
            if now == self._seen:
                return
            if now[0] != self._seen[0]:
                self._shown.clear()
            self._seen = now
            versions: dict[str, set[str]] = {name: set() for name in self._shown}
            for key in overlay.cards():
                versions.setdefault(key.card, set()).add(key.version)
            for name, edited in versions.items():
                row, line = index.row(name), index.line(name)
                if row is None or line is None:
                    self._shown.pop(name, None)
                    continue
                card = Card.model_validate_json(line)
                version = sha256(line.encode()).hexdigest()[:16]
                edits = dict(overlay.of(Key(name, version)))
                if edited - {version}:
                    edits = overlay.carried(card, version) | edits
                if self._shown.get(name) == (row, edits):
                    continue
                if edits:
                    index.correct(row, corrected(card, edits, index.paper(name)))
                    self._shown[name] = row, edits
                elif self._shown.pop(name, None):
                    index.correct(row, None)
