"""What each sign of `data/instructions.toml` needs: pieces of text of which every match has one.

`python -m papercards.evals.fitting.instruction_pieces` writes them down. Working them out takes 0.3 s, which
nobody should wait for at every start.
"""

import json
import re._parser as parser  # type: ignore[import-not-found]  # the standard library's own, without stubs
from typing import Any

from ...reading.instruction_patterns import PIECES, Finder, patterns


def needs_of(parsed: Any, fresh: bool = False) -> tuple[list[frozenset[str]], bool]:
    """Sets of pieces, of each of which every match of a parsed expression has one.

    A piece that begins a word has a `^` before it. `fresh`: what is before the expression ends no word; given
    back is whether what it matches ends in no word either.
    """
    found: list[frozenset[str]] = []
    run = ""
    for kind, value in [*parsed, (None, None)]:
        if kind is parser.LITERAL:
            run = run or ("^" if fresh else "")
            run += chr(value)
            fresh = not _in_word(chr(value))
            continue
        if run and kind is parser.IN and all(what is parser.LITERAL for what, _ in value):
            found.append(frozenset(run.lstrip("^") + chr(one) for _, one in value))
        if run:
            begins = run[0] == "^" and len(run) > 1 and _in_word(run[1])
            found.append(frozenset([run if begins or run[0] != "^" else run[1:]]))
            run = ""
        if kind is parser.AT:
            fresh = fresh or value in (parser.AT_BOUNDARY, parser.AT_BEGINNING)
        elif kind is parser.ASSERT_NOT:
            fresh = fresh or (value[0] < 0 and str(value[1]) == _A_WORD)
        elif kind is parser.IN:
            if all(what is parser.LITERAL for what, _ in value):
                sign = "^" if fresh else ""
                found.append(frozenset((sign if _in_word(chr(one)) else "") + chr(one) for _, one in value))
            fresh = all(_ends_word(what, one) for what, one in value)
        elif kind is parser.BRANCH:
            branches = [needs_of(branch, fresh) for branch in value[1]]
            best = [_most_telling(sets) for sets, _ in branches]
            if all(best):
                found.append(frozenset().union(*best))
            fresh = all(after for _, after in branches)
        elif kind in (parser.SUBPATTERN, parser.ATOMIC_GROUP):
            sets, fresh = needs_of(value[-1] if kind is parser.SUBPATTERN else value, fresh)
            found += sets
        elif kind in _REPEATS:
            least, most, body = value
            sets, after = needs_of(body, fresh)
            if most > 1 and not after:
                sets, after = needs_of(body, False)
            found += sets if least else []
            fresh = after and (fresh or least > 0)
        elif kind is not None and kind is not parser.ASSERT:
            fresh = False
    return found, fresh


_A_WORD = str(parser.parse(r"\w"))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _ends_word(kind: Any, value: Any) -> bool:
    if kind is parser.LITERAL:
        return not _in_word(chr(value))
    return kind is parser.CATEGORY and value in (parser.CATEGORY_SPACE, parser.CATEGORY_NOT_WORD)


def _most_telling(sets: list[frozenset[str]]) -> frozenset[str]:
    return max(
        filter(_EVERYWHERE.isdisjoint, sets),
        key=lambda pieces: (min(map(len, pieces)), -len(pieces)),
        default=frozenset(),
    )


_REPEATS = (parser.MAX_REPEAT, parser.MIN_REPEAT, parser.POSSESSIVE_REPEAT)
_EVERYWHERE = frozenset(
    sign + piece
    for sign in ("", "^")
    for piece in (
        *"abcdefghijklmnopqrstuvwxyz .,-",
        *"the and or of to in is on be it an as for we no".split(),
        "the ",
    )
)
"""Pieces that nearly every sentence has: a set with one of them rules nothing out."""


def pieces_of(pattern: str) -> list[list[str]]:
    """The sets for one expression, but for those that rule nothing out."""
    sets = {needed for needed in needs_of(parser.parse(pattern))[0] if _EVERYWHERE.isdisjoint(needed)}
    return sorted(map(sorted, sets))


def written() -> str:
    """What the file should hold."""
    known = patterns()
    finders: dict[str, Finder] = {"shouted": known.shouted, "said": known.said}
    table = {name: [pieces_of(sign.source) for sign in one.signs] for name, one in finders.items()}
    return json.dumps(table, ensure_ascii=False, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    PIECES.write_text(written(), encoding="utf-8")
