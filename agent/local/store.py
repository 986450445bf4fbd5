"""Model files on disk: which are there, whole and the right ones.

A file counts as there when its SHA-256 is the one in the model table. Hashing a gigabyte takes
seconds, so the result is written down in the user's own cache folder, never beside the file, which
may lie in a stranger's folder. The note names the file by device and inode, with its size and both
times of change; a start then only compares those. Without the note, or when it does not fit, the
file is hashed again.

Knows nothing of where files come from.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

import platformdirs

from ..errors import StorageError
from ..model.catalogue import ModelFile
from ..safety.safe_files import write_whole

State = Literal["whole", "partial", "absent", "damaged"]
"""Of a model file: complete and verified, in part, not there, or there with another size or content."""


def path_of(file: ModelFile, directory: Path) -> Path:
    """Where `file` lies in `directory` once it is whole."""
    return directory / file.name


def part_of(file: ModelFile, directory: Path) -> Path:
    """Where the bytes that were fetched so far lie."""
    return directory / f"{file.name}.part"


def find(file: ModelFile, directory: Path) -> Path | None:
    """The path of `file` if it is there, whole and with the right content, else None.

    Raises StorageError if it is there and cannot be read.
    """
    path = path_of(file, directory)
    try:
        status = path.stat()
        if status.st_size != file.size:
            return None
        if _note(status) == _content(file, status):
            return path
        if sha256_of(path) != file.sha256:
            return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"cannot read it ({error.strerror})", where=str(path)) from error
    # A store on a read-only disk is hashed at every start, and works.
    with suppress(OSError):
        write_note(file, path)
    return path


def state_of(file: ModelFile, directory: Path) -> State:
    """The state of `file` in `directory`. Raises what `find` raises."""
    if find(file, directory) is not None:
        return "whole"
    if part_of(file, directory).is_file():
        return "partial"
    return "damaged" if path_of(file, directory).exists() else "absent"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_note(file: ModelFile, path: Path) -> None:
    """Write down that `path` was hashed and has the content of `file`. Raises OSError."""
    status = path.stat()
    note = _note_path(status)
    if note is not None:
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(note, json.dumps(_content(file, status)).encode())


def _content(file: ModelFile, status: os.stat_result) -> dict[str, object]:
    return {
        "sha256": file.sha256,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
    }


def _note_path(status: os.stat_result) -> Path | None:
    """Where the note of a file is; None for a user without a home, whose files are hashed each time."""
    try:
        folder = platformdirs.user_cache_path("papercards")
    except RuntimeError:
        return None
    name = f"{status.st_dev:x}-{status.st_ino:x}.json"
    return folder / "checked-models" / name if folder.is_absolute() else None


def _note(status: os.stat_result) -> object:
    path = _note_path(status)
    try:
        return json.loads(path.read_bytes()) if path is not None else None
    except (OSError, ValueError, RecursionError):
        return None
