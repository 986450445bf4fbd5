"""Detects prompt injections: sentences in papers that address a model instead of readers.

Signs are: "ignore earlier instructions" in many languages, imperatives to an assistant or an indexer, chat
turns, words of our own prompt, ready-made answers, ordered reviews, and encoded text. The weights of signs
are added up for each sentence; a sentence unrelated to its paper needs fewer of them, and an order includes
its neighbours, since such sentences come in groups. A quotation inside another sentence is a mention, not an
order: papers on such attacks quote them.

Knows sentences. Knows no papers, labels or models.
"""

import base64
import binascii
import itertools
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from ..text.spans import Span
from .instruction_patterns import Sign, Wording, beginnings, patterns

ENOUGH = 1.0
"""Minimum weight of signs of an order."""
_NEAR = 0.3
"""Minimum weight of a sentence next to an order."""
_HINT = 0.4
_IN_TITLE = 0.7
_ALIEN = 0.6
"""Extra weight of a sentence with a sign that shares no content word with its paper."""
_SUBJECT = 12
"""Minimum content words of the rest of a paper, to judge whether a sentence is unrelated."""
_SHORT = 7
"""Maximum words of a short sentence that belongs to the order before it."""
_TOGETHER = 1.2
"""Minimum joint weight of two adjacent sentences that are both orders."""
_MOST = 20_000
"""Maximum characters of a sentence that are examined."""

