"""The patterns of `data/instructions.toml`, each compiled when first needed.

Most texts match none of them. So each pattern has pieces of text of which every match contains one, and is
only tried if such a piece occurs. Knows regular expressions only.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import ahocorasick

FILE = Path(__file__).parent.parent / "data" / "instructions.toml"
PIECES = FILE.with_name("instruction_pieces.json")
"""Made from it by `python -m papercards.evals.fitting.instruction_pieces`."""

_GAP = re.compile(r"@GAP(\d)@")
_FRAGMENT = re.compile(r"@([A-Z_]+)@")
_AT_START = re.compile(r"\(\?:\^\|(\[(?:[^\]\\]|\\.)+\](?: \?)?|\\n)\)")
"""An expression that begins at the start of a text, or behind some characters."""
_WORD = re.compile(r"[^\W\d_]+")

Pattern = re.Pattern[str]


@dataclass(frozen=True)
class Wording:
    """One regular expression."""

    source: str
    pieces: tuple[frozenset[str], ...] = ()
    """Sets of pieces of text: a match has at least one piece of each set. `^` marks the start of a word."""

    @cached_property
    def _ways(self) -> tuple[Pattern | None, Pattern]:
        """What to look for at the beginning of a text, and in all of it.

        Python tries an alternative of the beginning at each character, but looks quickly for the others.
        """
        if (start := _AT_START.match(self.source)) is None:
            return None, re.compile(self.source)
        rest = self.source[start.end() :]
        return re.compile(rest), re.compile(start[1] + rest)

    def within(self, text: str) -> bool:
        """Whether the pattern occurs in a text."""
        at_start, anywhere = self._ways
        if at_start is not None and at_start.match(text):
            return True
        return anywhere.search(text) is not None


@dataclass(frozen=True, kw_only=True)
class Sign(Wording):
    """A pattern with a kind and a weight."""

    kind: str
    weight: float
    said: bool
    """Whether it is looked for in each way that a text may be meant, and not only as it is spelt."""
    imperative: bool
    """Whether it must start where an imperative can be."""
    triggers: frozenset[str]
    """Word prefixes of which a text must have at least one, see `beginnings`."""


@dataclass(frozen=True, slots=True)
class Likely:
    """What may occur in a text; nothing else does."""

    signs: tuple[Sign, ...]
    foreign: tuple[Wording, ...]


class Finder:
    """Finds in one pass which of many signs and foreign wordings may occur in a text.

    It uses Aho and Corasick's algorithm (1975), whose time does not depend on the number of pieces. Each set
    of pieces that one of them needs is one bit; it may occur if all of its bits are set.
    """

    def __init__(self, signs: Sequence[Sign], foreign: Sequence[Wording], words: Iterable[str] = ()) -> None:
        """`words` are searched in addition to their pieces, see `likely`."""
        self.signs = tuple(signs)
        self.foreign = tuple(foreign)
        bits: dict[frozenset[str], int] = {}

        def needs(one: Wording) -> int:
            return sum(bits.setdefault(needed, 2 << len(bits)) for needed in one.pieces)

        self._signs = tuple((needs(one), one) for one in signs)
        self._foreign = tuple((needs(one), one) for one in foreign)
        marks = dict.fromkeys(words, 1)
        for needed, bit in bits.items():
            for piece in needed:
                marks[piece] = marks.get(piece, 0) | bit
        self._automaton = _automaton(marks)
        # Sentences have the same few bits again and again.
        self._having = lru_cache(4096)(self._having_bits)

    def likely(self, text: str) -> tuple[Likely, bool]:
        """What may occur in a text whose white space is folded, and whether it has one of the words."""
        there = 0
        for end, (anywhere, at_start, length) in self._automaton.iter(text):
            there |= anywhere
            if at_start & ~there and (end < length or not _in_word(text[end - length])):
                there |= at_start
        return self._having(there), bool(there & 1)

    def _having_bits(self, there: int) -> Likely:
        return Likely(
            tuple(one for needs, one in self._signs if needs & there == needs),
            tuple(one for needs, one in self._foreign if needs & there == needs),
        )

    @staticmethod
    def places(pieces: Iterable[str], texts: Sequence[str]) -> dict[str, set[int]]:
        """For each piece the numbers of the texts that have it."""
        numbered = {1 << number: piece for number, piece in enumerate(pieces)}
        automaton = _automaton({piece: bit for bit, piece in numbered.items()})
        found: dict[str, set[int]] = {piece: set() for piece in numbered.values()}
        for number, text in enumerate(texts):
            for end, (anywhere, at_start, length) in automaton.iter(text):
                if anywhere:
                    found[numbered[anywhere]].add(number)
                if at_start and (end < length or not _in_word(text[end - length])):
                    found[numbered[at_start]].add(number)
        return found


class Pieces:
    """Pieces of several wordings, which are looked for in one pass over all sentences of a text."""

    def __init__(self, *wordings: Iterable[str]) -> None:
        """`^` marks the start of a word."""
        marks: dict[str, int] = {}
        for number, pieces in enumerate(wordings):
            for piece in pieces:
                marks[piece] = marks.get(piece, 0) | 1 << number
        self._automaton = _automaton(marks)

    def within(self, texts: Sequence[str]) -> list[int]:
        """For each text the wordings of which it has a piece, as bits in their order."""
        found = [0] * len(texts)
        whole = "\n".join(texts)
        number, end_of_text = 0, len(texts[0]) if texts else 0
        for end, (anywhere, at_start, length) in self._automaton.iter(whole):
            while end > end_of_text:
                number += 1
                end_of_text += len(texts[number]) + 1
            found[number] |= anywhere
            if at_start & ~found[number] and (end < length or not _in_word(whole[end - length])):
                found[number] |= at_start
        return found


def _automaton(marks: Mapping[str, int]) -> Any:
    """Finds pieces, each with its bits anywhere, its bits at the start of a word, and its length."""
    automaton = ahocorasick.Automaton()
    for word in {piece.removeprefix("^") for piece in marks}:
        automaton.add_word(word, (marks.get(word, 0), marks.get(f"^{word}", 0), len(word)))
    automaton.make_automaton()
    return automaton


def _in_word(character: str) -> bool:
    return character != " " and (character.isalnum() or character == "_")


@dataclass(frozen=True, slots=True)
class Patterns:
    """The content of the file, which explains each part."""

    finder: Finder
    """All signs, in the order of the file; its words are those of orders in other languages."""
    ignoring: tuple[Wording, ...]
    fields: tuple[Wording, ...]
    orders: tuple[Wording, ...]
    imperative: tuple[Wording, Wording]
    narrow: Wording
    pieces: Pieces
    """What a text has that `narrow` (the first bit) or `field_of_work` (the second) is within."""
    field_of_work: Wording
    research: Wording


def beginnings(text: str) -> frozenset[str]:
    """The first four and five letters of each word, shorter words as they are."""
    words = set(_WORD.findall(text))
    return frozenset([word[:5] for word in words] + [word[:4] for word in words])


@cache
def patterns() -> Patterns:
    """The shipped patterns."""
    table: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    fragments: Mapping[str, str] = table["fragments"]
    triggers = {
        kind: frozenset(word[:5] for word in words.split()) for kind, words in table["triggers"].items()
    }

    def full(pattern: str) -> str:
        pattern = _GAP.sub(lambda gap: rf"(?:\S{{1,40}}+ ){{0,{gap[1]}}}?", pattern)
        for _ in range(2):  # a fragment may have others
            pattern = _FRAGMENT.sub(lambda name: fragments[name[1]], pattern)
        return pattern

    known = json.loads(PIECES.read_text(encoding="utf-8"))

    rows = [(name, row) for name in ("shouted", "said") for row in table["signs"][name]]
    signs = [
        Sign(
            full(pattern),
            tuple(map(frozenset, pieces)),
            kind=kind,
            weight=weight,
            said=name == "said",
            imperative=pattern.startswith("@HERE@"),
            triggers=triggers.get(kind, frozenset()) if name == "said" else frozenset(),
        )
        for (name, (kind, weight, pattern)), pieces in zip(
            rows, [*known["shouted"], *known["said"]], strict=True
        )
    ]
    lists = {
        name: tuple(
            Wording(full(row), tuple(map(frozenset, pieces)))
            for row, pieces in zip(rows, known[name], strict=True)
        )
        for name, rows in table["lists"].items()
    }
    single = {name: Wording(full(pattern)) for name, pattern in table["single"].items()}
    return Patterns(
        finder=Finder(signs, [*chain.from_iterable(lists.values())], table["foreign"].split()),
        ignoring=lists["ignoring"],
        fields=lists["fields"],
        orders=lists["orders"],
        imperative=(single["imperative_start"], single["imperative_asked"]),
        narrow=single["narrow"],
        pieces=Pieces(known["narrow"], known["field_of_work"]),
        field_of_work=single["field_of_work"],
        research=single["research"],
    )
