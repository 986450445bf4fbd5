"""The patterns of `data/instructions.toml`, each compiled when first needed.

Most texts match none of them. So each pattern has pieces of text of which every match contains one, and is
only tried if such a piece occurs. Knows regular expressions only.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import ahocorasick

FILE = Path(__file__).parent.parent / "data" / "instructions.toml"
PIECES = FILE.with_name("instruction_pieces.json")
"""Made from it by `python -m papercards.evals.fitting.instruction_pieces`."""

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

    def within(self, text: str) -> bool:
        """Whether the pattern occurs in a text."""
        return self.pattern.search(text) is not None


@dataclass(frozen=True)
class Sign(Wording):
    """A pattern with a kind and a weight."""

    kind: str
    weight: float
    imperative: bool
    """Whether it must start where an imperative can be."""
    triggers: frozenset[str]
    """Word prefixes of which a text must have at least one, see `beginnings`."""
    pieces: tuple[frozenset[str], ...]
    """Sets of pieces of text: a match has at least one piece of each set. `^` marks the start of a word."""

    @property
    def needs(self) -> tuple[frozenset[str], ...]:
        """The pieces and the triggers, of each of which a text must have one."""
        triggers = frozenset(f"^{word}" for word in self.triggers)
        return (*self.pieces, triggers) if triggers else self.pieces


class Finder:
    """Finds in one pass which of many signs may occur in a text.

    It uses Aho and Corasick's algorithm (1975), whose time does not depend on the number of pieces. Each set
    of pieces that a sign needs is one bit; a sign may occur if all of its bits are set.
    """

    def __init__(self, signs: Sequence[Sign], words: Iterable[str] = ()) -> None:
        """`words` are searched in addition to the signs' pieces, see `likely`."""
        self.signs = tuple(signs)
        bits: dict[frozenset[str], int] = {}
        needs = [[bits.setdefault(needed, 2 << len(bits)) for needed in sign.needs] for sign in signs]
        self._needs = tuple(zip(map(sum, needs), signs, strict=True))
        anywhere = dict.fromkeys(words, 1)
        at_start: dict[str, int] = {}
        for needed, bit in bits.items():
            for piece in needed:
                pieces = at_start if piece[0] == "^" else anywhere
                word = piece.removeprefix("^")
                pieces[word] = pieces.get(word, 0) | bit
        self._automaton = ahocorasick.Automaton()
        for word in anywhere.keys() | at_start.keys():
            self._automaton.add_word(word, (anywhere.get(word, 0), at_start.get(word, 0), len(word)))
        self._automaton.make_automaton()

    def likely(self, text: str) -> tuple[list[Sign], bool]:
        """All signs that may occur in a text, and whether it has one of the words."""
        there = 0
        for end, (anywhere, at_start, length) in self._automaton.iter(text):
            there |= anywhere
            if at_start & ~there and not (end >= length and _IN_WORD(text[end - length])):
                there |= at_start
        return [sign for needs, sign in self._needs if needs & there == needs], bool(there & 1)


_IN_WORD = re.compile(r"\w").match


@dataclass(frozen=True, slots=True)
class Patterns:
    """The content of the file, which explains each part."""

    shouted: Finder
    said: Finder
    ignoring: tuple[Wording, ...]
    fields: tuple[Wording, ...]
    orders: tuple[Wording, ...]
    imperative: Wording
    narrow: Wording
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
        return _FRAGMENT.sub(lambda name: fragments[name[1]], pattern)

    known = json.loads(PIECES.read_text(encoding="utf-8"))

    def finder(name: str, words: Iterable[str] = ()) -> Finder:
        rows: list[tuple[str, float, str]] = table["signs"][name]
        return Finder(
            [
                Sign(
                    full(row),
                    kind,
                    weight,
                    imperative=row.startswith("@HERE@"),
                    triggers=triggers.get(kind, frozenset()),
                    pieces=tuple(map(frozenset, pieces)),
                )
                for (kind, weight, row), pieces in zip(rows, known[name], strict=True)
            ],
            words,
        )

    lists = {name: tuple(Wording(full(row)) for row in rows) for name, rows in table["lists"].items()}
    single = {name: Wording(full(pattern)) for name, pattern in table["single"].items()}
    return Patterns(
        shouted=finder("shouted"),
        said=finder("said", table["foreign"].split()),
        ignoring=lists["ignoring"],
        fields=lists["fields"],
        orders=lists["orders"],
        imperative=single["imperative"],
        narrow=single["narrow"],
        field_of_work=single["field_of_work"],
        research=single["research"],
    )
