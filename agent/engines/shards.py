"""The output of a run on a cluster: a folder of shards, one for each batch, and the folders beside it.

`OUT.jsonl/part-….jsonl` has the cards of a batch, `OUT.errors.jsonl/part-….jsonl` what has none, and
`OUT.jsonl/_done` the ids of the cards (`done`). A shard is named by the ids of its batch, so one that is made
again replaces itself.

Knows cards as lines, and files. Knows no engine.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import UsageError
from .done import Done
from .place import Place

_ONE_SLASH = re.compile(r"^([a-z][a-z0-9+.-]+):/(?!/)", re.IGNORECASE)


def address_of(path: str | Path) -> str:
    """An address as it was typed: a Path keeps one of the two slashes after a protocol."""
    return _ONE_SLASH.sub(r"\1://", str(path))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of an output are."""

    cards: str
    suffix: str
    """`.jsonl` or `.parquet`."""

    @classmethod
    def of(cls, output: str | Path) -> "Layout":
        """The layout of an output. Raises UsageError for a format that has no shards."""
        address = address_of(output)
        if "://" not in address:
            address = str(Path(address).absolute())
        suffix = PurePosixPath(address).suffix.lower()
        if suffix not in (".jsonl", ".parquet"):
            raise UsageError(
                "a run on Ray writes a folder of JSONL or Parquet files",
                where=str(output),
                next_step="Give -o cards.jsonl or -o cards.parquet, by path or address",
            )
        return cls(address.rstrip("/"), suffix)

    def beside(self, ending: str) -> str:
        """`cards.errors.jsonl` for `cards.jsonl`."""
        return f"{self.cards.removesuffix(self.suffix)}.{ending}"


class Shards:
    """Writes shards. Raises StorageError if one cannot be written."""

    def __init__(self, layout: Layout, run: int) -> None:
        """`run` is the number of the run, for the ids."""
        self._suffix = layout.suffix
        self._cards = Place(layout.cards)
        self._errors = Place(layout.beside("errors.jsonl"))
        self._done = Done(self._cards)
        self._run = run

    def write(
        self,
        batch: tuple[int, int],
        lines: Sequence[bytes],
        marks: Sequence[int],
        failures: Sequence[dict[str, Any]],
    ) -> int:
        """Write what a batch gave: lines of cards with the ids of their rows, and failures. Returns bytes.

        `batch`: the marks of the rows that were read now, and of all rows of the batch.
        """
        name, size = f"part-{batch[0]:016x}", 0
        if failures:
            told = (
                json.dumps(one, ensure_ascii=False).encode("utf-8", "backslashreplace") for one in failures
            )
            self._errors.write(f"part-{batch[1]:016x}.jsonl", b"".join(line + b"\n" for line in told))
        if lines:
            content = _joined(lines) if self._suffix == ".jsonl" else _parquet(lines)
            self._cards.write(name + self._suffix, content)
            self._done.add(name + self._suffix, self._run, batch[1], marks)
            size = len(content)
        return size


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _parquet(lines: Sequence[bytes]) -> bytes:
    from ..card import Card
    from ..card_files import write_cards

    with TemporaryDirectory(prefix="papercards-") as folder:
        path = Path(folder) / "cards.parquet"
        write_cards(map(Card.model_validate_json, lines), path)
        return path.read_bytes()