_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝвкмнтгпАЕОРСУХІЈЅВКМНТαεορτυχινκβΑΕΟΡΤΥΧΙΝΚΒΜΗΖ",
    "aeopcyxijsdhlqwbkmhtrnAEOPCYXIJSBKMHTaeoptuxivkbAEOPTYXINKBMHZ",
)
"""Cyrillic and Greek letters that look like Latin ones."""
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(
    r"(?<!\w)(?=[a-z][a-z013457@$]{0,60}+(?!\w))(?:[a-z]++[013457@$]++)+[a-z]++|(?<!\w)[0134][a-z]+[013457@$]+[a-z]*"
)
_MIXED = re.compile(r"[013457@$][a-z]")
_EMPHASIS = re.compile(r"[*_`~\\]+")
_SPACED = re.compile(r"(?<!\w)(?:\w[ .\-_|]{1,3}){7,}\w(?!\w)")
_SPACED_PART = re.compile(r"[ .\-_|]\w[ .\-_|]{1,3}\w[ .\-_|]{1,3}\w[ .\-_|]")
"""What `_SPACED` has in it, which is quicker to look for."""
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{24,}={0,2}")
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())
_INSTRUCTIONS = re.compile(r"\binstructions?\b")
_HEX = re.compile(r"(?<!\w)(?:[0-9a-f]{2} ?){16,}(?!\w)", re.IGNORECASE)
_QUOTED = re.compile(
    "\u201c[^\u201c\u201d]{3,}\u201d|\"[^\"]{3,}\"|\u00ab[^\u00ab\u00bb]{3,}\u00bb|``[^`']{3,}''"
    "|(?<!\\w)'[^']{3,}'(?!\\w)|\u2018[^\u2018\u2019]{3,}\u2019|`[^`]{3,}`"
)
_MENTIONED = re.compile(
    r"(?:such as|like|e\.g\.,?|for example,?|for instance,?|phrases?|strings?|prompts?|attacks?|called|titled"
    r"|saying)[\s:,(]*$"
)
_COMPACT = re.compile(
    r"(?:ignore|disregard|forget|override)(?:all|any|the|your|my|these|of)*(?:previous|prior|above|earlier|preceding)"
    r"[a-z]{0,12}(?:instructions?|prompts?|rules?|directions?|orders?)|(?:task|label|tag|index)(?:this|the)paperas"
)
_TURNED = ("snoitcurtsni", "noitcurtsni", "tpmorp metsys", "vtaber", "qvfertneq", "vafgehpgvbaf")
"""Words of orders written backwards, and in ROT13."""
_STUFFED_PARTS = 5
_LETTERS = re.compile(r"[^\W\d_]+")
_BREAK = re.compile(r"[.:!?] ")
_LIST = re.compile(r"[,;|]")
_COMMON = frozenset(
    (
        "about above after again their there these those which while where other paper artic work study using"
        " based shows propo prese intro resul metho model data abstr would could shoul since under being"
        " every betwe"
    ).split()
)
_INNER_END = re.compile(r"(?<=[.!?]) +(?=[A-Z\[(<\"'])|\n+")
_KEYWORDS = re.compile(r"(?:^|[\n.] ?)(?:key ?words|index terms|keyphrases|subject headings|topics)\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding for one sentence."""

    order: bool
    """Whether it addresses a model."""
    quoted: tuple[Span, ...] = ()
    """Parts that are only quoted orders; offsets count from the start of the sentence."""


NOTHING = Finding(False)


def find(sentences: Sequence[str], title: str = "") -> list[Finding]:
    """One finding for each sentence of a text, in order. `title` is what the text should be about."""
    weights, quoted = [], []
    examined = [text[:_MOST] for text in sentences]
    glances = _glances(examined)
    for text, glance in zip(examined, glances, strict=True):
        weight, parts = _judge(text, odd=glance.odd) if glance.worth_judging else (0.0, ())
        rest = _without(text, parts)
        pieces = _pieces(rest) if glance.worth_judging else ()
        weights.append(max([weight, *(_judge(piece, odd=glance.odd)[0] for piece in pieces)]))
        quoted.append(parts)
    for number, (weight, glance) in enumerate(zip(weights, glances, strict=True)):
        hints = weight >= _HINT or (glance.may_name_field and _names_field(examined[number]))
        if weight < ENOUGH and hints and _is_alien(sentences, number, title):
            weights[number] = max(ENOUGH, weight + _ALIEN)
    orders = _with_company(sentences, weights, title)
    return [
        Finding(True) if order else Finding(False, parts) if parts else NOTHING
        for order, parts in zip(orders, quoted, strict=True)
    ]


def is_order(text: str) -> bool:
    """Whether a standalone text, such as a heading or a summary, addresses a model."""
    return find([text])[0].order


def is_title_order(title: str) -> bool:
    """Whether a title is an order and not just named after an attack, such as `Ignore previous …`."""
    names = _signs(title[:_MOST])
    override = names.pop("override", 0.0) >= ENOUGH
    return sum(names.values()) >= (_HINT if override else _IN_TITLE)


def _with_company(sentences: Sequence[str], weights: Sequence[float], title: str) -> list[bool]:
    """Which sentences are orders: those with enough weight, and neighbours that belong to them.

    A neighbour belongs to an order if it has any sign, or if it is short or between two orders and unrelated
    to the rest of the paper, such as `Code is released.`
    """
    orders = [weight >= ENOUGH for weight in weights]
    for number, (one, other) in enumerate(itertools.pairwise(weights)):
        if min(one, other) >= 0.4 and one + other >= _TOGETHER:
            orders[number] = orders[number + 1] = True
    for _ in range(2 if any(orders) else 0):  # an order that was drawn in draws in its neighbours, once
        sure = list(orders)
        rest = [text for text, order in zip(sentences, sure, strict=True) if not order]
        for number, (text, weight) in enumerate(zip(sentences, weights, strict=True)):
            before, after = any(sure[max(0, number - 2) : number]), any(sure[number + 1 : number + 3])
            short = number > 0 and sure[number - 1] and len(text.split()) <= _SHORT and "//" not in text
            if sure[number] or not (before or after):
                continue
            if weight >= _NEAR or ((short or (before and after)) and _is_strange(text, (title, *rest))):
                orders[number] = True
    return orders


def _is_strange(text: str, paper: Iterable[str]) -> bool:
    mine = _stems(text)
    return all(other is text or mine.isdisjoint(_stems(other)) for other in paper)


def _pieces(text: str) -> list[str]:
    """The parts of a sentence that may be several unseparated sentences."""
    if "\n" not in text and ". " not in text and "! " not in text and "? " not in text:
        return []
    pieces = _INNER_END.split(text)
    return [] if len(pieces) == 1 else pieces


def _names_field(text: str) -> bool:
    """Whether a sentence names a field of work and reports nothing."""
    lower = text.lower()
    return not patterns().research.within(lower) and patterns().field_of_work.within(lower)


def _is_alien(sentences: Sequence[str], number: int, title: str) -> bool:
    """Whether a sentence has content words, and none of them are in the title or another sentence."""
    mine = _stems(sentences[number])
    if len(mine) < 2:
        return False
    others = (title, *sentences[:number], *sentences[number + 1 :])
    lower = "\n".join(others).lower()
    if any(_begins_word(stem, lower) for stem in mine):
        return False
    subject: set[str] = set()
    for other in others:
        subject |= _stems(other)
        if len(subject) >= _SUBJECT:
            return True
    return False


def _begins_word(stem: str, lower: str) -> bool:
    at = lower.find(stem)
    while at > 0 and _LETTERS.match(lower[at - 1]):
        at = lower.find(stem, at + 1)
    return at >= 0


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:5] for word in _LETTERS.findall(text.lower()) if len(word) > 4) - _COMMON


