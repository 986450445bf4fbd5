"""What each sign of `data/instructions.toml` needs: pieces of text of which every match has one.

`python -m papercards.evals.fitting.instruction_pieces` writes them down. Working them out takes
seconds, which nobody should wait for at every start.

Texts that are searched have their white space folded: a space, or a line end.
"""

import itertools
import json
import re._parser as parser  # type: ignore[import-not-found]  # the standard library's own, without stubs
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ...reading.instruction_patterns import PIECES, Finder, Sign, Wording, patterns
from ...text.spans import sentences
from ..label_file import seed_papers

Sets = Iterable[frozenset[str]]

_MOST = 256
"""Maximum pieces of a set that is made by joining neighbours, such as ` this as` and ` it as`."""
_RARE = 0.003
"""Once so few sentences have a piece of each set, no further set is looked for."""
_HELPS = 0.7
"""A further set must rule out so many of the sentences that are left that at most this share is."""
_COMMON = 0.6
"""A set that more sentences have a piece of is not worth its time."""


def needs_of(parsed: Any, fresh: bool = False) -> tuple[list[frozenset[str]], bool]:
    """Sets of pieces, of each of which every match of a parsed expression has one.

    A piece that begins a word has a `^` before it. `fresh`: what is before the expression ends no word; given
    back is whether what it matches ends in no word either.
    """
    found: list[frozenset[str]] = []
    run, run_fresh = frozenset({""}), fresh
    for kind, value in [*parsed, (None, None)]:
        texts = None if kind is None else _texts(kind, value)
        if texts is not None and len(run) * len(texts) <= _MOST:
            if run == {""}:
                run_fresh = fresh
            run = frozenset(map("".join, itertools.product(run, texts)))
            fresh = _needs_of_one(kind, value, fresh)[1]
            continue
        if "" not in run:
            found.append(frozenset("^" + one if run_fresh and _in_word(one[0]) else one for one in run))
        run = frozenset({""})
        if kind is not None:
            sets, fresh = _needs_of_one(kind, value, fresh)
            found += sets
    return found, fresh


def _needs_of_one(kind: Any, value: Any, fresh: bool) -> tuple[list[frozenset[str]], bool]:
    """The same for one part of an expression."""
    if kind is parser.LITERAL:
        sign = "^" if fresh and _in_word(chr(value)) else ""
        return [frozenset([sign + chr(value)])], not _in_word(chr(value))
    if kind is parser.AT:
        return [], fresh or value in (parser.AT_BOUNDARY, parser.AT_BEGINNING)
    if kind is parser.ASSERT_NOT:
        return [], fresh or (value[0] < 0 and str(value[1]) == _A_WORD)
    if kind is parser.ASSERT:
        return [], fresh
    if kind is parser.IN:
        texts = _texts(kind, value)
        sign = "^" if fresh else ""
        found = [frozenset((sign if _in_word(one) else "") + one for one in texts)] if texts else []
        return found, all(_ends_word(what, one) for what, one in value)
    if kind is parser.BRANCH:
        branches = [needs_of(branch, fresh) for branch in value[1]]
        best = [_most_telling(sets) for sets, _ in branches]
        found = [frozenset().union(*best)] if all(best) else []
        return found, all(after for _, after in branches)
    if kind is parser.SUBPATTERN:
        return needs_of(value[-1], fresh)
    if kind is parser.ATOMIC_GROUP:
        return needs_of(value, fresh)
    if kind in _REPEATS:
        least, most, body = value
        sets, after = needs_of(body, fresh)
        if most > 1 and not after:
            sets, after = needs_of(body, False)
        if least > 1 and (texts := _texts_of(body)) is not None and len(texts) ** least <= _MOST:
            sets = [frozenset(map("".join, itertools.product(texts, repeat=least)))]
        return (sets if least else []), after and (fresh or least > 0)
    return [], False


