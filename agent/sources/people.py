"""Reads names of authors in all the shapes that sources give them.

A string with one or many names, a list of names, or objects with parts of names. BibTeX's own rules, where
braces keep words together, are bibtexparser's (see `bibliography`); what arrives here is plain text. A name
is taken apart at a comma, or before its last word and the particles in front of that.

Knows text.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from ..bibliography.bibtex_names import BibtexNames
from ..publication import MOST_AUTHORS, Person
from .clean import clean, folded

_MOST_NAME = 300
_MOST_LIST = 1 << 20
"""Maximum characters of a list of names in one string."""

_SUFFIX = re.compile(r"(?:jr|sr|jnr|snr)\.?|I{2,3}|IV", re.IGNORECASE)
_GROUP = re.compile(
    r"\b(?:collaborations?|consortium|teams?|groups?|project|initiative|network|institutes?|university|committee"
    r"|organi[sz]ation|society|association|inc|ltd|gmbh|llc|labs?|investigators|department|agency)\b",
    re.IGNORECASE,
)
_CAPITAL_WORD = "[A-Z\\u00c0-\\u00d6\\u00d8-\\u00de][a-z\\u00df-\\u00f6\\u00f8-\\u00ff]+"
_USUAL = re.compile(
    rf"(?:{_CAPITAL_WORD}(?:-{_CAPITAL_WORD})? |[A-Z]\. )+{_CAPITAL_WORD}(?:-{_CAPITAL_WORD})?"
)
"""Most names: words with a capital and initials, the last word the family name."""
_NO_USUAL = re.compile(rf"{_GROUP.pattern}|\b(?:jn?r|sn?r|al|others|iii?|iv)\b", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?[\s-]?){1,4}")
_VANCOUVER = re.compile(r"[A-Z]{1,2}|(?:[A-Z]\.-?){1,4}")
_AND = re.compile(r"\s(?:and|&)\s|,\s?and\s|;", re.IGNORECASE)
_OTHERS = re.compile(r"(?:and\s+)?(?:others|et\.?\s*al\.?|\.\.\.|\u2026)", re.IGNORECASE)
_ET_AL = re.compile(r"[\s,](?:et\.?\s{1,9}al\.?|and\s{1,9}others)\Z", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")

_KEYS = {
    "family": ("family", "last", "lastname", "familyname", "surname", "keyname"),
    "given": tuple("given first firstname givenname givennames forename forenames initials".split()),
    "suffix": ("suffix", "jr"),
    "name": ("name", "displayname", "fullname", "authorname", "rawauthorname", "author", "text"),
}


def people(value: object) -> tuple[tuple[Person, ...], bool]:
    """The authors, and whether there are more than these."""
    found: list[Person] = []
    more = False
    for one in _each(value):
        person = _person(one)
        if person is None:
            continue
        if person.literal and _OTHERS.fullmatch(person.literal):
            more = True
        elif len(found) == MOST_AUTHORS:
            return tuple(found), True
        else:
            found.append(person)
    return tuple(found), more


def _each(value: object) -> Iterator[object]:
    if callable(value):
        # What takes time to take apart is left until the names are needed.
        yield from _each(value())
    elif isinstance(value, BibtexNames):
        yield from value.names()
    elif isinstance(value, str):
        text = value[:_MOST_LIST].strip()
        if text.startswith("[") and text.endswith("]") and isinstance(listed := _literal(text), list):
            yield from listed
        elif text:
            yield from _split(text)
    elif isinstance(value, Mapping):
        yield value
    elif isinstance(value, list | tuple):
        if len(value) == 1 and isinstance(value[0], str):
            yield from _split(value[0][:_MOST_LIST])
        else:
            yield from value


def _literal(text: str) -> object:
    """A list as Python or JSON writes it, which is what tables often hold."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _split(text: str) -> Iterable[str]:
    """The names in a string."""
    if "\n" in text:
        return text.split("\n")
    text = text.rstrip()
    cut = _ET_AL.sub("", text).rstrip(" ,")
    tail = ["et al."] if _ET_AL.search(text) else []
    if "(" in cut or "[" in cut:
        cut = " ".join(_IN_BRACKETS.sub(" ", cut).split())
    parts = [part for one in _AND.split(cut) if (part := one.strip(", \t"))]
    if ";" in cut:
        return [*parts, *tail]
    return [*(name for part in parts for name in _by_commas(part, alone=len(parts) == 1)), *tail]


