"""Stores fetched answers on disk, and the time of the last request to each host.

An answer is a file: a line of JSON about it, then its bytes. Nothing in it is code and nothing is secret:
addresses are hashed for the file's name and written without their query.

Knows files and addresses. Knows no HTTP and no papers.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...errors import PapercardsError, StorageError
from ...safety.file_locks import lock
from ...safety.redact import without_secrets
from ..patience import Clock


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored answer."""

    body: bytes | None
    """Body of the answer; None for not found (404)."""
    age_s: float


class Store:
    """The store of answers: files with a line of JSON, then the unchanged bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, url: str) -> Kept | None:
        """The stored answer for an address; None if there is none or it is incomplete."""
        try:
            with self._path(url).open("rb") as stream:
                head, body = json.loads(stream.readline()), stream.read()
            if head["size"] != len(body):
                return None
            age_s = max(0.0, time.time() - float(head["fetched"]))
            return Kept(None if head["status"] == 404 else body, age_s)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def write(self, url: str, body: bytes | None) -> None:
        """Store an answer. Raises StorageError if it cannot be written."""
        path = self._path(url)
        head = {
            "url": without_secrets(url),
            "status": 404 if body is None else 200,
            "fetched": round(time.time(), 3),
            "size": len(body or b""),
        }
        try:
            self.make(path.parent)
            fd, name = tempfile.mkstemp(dir=path.parent)
            try:
                with open(fd, "wb") as stream:  # noqa: PTH123  (a descriptor)
                    stream.write(json.dumps(head).encode() + b"\n" + (body or b""))
                Path(name).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise self.refused(error) from error

    def make(self, folder: Path) -> None:
        """Create a folder in the store, readable only by the user. Raises OSError."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(exist_ok=True)

    def stamp(self, host: str) -> BinaryIO:
        """A file whose modification time is that of the last request to a host, locked while open.

        Raises StorageError if it cannot be written.
        """
        path = self.folder / "hosts" / hashlib.sha256(host.encode()).hexdigest()[:16]
        try:
            self.make(path.parent)
            new = not path.exists()
            file = path.open("ab")
            lock(file, path)
            if new:
                os.utime(path, (0, 0))
        except OSError as error:
            raise self.refused(error) from error
        return file

    def refused(self, error: OSError) -> PapercardsError:
        """The error of the disk, for the user."""
        return StorageError(
            f"cannot store fetched data: {error.strerror or error}",
            where=str(self.folder),
            next_step="Choose another folder with --cache-dir, or use --no-cache",
        )

    def _path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / name[:2] / name


_last: dict[str, float] = {}
"""Unix time of this process's last request to each host."""


@contextlib.contextmanager
def turn(host: str, interval_s: float, store: Store | None, clock: Clock) -> Iterator[None]:
    """Wait until `interval_s` after the last request to a host by any process that shares the cache."""
    if not interval_s:
        yield
        return
    with contextlib.ExitStack() as stack:
        stamp = stack.enter_context(store.stamp(host)) if store else None
        last = max(_last.get(host, 0.0), os.fstat(stamp.fileno()).st_mtime if stamp else 0.0)
        # A clock that was set back must not make us wait for it.
        left_s = min(interval_s, last + interval_s - clock.now())
        if left_s > 0:
            clock.sleep(left_s)
        _last[host] = now = clock.now()
        if stamp:
            os.utime(stamp.name, (now, now))
        yield
