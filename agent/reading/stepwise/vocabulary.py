"""Where a state of the model must point to say the words of a label, by its output layer.

A label is the mean over the rows of its words in the output matrix, once for the words of its id and once for
those of its definition. So a taxonomy of one's own works without any fitting. Rows are read from the model
file with the `gguf` package and kept beside it, since looking through the file takes seconds.

Knows labels, words and a model file. Knows no papers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...taxonomy import LABEL_FIELDS, Taxonomy
from ...text.spans import digest
from .. import kept_arrays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"[a-z]+")
_EMPTY = frozenset(
    "and the for with its from that other here only where none fits about are what how their over between "
    "into such not included itself several any more than new".split()
)
_SPACE = "\u0120"
"""How byte-level BPE writes the space before a word (Radford et al. 2019)."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Directions:
    """Labels of one field: label by dimension."""

    labels: tuple[str, ...]
    names: "NDArray[np.float32]"
    definitions: "NDArray[np.float32]"


def directions(model: Path, sha256: str, taxonomy: Taxonomy, store: Path) -> Mapping[str, Directions]:
    """The directions of all label fields, from the store or from the model file."""
    path = store / f"directions-{digest(str(_VERSION), sha256, taxonomy.version)[:16]}.npz"
    names = tuple(f"{field}-{part}" for field in LABEL_FIELDS for part in ("names", "definitions"))
    flat = kept_arrays.kept(path, names)
    if flat is None:
        flat = _read(model, taxonomy)
        kept_arrays.keep(path, flat)
    return {
        field: Directions(tuple(labels), flat[f"{field}-names"], flat[f"{field}-definitions"])
        for field, labels in ((field, taxonomy.labels[field]) for field in LABEL_FIELDS)
    }


def _read(model: Path, taxonomy: Taxonomy) -> "dict[str, NDArray[np.float32]]":
    import numpy as np
    from gguf import GGUFReader
    from gguf.quants import dequantize

    reader = GGUFReader(model)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    output = tensors.get("output.weight") or tensors["token_embd.weight"]
    pieces = reader.fields["tokenizer.ggml.tokens"]
    numbers = {
        bytes(pieces.parts[place]).decode("utf-8", "replace"): n for n, place in enumerate(pieces.data)
    }
    rows: dict[int, NDArray[np.float32]] = {}

    def mean(text: str) -> "NDArray[np.float32]":
        found = []
        for number in _first_tokens(text, numbers):
            if number not in rows:
                rows[number] = dequantize(output.data[number : number + 1], output.tensor_type)[0]
            found.append(rows[number])
        if not found:
            return np.zeros(int(output.shape[0]), dtype=np.float32)
        middle: NDArray[np.float32] = np.mean(found, axis=0).astype(np.float32)
        return middle

    found = {}
    for field in LABEL_FIELDS:
        said = [(label.replace("-", " "), means) for label, means in taxonomy.labels[field].items()]
        found[f"{field}-names"] = np.stack([mean(label) for label, _ in said])
        found[f"{field}-definitions"] = np.stack([mean(f"{label} {means}") for label, means in said])
    return found


def _first_tokens(text: str, numbers: Mapping[str, int]) -> list[int]:
    """The token with which each word begins, the longest that there is; each once, empty words left out."""
    found = []
    for word in _WORD.findall(text.lower()):
        if len(word) < 3 or word in _EMPTY:
            continue
        for length in range(len(word), 2, -1):
            if (number := numbers.get(_SPACE + word[:length])) is not None:
                found.append(number)
                break
    return list(dict.fromkeys(found))
