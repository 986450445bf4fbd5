"""Converts printed lines to running text: hyphens at line ends, ligatures, separate accents.

The rest of the document decides whether a hyphen at a line end belongs to the word: `per-` and `formance` are
one word because neither is one, `state-of-the-` and `art` keep theirs because `the` and `art` are words.

Knows text. Knows no pages.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_LIGATURES = {
    ord(c): unicodedata.normalize("NFKC", c) for c in "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06\u0132\u0133"
}
_MATHEMATICAL = re.compile("[\U0001d400-\U0001d7ff]+")
"""Mathematical letters."""
_ACCENTS = {
    "\u00b4": "\u0301",
    "\u02ca": "\u0301",
    "\u02cb": "\u0300",
    "\u00a8": "\u0308",
    "\u02c6": "\u0302",
    "\u02dc": "\u0303",
    "\u02c7": "\u030c",
    "\u02d8": "\u0306",
    "\u02da": "\u030a",
}
_APART = re.compile(f"([{''.join(_ACCENTS)}]) ?([A-Za-z\u0131\u0237])")
_DOTLESS = {"\u0131": "i", "\u0237": "j"}
MARKS = frozenset("0123456789,*\u2217\u22c6\u2605\u2020\u2021\u00a7\u00b6\u2016\u2225")
_AFTER_WORD = re.compile(r"(?:[^\W\d_]{2}|[.,;:!?)\]\u201d\u2019\"'])\s?$|^$")
"""A power stands after a number, an operator or a letter that stands alone."""
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN = re.compile(r"(?<![^\W\d_])(?<![^\W\d_]-)([^\W\d_]++(?:-[^\W\d_]++)*+)-$")
_STARTS = re.compile(r"[^\W_]+(?:-[^\W\d_]+)*")
_LINK = re.compile(r"https?://|www\.|doi\.org/|10\.\d{4,9}/", re.IGNORECASE)
_LONGEST_LINK = 300
_LINK_GOES_ON = re.compile(r"[\w%~?#&=/.-]")
_HOST_GOES_ON = re.compile(r"[\w-]+(?:\.[\w-]+)*/|[\w-]{2,}\.[a-z]{2,}")
_FIRST_PARTS = frozenset(
    (
        "self well high low end real long short large small fine zero few one two three four many open cross "
        "human data task time model domain machine graph text image vision language top left right first "
        "second third full half single double all state cost energy user object context knowledge so up on "
        "off in out point pixel token word sentence instance class layer hand wide world ever near non"
    ).split()
)
_LAST_PARTS = frozenset(
    (
        "based aware driven like free level wise specific agnostic invariant guided oriented centric ready "
        "tuned augmented conditioned grained dimensional supervised scale domain art end time source of the"
    ).split()
)
"""Common word parts before or after a hyphen, if the document does not decide."""
_SMALL = frozenset("of to in by on up as an or".split())
_ENDINGS = frozenset(
    "over ever fore in as out to on upon by while less able most one thing things times self".split()
)
"""Words that end others: `moreover`, `within`."""


def _ends_in_link(text: str) -> bool:
    """Whether a link reaches to the end of the text."""
    return _LINK.search(text[-_LONGEST_LINK:].rstrip("\n").rpartition(" ")[2]) is not None


def raised(before: str, mark: str) -> str:
    """The replacement of raised characters: footnote marks are dropped, powers become `^2`."""
    if not mark or _AFTER_WORD.search(before):
        return ""
    return f"^{mark}"


def ligatures(text: str) -> str:
    """The text with its ligatures, stray accents and letters of formulas as plain letters."""
    if text.isascii():
        return text
    text = _MATHEMATICAL.sub(
        lambda match: unicodedata.normalize("NFKC", match[0]), text.translate(_LIGATURES)
    )
    return _APART.sub(_composed, text)


def _composed(match: re.Match[str]) -> str:
    letter = _DOTLESS.get(match[2], match[2])
    whole = unicodedata.normalize("NFC", letter + _ACCENTS[match[1]])
    return whole if len(whole) == 1 else match[0]


class Mender:
    """Joins lines, with the words of one document as its dictionary."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        broken = False
        for line in lines:
            words = _WORD.findall(line.casefold())
            # The pieces of a broken word are no words.
            known = words[int(broken) : -1 if line.endswith("-") else None]
            self._words.update(known)
            self._words.update(part for word in known if "-" in word for part in word.split("-"))
            broken = line.endswith("-")

    def join(self, lines: Sequence[str], *, keep: bool = False) -> tuple[str, list[int]]:
        """The lines as running text, and the offset at which each begins in it.

        `keep` decides about unknown hyphens: headings are rarely hyphenated.
        """
        text, starts = "", []
        for line in lines:
            text, glue = self._glue(text, line, keep)
            text += glue
            starts.append(len(text))
            text += line
        return text, starts

    def _glue(self, text: str, line: str, keep: bool) -> tuple[str, str]:
        """The rest of the text before, and the separator to the line."""
        if not text:
            return text, ""
        if text.endswith("-") and _ends_in_link(text):
            return text, ""
        broken = _BROKEN.search(text[-80:])
        starts = _STARTS.match(line)
        if broken and starts:
            return (text, "") if self._keeps(broken[1], starts[0], keep) else (text[:-1], "")
        if text[-1] == "/" and text[-2:-1].strip():
            return text, ""  # `and/or`, `1/n`, a link
        if text[-1] == "." and _HOST_GOES_ON.match(line) and _ends_in_link(text):
            return text, ""
        if text[-1] in "_=&" and _ends_in_link(text) and _LINK_GOES_ON.match(line):
            return text, ""
        return text, "\u0020"

    def _keeps(self, left: str, right: str, keep: bool) -> bool:
        """Whether the hyphen between two pieces belongs to the word."""
        if not right[0].islower():
            return True  # `Self-Consistency`, `GPT-4`
        left, right = left.casefold(), right.casefold()
        last, first = left.rsplit("-", 1)[-1], right.split("-", 1)[0]
        known = self._words
        joined, parted = (
            known[last + first] + known[left + right],
            known[f"{last}-{first}"] + known[f"{left}-{right}"],
        )
        if joined or parted:
            return parted > joined
        if last != left and known[last] and (len(last) > 2 or last in _SMALL):
            return True  # `state-of-the-` and more
        if not known[first] and first not in _LAST_PARTS:
            return keep
        if first in _ENDINGS and last not in _FIRST_PARTS:
            return False  # `more-over`
        return (
            last in _FIRST_PARTS
            or first in _LAST_PARTS
            or (len(last) > 2 and len(first) > 2 and known[last] > 0)
        )