def _texts(kind: Any, value: Any) -> frozenset[str] | None:
    """All texts that a part of an expression matches, if they are few; without what it only looks at."""
    if kind is parser.LITERAL:
        return frozenset([chr(value)])
    if kind in (parser.AT, parser.ASSERT, parser.ASSERT_NOT):
        return frozenset([""])
    if kind is parser.IN:
        return _few(_characters(what, one) for what, one in value)
    if kind is parser.BRANCH:
        return _few(map(_texts_of, value[1]))
    if kind is parser.SUBPATTERN:
        return _texts_of(value[-1])
    if kind is parser.ATOMIC_GROUP:
        return _texts_of(value)
    if kind in _REPEATS and value[1] <= _REPEATED:
        least, most, body = value
        one = _texts_of(body)
        if one is None or len(one) ** most > _MOST:
            return None
        counts = range(least, most + 1)
        return frozenset("".join(parts) for count in counts for parts in itertools.product(one, repeat=count))
    return None


def _texts_of(parsed: Any) -> frozenset[str] | None:
    """The same for an expression."""
    whole = frozenset([""])
    for kind, value in parsed:
        texts = _texts(kind, value)
        if texts is None or len(whole) * len(texts) > _MOST:
            return None
        whole = frozenset(map("".join, itertools.product(whole, texts)))
    return whole


def _few(sets: Iterator[frozenset[str] | None]) -> frozenset[str] | None:
    whole: frozenset[str] = frozenset()
    for one in sets:
        if one is None or len(whole := whole | one) > _MOST:
            return None
    return whole


def _characters(kind: Any, value: Any) -> frozenset[str] | None:
    if kind is parser.LITERAL:
        return frozenset([chr(value)])
    if kind is parser.CATEGORY and value is parser.CATEGORY_SPACE:
        return frozenset(" \n")
    return None


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
_REPEATED = 3
_EVERYWHERE = frozenset(
    sign + piece
    for sign in ("", "^")
    for piece in (
        *"abcdefghijklmnopqrstuvwxyz .,-\n",
        *"the and or of to in is on be it an as for we no".split(),
        "the ",
    )
)
"""Pieces that nearly every sentence has: a set with one of them rules nothing out."""


def chosen(sets: Sets, having: Callable[[frozenset[str]], frozenset[int]], count: int) -> list[list[str]]:
    """Of the sets of a sign those that rule it out in the most of `count` sentences.

    `having` gives the numbers of the sentences that have a piece of a set.
    """
    rest = {needed: having(needed) for needed in sets if _EVERYWHERE.isdisjoint(needed)}
    picked: list[frozenset[str]] = []
    left = frozenset(range(count))
    while rest and len(left) > _RARE * count:
        best = min(rest, key=lambda needed: (len(rest[needed] & left), len(needed), sorted(needed)))
        still = rest.pop(best) & left
        if len(still) > (_HELPS * len(left) if picked else _COMMON * count):
            break
        picked.append(best)
        left = still
    return sorted(map(sorted, picked))


def written() -> str:
    """What the file should hold."""
    texts = [
        " ".join(paper.abstract[one.start : one.end].lower().split())
        for paper in seed_papers()
        for one in sentences(paper.abstract)
    ]
    known = patterns()
    lists: dict[str, Sequence[Wording]] = {
        "shouted": [sign for sign in known.finder.signs if not sign.said],
        "said": [sign for sign in known.finder.signs if sign.said],
        "ignoring": known.ignoring,
        "fields": known.fields,
        "orders": known.orders,
    }
    needs = {name: list(map(_all_needs, wordings)) for name, wordings in lists.items()}
    pieces = frozenset().union(*(one for sets in needs.values() for one in itertools.chain(*sets)))
    there = Finder.places(pieces, texts)

    def having(needed: frozenset[str]) -> frozenset[int]:
        return frozenset().union(*(there[piece] for piece in needed))

    table: dict[str, Any] = {
        name: [chosen(one, having, len(texts)) for one in sets] for name, sets in needs.items()
    }
    for name, wording in (("narrow", known.narrow), ("field_of_work", known.field_of_work)):
        [needed] = _all_needs(wording)
        table[name] = sorted(needed)
    return json.dumps(table, ensure_ascii=False, separators=(",", ":")) + "\n"


def _all_needs(wording: Wording) -> frozenset[frozenset[str]]:
    sets = frozenset(needs_of(parser.parse(wording.source))[0])
    triggers = wording.triggers if isinstance(wording, Sign) else frozenset()
    return sets | {frozenset(f"^{word}" for word in triggers)} if triggers else sets


if __name__ == "__main__":
    PIECES.write_text(written(), encoding="utf-8")
