"""The wordings of `data/instructions.toml`, compiled when they are first needed, which takes a while.

Knows regular expressions alone.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "data" / "instructions.toml"

_GAP = re.compile(r"@GAP(\d)@")
_FRAGMENT = re.compile(r"@([A-Z_]+)@")

Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Sign:
    """One wording."""

    kind: str
    weight: float
    pattern: Pattern
    imperative: bool
    """It begins where an imperative can stand."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """All of the file; what each part is for stands there."""

    shouted: tuple[Sign, ...]
    said: tuple[Sign, ...]
    ignoring: tuple[Pattern, ...]
    fields: tuple[Pattern, ...]
    orders: tuple[Pattern, ...]
    imperative: Pattern
    narrow: Pattern
    field_of_work: Pattern
    research: Pattern


@cache
def patterns() -> Patterns:
    """The wordings that ship."""
    table: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    fragments: Mapping[str, str] = table["fragments"]

    def full(pattern: str) -> Pattern:
        pattern = _GAP.sub(lambda gap: rf"(?:\S{{1,40}}+ ){{0,{gap[1]}}}?", pattern)
        return re.compile(_FRAGMENT.sub(lambda name: fragments[name[1]], pattern))

    def signs(group: str) -> tuple[Sign, ...]:
        return tuple(
            Sign(kind, weight, full(pattern), pattern.startswith("@HERE@"))
            for kind, weight, pattern in table["signs"][group]
        )

    lists = {name: tuple(map(full, rows)) for name, rows in table["lists"].items()}
    single = {name: full(pattern) for name, pattern in table["single"].items()}
    return Patterns(
        shouted=signs("shouted"),
        said=signs("said"),
        ignoring=lists["ignoring"],
        fields=lists["fields"],
        orders=lists["orders"],
        imperative=single["imperative"],
        narrow=single["narrow"],
        field_of_work=single["field_of_work"],
        research=single["research"],
    )
