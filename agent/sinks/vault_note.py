"""Builds the text of a vault's notes, keeping what the user wrote.

A note is front matter, then anything, then the block between two marks, then anything. Papercards owns its
keys of the front matter, the tags in its namespaces, and the block; the rest belongs to the user. Up-to-date
parts are not changed.

Text from papers goes through `escaping`, and markup specific to Obsidian is escaped here.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ..card import UNCERTAIN, Card
from ..text.spans import digest
from .escaping import address, inert, plain, text
from .front_matter import Unreadable, Value, changed, fields, written
from .passages import blocks, quote
from .safe_names import safe_name

BEGIN = "<!-- papercards:begin - what is between the two marks is made anew; write outside of them -->"
END = "<!-- papercards:end -->"

GROUPS = {"tasks": "task", "modalities": "modality", "contributions": "contribution"}
"""The fields of a card with a note per label, in folders of these names, with the namespaces of their tags.
"""

_MOST_AUTHORS = 100
"""Maximum number of authors in front matter."""

_MOST = 500
"""Maximum characters of an id or an alias."""

_OURS = tuple(f"{space}/" for space in (*GROUPS.values(), "claim", "code", "data", "weights"))
_FRONT = re.compile(r"\ufeff?---[ \t]*\r?\n(?:(.*?\n)??)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_BEGIN = re.compile(r"^<!-- papercards:begin\b.*-->[ \t]*\r?$", re.MULTILINE)
_END = re.compile(r"^<!-- papercards:end\b.*-->[ \t]*\r?$", re.MULTILINE)
_BETWEEN_TAGS = re.compile(r"[,\s]+")
_NO_TAG = re.compile(r"[^\w-]+")
_SHOWN = str.maketrans("[]|<>`^\\", "()/‹›'ˆ⧵")  # noqa: RUF001 - lookalikes on purpose
_OBSIDIAN = re.compile(r"%%+|==+|\^")


class Head(NamedTuple):
    """The data in the front matter of a paper's note."""

    id: str
    title: str
    """The first alias; empty if there is none."""
    tags: tuple[str, ...]
    """The tags in our namespaces."""


def read_head(start: str) -> Head | None:
    """The head of a note from the start of its text; None if it is not the note of a paper."""
    match = _FRONT.match(start)
    if match is None:
        return None
    try:
        have = fields(match[1] or "")
    except Unreadable:
        return None
    id_ = have["id"].value if "id" in have else None
    if not isinstance(id_, str) or not id_:
        return None
    names = _texts(have["aliases"].value) if "aliases" in have else ()
    tags = _tags(have["tags"].value) if "tags" in have else ()
    return Head(id_, names[0] if names else "", tuple(tag for tag in tags if tag.startswith(_OURS)))


def is_index(start: str) -> bool:
    """Whether a note other than a paper's has our marks, from the start of its text."""
    return read_head(start) is None and _BEGIN.search(start) is not None


def front_of(card: Card) -> dict[str, Value | None]:
    """Our keys in a note's front matter. An existing address is kept if the card has none."""
    known = card.tasks[0].confidence if card.tasks else None
    values: dict[str, Value | None] = {"aliases": (title_of(card),), "id": note_id(card)}
    if url := address(card.page):
        values["url"] = url.replace("&amp;", "&")
    return (
        values
        | _about(card)
        | {
            "tags": tags_of(card),
            **_own(card),
            "confidence": None if known is None else round(known, 2),
            "model": _value(card.provenance.model) or None,
            "created": _value(card.provenance.created) or None,
        }
    )


def _about(card: Card) -> dict[str, Value | None]:
    """What is known of the publication. A key that the card knows nothing for stays as the user has it."""
    about = card.about
    values: dict[str, Value | None] = {
        "citekey": _inactive(about.citation_key or ""),
        "authors": tuple(filter(None, (_inactive(one.name) for one in about.authors[:_MOST_AUTHORS]))),
        "year": about.year,
        "date": about.date,
        "venue": _inactive(about.venue or ""),
        "doi": _value(about.doi or ""),
        "arxiv": _value(about.arxiv_id or ""),
        "keywords": tuple(filter(None, map(_inactive, about.keywords))),
        "categories": tuple(filter(None, map(_inactive, about.categories))),
        "same_as": _value(card.same_as or ""),
    }
    return {key: value for key, value in values.items() if value}


def _own(card: Card) -> dict[str, Value | None]:
    """Own fields as properties: lists of labels and records, numbers, and texts."""
    found: dict[str, Value | None] = {}
    for name, value in card.fields.items():
        texts = tuple(filter(None, map(_inactive, value.texts)))
        if value.type in ("labels", "list"):
            found[name] = texts
        elif value.type in ("number", "quantity") and isinstance(value.value, int | float):
            found[name] = value.value
            found[f"{name}_unit"] = _inactive(value.unit or "")
        else:
            found[name] = "".join(texts[:1])
    return {name: value for name, value in found.items() if value not in ((), "")}


def _inactive(raw: str) -> str:
    """A text for front matter in which `[[x]]` is no link."""
    return _value(raw.replace("[[", "((").replace("]]", "))"))


def note_id(card: Card) -> str:
    """The id of the note: the paper's id, or a digest if that is too long or hides something."""
    fit = len(card.id) <= _MOST and _value(card.id) == card.id
    return card.id if fit else f"sha256:{digest(card.id)}"


