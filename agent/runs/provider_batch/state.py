"""The state of sent batches: one small JSON file, rewritten atomically after every step.

It connects the run that sends with the run that collects, so it holds the command (to read the same papers
again) and the endpoint's ids of each batch. It contains no API key and no text of a paper.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import StorageError, UsageError
from ...sinks.files import RecordFile, write_file
from ..seal import user_seal

VERSION = 1


class Command(BaseModel):
    """The command as given. Equal commands send the same requests for the same papers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    """Working directory of the command, which relative paths refer to."""
    sources: tuple[str, ...]
    outputs: tuple[str, ...]
    limit: int | None
    columns: dict[str, str]
    table: str | None = None
    categories: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    fill_abstracts: bool = False
    model: str
    """Model as `provider/model`."""
    endpoint: str
    """Base URL of the endpoint."""
    taxonomy: str | None
    """Taxonomy file; None for the shipped one."""
    fields: str | None = None
    """Fields file, or the name of a shipped one."""
    only: str | None = None
    """The fields that are asked, if not all."""
    cache_dir: str
    price: str | None = None
    """Price in the form of `--price`."""
    prompt: str
    """Version of the prompt."""
    labels: str
    """Version of the taxonomy."""

    def path(self, name: str) -> str:
        """A path of the command, relative to the current working directory."""
        return name if self.folder == str(Path.cwd()) else os.path.normpath(Path(self.folder, name))


class Sent(BaseModel):
    """One batch, from writing the request file to collecting the answers."""

    model_config = ConfigDict(extra="forbid")

    number: int
    """Number from 1, counted over all batches ever sent for this output."""
    requests: int
    size: int
    """Size of the request file in bytes."""
    token: str
    """SHA-256 of the request file; also stored in the batch's metadata, to find the batch again."""
    file_id: str | None = None
    """Id of the uploaded file; None if not uploaded, as far as known."""
    batch_id: str | None = None
    """Id of the batch; None if not created, as far as known."""
    collected: bool = False

    @property
    def waiting(self) -> bool:
        """Whether the batch was sent and not collected yet."""
        return self.batch_id is not None and not self.collected


class State(BaseModel):
    """The content of the state file. Raises StorageError if it cannot be written."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    papercards: str
    """Version of papercards that sent the batches."""
    command: Command
    batches: list[Sent] = Field(default_factory=list)
    seal: int | None = None
    """Seal of this user over `command`; None or wrong: somebody else wrote the file."""

    @property
    def own(self) -> bool:
        """Whether this user sent the batches, so that address and cache are what the user chose then."""
        return self.seal == self._seal()

    def _seal(self) -> int:
        # Absent from commands without them, as in states of before they existed.
        absent = {name for name in ("fields", "only") if getattr(self.command, name) is None}
        return user_seal().of(self.command.model_dump_json(exclude=absent).encode())

    def save(self, path: Path) -> None:
        """Write the file atomically."""
        self.seal = self._seal()
        write_file(path, [(self.model_dump_json(indent=2) + "\n").encode()], derived=True)

    def check(self, prompt: str, labels: str) -> None:
        """Raise UsageError if prompt or taxonomy have changed since: answers would not match their papers."""
        now = self.command.model_copy(update={"prompt": prompt, "labels": labels})
        if now != self.command:
            raise UsageError(
                "the requests have changed since they were sent (different: "
                f"{_differences(self.command, now)})",
                next_step=f"Collect with the same taxonomy and with papercards {self.papercards}, which sent "
                "them",
            )


def state_path(output: Path) -> Path:
    """Path of the state of an output: `cards.jsonl.batch.json` for `cards.jsonl`."""
    return output.with_name(f"{output.name}.batch.json")


def requests_folder(state: Path) -> Path:
    """Folder of request files until they are sent: `cards.jsonl.batch.requests`.

    Raises StorageError if it is a link, since files are written and deleted there.
    """
    folder = state.with_suffix(".requests")
    if folder.is_symlink():
        raise StorageError("is a link, which is not followed", where=str(folder), next_step="Delete the link")
    return folder


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Lock a state against other runs, which would pay twice or lose each other's batches.

    Raises StorageError if another run holds the lock.
    """
    lock = RecordFile(state.with_suffix(".lock"), derived=True)
    try:
        yield
    finally:
        with suppress(OSError):
            lock.path.unlink()
        lock.release()


def take_up(path: Path, command: Command, papercards: str) -> State:
    """The state at `path` for this command; a new one if there is none.

    Raises UsageError if another command's batches are not collected yet.
    """
    if not path.exists():
        return State(papercards=papercards, command=command)
    state = load(path)
    if state.command == command:
        return state
    if all(sent.collected for sent in state.batches):
        # They stay in it, so that none of them is taken for one of the new ones.
        return State(papercards=papercards, command=command, batches=state.batches)
    raise UsageError(
        "batches of a different command are not collected yet (different: "
        f"{_differences(state.command, command)})",
        where=str(path),
        next_step="Collect them first, choose another output, or repeat the original command",
    )


def load(path: Path) -> State:
    """The state in a file. Raises UsageError if the file is missing or invalid."""
    try:
        record = json.loads(path.read_bytes())
        version = record["version"]
    except FileNotFoundError as error:
        raise UsageError(
            "no such file",
            where=str(path),
            next_step="Give the .batch.json written by enrich --batch-api",
        ) from error
    except OSError as error:
        raise StorageError(f"cannot read: {error.strerror or error}", where=str(path)) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path) from error
    if version != VERSION:
        raise UsageError(
            f"is a batch state of version {version}, but this papercards reads version {VERSION}",
            where=str(path),
            next_step="Use the version of papercards that wrote it",
        )
    try:
        return State.model_validate(record)
    except ValidationError as error:
        raise _damaged(path) from error


def _differences(one: Command, other: Command) -> str:
    before, now = one.model_dump(), other.model_dump()
    return ", ".join(name for name in before if before[name] != now[name])


def _damaged(path: Path) -> UsageError:
    return UsageError(
        "is damaged or not a batch state",
        where=str(path),
        next_step="If it was one, move it away and run enrich --batch-api again: existing batches are found "
        "by their content",
    )
