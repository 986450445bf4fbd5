"""The wordings of `data/instructions.toml`, each compiled when it is first needed.

Most texts hold none of them. So each wording knows pieces of text of which every match has one, and is
searched for only where such a piece occurs. Knows regular expressions alone.
"""

import re
import re._parser as parser  # type: ignore[import-not-found]  # the standard library's own, without stubs
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import ahocorasick

FILE = Path(__file__).parent / "data" / "instructions.toml"

_GAP = re.compile(r"@GAP(\d)@")
_FRAGMENT = re.compile(r"@([A-Z_]+)@")
_WORD = re.compile(r"[^\W\d_]+")

Pattern = re.Pattern[str]


@dataclass(frozen=True)
class Wording:
    """One regular expression."""

    source: str

    @cached_property
    def pattern(self) -> Pattern:
        """The expression, compiled."""
        return re.compile(self.source)

    @cached_property
    def needs(self) -> tuple[frozenset[str], ...]:
        """Sets of pieces of text: a match has at least one piece of each set."""
        return tuple(
            needed for needed in set(_needs(parser.parse(self.source))) if _EVERYWHERE.isdisjoint(needed)
        )

    def within(self, text: str) -> bool:
        """Whether it occurs."""
        return self.pattern.search(text) is not None


@dataclass(frozen=True)
class Sign(Wording):
    """A wording that has a kind and a weight."""

    kind: str
    weight: float
    imperative: bool
    """It begins where an imperative can stand."""
    triggers: frozenset[str]
    """Beginnings of words, of which a text must have one, see `beginnings`."""

    @cached_property
    def needs(self) -> tuple[frozenset[str], ...]:
        """As any wording's, and the triggers."""
        return (*super().needs, *([self.triggers] if self.triggers else []))


class Finder:
    """Finds in one pass which of many signs may occur in a text.

    The pass is Aho and Corasick's (1975): it takes the same time however many pieces are looked for. Each set
    of pieces that a sign needs is one bit; a sign may occur where all of its bits are there.
    """

    def __init__(self, signs: Sequence[Sign], words: Iterable[str] = ()) -> None:
        """`words` are looked for beside the signs' pieces, see `likely`."""
        bits: dict[frozenset[str], int] = {}
        needs = [[bits.setdefault(needed, 2 << len(bits)) for needed in sign.needs] for sign in signs]
        self._needs = tuple(zip(map(sum, needs), signs, strict=True))
        pieces = dict.fromkeys(words, 1)
        for needed, bit in bits.items():
            for piece in needed:
                pieces[piece] = pieces.get(piece, 0) | bit
        self._automaton = ahocorasick.Automaton()
        for piece, mask in pieces.items():
            self._automaton.add_word(piece, mask)
        self._automaton.make_automaton()

    def likely(self, text: str) -> tuple[list[Sign], bool]:
        """The signs that may occur in a text, no other does; and whether it has one of the words."""
        there = 0
        for _, bits in self._automaton.iter(text):
            there |= bits
        return [sign for needs, sign in self._needs if needs & there == needs], bool(there & 1)


@dataclass(frozen=True, slots=True)
class Patterns:
    """All of the file; what each part is for stands there."""

    shouted: Finder
    said: Finder
    ignoring: tuple[Wording, ...]
    fields: tuple[Wording, ...]
    orders: tuple[Wording, ...]
    imperative: Wording
    narrow: Wording
    field_of_work: Wording
    research: Wording


def _needs(parsed: Any) -> list[frozenset[str]]:
    """Sets of pieces, of each of which every match of a parsed expression has one."""
    found: list[frozenset[str]] = []
    run = ""
    for kind, value in [*parsed, (None, None)]:
        if kind is parser.LITERAL:
            run += chr(value)
            continue
        if run:
            found.append(frozenset([run]))
            run = ""
        if kind is parser.IN and all(what is parser.LITERAL for what, _ in value):
            found.append(frozenset(chr(character) for _, character in value))
        elif kind is parser.BRANCH:
            branches = [_most_telling(_needs(branch)) for branch in value[1]]
            if all(branches):
                found.append(frozenset().union(*branches))
        elif kind in (parser.SUBPATTERN, parser.ATOMIC_GROUP):
            found += _needs(value[-1] if kind is parser.SUBPATTERN else value)
        elif kind in _REPEATS and value[0] > 0:
            found += _needs(value[2])
    return found


def _most_telling(sets: list[frozenset[str]]) -> frozenset[str]:
    return max(sets, key=lambda pieces: (min(map(len, pieces)), -len(pieces)), default=frozenset())


_REPEATS = (parser.MAX_REPEAT, parser.MIN_REPEAT, parser.POSSESSIVE_REPEAT)
_EVERYWHERE = frozenset(
    (*"abcdefghijklmnopqrstuvwxyz .,-", *"the and or of to in is on be it an as for we no".split(), "the ")
)
"""Pieces that nearly every sentence has: a set with one of them rules nothing out."""


def beginnings(text: str) -> frozenset[str]:
    """The first four and five letters of each word, shorter words as they are."""
    words = set(_WORD.findall(text))
    return frozenset([word[:5] for word in words] + [word[:4] for word in words])


@cache
def patterns() -> Patterns:
    """The wordings that ship."""
    table: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    fragments: Mapping[str, str] = table["fragments"]
    triggers = {
        kind: frozenset(word[:5] for word in words.split()) for kind, words in table["triggers"].items()
    }

    def full(pattern: str) -> str:
        pattern = _GAP.sub(lambda gap: rf"(?:\S{{1,40}}+ ){{0,{gap[1]}}}?", pattern)
        return _FRAGMENT.sub(lambda name: fragments[name[1]], pattern)

    def finder(rows: Sequence[tuple[str, float, str]], words: Iterable[str] = ()) -> Finder:
        signs = [
            Sign(full(row), kind, weight, row.startswith("@HERE@"), triggers.get(kind, frozenset()))
            for kind, weight, row in rows
        ]
        return Finder(signs, words)

    lists = {name: tuple(Wording(full(row)) for row in rows) for name, rows in table["lists"].items()}
    single = {name: Wording(full(pattern)) for name, pattern in table["single"].items()}
    return Patterns(
        shouted=finder(table["signs"]["shouted"]),
        said=finder(table["signs"]["said"], table["foreign"].split()),
        ignoring=lists["ignoring"],
        fields=lists["fields"],
        orders=lists["orders"],
        imperative=single["imperative"],
        narrow=single["narrow"],
        field_of_work=single["field_of_work"],
        research=single["research"],
    )
