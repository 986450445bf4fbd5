"""Collects answers: matches the lines of the endpoint's result files to papers.

The lines come in any order, so they go into a table on disk first; then the papers are read as usual, in the
order of their source, and each looks up its line. A line is checked and cached like a live answer, so later
steps need not know where it came from.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import PaperFailed, StorageError
from ...model.cache import Part
from ...model.call import Caller
from ...model.reply import Reply
from ...paper import Paper
from ...reading.reader import ModelReader, Reading, Wanted
from ...safety.safe_files import drop_link
from ...text.wording import counted
from .service import Absent, Remote, Service
from .state import State

PRICE_FACTOR = 0.5
"""Price of a batch as a fraction of the list price."""

FIRST_POLL_S = 1.0
MAX_POLL_S = 60.0


async def watch(service: Service, state: State, wait_s: float = 0.0) -> list[Remote]:
    """The status of the batches to collect, once all have ended or `wait_s` seconds have passed."""
    end = time.monotonic() + wait_s
    pause = FIRST_POLL_S
    found: dict[str, Remote] = {}
    while True:
        for sent in state.batches:
            if sent.waiting and sent.batch_id is not None:
                known = found.get(sent.batch_id)
                if known is None or not known.ended:
                    found[sent.batch_id] = await service.retrieve(sent.batch_id, sent.requests)
        left = end - time.monotonic()
        if left <= 0 or all(remote.ended for remote in found.values()):
            return list(found.values())
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, MAX_POLL_S)


class Lines:
    """The result lines by request, in a table on disk.

    The table is kept until `forget`, so lines stay usable if a result file is gone at the next try. Raises
    StorageError if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._odd_path = path.with_name("unreadable.jsonl")
        self._odd: BinaryIO | None = None
        self.unreadable = 0
        """Number of lines that belong to no request."""
        with self._storing():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._odd_path.unlink(missing_ok=True)
            for end in ("", "-journal"):
                drop_link(path.with_name(path.name + end))
            try:
                self._table = self._open()
            except sqlite3.DatabaseError:  # damaged: what was in it is fetched again
                path.unlink(missing_ok=True)
                self._table = self._open()

    def _open(self) -> sqlite3.Connection:
        table = sqlite3.connect(self._path, isolation_level=None)
        try:
            # A killed process must leave it whole; what is lost in a power cut is fetched again.
            table.execute("PRAGMA journal_mode = TRUNCATE")
            table.execute("PRAGMA synchronous = OFF")
            table.execute(
                "CREATE TABLE IF NOT EXISTS lines (key TEXT, batch TEXT, worth INTEGER, line BLOB, "
                "PRIMARY KEY (key, batch)) WITHOUT ROWID"
            )
        except BaseException:
            table.close()
            raise
        return table

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(sqlite3.Error):
            if (
                self._odd is None
                and not self._table.execute("SELECT EXISTS (SELECT 1 FROM lines)").fetchone()[0]
            ):
                self.forget()
        self._table.close()
        if self._odd is not None:
            self._odd.close()
            self._odd = None

    def forget(self) -> None:
        """Delete the table and its folder, once it is no longer needed."""
        self._table.close()
        self._table = sqlite3.connect(":memory:")
        with suppress(OSError):
            for suffix in ("", "-journal"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._odd_path.unlink(missing_ok=True)
            self._path.parent.rmdir()

    @property
    def odd_path(self) -> Path:
        """Path of the file with the unreadable lines."""
        return self._odd_path

    def put(self, line: bytes, batch: str = "") -> None:
        """Store a line of a batch's result file; an answer replaces an error of the same request."""
        if not line.strip():
            return
        try:
            record = json.loads(line)
            key = record["custom_id"]
        except (ValueError, LookupError, TypeError, RecursionError):
            record, key = None, None
        worth = _worth(record) if isinstance(key, str) else 0
        with self._storing():
            if worth == 0:
                self._set_aside(line)
            if isinstance(key, str):
                self._table.execute(
                    "INSERT INTO lines VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
                    "SET line = excluded.line, worth = excluded.worth WHERE excluded.worth >= worth",
                    (key, batch, worth, line),
                )

    def _set_aside(self, line: bytes) -> None:
        self.unreadable += 1
        if self._odd is None:
            self._odd = self._odd_path.open("wb")
        self._odd.write(line + b"\n")

    def get(self, key: str) -> bytes | None:
        """The result line of a request."""
        with self._storing():
            row = self._table.execute(
                "SELECT line FROM lines WHERE key = ? ORDER BY worth DESC LIMIT 1", (key,)
            ).fetchone()
        return row[0] if row else None

    def count(self, batch: str) -> int:
        """Number of requests of a batch with a valid line."""
        with self._storing():
            row = self._table.execute("SELECT COUNT(*) FROM lines WHERE batch = ? AND worth > 0", (batch,))
            return int(row.fetchone()[0])

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"cannot store the results: {error}",
                where=str(self._path),
                next_step="Free disk space and run the same command again; nothing is lost",
            ) from error