def title_of(card: Card) -> str:
    """The title for front matter and links, on one line and bounded.

    Even in front matter `[[x]]` is a link, and some viewers treat the text as Markdown.
    """
    return _inactive(card.title) or note_id(card)


def _value(raw: str) -> str:
    """A text for front matter: on one line, bounded, and without code that a plugin of Obsidian would run."""
    return inert(plain(raw)).replace("`", "'")[:_MOST].strip()


def tags_of(card: Card) -> tuple[str, ...]:
    """The tags of a card: labels, claims and reusable artifacts, the main ones first."""
    made = card.reproducibility
    found = [
        f"{space}/{tag}"
        for field, space in GROUPS.items()
        for label in card.labels(field)
        if (tag := tag_name(label.label))
    ]
    found += [f"{GROUPS[one.field]}/{UNCERTAIN}" for one in card.candidates]
    for name, artifact in (("code", made.code), ("data", made.data), ("weights", made.weights)):
        if artifact.status != "not-stated":
            found.append(f"{name}/{artifact.status}")
    found += [f"claim/{tag}" for claim in card.claims if (tag := tag_name(claim.kind))]
    return tuple(dict.fromkeys(found))


def tag_name(label: str) -> str:
    """A label as an Obsidian tag: letters, digits, `_` and `-`."""
    return _NO_TAG.sub("-", label).strip("-")


def block_of(card: Card) -> str:
    """The block between the marks of a paper's note."""
    tags = {
        field: dict.fromkeys(tag for label in card.labels(field) if (tag := tag_name(label.label)))
        for field in GROUPS
    }
    lines = (
        f"{field.capitalize()}: {' · '.join(_label_link(field, tag) for tag in some)}"
        for field, some in tags.items()
        if some
    )
    claims = (f"> **{text(claim.kind)}** · {quote(claim.evidence)}" for claim in card.claims)
    parts = blocks(card, f"# {text(card.title) or text(card.id)}", lines, claims, lambda name: f"## {name}")
    return "\n\n".join(_inert(part) for part in parts if part)


@lru_cache(maxsize=4096)
def label_path(field: str, tag: str) -> str:
    """Path of the note of a label, without its extension."""
    return f"{field}/{safe_name(tag) or '-'}"


def wiki_link(path: str, shown: str) -> str:
    """A `[[link]]` to a note of the vault, by its path without extension."""
    name = (
        _OBSIDIAN.sub("", " ".join(inert(plain(shown)).translate(_SHOWN).split())) or path.rpartition("/")[2]
    )
    return f"[[{path}|{name}]]"


def fresh(front: Mapping[str, Value | None], block: str) -> str:
    """A new note."""
    return f"---\n{written(front)}---\n\n{between(block)}\n"


def between(block: str) -> str:
    """A block with its marks around it."""
    return f"{BEGIN}\n\n{block}\n\n{END}"


def merged(old: str, front: Mapping[str, Value | None], block: str) -> str | None:
    """The note with updated front matter and block; None if the marks or the front matter were removed.

    Without our keys, all front matter belongs to the user.
    """
    head = _FRONT.match(old)
    if not front:
        return _with_block(old, head.end() if head else 0, block)
    body = _with_block(old, head.end(), block) if head else None
    if head is None or body is None:
        return None
    yaml = head[1] or ""
    try:
        new = changed(yaml, _shared(front, yaml))
    except Unreadable:
        return None
    start = head.start(1) if head[1] is not None else head[0].index("\n") + 1
    return body[:start] + new + body[start + len(yaml) :]


def _with_block(old: str, start: int, block: str) -> str | None:
    begin = _BEGIN.search(old, start)
    end = _END.search(old, begin.end()) if begin else None
    if begin is None or end is None:
        return None
    if old[begin.end() : end.start()].replace("\r\n", "\n").strip("\n") == block:
        return old
    return old[: begin.start()] + between(block) + old[end.end() :]


def _shared(front: Mapping[str, Value | None], yaml: str) -> dict[str, Value | None]:
    """Our values, with the user's additions to shared lists."""
    have = fields(yaml)
    values = dict(front)
    for key, texts in (("aliases", _texts), ("tags", _tags)):
        ours = values[key]
        assert isinstance(ours, tuple)
        kept = have[key].value if key in have else None
        old = texts(kept)
        theirs = tuple(
            one for one in old if one not in ours and not (key == "tags" and one.startswith(_OURS))
        )
        settled = tuple(one for one in old if one not in theirs) == ours
        if key == "aliases":
            settled = old[:1] == ours  # the title stays in front: it is what index notes show
        values[key] = kept if settled and kept is not None else (*ours, *theirs)
    return values


def _texts(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """A list in Obsidian's sense: a single text counts as a list."""
    return tuple(filter(None, (value,) if isinstance(value, str) else value or ()))


def _tags(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    parts = _BETWEEN_TAGS.split(value) if isinstance(value, str) else value or ()
    return tuple(filter(None, (one.removeprefix("#") for one in parts)))


def _label_link(field: str, tag: str) -> str:
    return wiki_link(label_path(field, tag), tag)


def _inert(markdown: str) -> str:
    """The text without markup for comments, highlights and block names in Obsidian."""
    return _OBSIDIAN.sub(lambda found: "".join(f"&#{ord(c)};" for c in found[0]), markdown)
