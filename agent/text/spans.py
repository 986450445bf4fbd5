"""Text with positions: sentences, links and numbers, each with where it stands.

Every offset counts Unicode code points of the text as it was given, 0-based and half-open, so that
`text[start:end]` is always the thing itself. Text is never changed here: what must be ignored is masked
by characters of the same length.

Knows no papers and no models.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sentencex import get_sentence_boundaries

_BRACKETS = str.maketrans("()[]{}\"'\n\r\t\v\f~\u00a0\u2028", "--------        ")
"""sentencex lets nothing between brackets or quotes end a sentence, also when the bracket never closes;
abstracts are full of `(ii)` and `f(x)`. Masked, 512 of 525 hand-labelled claim spans of the seed corpus are
exactly sentences; unmasked 503. Line breaks inside a paragraph end no sentence."""

_ASIDE = re.compile(r"\([^()]{0,120}\)|\[[^\[\]]{0,120}\]")
"""`(Doe, Phys. Rev. 2017)`: what is closed soon is one piece."""

_PARAGRAPH = re.compile(r"\n[ \t\r]*\n\s*")
_PIECE = 10_000
"""Characters of a paragraph that sentencex is given at once: over some texts its time is quadratic."""
_GLUED = re.compile(r"[a-z]{3}[.!?](?=[A-Z][a-z]+[ ,])")
"""`fine-tuning.Remarkably, our`: a full stop that lost its space."""
_MAY_BE_GLUED = re.compile(r"[.!?][A-Z]")

_URL = re.compile(
    r"(?:https?://|www\.|(?<![\w.@/-])(?:github|gitlab|huggingface|bitbucket|zenodo)\.(?:com|co|org|io)/)"
    r"[^\s<>\"'`{}|\\^\[\]]+",
    re.IGNORECASE,
)
_IN_URLS = ("://", "www.", ".com/", ".co/", ".org/", ".io/")
"""Each URL has one of these in it, which is quicker to look for."""
_BEFORE_SIGN = len("huggingface")
"""Characters of a URL before that, at most."""
_BEHIND = frozenset(".,;:!?*_~")
_WORD_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen "
            "fourteen fifteen sixteen seventeen eighteen nineteen twenty"
        ).split()
    )
}
_WORD = re.compile(r"[A-Za-z]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_PART = re.compile(r"\d+(?:\.\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of code points."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Link:
    """A URL that stands in a text."""

    url: str
    """As it can be opened: with a scheme, without the full stop that ended the sentence."""
    start: int
    end: int


def sentences(text: str) -> tuple[Span, ...]:
    """The sentences of a text, in order, without the white space around them.

    Every character that is not white space lies in exactly one sentence; an empty text has none.
    """
    spans: list[Span] = []
    begin = 0
    for gap in _PARAGRAPH.finditer(text):
        _split_paragraph(text, begin, gap.start(), spans)
        begin = gap.end()
    _split_paragraph(text, begin, len(text), spans)
    return tuple(spans)


def _split_paragraph(text: str, begin: int, end: int, spans: list[Span]) -> None:
    paragraph = text[begin:end]
    if not paragraph.strip():
        return
    masked = _ASIDE.sub(lambda aside: "-" * len(aside.group()), paragraph)
    if found := links(masked):
        pieces, at = [], 0
        for link in found:
            pieces += [masked[at : link.start], "x" * (link.end - link.start)]
            at = link.end
        masked = "".join([*pieces, masked[at:]])
    masked = masked.translate(_BRACKETS)
    may_be_glued = _MAY_BE_GLUED.search(masked) is not None
    for left, right in _boundaries(masked):
        cuts = [glued.end() for glued in _GLUED.finditer(masked, left, right)] if may_be_glued else []
        for a, b in zip([left, *cuts], [*cuts, right], strict=True):
            span = _trim(text, begin + a, begin + b)
            if span.start < span.end:
                spans.append(span)


def _boundaries(masked: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a paragraph begin and end; a long one is looked at a piece after the other."""
    begin = 0
    while begin < len(masked):
        piece = masked[begin : begin + _PIECE]
        if begin + _PIECE < len(masked):
            end = piece.rfind(". ", _PIECE // 2) + 1 or piece.rfind(" ", _PIECE // 2) + 1
            piece = piece[:end] if end else piece
        for boundary in get_sentence_boundaries("en", piece):
            yield begin + int(boundary["start_index"]), begin + int(boundary["end_index"])
        begin += len(piece)


def _trim(text: str, start: int, end: int) -> Span:
    piece = text[start:end].lstrip()
    start = end - len(piece)
    return Span(start, start + len(piece.rstrip()))


def links(text: str) -> tuple[Link, ...]:
    """The URLs of a text, in order, schemes or not; `https` is added where the text has none."""
    found: list[Link] = []
    lower = text.lower()
    first = min((at for sign in _IN_URLS if (at := lower.find(sign)) >= 0), default=-1)
    if first < 0:
        return ()
    # Most URLs stand at the end; a character that `lower` makes two of moves what is behind it.
    begin = max(0, first - _BEFORE_SIGN) if text.isascii() else 0
    for match in _URL.finditer(text, begin):
        raw = _without_end(match.group())
        url = raw if "://" in raw else f"https://{raw}"
        found.append(Link(url, match.start(), match.start() + len(raw)))
    return tuple(found)


def _without_end(url: str) -> str:
    """A URL without punctuation behind it, and without brackets that close there and open before it."""
    end, unopened = len(url), url.count(")") - url.count("(")
    while end:
        if url[end - 1] == ")" and unopened > 0:
            unopened -= 1
        elif url[end - 1] not in _BEHIND:
            break
        end -= 1
    return url[:end]


def numbers(text: str) -> frozenset[str]:
    """The numbers of a text in one spelling: `1,000`, `1000` and `1000.0` are the same.

    Small numbers in words count too (`three` is `3`), and the parts of `GPT-4` or `7B`.
    """
    parts = {_plain(part) for part in _PART.findall(text)}
    spelt = {_WORD_NUMBERS[word] for word in _WORD.findall(text.lower()) if word in _WORD_NUMBERS}
    return digits(text) | parts | spelt


def strange_numbers(text: str, source: str) -> frozenset[str]:
    """The numbers written in digits in `text` that `source` does not have."""
    left = digits(text)
    if left:
        left -= digits(source)
    return left - numbers(source) if left else left


def digits(text: str) -> frozenset[str]:
    """The numbers written in digits, in the spelling of `numbers`; words do not count."""
    return frozenset([_plain(number) for number in _NUMBER.findall(text)])


def _plain(number: str) -> str:
    if number.isdecimal():
        return number.lstrip("0") or "0"
    bare = number
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    if "." in bare and bare.count(".") == 1:
        bare = bare.rstrip("0").rstrip(".")
    whole, dot, rest = bare.partition(".")
    return (whole.lstrip("0") or "0") + dot + rest


def words(text: str) -> list[str]:
    """What stands between white space: the unit of the limit of a summary."""
    return text.split()


def digest(*parts: str) -> str:
    """SHA-256 in hex of the parts in order, each ended by a NUL."""
    state = hashlib.sha256()
    for part in parts:
        state.update(part.encode())
        state.update(b"\0")
    return state.hexdigest()
