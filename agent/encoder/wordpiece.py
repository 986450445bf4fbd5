"""Texts cut into the pieces of words that BERT knows, lower case and without accents.

WordPiece: Wu et al. 2016, Google's Neural Machine Translation System.

Knows a vocabulary. Knows no weights.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path

VOCABULARY = Path(__file__).parent.parent / "data" / "minilm-vocab.txt"
"""Of all-MiniLM-L6-v2, Apache-2.0: one piece a line, its number is that of the line."""

START, END = 101, 102
"""The numbers of `[CLS]` and `[SEP]`."""
_UNKNOWN = 100
_LONGEST = 100
"""A longer word is one unknown piece."""

_SYMBOLS = frozenset("$+<=>^`|~")
"""Signs of ASCII that Unicode does not call punctuation and BERT does."""
_IDEOGRAPHS = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))


@lru_cache(maxsize=10_000)
def _spaced(character: str) -> str:
    """A character with what stands around it: signs and ideographs are words, accents are nothing."""
    category = unicodedata.category(character)
    if character.isspace():
        return " "
    if category == "Mn" or category[0] == "C" or character == "\ufffd":
        return ""
    number = ord(character)
    alone = category[0] == "P" or character in _SYMBOLS or any(a <= number <= b for a, b in _IDEOGRAPHS)
    return f" {character} " if alone else character


class WordPiece:
    """The pieces of texts."""

    def __init__(self, vocabulary: Path = VOCABULARY) -> None:
        lines = vocabulary.read_text(encoding="utf-8").split("\n")
        self._numbers = {piece: number for number, piece in enumerate(lines)}
        self.cut = lru_cache(maxsize=20_000)(self._cut)

    def __call__(self, text: str) -> list[int]:
        """The numbers of a text's pieces, without start and end."""
        plain = "".join(map(_spaced, unicodedata.normalize("NFD", text.lower())))
        return [number for word in plain.split() for number in self.cut(word)]

    def _cut(self, word: str) -> tuple[int, ...]:
        """The longest pieces from the left; one unknown piece if that does not come out even."""
        if len(word) > _LONGEST:
            return (_UNKNOWN,)
        found, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if (number := self._numbers.get(piece)) is not None:
                    found.append(number)
                    start = end
                    break
            else:
                return (_UNKNOWN,)
        return tuple(found)
