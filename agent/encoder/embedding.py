"""What the encoder makes of a paper: a vector for the whole of title and abstract, and one for each sentence.

A text longer than the encoder can take is read in windows of whole sentences, as many as fit.

Knows texts and the encoder. Knows no labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bert import MOST_PIECES, Bert
from .wordpiece import END, START, WordPiece

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

LAYERS = (5, 6)
"""After which layers the states are taken: the last knows most of the subject, the one before of roles."""
SENTENCES = 5
"""The layer of the sentences' states."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """One paper."""

    whole: "Array"
    """For each of `LAYERS` the mean state over title and abstract, of length 1."""
    sentences: "Array"
    """The mean state over each sentence, of the abstract first, then of the sections."""


class Encoder:
    """Texts to vectors. May be used from several threads."""

    def __init__(self, bert: Bert) -> None:
        self._bert = bert
        self._cut = WordPiece()

    def embed(self, title: str, parts: Sequence[Sequence[str]]) -> Embedding:
        """A paper by its title, the sentences of its abstract and of each section."""
        import numpy as np

        abstract, *sections = parts if parts else [[]]
        whole, rows = self._read([title, *abstract])
        found = rows[1:]
        for section in sections:
            found += self._read(section)[1]
        empty = np.zeros((0, self._bert.dimensions), dtype=np.float32)
        return Embedding(whole, np.stack(found) if found else empty)

    def text(self, text: str) -> "Array":
        """The last layer's mean state over a short text, of length 1."""
        whole: Array = self._read([text])[0][-1]
        return whole

    def _read(self, texts: Sequence[str]) -> "tuple[Array, list[Array]]":
        """For each of `LAYERS` the mean state over all texts, of length 1; and a row for each text."""
        import numpy as np

        total = np.zeros((len(LAYERS), self._bert.dimensions), dtype=np.float32)
        rows = [np.zeros(self._bert.dimensions, dtype=np.float32) for _ in texts]
        for window in _windows([self._cut(text) for text in texts]):
            states = self._bert.states([START, *(piece for _, pieces in window for piece in pieces), END])
            total += np.stack([states[layer - 1].sum(axis=0) for layer in LAYERS])
            at = 1
            for number, pieces in window:
                if pieces:
                    rows[number] = states[SENTENCES - 1][at : at + len(pieces)].mean(axis=0)
                at += len(pieces)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        whole: Array = total / np.maximum(length, np.float32(1e-9))
        return whole, rows


def _windows(cut: Sequence[list[int]]) -> Iterator[list[tuple[int, list[int]]]]:
    """The texts' numbers and pieces, as many at a time as the encoder takes."""
    room = MOST_PIECES - 2
    window: list[tuple[int, list[int]]] = []
    size = 0
    for number, pieces in enumerate(cut):
        kept = pieces[:room]
        if size + len(kept) > room:
            yield window
            window, size = [], 0
        window.append((number, kept))
        size += len(kept)
    if window:
        yield window
