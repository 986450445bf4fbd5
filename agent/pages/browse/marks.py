"""Splits a paper's texts into pieces, so that every statement of its card can be marked in the text.

Statements about the same words form one passage. Passages may overlap: each piece between two boundaries is
marked for all passages that cover it. A passage is marked only if its words are where the card says.

Knows cards and text. Knows no HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...card import Card, CardLink, Evidence, Located
from ...paper import Paper, Section
from ...sinks.escaping import named
from ..rendering import opened

KNOWN_KINDS = ("performance", "efficiency", "theoretical", "finding", "resource", "novelty")
"""Kinds with a colour of their own; all other kinds share two colours."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One statement about a passage."""

    name: str
    """Display name, such as `performance` or `code released`."""
    style: str
    """CSS class; never text from a card."""
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of the abstract or a section, with all statements about them."""

    number: int
    """Number from 1 in the order of the text; passages of unknown sections come last."""
    section: str | None
    """Section name; None for the abstract."""
    place: str
    """Section and page for display; empty for the abstract."""
    start: int
    end: int
    text: str
    sayings: tuple[Saying, ...]
    placed: bool | None
    """Whether the words are where the card says; None if the text is not available."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a text that lies in the same passages throughout."""

    text: str
    sayings: tuple[Saying, ...]
    """Statements of all passages that cover the piece."""
    ends: tuple[Passage, ...]
    """The passages that end with this piece."""
    url: str | None
    """Target of the link, if the piece is part of a link that can be opened."""


@dataclass(frozen=True, slots=True)
class Part:
    """The abstract or a section of a paper."""

    heading: str
    """Display name, such as `Abstract` or `Conclusion, p. 9`."""
    pieces: tuple[Piece, ...]
    """The pieces; joined, they give the text."""


def passages(card: Card, paper: Paper | None) -> tuple[Passage, ...]:
    """All passages that a card quotes as evidence, in the order of the text."""
    said: dict[tuple[str | None, int, int, str], list[Saying]] = {}
    first: dict[tuple[str | None, int, int, str], Evidence] = {}

    def add(evidence: Evidence, saying: Saying) -> None:
        key = evidence.section, evidence.start, evidence.end, evidence.text
        if saying not in (sayings := said.setdefault(key, [])):
            sayings.append(saying)
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
    for name, value in card.fields.items():
        for evidence in (value.evidence, *(row.evidence for row in value.rows)):
            if evidence is not None:
                add(evidence, Saying(named(name), "has-own", value.confidence))
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
    """The heading of a section, such as `Conclusion, p. 9`."""
    return Located(section=section.name, page=section.page_at(0)).place


def pieces(text: str, marked: Sequence[Passage], links: Sequence[CardLink]) -> tuple[Piece, ...]:
    """Split a text into pieces; joined, they give the text. Passages and links must be those of this text."""
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
    """The legend of the colours: name and CSS class, each once."""
    return tuple(dict.fromkeys((saying.name, saying.style) for one in marked for saying in one.sayings))


def style(kind: str) -> str:
    """The CSS class of a kind of claim."""
    if kind in KNOWN_KINDS:
        return f"kind-{KNOWN_KINDS.index(kind)}"
    return f"kind-{len(KNOWN_KINDS) + sum(map(ord, kind)) % 2}"


def _texts(paper: Paper | None) -> dict[str | None, str]:
    if paper is None:
        return {}
    return {None: paper.abstract, **{section.name: section.text for section in paper.sections}}


def _fits(text: str, link: CardLink) -> bool:
    """Whether a link's target matches its text."""
    words = text[link.start : link.end]
    return bool(words) and opened(link.url) is not None and link.url in (words, f"https://{words}")
