"""Distributes lines to several files: card k to file k mod N, with the shard names of the Hugging Face Hub.

Each file keeps the order of the source. No file gets its final name before all are complete. N is part of the
names, so files of a run with another N are not changed.
"""

from collections.abc import Sequence
from pathlib import Path

from .file_sink import Lines
from .files import PartialFile

MOST = 99_999
"""Maximum number of shards, with five digits."""


def shard_path(path: Path, shard: int, shards: int) -> Path:
    """`cards-00002-of-00008.jsonl` for shard 2 of 8 of `cards.jsonl`, counted from 0."""
    return path.with_name(f"{path.stem}-{shard:05d}-of-{shards:05d}{path.suffix}")


class ShardedSink(Lines):
    """Writes cards as lines of JSON to several files."""

    def __init__(self, path: Path, shards: int) -> None:
        self._files: list[PartialFile] = []
        self._next = 0
        try:
            for shard in range(shards):
                self._files.append(PartialFile(shard_path(path, shard, shards), derived=True))
        except BaseException:
            self.abandon()
            raise

    @property
    def files(self) -> Sequence[PartialFile]:
        """The shards, in order."""
        return self._files

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add lines, one to each of the next shards in turn."""
        shards = len(self._files)
        for offset in range(min(shards, len(lines))):
            mine = lines[offset::shards]
            self._files[(self._next + offset) % shards].append(b"\n".join(mine) + b"\n")
        self._next = (self._next + len(lines)) % shards

    def close(self) -> None:
        """Flush all shards, then rename them into place."""
        for file in self._files:
            file.settle()
        for file in self._files:
            file.commit()

    def abandon(self) -> None:
        """Stop; the lines stay in the `.partial` files."""
        for file in self._files:
            file.abandon()
