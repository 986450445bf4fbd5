"""The way back: what was replaced, beside the library it was replaced in, as `NAME.undo`.

A line of JSON for each time the library was changed, the last one last. A step holds the SHA-256 of the file
before and after, and the pieces that were replaced; bytes stand as the characters of the same number. It is
undone only in a file that is as the step left it.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import BadInput, UsageError
from ..sinks.files import PartialFile, refuse


class FileStep(BaseModel):
    """One change of a file. Offsets count bytes of the file as it was after it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: str
    after: str
    pieces: tuple[tuple[int, int, str], ...]
    """Start, end, and what stood there."""


class ItemState(BaseModel):
    """What an item's two fields held."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tags: list[dict[str, Any]]
    extra: str


class ZoteroStep(BaseModel):
    """One change of items in Zotero: what they held before and after it, by key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: dict[str, ItemState]
    after: dict[str, ItemState]


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def read_steps(path: Path, kind: type[FileStep] | type[ZoteroStep]) -> list[Any]:
    """The steps of an undo file, none where there is no file. Raises BadInput where it is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [kind.model_validate_json(line) for line in lines if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, ValidationError) as error:
        raise BadInput("is no undo file", where=str(path)) from error


def write_steps(path: Path, steps: Sequence[BaseModel]) -> None:
    """Write the steps, or take the file away where there are none. Raises StorageError."""
    if not steps:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            refuse(path, error)
        return
    file = PartialFile(path, derived=True)
    file.append("".join(f"{json.dumps(step.model_dump())}\n" for step in steps).encode())
    file.commit()


def undone(data: bytes, step: FileStep, where: str) -> bytes:
    """The file as it was before the step. Raises UsageError if it is not as the step left it."""
    if digest(data) != step.after:
        raise UsageError(
            "was changed since it was annotated, so that cannot be undone",
            where=where,
            next_step="Take your own changes back first, or use your backup",
        )
    pieces, at = [], 0
    for start, end, was in step.pieces:
        pieces += [data[at:start], was.encode("latin-1")]
        at = end
    whole = b"".join([*pieces, data[at:]])
    if digest(whole) != step.before:
        raise BadInput("its undo file is damaged", where=where, next_step="Use your backup")
    return whole
