"""Texts that make a regular expression slow, made from it, and how long it takes over them.

From the parse tree of a pattern come samples of what it matches; each of its repeats is fed its own body over
and over, behind what leads up to it and before what it cannot match; what leads up to a place is repeated as
a whole, too. Time at two sizes tells whether it grows faster than the text.
"""

import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

try:
    from re import _constants as sre
    from re import _parser as parser
except ImportError:  # Python 3.10
    import sre_constants as sre  # type: ignore[no-redef]
    import sre_parse as parser  # type: ignore[no-redef]

SMALL, LARGE = 1_000, 4_000
"""Characters of the two texts."""
FLOOR_S = 0.004
"""What takes less over the larger text is quick enough, however it grows."""
FEW = 30
"""Texts for a pattern where there is little time."""
MOST_GROWTH = 8.0
"""Four times the text takes a linear pattern four times as long, a quadratic one sixteen times."""
_LONGEST_S = 0.5
_GIVEN_UP_S = 20.0
"""By the clock on the wall, which a busy machine makes long: a timer of processor time makes that coarse."""
_ALPHABET = "a0 \n-.,;:/<>()[]{}\"'&$@#%_=*+!?|\\^~AZ9zé\u2019\x00"
_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT, getattr(sre, "POSSESSIVE_REPEAT", None)}


@dataclass(frozen=True)
class Slow:
    """A pattern over a text that makes it slow."""

    seconds: float
    growth: float
    """How many times as long four times the text takes."""
    prefix: str
    pump: str
    suffix: str


