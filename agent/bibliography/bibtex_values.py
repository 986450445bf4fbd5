"""A BibTeX value: pieces in braces, in quotes or bare, joined by `#`.

Braces after a backslash do not count, as in bibtexparser, unless the value has no end without them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SPACE = re.compile(r"\s*")
_BARE = re.compile(r"[^\s#{}\",]+")
_MARK = re.compile(r'\\[\\{}"]|[{}"]')
_EVERY_MARK = re.compile(r'[{}"]')
_MOST = 1 << 20
"""Maximum characters of a value with its macros, which may double with each line of a file."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a value; offsets count from the start of the value, delimiters included."""

    delimiter: str
    """The opening delimiter: `{`, `"`, or empty for a macro or a number."""
    start: int
    end: int


def pieces(raw: str) -> tuple[Piece, ...]:
    """The pieces of a value without surrounding white space; empty if it is not a value."""
    found: list[Piece] = []
    at = 0
    while True:
        end = _piece_end(raw, at)
        if end is None:
            return ()
        found.append(Piece(raw[at] if raw[at] in '{"' else "", at, end))
        at = _skipped(raw, end)
        if at == len(raw):
            return tuple(found)
        if raw[at] != "#":
            return ()
        at = _skipped(raw, at + 1)


def text_of(raw: str, macros: Mapping[str, str]) -> str | None:
    """The text of a value, with its LaTeX; None if it is not a value.

    An undefined macro stands for its own name.
    """
    found = pieces(raw)
    parts = [
        raw[one.start + 1 : one.end - 1]
        if one.delimiter
        else macros.get(raw[one.start : one.end].lower(), raw[one.start : one.end])
        for one in found
    ]
    return "".join(parts) if found and sum(map(len, parts)) <= _MOST else None


def _skipped(raw: str, at: int) -> int:
    match = _SPACE.match(raw, at)
    return match.end() if match else at


def _piece_end(raw: str, at: int) -> int | None:
    opening = raw[at : at + 1]
    if opening not in ("{", '"'):
        bare = _BARE.match(raw, at)
        return bare.end() if bare else None
    return _end(_MARK, raw, at) or _end(_EVERY_MARK, raw, at)


def _end(marks: re.Pattern[str], raw: str, at: int) -> int | None:
    opening = raw[at]
    depth = 0
    for mark in marks.finditer(raw, at + (opening == '"')):
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth -= 1
        if depth == 0 and mark[0] == ("}" if opening == "{" else '"'):
            return mark.end()
    return None
