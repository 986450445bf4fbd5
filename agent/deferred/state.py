"""What was sent and what became of it: one small JSON file, written whole after every step.

It is what lies between the run that sends and the run that collects, so it holds the command (to read the
same papers again) and each batch by the ids that the endpoint gave. No key, no text of a paper.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import StorageError, UsageError
from ..sinks.files import PartialFile, RecordFile

VERSION = 1


class Command(BaseModel):
    """What was asked for. Two commands that are equal ask the same questions of the same papers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    """Where it was given: what relative names count from."""
    sources: tuple[str, ...]
    outputs: tuple[str, ...]
    limit: int | None
    columns: dict[str, str]
    table: str | None = None
    categories: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    model: str
    """`provider/model`."""
    endpoint: str
    """The base URL."""
    taxonomy: str | None
    """A file; None: the shipped one."""
    cache_dir: str
    price: str | None = None
    """As `--price` says it."""
    prompt: str
    """Version of the prompt."""
    labels: str
    """Version of the taxonomy."""

    def path(self, name: str) -> str:
        """A name of the command as it is to be written in the folder where we are now."""
        return name if self.folder == str(Path.cwd()) else os.path.normpath(Path(self.folder, name))


class Sent(BaseModel):
    """One batch, from the request file that is written to the answers that are collected."""

    model_config = ConfigDict(extra="forbid")

    number: int
    """From 1, over all that was ever sent for this output."""
    requests: int
    size: int
    """Bytes of the request file."""
    token: str
    """SHA-256 of the request file. It is in the batch's metadata too: by it a batch is known again."""
    file_id: str | None = None
    """None: not uploaded, as far as is known."""
    batch_id: str | None = None
    """None: not made, as far as is known."""
    collected: bool = False

    @property
    def waiting(self) -> bool:
        """Whether it was sent and its answers are still to be collected."""
        return self.batch_id is not None and not self.collected


class State(BaseModel):
    """The file. Raises StorageError where it cannot be written."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    papercards: str
    """The version that sent it."""
    command: Command
    batches: list[Sent] = Field(default_factory=list)

    def save(self, path: Path) -> None:
        """Put it on the disk, all or nothing."""
        file = PartialFile(path, derived=True)
        try:
            file.commit((self.model_dump_json(indent=2) + "\n").encode())
        finally:
            file.abandon()

    def check(self, prompt: str, labels: str) -> None:
        """Raise UsageError where prompt or taxonomy changed since: no answer would find its paper."""
        now = self.command.model_copy(update={"prompt": prompt, "labels": labels})
        if now != self.command:
            raise UsageError(
                f"the questions are others now (they differ in {_differences(self.command, now)})",
                next_step=f"Collect with the taxonomy and with papercards {self.papercards}, which sent them",
            )


def state_path(output: Path) -> Path:
    """Where the state of an output is: `cards.jsonl.batch.json` for `cards.jsonl`."""
    return output.with_name(f"{output.name}.batch.json")


def requests_folder(state: Path) -> Path:
    """Where request files stand until they are sent: `cards.jsonl.batch.requests`.

    Raises StorageError for a link: files are written and deleted there.
    """
    folder = state.with_suffix(".requests")
    if folder.is_symlink():
        raise StorageError(
            "is a link, and the batch's files go nowhere else", where=str(folder), next_step="Delete the link"
        )
    return folder


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold a state against other runs, which would pay twice or forget each other's batches.

    Raises StorageError where another run holds it.
    """
    lock = RecordFile(state.with_suffix(".lock"), derived=True)
    try:
        yield
    finally:
        with suppress(OSError):
            lock.path.unlink()
        lock.release()


def take_up(path: Path, command: Command, papercards: str) -> State:
    """The state at `path` for this command, new where there is none.

    Raises UsageError where another command's batches are not collected yet.
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
        "another command's batches are not collected yet "
        f"(it differs in {_differences(state.command, command)})",
        where=str(path),
        next_step="Collect them first, name another output, or repeat the command as it was",
    )


def load(path: Path) -> State:
    """The state in a file. Raises UsageError where there is none or it cannot be understood."""
    try:
        record = json.loads(path.read_bytes())
        version = record["version"]
    except FileNotFoundError as error:
        raise UsageError(
            "there is no such file",
            where=str(path),
            next_step="Name the .batch.json that enrich --batch-api wrote",
        ) from error
    except OSError as error:
        raise StorageError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path) from error
    if version != VERSION:
        raise UsageError(
            f"is a batch state of version {version}, and this papercards reads version {VERSION}",
            where=str(path),
            next_step="Use the papercards that wrote it",
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
        "is damaged, or no batch state",
        where=str(path),
        next_step="If it was one, move it away and run enrich --batch-api again: "
        "batches that were made are found again by their content",
    )
