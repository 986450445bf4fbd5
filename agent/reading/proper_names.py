"""Finds proper names in a text by their spelling, and checks whether another text has them.

A heuristic for checking summaries: it treats `English` as a name, but not `adam`.

Knows text alone.
"""

import re

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")  # noqa: RUF001 - the curly apostrophe of typeset text
_JOINTS = re.compile(r"[-'’.]")  # noqa: RUF001


def names(text: str) -> tuple[str, ...]:
    """Words spelled like names, in order, each once.

    A word with a capital or a digit after its first letter (`GPT-4o`, `ImageNet`, `BERT`), and a capitalised
    word that does not begin the text.
    """
    found = []
    for place, match in enumerate(_WORD.finditer(text)):
        word = match.group()
        inside = any(c.isupper() or c.isdigit() for c in word[1:]) and any(c.isalpha() for c in word)
        if inside or (place > 0 and word[0].isupper() and len(word) > 1):
            found.append(word)
    return tuple(dict.fromkeys(found))


def strange_names(text: str, source: str) -> tuple[str, ...]:
    """The names in a text that are not in the source, ignoring case, plural and hyphens.

    Parts of a name are checked separately: `LSTM-based` matches `LSTM`.
    """
    known = {part for word in _WORD.findall(source) for part in (_bare(word), *map(_bare, _parts(word)))}
    return tuple(
        name
        for name in names(text)
        if _bare(name) not in known
        and not all(_bare(part) in known for part in _parts(name) if any(c.isupper() for c in part))
    )


def _parts(word: str) -> list[str]:
    return [part for part in _JOINTS.split(word) if part]


def _bare(word: str) -> str:
    return _JOINTS.sub("", word).casefold().removesuffix("s")