class _Glance(NamedTuple):
    """What is seen of a sentence before it is judged; most need not be."""

    worth_judging: bool
    """False: `_judge` gives nothing for it, nor for a part of it."""
    may_name_field: bool
    odd: bool
    """Whether it may have spelt-out or encoded words in a line of ASCII."""


def _glances(texts: Sequence[str]) -> list[_Glance]:
    """Looking at all sentences together costs a small part of judging each."""
    odd = _may_be_odd("\n".join(texts))
    pieces = patterns().pieces.within([text.lower() for text in texts])
    return [
        _Glance(
            bool(there & 1)
            or not text.isascii()
            or _list_parts(text) >= _STUFFED_PARTS
            or (odd and _odd(text)),
            there & 2 != 0,
            odd,
        )
        for text, there in zip(texts, pieces, strict=True)
    ]


def _list_parts(text: str) -> int:
    return text.count(",") + text.count(";") + text.count("|")


def _may_be_odd(text: str) -> bool:
    """Whether a text may have spelt-out or encoded words in a line of ASCII."""
    data = text.encode("ascii", "replace")
    if b"w" * 24 in data.translate(_BASE64_SHAPE) or b"w" * 32 in data.translate(_HEX_SHAPE, b" "):
        return True
    shape = data.translate(_SPACED_SHAPE)
    single = b"_" in data or b" w w " in shape or b" w  w " in shape or b" w   w " in shape
    return single and _SPACED_PART.search(text) is not None


def _shape(word: str, gap: str = "") -> bytes:
    """A table for `bytes.translate`: `w` for these characters, a space for those, and `x` for others."""
    return bytes(
        ord("w") if chr(code) in word else ord(" ") if chr(code) in gap else ord("x") for code in range(256)
    )


_BASE64_SHAPE = _shape(string.ascii_letters + string.digits + "+/")
_HEX_SHAPE = _shape(string.hexdigits)
_SPACED_SHAPE = _shape(string.ascii_letters + string.digits, " .-|")


def _judge(text: str, *, odd: bool = True) -> tuple[float, tuple[Span, ...]]:
    weight = sum(_signs(text, odd=odd).values())
    if not weight or not (patterns().narrow.within(text.lower()) or _odd(text)):
        return 0.0, ()
    if weight < ENOUGH:
        return weight, ()
    quoted = tuple(_mentions(text))
    if not quoted:
        return weight, ()
    rest = _without(text, quoted)
    if len(re.findall(r"[^\W\d_]{2,}", rest)) < 5:
        return weight, ()
    left = sum(_signs(rest).values())
    return (weight, ()) if left >= ENOUGH else (left, quoted)


def _without(text: str, parts: Iterable[Span]) -> str:
    """The text with an ellipsis instead of each part."""
    rest, at = "", 0
    for part in parts:
        rest, at = rest + text[at : part.start] + "\u2026", part.end
    return rest + text[at:]


def _mentions(text: str) -> Iterator[Span]:
    """Parts in quotation marks that have a sign of their own."""
    for match in _QUOTED.finditer(text):
        inner = Span(match.start() + 1, match.end() - 1)
        if sum(_signs(text[inner.start : inner.end]).values()) >= 0.4:
            yield inner
    for match in re.finditer(r"(?:ignore|disregard|forget) ", text, re.IGNORECASE):
        if _MENTIONED.search(text[max(0, match.start() - 24) : match.start()].lower()):
            yield Span(match.start(), len(text))
            return


def _odd(text: str) -> bool:
    return (
        _SPACED.search(text) is not None
        or _BASE64.search(text) is not None
        or _HEX.search(text) is not None
        or not text.isascii()
        or _list_parts(text) >= _STUFFED_PARTS
    )


def _plain(text: str) -> str:
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    return "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Mn"))


