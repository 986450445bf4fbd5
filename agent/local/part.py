"""A model file while it is being fetched: what came so far, and who may write it.

Beside the final `NAME` lie `NAME.part` with the bytes, `NAME.part.json` with how far they are good,
and `NAME.lock`.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..model.catalogue import ModelFile
from ..safety.file_locks import lock
from ..safety.safe_files import write_whole
from .store import part_of, path_of, write_note


class SourceFailedError(Exception):
    """A source cannot give the bytes; the text says why. Caught in here: another source may."""

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting
        """Whether asking the same source again is useless."""


@dataclass(slots=True)
class Part:
    """The bytes of a file that were fetched so far, from whatever source.

    All sources give the same file, so one may go on where another stopped. Bytes beyond `good` may
    be a torn write; they are cut off when the part is opened again.
    """

    file: ModelFile
    directory: Path
    good: int = 0
    """Bytes from the start that are known to be written."""
    lengths: list[int] = field(default_factory=list)
    """Length in bytes of each part of the file that came as a wheel, in order."""

    @classmethod
    def open(cls, file: ModelFile, directory: Path) -> "Part":
        """The part that an earlier fetch left behind, cut to what is good, or an empty one."""
        part = cls(file, directory)
        try:
            state = json.loads(part._state_path.read_text("utf-8"))
            lengths = [int(length) for length in state["lengths"]]
            good = int(state["good"])
            size = part.path.stat().st_size
            fits = 0 <= sum(lengths) <= good <= min(size, file.size) and min(lengths, default=1) > 0
            if state["sha256"] == file.sha256 and fits:
                part.good, part.lengths = good, lengths
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        with part.path.open("ab") as stream:
            stream.truncate(part.good)
        return part

    @property
    def path(self) -> Path:
        """The file that holds the bytes."""
        return part_of(self.file, self.directory)

    @property
    def _state_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")

    def append(self, stream: BinaryIO, data: bytes) -> None:
        """Write `data` behind the good bytes; `save` makes it last."""
        stream.seek(self.good)
        stream.write(data)
        self.good += len(data)

    def save(self, stream: BinaryIO) -> None:
        """Flush the bytes to the disk, then write down how far it is good."""
        stream.flush()
        os.fsync(stream.fileno())
        state = {"sha256": self.file.sha256, "good": self.good, "lengths": self.lengths}
        write_whole(self._state_path, json.dumps(state).encode(), 0o666)

    def restart(self) -> None:
        """Forget everything that was fetched."""
        self.good, self.lengths = 0, []
        self._state_path.unlink(missing_ok=True)
        with self.path.open("wb"):
            pass

    def discard(self) -> None:
        """Remove the part and its state."""
        self.path.unlink(missing_ok=True)
        self._state_path.unlink(missing_ok=True)

    def finish(self) -> Path:
        """Move the part to its final name and note it as checked. Call it after the hash fits."""
        whole = path_of(self.file, self.directory)
        self.path.replace(whole)
        self._state_path.unlink(missing_ok=True)
        with suppress(OSError):  # it is hashed at every start then
            write_note(self.file, whole)
        return whole


@contextmanager
def fetching(file: ModelFile, directory: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the right to fetch `file`: one process at a time. The system frees it when we die.

    `waiting` is called once if another process has it. The lock file stays: removing it would let
    two processes lock two files of the same name.
    """
    path = directory / f"{file.name}.lock"
    with path.open("ab") as stream:
        try:
            lock(stream, path, wait=False)
        except BlockingIOError:
            waiting()
            lock(stream, path)
        yield
