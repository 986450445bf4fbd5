"""Goes through a text of JSON value by value, so that every value has its position.

Knows text alone.
"""

import json
import re
from collections.abc import Generator

_SPACE = re.compile(r"[ \t\r\n]*")
_decoder = json.JSONDecoder()


class NoJson(Exception):
    """Not JSON from the position `at` on; the message says what is wrong."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def skipped(text: str, at: int) -> int:
    """The offset after white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def decoded(text: str, at: int) -> tuple[object, int]:
    """The value that begins at an offset, and where it ends. Raises NoJson."""
    try:
        return _decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise NoJson(error.msg.removesuffix(" at"), error.pos) from error
    except RecursionError as error:
        raise NoJson("nested too deeply", at) from error
    except ValueError as error:
        raise NoJson("a number with too many digits", at) from error


def member(text: str, at: int) -> tuple[str, int, int]:
    """The name of the member that begins at an offset, where it ends, and where its value begins.

    Raises NoJson.
    """
    name, end = decoded(text, at)
    colon = skipped(text, end)
    if type(name) is not str or text[colon : colon + 1] != ":":
        raise NoJson('a field name in quotes and ":" expected', colon)
    return name, end, skipped(text, colon + 1)


def after(text: str, end: int, closing: str) -> int:
    """Where the value after one begins, or where the bracket stands that closes them. Raises NoJson."""
    at = skipped(text, end)
    if text[at : at + 1] == ",":
        return skipped(text, at + 1)
    if text[at : at + 1] != closing:
        raise NoJson(f'"," or "{closing}" expected', at)
    return at


def elements(text: str, at: int) -> Generator[tuple[int, int, object], None, int]:
    """Begin, end and value of each element of the array at an offset; returns where the array ends.

    Raises NoJson.
    """
    at = skipped(text, at + 1)
    while text[at : at + 1] != "]":
        value, end = decoded(text, at)
        yield at, end, value
        at = after(text, end, "]")
    return at + 1
