"""Compares titles: whether two of them name the same work.

The same title is written in many ways: with other punctuation, hyphens, capitals, accents, or the name of a
Greek letter. Such differences do not count. Nearly the same are titles that differ in spelling (`modelling`),
a plural, an article, a letter that was left out or swapped, or a missing subtitle; two works can have such
titles, so something else must agree too. Numbers and any other word make another title.

Knows text alone.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Likeness = Literal["same", "near", "other"]

_WORD = re.compile(r"[^\W_]+")
_MARKUP = re.compile(r"</?[a-z][^<>]{0,200}>|\\[a-zA-Z]{1,20}\s?|[{}$]", re.IGNORECASE)
_SUBTITLE = re.compile(r" ?[:?!\u2013\u2014] | --? |\. ")
_A_PART = re.compile(
    r"\W*(?:(?:an?|the|our|some) )?(?:(?:part|volume|vol|chapter|section|version|v|no|number)\b"
    r"|(?:book|paper|study|experiment)s? \w{1,5}\s*$|[ivx]{1,5}\b|\d|erratum|corrig|correct|retract"
    r"|comment|reply|respon|rejoinder|discussion|review|supplement|appendix|addendum|editorial|interview"
    r"|extended|revisited)",
    re.IGNORECASE,
)
"""How a subtitle begins that tells one work of a series from another, or a notice from its work."""
_FEWEST_WORDS = 4
"""Words of a title that can stand for its work without the subtitle."""
_SPELLINGS = (
    (re.compile(r"(?<=\w{3})(i|y)s(?=(?:e[ds]?|ing|ations?|er[s]?)$)"), r"\1z"),
    (re.compile(r"(?<=\w{2})our(?=s?$|ed$|ing$|al$)"), "or"),
    (re.compile(r"(?<=\w{3})ll(?=(?:ed|ing|er)s?$)"), "l"),
    (re.compile(r"(?<=[bt])re(?=s?$)"), "er"),
    (re.compile(r"ae|oe"), "e"),
    (re.compile(r"(?<=\w\w[^\Ws])s$"), ""),
)
"""British and American spelling, and the plural."""
_ARTICLES = frozenset(("a", "an", "the"))


@lru_cache(maxsize=4096)
def words(title: str) -> tuple[str, ...]:
    """The words of a title, folded: no accents, capitals and markup, Greek letters by their names."""
    text = _MARKUP.sub("", title[:2000]).replace("&", " and ")
    text = unicodedata.normalize("NFKD", text).casefold()
    if not text.isascii():
        text = "".join(map(_plain, text))
    return tuple(_WORD.findall(text))


def likeness(one: str, other: str) -> Likeness:
    """How alike two titles are; an empty title is like no other."""
    a, b = words(one), words(other)
    if not a or not b:
        return "other"
    if "".join(a) == "".join(b):
        return "same"
    slipped = _slipped(a, b)
    a, b = _respelt(a), _respelt(b)
    if slipped or "".join(a) == "".join(b) or _shortened(one, b) or _shortened(other, a):
        return "near"
    return "other"


def shared(one: str, other: str) -> float:
    """The share of the words of the shorter title that are in the other one, from 0 to 1."""
    a, b = set(_respelt(words(one))), set(_respelt(words(other)))
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def _plain(character: str) -> str:
    if unicodedata.combining(character):
        return ""
    if "\u0370" <= character <= "\u03ff":
        name = unicodedata.name(character, "")
        return name.rpartition("LETTER ")[2].removeprefix("FINAL ").lower() or character
    return character


def _respelt(found: tuple[str, ...]) -> tuple[str, ...]:
    kept = [word for at, word in enumerate(found) if word not in _ARTICLES or at == len(found) - 1]
    for pattern, instead in _SPELLINGS:
        kept = [pattern.sub(instead, word) for word in kept]
    return tuple(kept)


def _shortened(whole: str, short: tuple[str, ...]) -> bool:
    """Whether `short` is the title without its subtitle."""
    whole = " ".join(whole.split())
    found = _SUBTITLE.search(whole, 1)
    if found is None or len(short) < _FEWEST_WORDS or _A_PART.match(whole, found.end()):
        return False
    return _respelt(words(whole[: found.start()])) == short


def _slipped(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one letter within one word is missing, or changed places with the next."""
    if len(one) != len(other):
        return False
    different = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(different) != 1:
        return False
    short, long = sorted(different[0], key=len)
    # What differs at its beginning is another word: `symmetric`, `asymmetric`.
    if len(short) < 5 or not short.isalpha() or not long.isalpha() or short[:2] != long[:2]:
        return False
    at = next(n for n in range(len(long)) if short[n : n + 1] != long[n])
    if len(short) == len(long):
        return (long[at + 1 : at + 2] + long[at] + long[at + 2 :]) == short[at:]
    return long[at + 1 :] == short[at:] and at < len(long) - 1
