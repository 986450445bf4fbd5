"""The patterns of `data/instructions.toml`, each compiled when first needed.

Knows regular expressions alone.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Patterns:
    """The content of the file, which explains each part."""

    shouted: tuple[Sign, ...]
    said: tuple[Sign, ...]
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

    def signs(rows: Sequence[tuple[str, float, str]]) -> tuple[Sign, ...]:
        return tuple(
            Sign(full(pattern), kind, weight, pattern.startswith("@HERE@"), triggers.get(kind, frozenset()))
            for kind, weight, pattern in rows
        )

    lists = {name: tuple(Wording(full(row)) for row in rows) for name, rows in table["lists"].items()}
    single = {name: Wording(full(pattern)) for name, pattern in table["single"].items()}
    return Patterns(
        shouted=signs(table["signs"]["shouted"]),
        said=signs(table["signs"]["said"]),
        ignoring=lists["ignoring"],
        fields=lists["fields"],
        orders=lists["orders"],
        imperative=single["imperative"],
        narrow=single["narrow"],
        field_of_work=single["field_of_work"],
        research=single["research"],
    )
