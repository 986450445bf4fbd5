"""What was fetched, on disk: answers as they came, and when each host was last asked.

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

from ..errors import PapercardsError, StorageError
from ..file_locks import lock
from .patience import Clock


def shown(url: str) -> str:
    """An address for messages and files: without user name, password and query."""
    from ..redact import without_secrets

    return without_secrets(url)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer on disk."""

    body: bytes | None
    """None: there was nothing (404)."""
    age_s: float


class Store:
    """Answers on disk: a line of JSON, then the bytes as they came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, url: str) -> Kept | None:
        """What was kept for an address; None: nothing, or nothing whole."""
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
        """Keep an answer. Raises StorageError where the disk refuses."""
        path = self._path(url)
        head = {
            "url": shown(url),
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
        """Make a folder in it, for the user's eyes alone. Raises OSError."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(exist_ok=True)

    def stamp(self, host: str) -> BinaryIO:
        """A file whose time of change is when a host was last asked, locked while it is open.

        Raises StorageError where the disk refuses.
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
        """What the disk said, for the user."""
        return StorageError(
            f"what was fetched cannot be kept: {error.strerror or error}",
            where=str(self.folder),
            next_step="Name another folder with --cache-dir, or use --no-cache",
        )

    def _path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / name[:2] / name


_last: dict[str, float] = {}
"""When each host was last asked by this process, Unix time."""


@contextlib.contextmanager
def turn(host: str, interval_s: float, store: Store | None, clock: Clock) -> Iterator[None]:
    """Ask a host alone, `interval_s` after anybody who shares the cache asked it last."""
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
