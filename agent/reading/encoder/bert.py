"""The encoder itself: a BERT (Devlin et al. 2019) of six layers, read from safetensors and run in NumPy.

Knows weights and piece numbers. Knows no texts.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import StorageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

HEADS = 12
MOST_PIECES = 512
"""Maximum number of pieces, start and end included: there are no more positions."""


class Bert:
    """The network."""

    def __init__(self, path: Path) -> None:
        """Raises StorageError for a file that is not a safetensors file of such a network."""
        self._weights = _read(path)
        try:
            self.layers = 1 + max(
                int(name.split(".")[2]) for name in self._weights if name.startswith("encoder.layer.")
            )
            self.dimensions = int(self._weights["embeddings.LayerNorm.weight"].shape[0])
        except (KeyError, ValueError, IndexError) as error:
            raise StorageError("does not contain a BERT", where=str(path)) from error

    def states(self, pieces: Sequence[int]) -> "list[Array]":
        """The states after each layer, a row for each piece; at most `MOST_PIECES` of them."""
        weights = self._weights
        size = len(pieces)
        state = self._normed(
            weights["embeddings.word_embeddings.weight"][list(pieces)]
            + weights["embeddings.position_embeddings.weight"][:size]
            + weights["embeddings.token_type_embeddings.weight"][0],
            "embeddings",
        )
        found = []
        for layer in range(self.layers):
            name = f"encoder.layer.{layer}"
            heard = self._attended(state, f"{name}.attention")
            thought = _gelu(self._linear(heard, f"{name}.intermediate.dense"))
            state = self._normed(self._linear(thought, f"{name}.output.dense") + heard, f"{name}.output")
            found.append(state)
        return found

    def _attended(self, state: "Array", name: str) -> "Array":
        import numpy as np

        size, width = state.shape[0], self.dimensions // HEADS
        query, key, value = (
            self._linear(state, f"{name}.self.{part}").reshape(size, HEADS, width).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        weight = query @ key.transpose(0, 2, 1) / np.float32(math.sqrt(width))
        weight = np.exp(weight - weight.max(axis=-1, keepdims=True))
        weight /= weight.sum(axis=-1, keepdims=True)
        heard = (weight @ value).transpose(1, 0, 2).reshape(size, self.dimensions)
        return self._normed(self._linear(heard, f"{name}.output.dense") + state, f"{name}.output")

    def _linear(self, state: "Array", name: str) -> "Array":
        found: Array = state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found

    def _normed(self, state: "Array", name: str) -> "Array":
        import numpy as np

        state = state - state.mean(axis=-1, keepdims=True)
        scale = np.sqrt((state * state).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        found: Array = (
            state / scale * self._weights[f"{name}.LayerNorm.weight"]
            + self._weights[f"{name}.LayerNorm.bias"]
        )
        return found


def _gelu(values: "Array") -> "Array":
    """X times the normal distribution function of x.

    The error function is Abramowitz and Stegun's 7.1.26, which is right to 1.5e-7.
    """
    import numpy as np

    size = np.abs(values) * np.float32(math.sqrt(0.5))
    step = 1 / (1 + np.float32(0.3275911) * size)
    terms = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
    sum_ = np.float32(terms[-1]) * step
    for term in reversed(terms[:-1]):
        sum_ = (sum_ + np.float32(term)) * step
    error = np.copysign(1 - sum_ * np.exp(-size * size), values)
    found: Array = (0.5 * values * (1 + error)).astype(np.float32)
    return found


def _read(path: Path) -> "Mapping[str, Array]":
    """The arrays of a safetensors file: eight bytes of length, a header in JSON, then the numbers."""
    import numpy as np

    try:
        raw = np.memmap(path, dtype=np.uint8, mode="r")
        size = int.from_bytes(raw[:8].tobytes(), "little")
        header: dict[str, Any] = json.loads(raw[8 : 8 + size].tobytes())
        found = {}
        for name, about in header.items():
            if about.get("dtype") == "F32":
                begin, end = about["data_offsets"]
                part = raw[8 + size + begin : 8 + size + end]
                found[name] = np.frombuffer(part, dtype="<f4").reshape(about["shape"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError("is not a safetensors file", where=str(path)) from error
    return found