async def fetch(service: Service, ended: Sequence[Remote], lines: Lines, say: Callable[[str], None]) -> None:
    """Download all result files of these batches, including partial results of expired ones.

    A file that is unavailable now is reported and left for later, so that the others are stored.
    """
    for remote in ended:
        for file in remote.files:
            try:
                await service.download(file, partial(lines.put, batch=remote.id))
            except Absent as error:
                say(str(error))


class CollectedReader:
    """Makes cards from the cache and from result lines; sends no requests."""

    def __init__(self, reader: ModelReader, caller: Caller, lines: Lines, remotes: Sequence[Remote]) -> None:
        self._reader = reader
        self._caller = caller
        self._lines = lines
        self._absent = _absent(remotes, lines)
        self.made_by: Mapping[str, Part] = reader.made_by

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper. Raises PaperFailed with the reason from its line, or because it has none."""
        question = self._reader.question(paper)
        question.copy.not_emptied()
        if (kept := self._reader.kept(question)) is not None:
            return kept
        question = self._reader.rest(question)
        line = self._lines.get(question.key)
        if line is None:
            raise PaperFailed(self._absent, where=paper.where)
        try:
            completion = _completion(json.loads(line))
            if not isinstance(completion.get("choices"), list):
                raise TypeError
            reply = self._reply(completion)
        except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise PaperFailed(
                "the result line has no chat completion", where=paper.where, attempts=1
            ) from error
        except PaperFailed as error:
            error.where = error.where or paper.where
            raise
        return await self._reader.accept(question, reply)

    def _reply(self, completion: dict[str, Any]) -> Reply:
        try:
            return self._caller.reply(completion)
        except PaperFailed as error:
            error.attempts = 1
            error.spent = self._caller.spent_on(completion)
            raise

    def wants(self, paper: Paper) -> Wanted | None:
        """Nothing, since no requests are sent."""
        return None

    def stop(self) -> None:
        """Does nothing, since no requests are sent."""

    async def close(self) -> None:
        """Close what the reader opened."""
        await self._reader.close()


def _absent(remotes: Sequence[Remote], lines: Lines) -> str:
    """Why a paper may have no result line."""
    running = sum(not remote.ended for remote in remotes)
    reasons = [f"{counted(running, 'batch', 'batches')} not finished"] if running else []
    reasons += [f"{remote.id} {remote.status}: {remote.problem}" for remote in remotes if remote.problem]
    reasons += [missing(remote, lines) for remote in remotes if remote.ended and not arrived(remote, lines)]
    return f"no answer ({'; '.join(reasons)})" if reasons else "no answer: not part of any batch"


def arrived(remote: Remote, lines: Lines) -> bool:
    """Whether all expected lines of a batch have arrived."""
    return lines.count(remote.id) >= remote.expected


def missing(remote: Remote, lines: Lines) -> str:
    """One line about how many results of a batch have arrived."""
    problem = f"; {remote.problem}" if remote.problem else ""
    count = lines.count(remote.id)
    return f"{remote.id} {remote.status}: {count} of {remote.expected} results received{problem}"


def _body(line: dict[str, Any]) -> Any:
    """The body of a line's answer, even if it is JSON in a string or has no frame around it."""
    response: dict[str, Any] = line["response"]
    body = response if "choices" in response else response["body"]
    return json.loads(body) if isinstance(body, str) else body


def _worth(line: dict[str, Any]) -> int:
    """2 for a completion, 1 for an error, 0 for neither."""
    try:
        if line.get("error") or _status(line) != 200:
            return 1
        return 2 if _body(line)["choices"] else 0
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError):
        return 0


def _status(line: dict[str, Any]) -> int:
    return int(line["response"].get("status_code") or 200)


def _completion(line: dict[str, Any]) -> dict[str, Any]:
    """The completion in a line. Raises PaperFailed if the line reports an error."""
    if error := line.get("error"):
        if isinstance(error, dict) and error.get("code") == "batch_expired":
            raise PaperFailed("the batch expired before this request was processed")
        raise PaperFailed(f"the batch reported an error: {_words(error)}", attempts=1)
    status = _status(line)
    if status != 200:
        try:
            body = _body(line)
        except ValueError:
            body = line["response"]["body"]
        said = body.get("error") or body.get("message") if isinstance(body, dict) else body
        raise PaperFailed(f"the endpoint answered {status}: {_words(said)}", attempts=1)
    completion = _body(line)
    if not isinstance(completion, dict):
        raise TypeError("no completion")
    return completion


def _words(error: object) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("code")
    return " ".join(str(error or "without a reason").split())[:300]