def _signs(text: str, *, odd: bool = True) -> dict[str, float]:
    """The weight of each kind of sign, the heaviest of its kind. `odd`: as in `_Glance`."""
    found: dict[str, float] = {}
    plain = _plain(text)
    lower = plain.lower()
    flat = " ".join(lower.split())
    lines = flat if "\n" not in lower else re.sub(r"[^\S\n]+", " ", lower).strip()
    finder = patterns().finder
    meant = list(_spellings(flat))
    as_spelt = [lines] if lines.isascii() else list(dict.fromkeys((lines, lines.translate(_LOOK_ALIKES))))
    likely, foreign = finder.likely(flat)
    if as_spelt == meant == [flat]:  # as most sentences are; one pass is enough
        _add(found, likely.signs, flat)
    else:
        for spelt in as_spelt:
            _add(found, [sign for sign in finder.likely(spelt)[0].signs if not sign.said], spelt)
        for spelt in meant:
            readable, hint = finder.likely(spelt)
            foreign = foreign or hint
            _add(found, [sign for sign in readable.signs if sign.said], spelt)
    if likely.foreign and (foreign or "fields" in found or not lower.isascii()):
        _foreign(flat, likely.foreign, found)
    if _encoded(plain, lower, odd=odd or not text.isascii()):
        found["encoded"] = 1.0
    if _list_parts(lower) >= _STUFFED_PARTS and _stuffed(lower):
        found["stuffing"] = 1.0
    return found


def _foreign(flat: str, likely: Sequence[Wording], found: dict[str, float]) -> None:
    there = {one for one in likely if one.within(flat)}
    if not there.isdisjoint(patterns().ignoring):
        found["override"] = 1.0
    if len(there.intersection(patterns().fields)) >= 2:
        found["foreign fields"] = 1.0
    if not there.isdisjoint(patterns().orders):
        found["file"] = 1.0


def _add(found: dict[str, float], signs: Iterable[Sign], text: str) -> None:
    """Add the signs that are in a text."""
    imperative: bool | None = None
    for sign in signs:
        if sign.weight <= found.get(sign.kind, 0.0):
            continue
        if sign.imperative:
            if imperative is None:
                imperative = any(one.within(text) for one in patterns().imperative)
            if not imperative:
                continue
        if sign.within(text) and (not sign.said or not sign.triggers.isdisjoint(beginnings(text))):
            found[sign.kind] = sign.weight


def _spellings(flat: str) -> Iterator[str]:
    """Possible readings of a text: unchanged, and with look-alikes and digits replaced by letters."""
    if "*" in flat or "_" in flat or "`" in flat or "~" in flat or "\\" in flat:
        flat = " ".join(_EMPHASIS.sub(" ", flat).split())
    yield flat
    latin = flat if flat.isascii() else flat.translate(_LOOK_ALIKES)
    if latin != flat:
        yield latin
    if _MIXED.search(flat) and _LEET_WORD.search(flat):
        yield _LEET_WORD.sub(lambda word: word.group().translate(_LEET), flat)


def _squeezed(lower: str) -> str:
    if lower.isascii():
        return lower.encode().translate(None, _NO_LETTERS).decode()
    return re.sub(r"[\W_]+", "", lower)


def _encoded(plain: str, lower: str, *, odd: bool) -> bool:
    """Whether the text contains an encoded order. `odd`: as in `_Glance`."""
    if any(map(lower.__contains__, _TURNED)):
        return True
    squeezed = _squeezed(lower)
    if "instructions" in squeezed and _COMPACT.search(squeezed) and not _INSTRUCTIONS.search(lower):
        return True
    if not odd:
        return False
    for match in _SPACED.finditer(lower) if _SPACED_PART.search(lower) else ():
        if _COMPACT.search(_squeezed(match.group())):
            return True
    return any(
        " " in one and one.isprintable() and sum(c.isalpha() for c in one) > 0.6 * len(one)
        for one in _decoded(plain)
    )  # prose in a code is meant for machines, whatever it says


def _decoded(plain: str) -> Iterator[str]:
    """The texts encoded in base64 or hexadecimal digits."""
    for match in _BASE64.finditer(plain):
        raw = match.group().rstrip("=")
        with suppress(ValueError, binascii.Error):
            yield base64.b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-8")
    for match in _HEX.finditer(plain) if "6" in plain or "7" in plain else ():  # as all small letters have
        with suppress(ValueError):
            yield bytes.fromhex(match.group().replace(" ", "")).decode("utf-8")


def _stuffed(lower: str) -> bool:
    """Whether the text has a list of keywords that are repeated many times."""
    keywords = _KEYWORDS.search(lower) is not None
    return any(_repeats(part, keywords) for part in _BREAK.split(lower))


def _repeats(text: str, keywords: bool) -> bool:
    parts = [_LETTERS.findall(part) for part in _LIST.split(text)]
    if len(parts) <= _STUFFED_PARTS or max(len(part) for part in parts[1:-1]) > 6:
        return False
    words = [word for part in (parts[0][-3:], *parts[1:]) for word in part if len(word) > 3]
    counts = Counter(words)
    most = max(counts.values(), default=0)
    return len(words) >= 8 and most >= 4 and (len(counts) <= 0.6 * len(words) or keywords)
