"""A paper's texts in pieces, so that every statement of its card can be shown where it stands.

Statements about the same words are one passage. Passages may overlap: the pieces between all their ends are
marked for each passage that covers them. Only a passage whose words stand where the card says is marked.

Knows cards and text. Knows no HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..card import Card, CardLink, Evidence, Located
from ..paper import Paper, Section
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
    """Words of the abstract or of a section and all that the card says with them."""

    number: int
    """From 1, in the order of the text; what stands in sections that are not known comes last."""
    section: str | None
    """None: the abstract."""
    place: str
    """The same with the page, for people; empty for the abstract."""
    start: int
    end: int
    text: str
    sayings: tuple[Saying, ...]
    placed: bool | None
    """Whether the abstract or the section has these words there; None: it is not known."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a text that lies in the same passages from end to end."""

    text: str
    sayings: tuple[Saying, ...]
    """Of all these passages."""
    ends: tuple[Passage, ...]
    """The passages that end with it."""
    url: str | None
    """Where it leads, if it is part of a link that can be opened."""


@dataclass(frozen=True, slots=True)
class Part:
    """The abstract or a section."""

    heading: str
    """For people: `Abstract`, `Conclusion, p. 9`."""
    pieces: tuple[Piece, ...]
    """They are its text again when joined."""


def passages(card: Card, paper: Paper | None) -> tuple[Passage, ...]:
    """All that a card has evidence for, in the order of the text."""
    said: dict[tuple[str | None, int, int, str], list[Saying]] = {}
    first: dict[tuple[str | None, int, int, str], Evidence] = {}

    def add(evidence: Evidence, saying: Saying) -> None:
        key = evidence.section, evidence.start, evidence.end, evidence.text
        said.setdefault(key, []).append(saying)
        first.setdefault(key, evidence)

    for claim in card.claims:
        add(claim.evidence, Saying(claim.kind, style(claim.kind), claim.confidence))
    held = card.reproducibility
    for name, artifact in (("code", held.code), ("data", held.data), ("weights", held.weights)):
        if artifact.evidence is not None:
            add(
                artifact.evidence,
                Saying(f"{name} {artifact.status}", f"has-{name}", artifact.confidence),
            )
    texts = _texts(paper)
    order: dict[str | None, int] = {section: place for place, section in enumerate(texts or [None])}
    for evidence in sorted(first.values(), key=lambda one: one.sentence):
        order.setdefault(evidence.section, len(order))
    keys = sorted(said, key=lambda key: (order[key[0]], *key[1:]))
    return tuple(
        Passage(
            number,
            section,
            first[section, start, end, text].place,
            start,
            end,
            text,
            tuple(said[section, start, end, text]),
            texts[section][start:end] == text if section in texts else None,
        )
        for number, (section, start, end, text) in enumerate(keys, start=1)
    )


def parts(card: Card, paper: Paper, marked: Sequence[Passage]) -> tuple[Part, ...]:
    """The abstract, and those sections of the paper that the card's evidence names."""
    named = {one.section for one in marked}
    links = card.reproducibility.links

    def cut(section: str | None, text: str) -> tuple[Piece, ...]:
        return pieces(
            text,
            [one for one in marked if one.section == section],
            [one for one in links if one.section == section],
        )

    return (
        Part("Abstract", cut(None, paper.abstract)),
        *(Part(heading(one), cut(one.name, one.text)) for one in paper.sections if one.name in named),
    )


def heading(section: Section) -> str:
    """What stands over a section: `Conclusion, p. 9`."""
    return Located(section=section.name, page=section.page_at(0)).place


def pieces(text: str, marked: Sequence[Passage], links: Sequence[CardLink]) -> tuple[Piece, ...]:
    """A text in pieces that are it again when joined; passages and links are those that stand in it."""
    marked = [one for one in marked if one.placed]
    real = [one for one in links if _fits(text, one)]
    cuts = {0, len(text)}
    cuts.update(end for passage in marked for end in (passage.start, passage.end))
    cuts.update(end for link in real for end in (link.start, link.end))
    edges = sorted(cuts)
    found = []
    for start, end in pairwise(edges):
        over = [one for one in marked if one.start <= start and end <= one.end]
        url = next((one.url for one in real if one.start <= start and end <= one.end), None)
        found.append(
            Piece(
                text[start:end],
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


def _texts(paper: Paper | None) -> dict[str | None, str]:
    if paper is None:
        return {}
    return {None: paper.abstract, **{section.name: section.text for section in paper.sections}}


def _fits(text: str, link: CardLink) -> bool:
    """Whether a link leads where its words say."""
    words = text[link.start : link.end]
    return bool(words) and opened(link.url) is not None and link.url in (words, f"https://{words}")
