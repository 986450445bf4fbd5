"""How alike papers are to those of a library, by the vectors that the taggers use.

The vectors of the sentence encoder if its weights are there, else TF-IDF of the words. Likeness is the cosine
of two papers; the closest paper of the library is the reason that a reader is given.

Knows texts. Knows no files but that of the encoder's vectors, which it keeps since each takes a tenth of a
second.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..text.spans import digest, sentences
from . import kept_arrays
from .baseline.features import weigh
from .baseline.parameters import fitted
from .baseline.tags import count

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .encoder.embedding import Encoder

MOST = 20_000
"""Maximum number of papers of a library."""

Text = tuple[str, str]
"""Title and abstract."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The paper of the library that is most like another."""

    number: int
    """Its place in the library, from 0."""
    likeness: float
    """Cosine, from 0 to 1."""


class Likeness(Protocol):
    """A library that papers are compared with."""

    name: str
    """What the vectors are, for the user."""

    def nearest(self, paper: Text) -> Nearest | None:
        """The most alike paper; None if nothing is alike or the library is empty."""


class Words:
    """By their words: TF-IDF as the baseline weighs it."""

    name = "the words of title and abstract"

    def __init__(self, library: Sequence[Text]) -> None:
        self._rarity = fitted().rarity
        self._unknown = max(self._rarity.values())
        self._size = len(library)
        self._places: dict[str, tuple[array[int], array[float]]] = {}
        for number, paper in enumerate(library):
            for term, weight in self._vector(paper).items():
                numbers, weights = self._places.setdefault(term, (array("I"), array("f")))
                numbers.append(number)
                weights.append(weight)

    def _vector(self, paper: Text) -> dict[str, float]:
        return dict(weigh(count(*paper), self._rarity, self._unknown))

    def nearest(self, paper: Text) -> Nearest | None:
        """The most alike paper."""
        found = [0.0] * self._size
        for term, weight in self._vector(paper).items():
            if (there := self._places.get(term)) is not None:
                for number, theirs in zip(*there, strict=True):
                    found[number] += weight * theirs
        best = max(range(self._size), key=found.__getitem__, default=None)
        return None if best is None or not found[best] else Nearest(best, min(1.0, found[best]))


class Encoded:
    """By the sentence encoder's vectors."""

    def __init__(self, library: Sequence[Text], encoder: "Encoder", model: str, kept: Path | None) -> None:
        """`model` is the encoder's name. Vectors are kept in the file `kept`."""
        import numpy as np

        self.name = model
        self._encoder = encoder
        names = [digest(model, *paper) for paper in library]
        there = kept_arrays.kept(kept, ("names", "rows")) if kept is not None else None
        whole = there is not None and len(there["names"]) == len(there["rows"])
        known = dict(zip(map(str, there["names"]), there["rows"], strict=True)) if there and whole else {}
        rows = {
            name: known[name] if name in known else self._vector(paper)
            for name, paper in zip(names, library, strict=True)
        }
        self._rows = np.stack([rows[name] for name in names]) if names else None
        if kept is not None and rows.keys() != known.keys():
            arrays = {"names": np.array(list(rows)), "rows": np.stack(list(rows.values()))}
            kept_arrays.keep(kept, arrays)

    def _vector(self, paper: Text) -> "NDArray[np.float32]":
        title, abstract = paper
        spans = sentences(abstract)
        whole = self._encoder.embed(title, [[abstract[one.start : one.end] for one in spans]]).whole
        row: NDArray[np.float32] = whole[-1]
        return row

    def nearest(self, paper: Text) -> Nearest | None:
        """The most alike paper."""
        if self._rows is None:
            return None
        found = self._rows @ self._vector(paper)
        best = int(found.argmax())
        return Nearest(best, min(1.0, max(0.0, float(found[best]))))