def _by_commas(text: str, *, alone: bool) -> Iterable[str]:
    """The names in a string with commas between them, or within a name as in `Last, First`."""
    parts = [part for one in text.split(",") if (part := one.strip())]
    if len(parts) < 2:
        return parts
    if len(parts) % 2 == 0 and all(map(_INITIALS.fullmatch, parts[1::2])):
        return [", ".join(parts[at : at + 2]) for at in range(0, len(parts), 2)]
    words = [len(part.split()) for part in parts]
    if len(parts) == 2 and (not alone or min(words) == 1 or parts[0][0].islower()):
        return [", ".join(parts)] if min(words) == 1 or parts[0][0].islower() else parts
    if len(parts) == 3 and (_SUFFIX.fullmatch(parts[1]) or _SUFFIX.fullmatch(parts[2])):
        return [", ".join(parts)]
    return parts


def _person(one: object) -> Person | None:
    if isinstance(one, str):
        return person(one)
    if isinstance(one, Mapping):
        return _from_parts(one)
    if isinstance(one, list | tuple) and one and all(isinstance(part, str) for part in one[:3]):
        # arXiv: family name, given names, suffix, affiliations.
        family = clean(one[0], _MOST_NAME)
        given = clean(one[1], _MOST_NAME) if len(one) > 1 else ""
        if not given:
            return person(family) if family else None
        return Person(family or None, given, clean(one[2], _MOST_NAME) or None if len(one) > 2 else None)
    return None


def _from_parts(one: Mapping[str, object]) -> Person | None:
    """A person from an object of any of the usual shapes."""
    parts = {folded(str(key)): value for key, value in one.items()}
    kind = parts.get("creatortype")
    if isinstance(kind, str) and kind != "author":
        return None
    if literal := _text(parts.get("literal")):
        return Person(literal=literal)
    family = next((text for key in _KEYS["family"] if (text := _text(parts.get(key)))), "")
    given = next((text for key in _KEYS["given"] if (text := _text(parts.get(key)))), "")
    middle = parts.get("middle")
    given = " ".join(
        filter(None, (given, _text(" ".join(map(str, middle)) if isinstance(middle, list) else middle)))
    )
    if family:
        particles = (_text(parts.get("droppingparticle")), _text(parts.get("nondroppingparticle")))
        suffix = next((text for key in _KEYS["suffix"] if (text := _text(parts.get(key)))), "")
        return Person(" ".join(filter(None, (*particles, family))), given or None, suffix or None)
    for key in _KEYS["name"]:
        value = parts.get(key)
        if isinstance(value, Mapping):
            return _from_parts(value)
        if text := _text(value):
            return person(text)
    return Person(literal=given) if given else None


def _text(value: object) -> str:
    return clean(value, _MOST_NAME) if isinstance(value, str) else ""


def person(text: str) -> Person | None:
    """One name; None for an empty one."""
    if len(text) <= _MOST_NAME and _USUAL.fullmatch(text) and _NO_USUAL.search(text) is None:
        given, _, family = text.rpartition(" ")
        return Person(family, given)
    # What `clean` takes out can leave two spaces.
    name = " ".join(clean(text, _MOST_NAME).split())
    if not name:
        return None
    if "," in name:
        parts = [part for one in name.split(",") if (part := one.strip())]
        if len(parts) == 2:
            return Person(parts[0], parts[1])
        if len(parts) == 3 and _SUFFIX.fullmatch(parts[1]):
            return Person(parts[0], parts[2], parts[1])
        if len(parts) == 3 and _SUFFIX.fullmatch(parts[2]):
            return Person(parts[0], parts[1], parts[2])
        return Person(literal=name) if parts else None
    words = name.split()
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else None
    if len(words) == 1 or _OTHERS.fullmatch(name) or _GROUP.search(name):
        return Person(literal=name)
    if len(words) == 2 and _VANCOUVER.fullmatch(words[1]) and not words[0].isupper():
        return Person(words[0], words[1], suffix)
    at = next(
        (at for at, word in enumerate(words) if at and word[0].islower() and word[0].isalpha()),
        len(words) - 1,
    )
    return Person(" ".join(words[at:]), " ".join(words[:at]), suffix)