def attacks(pattern: "re.Pattern[Any]") -> list[tuple[str, str, str]]:
    """Prefix, what is repeated, and suffix."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    tree = parser.parse(source, flags)
    found: dict[tuple[str, str, str], None] = {}
    for variant in range(3):
        for before, body, _ in _repeats(list(tree), "", variant):
            whole = before + body
            for pump in dict.fromkeys((body, whole, before)):
                if pump:
                    for suffix in ("", "\x00", "a", " \n!"):
                        found[("" if pump != body else before, pump, suffix)] = None
    for letter in dict.fromkeys(_sample(list(tree), 0) + _ALPHABET[:12]):
        found["", letter, ""] = None
    return list(found)


def _repeats(items: list[Any], before: str, variant: int) -> Iterator[tuple[str, str, str]]:
    """What leads up to each repeat, and what it repeats; also what leads up to the end."""
    for op, argument in items:
        if op in _REPEATS:
            least, most, body = argument
            sample = _sample(list(body), variant)
            if most is sre.MAXREPEAT or most > 20:
                yield before, sample, ""
                for other in range(3):
                    if (one := _sample(list(body), other)) != sample:
                        yield before, one, ""
            yield from _repeats(list(body), before, variant)
            before += sample * min(max(least, 1), 3)
        elif op is sre.SUBPATTERN:
            yield from _repeats(list(argument[3]), before, variant)
            before += _sample(list(argument[3]), variant)
        elif op is getattr(sre, "ATOMIC_GROUP", None):
            yield from _repeats(list(argument), before, variant)
            before += _sample(list(argument), variant)
        elif op is sre.BRANCH:
            for branch in argument[1]:
                yield from _repeats(list(branch), before, variant)
            before += _sample([(op, argument)], variant)
        elif op in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _repeats(list(argument[1]), before, variant)
        else:
            before += _sample([(op, argument)], variant)
    if before:
        yield "", before, ""


def _sample(items: list[Any], variant: int) -> str:
    """A text that these match, if nothing around them says otherwise."""
    out = ""
    for op, argument in items:
        if op is sre.LITERAL:
            out += chr(argument)
        elif op is sre.NOT_LITERAL:
            out += _of(lambda letter, no=argument: ord(letter) != no, variant)
        elif op is sre.ANY:
            out += "a <"[variant]
        elif op is sre.IN:
            out += _of(lambda letter, some=argument: _is_in(letter, some), variant, argument)
        elif op in _REPEATS:
            least, most, body = argument
            times = max(least, 1) if most else 0
            out += _sample(list(body), variant) * min(times, 40)
        elif op is sre.SUBPATTERN:
            out += _sample(list(argument[3]), variant)
        elif op is getattr(sre, "ATOMIC_GROUP", None):
            out += _sample(list(argument), variant)
        elif op is sre.BRANCH:
            out += _sample(list(argument[1][variant % len(argument[1])]), variant)
        elif op is sre.GROUPREF_EXISTS:
            out += _sample(list(argument[1]), variant)
    return out


def _of(fits: Callable[[str], bool], variant: int, some: Any = ()) -> str:
    letters = [letter for letter in _ALPHABET if fits(letter)]
    letters = letters or [chr(value) for op, value in some if op is sre.LITERAL]
    letters = letters or [chr(value[0]) for op, value in some if op is sre.RANGE]
    return letters[variant % len(letters)] if letters else ""


def _is_in(letter: str, some: Any) -> bool:
    negated, found = False, False
    for op, value in some:
        if op is sre.NEGATE:
            negated = True
        elif op is sre.LITERAL:
            found |= ord(letter) == value
        elif op is sre.RANGE:
            found |= value[0] <= ord(letter) <= value[1]
        elif op is sre.CATEGORY:
            found |= _categories[value](letter)
    return found != negated


_categories: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdigit,
    sre.CATEGORY_NOT_DIGIT: lambda letter: not letter.isdigit(),
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_NOT_SPACE: lambda letter: not letter.isspace(),
    sre.CATEGORY_WORD: lambda letter: letter.isalnum() or letter == "_",
    sre.CATEGORY_NOT_WORD: lambda letter: not (letter.isalnum() or letter == "_"),
}


class _TooLong(BaseException):
    pass


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise _TooLong


def timed(pattern: "re.Pattern[Any]", methods: frozenset[str], text: str) -> float:
    """Seconds of processor time over a text, at most about `_LONGEST_S`, then that and more."""
    given: Any = text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text
    before = signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, _GIVEN_UP_S)
    begin = time.process_time()
    try:
        if methods & {"match"}:
            pattern.match(given)
        if methods & {"fullmatch"}:
            pattern.fullmatch(given)
        if not methods or methods - {"match", "fullmatch"}:
            for _ in pattern.finditer(given):
                pass
        return time.process_time() - begin
    except _TooLong:
        return max(time.process_time() - begin, 2 * _LONGEST_S)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def grows(
    pattern: "re.Pattern[Any]", methods: frozenset[str] = frozenset(), most: int | None = None
) -> tuple[Slow | None, float]:
    """The text over which a pattern takes clearly longer than in proportion, if there is one.

    And the longest time of all texts, in seconds. `most` texts are tried, spread over all; None: all.
    """
    longest = 0.0
    every = attacks(pattern)
    for prefix, pump, suffix in every[:: max(1, -(-len(every) // most))] if most else every:

        def of(size: int, begin: str = prefix, middle: str = pump, end: str = suffix) -> str:
            return begin + middle * (size // len(middle) + 1) + end

        # What grows with an exponent must not be met at full length.
        if timed(pattern, methods, of(60)) > _LONGEST_S or timed(pattern, methods, of(SMALL)) > _LONGEST_S:
            return Slow(_LONGEST_S, float("inf"), prefix, pump, suffix), _LONGEST_S
        seconds = timed(pattern, methods, of(LARGE))
        longest = max(longest, seconds)
        if seconds <= FLOOR_S:
            continue
        large = min(seconds, *(timed(pattern, methods, of(LARGE)) for _ in range(2)))
        small = min(timed(pattern, methods, of(SMALL)) for _ in range(5))
        if large > FLOOR_S and large > MOST_GROWTH * small:
            return Slow(large, large / max(small, 1e-9), prefix, pump, suffix), longest
    return None, longest
