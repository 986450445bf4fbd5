"""An abstract in pieces, so that every statement of its card can be shown where it stands.

Statements about the same words are one passage. Passages may overlap: the pieces between all their ends are
marked for each passage that covers them. Only a passage whose words stand where the card says is marked.

Knows cards and text. Knows no HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..card import Card, CardLink, Evidence
from .rendering import opened

KNOWN_KINDS = ("performance", "efficiency", "theoretical", "finding", "resource", "novelty")
"""These have a colour of their own; other kinds share two."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What one statement says of a passage."""

    name: str
    """For people: `performance`, `code released`."""
    style: str
    """A class of the style sheet; never a word from a card."""
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of the abstract and all that the card says with them."""

    number: int
    """From 1, in the order of the text."""
    start: int
    end: int
    text: str
    sayings: tuple[Saying, ...]
    placed: bool
    """Whether the abstract has these words there."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of the abstract that lies in the same passages from end to end."""

    text: str
    sayings: tuple[Saying, ...]
    """Of all these passages."""
    ends: tuple[Passage, ...]
    """The passages that end with it."""
    url: str | None
    """Where it leads, if it is part of a link that can be opened."""


def passages(card: Card, abstract: str | None) -> tuple[Passage, ...]:
    """All that a card has evidence for, in the order of the text."""
    said: dict[tuple[int, int, str], list[Saying]] = {}

    def add(evidence: Evidence, saying: Saying) -> None:
        said.setdefault((evidence.start, evidence.end, evidence.text), []).append(saying)

    for claim in card.claims:
        add(claim.evidence, Saying(claim.kind, style(claim.kind), claim.confidence))
    held = card.reproducibility
    for name, artifact in (("code", held.code), ("data", held.data), ("weights", held.weights)):
        if artifact.evidence is not None:
            add(
                artifact.evidence,
                Saying(f"{name} {artifact.status}", f"has-{name}", artifact.confidence),
            )
    return tuple(
        Passage(
            number,
            start,
            end,
            text,
            tuple(sayings),
            abstract is not None and abstract[start:end] == text,
        )
        for number, ((start, end, text), sayings) in enumerate(sorted(said.items()), start=1)
    )


def pieces(abstract: str, marked: Sequence[Passage], links: Sequence[CardLink]) -> tuple[Piece, ...]:
    """The abstract in pieces that are it again when joined."""
    marked = [one for one in marked if one.placed]
    real = [one for one in links if _fits(abstract, one)]
    cuts = {0, len(abstract)}
    cuts.update(end for passage in marked for end in (passage.start, passage.end))
    cuts.update(end for link in real for end in (link.start, link.end))
    edges = sorted(cuts)
    found = []
    for start, end in pairwise(edges):
        over = [one for one in marked if one.start <= start and end <= one.end]
        url = next((one.url for one in real if one.start <= start and end <= one.end), None)
        found.append(
            Piece(
                abstract[start:end],
                tuple(dict.fromkeys(saying for one in over for saying in one.sayings)),
                tuple(one for one in over if one.end == end),
                url,
            )
        )
    return tuple(found)


def legend_of(marked: Sequence[Passage]) -> tuple[tuple[str, str], ...]:
    """What the colours mean: name and class, each once."""
    return tuple(dict.fromkeys((saying.name, saying.style) for one in marked for saying in one.sayings))


def style(kind: str) -> str:
    """The class for a kind of claim."""
    if kind in KNOWN_KINDS:
        return f"kind-{KNOWN_KINDS.index(kind)}"
    return f"kind-{len(KNOWN_KINDS) + sum(map(ord, kind)) % 2}"


def _fits(abstract: str, link: CardLink) -> bool:
    """Whether a link leads where its words say."""
    words = abstract[link.start : link.end]
    return bool(words) and opened(link.url) is not None and link.url in (words, f"https://{words}")
