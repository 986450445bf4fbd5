"""Parts of a card as Markdown, shared by all Markdown outputs."""

from collections.abc import Callable, Iterable, Iterator

from ..card import Artifact, Candidate, Card, Evidence
from ..text.spans import links
from .escaping import code, link, named, plain, text, with_links

_STATUS = {"released": "**released**", "promised": "**promised**", "not-stated": "not stated"}


_NAMED = 10
"""Maximum number of authors that are named."""


def blocks(
    card: Card,
    title: str,
    tags: Iterable[str],
    claims: Iterable[str],
    part: Callable[[str], str],
) -> Iterator[str]:
    """A card as blocks of Markdown, from its title, lines of tags, and blocks of claims.

    `part` makes the heading of a part.
    """
    yield from (title, cited(card))
    if card.same_as:
        yield f"The same paper as {code(card.same_as)}, with the same card."
    yield from (text(card.tldr), "  \n".join(tags), unsure(card))
    if card.claims:
        yield from (part("What the authors claim"), *claims)
    yield from (part("What is there to reuse"), reusable(card))
    if own := own_fields(card):
        yield from (part("Your fields"), own)
    if card.flags:
        yield f"To be checked: {' '.join(code(flag) for flag in card.flags)}"
    yield made_by(card)


def cited(card: Card) -> str:
    """Authors, venue and date on one line; empty if none is known."""
    about = card.about
    names = [text(one.name) for one in about.authors[:_NAMED]]
    if about.more_authors or len(about.authors) > _NAMED:
        names.append("et al.")
    parts = (", ".join(names), text(about.venue or ""), text(about.date or str(about.year or "")))
    return " · ".join(filter(None, parts))


def quote(evidence: Evidence) -> str:
    """The quoted sentence, with addresses as links, and its place if not in the abstract."""
    place = f" ({text(evidence.place)})" if evidence.place else ""
    return f"“{with_links(evidence.text, links(evidence.text))}”{place}"


def reusable(card: Card) -> str:
    """A list of reusable artifacts: code, data, weights, links."""
    made = card.reproducibility
    held = (("code", made.code), ("data", made.data), ("weights", made.weights))
    lines = [_artifact(name.capitalize(), one) for name, one in held if name not in card.unasked]
    return "\n".join([*lines, *_links(card)])


def own_fields(card: Card) -> str:
    """Own fields as a list, each with its sentence; empty without any that has a value."""
    lines = []
    for name, value in card.fields.items():
        if value.rows:
            lines.append(f"- {text(named(name))}:")
            lines += [f"  - {text(row.text)}{_said(row.evidence)}" for row in value.rows]
        elif value.texts:
            lines.append(f"- {text(named(name))}: **{text(', '.join(value.texts))}**{_said(value.evidence)}")
    return "\n".join(lines)


def _said(evidence: Evidence | None) -> str:
    return f" · {quote(evidence)}" if evidence else ""


def unsure(card: Card) -> str:
    """What is not sure, in one line for each field; empty where all is."""
    lines = []
    for field in dict.fromkeys(one.field for one in card.candidates):
        names = (f"{code(one.label)}{_chance(one)}" for one in card.unsure_of(field))
        lines.append(f"{field.capitalize()} not sure, perhaps: {', '.join(names)}")
    return "  \n".join(lines)


def _chance(candidate: Candidate) -> str:
    return "" if candidate.confidence is None else f" ({candidate.confidence:.0%})"


def made_by(card: Card) -> str:
    """The provenance line: the paper's id as a link to its page, and how the card was made."""
    made = card.provenance
    parts = [
        link(card.id, card.page),
        text(made.model),
        text(f"prompt {made.prompt}"),
        text(f"taxonomy {made.taxonomy}"),
        text(made.created[:10]),
        text(f"{made.cost_usd:.4f} USD") if made.cost_usd else "",
    ]
    return f"<sub>{' · '.join(part for part in parts if plain(part))}</sub>"


def _artifact(name: str, artifact: Artifact) -> str:
    return f"- {name}: {_STATUS[artifact.status]}{_said(artifact.evidence)}"


def _links(card: Card) -> Iterator[str]:
    found: dict[str, str] = {one.url: one.kind for one in card.reproducibility.links}
    if found:
        shown = ", ".join(f"{link(url, url)} ({kind})" for url, kind in found.items())
        yield f"- Links: {shown}"
