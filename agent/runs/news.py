"""The digests of a watch: what is new in the ledger since a digest was last written, ranked by a library.

How much of the ledger a digest has told is in the state, so cards of a round that was killed, or whose digest
could not be written, are in the next one.

Knows cards, papers and vectors. Knows no terminal.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..card import Card, parse_card
from ..errors import PapercardsError, UsageError
from ..paper import Paper, identity
from ..reading.likeness import MOST as MOST_LIBRARY
from ..reading.likeness import Likeness, Text
from ..sinks import digest as pages
from ..sinks import read_cards
from ..sinks.files import write_file
from ..sources import Options, open_source, readable
from ..text.wording import counted
from .batch import Done, Outcome
from .ledger import State
from .resources import Resources

_TEXTS = 5_000
"""Maximum number of abstracts that are remembered for the digest; of other papers, the card is compared."""


@dataclass(frozen=True, slots=True)
class _Library:
    texts: list[Text]
    names: frozenset[str]
    """`identity` of its papers."""


class News:
    """What is new for the digests of a watch, collected over one round."""

    def __init__(self, ledger: Path, size: int, state: State, places: Sequence[Path]) -> None:
        """`places` are the paths of the digests. The first `size` bytes of the ledger are no news."""
        self._ledger = ledger
        self._state = state
        self._places = places
        self._abstracts: dict[str, str] = {}
        for place in places:
            told = state.shown.get(_key(place), size)
            # Of a ledger that was shortened, everything is told.
            state.shown[_key(place)] = min(told, size)

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Remember the abstracts of new papers."""
        for outcome in outcomes:
            if isinstance(outcome, Done) and len(self._abstracts) < _TEXTS:
                self._abstracts[outcome.paper.id] = outcome.paper.abstract

    def write(
        self, resources: Resources, like: str | None, options: Options, date: str, since: str
    ) -> list[str]:
        """Write the digests; a line about each. Raises StorageError, and what the library's source raises."""
        said = []
        library = _library(like, options) if like is not None else None
        ranked: tuple[Likeness, _Library] | None = None
        for place in self._places:
            begin = self._state.shown[_key(place)]
            count = sum(1 for _ in self._cards(begin))
            if library is not None and count and ranked is None:
                ranked = resources.likeness(library.texts), library
            entries, order = self._entries(begin, ranked), ""
            if like is not None and ranked is not None:
                size = counted(len(ranked[1].texts), "paper")
                order = f"Ordered by likeness to {Path(like).name} ({size}), by {ranked[0].name}."
            digest = pages.Digest(date, since, entries, count, order)
            size_now = self._ledger.stat().st_size
            write_file(place, [pages.rendered(digest, place).encode("utf-8", "replace")])
            self._state.shown[_key(place)] = size_now
            said.append(f"{place}: {counted(count, 'new paper')}. {order}".rstrip())
        return said

    def _cards(self, begin: int) -> Iterator[Card]:
        """The cards behind an offset of the ledger; those that repeat another are no news."""
        with self._ledger.open("rb") as lines:
            lines.seek(max(0, begin - 1))
            if begin and lines.read(1) != b"\n":
                lines.readline()  # the ledger was edited, and this is the rest of a card
            for line in lines:
                if line.strip() and line.endswith(b"\n"):
                    card = parse_card(line, str(self._ledger))
                    if card.same_as is None:
                        yield card

    def _entries(self, begin: int, ranked: "tuple[Likeness, _Library] | None") -> list[pages.Entry]:
        if ranked is None:
            return [pages.Entry(card) for card in islice(self._cards(begin), pages.MOST)]
        found = (self._compared(card, *ranked) for card in self._cards(begin))
        return heapq.nlargest(pages.MOST, found, key=lambda entry: entry.likeness or 0.0)

    def _compared(self, card: Card, likeness: Likeness, library: _Library) -> pages.Entry:
        there = identity(card.id, card.title) in library.names
        nearest = likeness.nearest((card.title, self._abstracts.get(card.id) or _text_of(card)))
        if nearest is None:
            return pages.Entry(card, 0.0, there=there)
        return pages.Entry(card, nearest.likeness, library.texts[nearest.number][0], there)


def _key(place: Path) -> str:
    return f"digest:{place}"


def _text_of(card: Card) -> str:
    """What a card says of its paper, where the abstract is not at hand."""
    return " ".join([card.tldr, *(claim.evidence.text for claim in card.claims)])


def _library(like: str, options: Options) -> _Library:
    """The papers of a library: of a file of cards, or of any source.

    Raises UsageError if it has none.
    """
    texts: list[Text] = []
    names = []
    for one in islice(_members(like, options), MOST_LIBRARY):
        names.append(identity(one.id, one.title))
        texts.append((one.title, one.abstract if isinstance(one, Paper) else _text_of(one)))
    if not texts:
        raise UsageError(
            "has no papers with an abstract", where=like, next_step="Give another library with --like"
        )
    return _Library(texts, frozenset(names))


def _members(like: str, options: Options) -> Iterator[Paper | Card]:
    if _is_cards(like):
        yield from read_cards(Path(like))
    else:
        yield from readable(open_source(like, options))


def _is_cards(like: str) -> bool:
    try:
        return Path(like).exists() and next(read_cards(Path(like)), None) is not None
    except (PapercardsError, OSError):
        return False
