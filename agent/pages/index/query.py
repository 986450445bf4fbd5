"""What a person types into the search box, as FTS5 understands it.

Every word is the beginning of a word and all must be there; `"in quotes"` is a phrase, letter for letter; a
minus sign before either leaves out what has it. Nothing that is typed is an error.
"""

import re
from dataclasses import dataclass

_PART = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')


@dataclass(frozen=True, slots=True)
class Sought:
    """What must be there and what must not, as FTS5 expressions."""

    wanted: str
    """Empty: anything."""
    unwanted: tuple[str, ...]


def parts(text: str) -> list[str]:
    """The words and phrases as they were typed, each with its minus sign, without those of no letters."""
    found = (part[0] for part in _PART.finditer(text.replace("\0", " ")))
    return [part for part in found if any(c.isalnum() for c in part)]


def parse(text: str) -> Sought:
    """The expressions for what was typed."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in _PART.findall(text.replace("\0", " ")):
        said = phrase or word
        letters = sum(c.isalnum() for c in said)
        if not letters:
            continue  # FTS5 finds no word in it and would match nothing
        # One letter begins too many words to be of use.
        beginning = "*" if word and letters > 1 and said[-1].isalnum() else ""
        expression = '"' + said.replace('"', " ") + '"' + beginning
        (unwanted if minus else wanted).append(expression)
    return Sought(" AND ".join(wanted), tuple(unwanted))
