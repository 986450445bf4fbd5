"""Model files on disk: which are there, whole and the right ones.

A file counts as there when its SHA-256 is the one in the model table. Hashing a gigabyte takes
seconds, so the result is written down in `NAME.checked.json` with size and time of change; a start
then only compares those. Without the note, or when it does not fit, the file is hashed again.

Knows nothing of where files come from.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import StorageError
from ..models import LOCAL, ModelFile

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """What the store has of one file."""

    file: ModelFile
    path: Path
    """Where the file is or would be."""
    state: Literal["whole", "partial", "absent", "damaged"]
    """`damaged`: something lies there under the name, with another size or content."""
    size: int
    """Bytes on disk, of the file or of the part that was fetched so far."""


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
        if _note(path) == (file.sha256, status.st_size, status.st_mtime_ns):
            return path
        if sha256_of(path) != file.sha256:
            return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"cannot be read ({error.strerror})", where=str(path)) from error
    # A store on a read-only disk is hashed at every start, and works.
    with suppress(OSError):
        write_note(file, path)
    return path


def listing(directory: Path, files: Iterable[ModelFile] | None = None) -> tuple[Held, ...]:
    """What `directory` has of `files`; None: of all files of the model table."""
    if files is None:
        files = [model.file for model in LOCAL.values() if model.file is not None]
    return tuple(_held(file, directory) for file in files)


def _held(file: ModelFile, directory: Path) -> Held:
    path = path_of(file, directory)
    found = find(file, directory)
    if found is not None:
        return Held(file, path, "whole", file.size)
    part = part_of(file, directory)
    if part.is_file():
        return Held(file, path, "partial", part.stat().st_size)
    if path.exists():
        return Held(file, path, "damaged", path.stat().st_size)
    return Held(file, path, "absent", 0)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_note(file: ModelFile, path: Path) -> None:
    """Write down that `path` was hashed and has the content of `file`."""
    status = path.stat()
    replace_text(
        _note_path(path),
        json.dumps({"sha256": file.sha256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}),
    )


def _note_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.checked.json")


def _note(path: Path) -> tuple[object, object, object] | None:
    try:
        note = json.loads(_note_path(path).read_text("utf-8"))
        return note["sha256"], note["size"], note["mtime_ns"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one, never half."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
