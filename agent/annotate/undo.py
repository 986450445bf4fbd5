"""Undo files: the replaced text, stored beside the library as `NAME.undo`.

There is one line of JSON per change, in order. A step holds the SHA-256 of the file before and after, and the
replaced pieces, with each byte as the character of the same number. It is undone only if the file is as the
step left it.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import BadInput, UsageError
from ..sinks.files import refuse, write_file


class FileStep(BaseModel):
    """One change of a file. Offsets count bytes of the file after the change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: str
    after: str
    pieces: tuple[tuple[int, int, str], ...]
    """Start, end and original content of each piece."""


class ItemState(BaseModel):
    """The content of an item's two fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tags: list[dict[str, Any]]
    extra: str


class ZoteroStep(BaseModel):
    """One change of items in Zotero: their content before and after, by key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: dict[str, ItemState]
    after: dict[str, ItemState]


def digest(data: bytes) -> str:
    """The SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def read_steps(path: Path, kind: type[FileStep] | type[ZoteroStep]) -> list[Any]:
    """The steps of an undo file, empty if it does not exist. Raises BadInput if it is not an undo file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [kind.model_validate_json(line) for line in lines if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, ValidationError) as error:
        raise BadInput("is not an undo file", where=str(path)) from error


def write_steps(path: Path, steps: Sequence[BaseModel]) -> None:
    """Write the steps, or delete the file if there are none. Raises StorageError."""
    if not steps:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            refuse(path, error)
        return
    write_file(path, (f"{json.dumps(step.model_dump())}\n".encode() for step in steps), derived=True)


def undone(data: bytes, step: FileStep, where: str) -> bytes:
    """The file as it was before the step. Raises UsageError if it has changed since the step."""
    if digest(data) != step.after:
        raise UsageError(
            "has changed since it was annotated, so the annotation cannot be undone",
            where=where,
            next_step="Revert your own changes first, or restore your backup",
        )
    pieces, at = [], 0
    for start, end, was in step.pieces:
        pieces += [data[at:start], was.encode("latin-1")]
        at = end
    whole = b"".join([*pieces, data[at:]])
    if digest(whole) != step.before:
        raise BadInput("the undo file is damaged", where=where, next_step="Restore your backup")
    return whole
