"""The data of the Review room, and the page of a card.

Knows the index, the queue and review files. Knows no requests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ...card import MISSING, Card
from ...paper import Paper
from ...reading.evidence import numbered_as
from ...review.edits import Key, version_of
from ...review.review_file import ReviewFile
from ...taxonomy import Taxonomy
from ..index.database import Index
from ..index.facets import OWN
from .items import Judging
from .queue import Queue
from .views import ReviewPage, review_page


@dataclass(frozen=True, slots=True)
class Desk:
    """The data that the room works with."""

    index: Index
    queue: Queue
    file: ReviewFile
    taxonomy: Taxonomy
    reviewer: str

    @contextmanager
    def running(self) -> Iterator[None]:
        """Build the queue in the background."""
        with self.queue.running():
            yield

    def open(self, key: Key) -> bool:
        """Whether the card is still to be reviewed."""
        return not self.file.overlay.reviewed(key)

    def page(self, card: Card) -> ReviewPage:
        """The page of a card with its edits applied."""
        key = Key(card.id, version_of(card))
        paper = self.paper(card)
        queued, every = self.queue.of(card.id), self.index.find()
        judging = Judging(
            card,
            self.file.overlay.of(key),
            self.taxonomy,
            queued.worries if queued and queued.key == key else self.queue.judge(card),
            self.queue.second(paper) if paper is not None else None,
            self.queue.other(card.id),
            {
                name: [one for one, _ in self.index.counts(OWN + name, every) if one not in MISSING]
                for name, value in card.fields.items()
                if value.type in ("label", "labels")
            },
        )
        return review_page(key.version, paper, judging)

    def paper(self, card: Card) -> Paper | None:
        """The paper of a card, with sentences numbered as in the card."""
        paper = self.index.paper(card.id)
        return numbered_as(card, paper) if paper is not None else None
