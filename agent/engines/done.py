"""Which rows are written: the 64-bit ids of the cards in each shard of an output, beside it.

A file has two numbers first, the run and the batch that wrote the shard, then an id for each card. A shard
whose ids are missing (its writer died between the two files) has them read from its cards.

Knows numbers and names of files. Knows no cards' content but their ids.
"""

import io
import json
import sys
from array import array
from collections.abc import Iterator, Sequence

from ..id_set import mark
from .place import Place

FOLDER = "_done"
"""Begins with `_`, as what readers of a folder of shards leave out."""


class Done:
    """The ids of the shards of one output. Raises StorageError if they cannot be read or written."""

    def __init__(self, cards: Place) -> None:
        self._cards = cards
        self._ids = cards / FOLDER

    def add(self, shard: str, run: int, batch: int, marks: Sequence[int]) -> None:
        """Note the ids of a shard that has been written."""
        self._ids.write(f"{shard}.ids", _little(array("Q", [run, batch, *marks])).tobytes())

    def all(self) -> "Iterator[tuple[int, int, array[int]]]":
        """Run, batch and ids of each shard."""
        for content in self._ids.read_all(name for name in self._ids.files() if name.endswith(".ids")):
            numbers = _little(array("Q", content[: len(content) // 8 * 8]))
            if len(numbers) > 2:
                yield numbers[0], numbers[1], numbers[2:]

    def mend(self) -> int:
        """Note the ids of shards whose writer died before it did; the number of these shards."""
        noted = {name.removesuffix(".ids") for name in self._ids.files()}
        orphans = [name for name in self._cards.files() if name.startswith("part-") and name not in noted]
        for name in orphans:
            self.add(name, 0, 0, list(map(mark, self._ids_in(name))))
        return len(orphans)

    def _ids_in(self, name: str) -> list[str]:
        content = self._cards.read(name) or b""
        if name.endswith(".parquet"):
            from pyarrow.parquet import read_table

            ids: list[str] = read_table(io.BytesIO(content), columns=["id"])["id"].to_pylist()
            return ids
        return [json.loads(line)["id"] for line in content.splitlines()]


def _little(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
