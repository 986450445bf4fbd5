"""Stores the index of a card file, so that opening it again does not read all cards again.

There is one index per card file, under a lock: a second server of the same cards uses a temporary index. An
index that was not used for a month is deleted.

Knows files. Knows no cards and no pages.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from ...errors import StorageError
from ...safety.file_locks import lock
from ...text.spans import digest
from .database import Index

_KEPT_S = 30 * 24 * 3600.0


@contextmanager
def open_index(cards: Path, folder: Path | None) -> Iterator[Index]:
    """The index of a card file, stored in a folder; temporary if the folder is None or the index is in use.

    Raises StorageError if no file can be written.
    """
    kept = None if folder is None else _kept(cards, folder)
    if kept is None:
        with TemporaryDirectory(prefix="papercards-pages-") as passing:
            index = Index(Path(passing) / "index.db")
            try:
                yield index
            finally:
                index.close()
        return
    path, held = kept
    try:
        index = _open(path)
        try:
            yield index
        finally:
            index.close()
    finally:
        held.close()


def _kept(cards: Path, folder: Path) -> tuple[Path, IO[bytes]] | None:
    name = digest(str(cards.resolve()))[:16]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _tidy(folder)
        file = folder / f"{name}.lock"
        held = file.open("wb")
    except OSError:
        return None
    try:
        # Without locks two windows would write one index.
        ours = lock(held, file, wait=False)
    except OSError:
        ours = False
    if not ours:
        held.close()
        return None
    return folder / f"{name}.db", held


def _open(path: Path) -> Index:
    try:
        return Index(path)
    except StorageError:  # damaged: all of it can be made again
        for part in ("", "-wal", "-shm"):
            path.with_name(path.name + part).unlink(missing_ok=True)
        return Index(path)


def _tidy(folder: Path) -> None:
    long_ago = time.time() - _KEPT_S
    for path in folder.glob("*.db"):
        with suppress(OSError):
            if path.stat().st_mtime < long_ago:
                path.unlink()
                path.with_suffix(".lock").unlink(missing_ok=True)
