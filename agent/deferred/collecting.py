"""Answers that come back: out of the endpoint's files, onto the papers that asked.

The lines come in any order, so they go into a table on disk first; then the papers are read as ever, in the
order of their source, and each finds its own line. A line is checked as a live answer is, and kept in the
cache in the same way, so that nothing after it knows where it came from.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..cache import Part
from ..call import Caller, Reply
from ..errors import PaperFailed, StorageError
from ..paper import Paper
from ..reader import ModelReader, Reading, Wanted
from .service import Remote, Service
from .state import State

PRICE_FACTOR = 0.5
"""What a provider's batch costs of the list price."""

FIRST_POLL_S = 1.0
MAX_POLL_S = 60.0


async def watch(service: Service, state: State, wait_s: float = 0.0) -> list[Remote]:
    """How the batches are that wait to be collected, once all have ended or `wait_s` seconds are over."""
    end = time.monotonic() + wait_s
    pause = FIRST_POLL_S
    found: dict[str, Remote] = {}
    while True:
        for sent in state.batches:
            if sent.waiting and sent.batch_id is not None:
                known = found.get(sent.batch_id)
                if known is None or not known.ended:
                    found[sent.batch_id] = await service.retrieve(sent.batch_id)
        left = end - time.monotonic()
        if left <= 0 or all(remote.ended for remote in found.values()):
            return list(found.values())
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, MAX_POLL_S)


class Lines:
    """Lines of results by the question that they answer, in a table on disk that is gone afterwards.

    Raises StorageError where the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.unreadable = 0
        """Lines that say nothing about any question."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._table = sqlite3.connect(path, isolation_level=None)
            # What is lost in a crash is fetched again.
            self._table.execute("PRAGMA journal_mode = OFF")
            self._table.execute("PRAGMA synchronous = OFF")
            self._table.execute("CREATE TABLE lines (key TEXT PRIMARY KEY, line BLOB) WITHOUT ROWID")
        except (OSError, sqlite3.Error) as error:
            raise self._broken(error) from error

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._table.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._path.parent.rmdir()

    def put(self, line: bytes) -> None:
        """Keep a line of a result file; of two about one question the later."""
        if not line.strip():
            return
        try:
            key = json.loads(line)["custom_id"]
        except (ValueError, KeyError, TypeError):
            key = None
        if not isinstance(key, str):
            self.unreadable += 1
            return
        try:
            self._table.execute("REPLACE INTO lines VALUES (?, ?)", (key, line))
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def get(self, key: str) -> bytes | None:
        """The line about a question."""
        try:
            row = self._table.execute("SELECT line FROM lines WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        return row[0] if row else None

    def _broken(self, error: Exception) -> StorageError:
        return StorageError(
            f"cannot keep the results: {error}",
            where=str(self._path),
            next_step="Free the disk and run the same command again; nothing is lost",
        )


async def fetch(service: Service, ended: Sequence[Remote], lines: Lines) -> None:
    """Bring in all result files of these batches: answers and errors, and what an expired one has."""
    for remote in ended:
        for file in remote.files:
            await service.download(file, lines.put)


class CollectedReader:
    """Cards from the cache and from lines of results; asks nobody."""

    def __init__(self, reader: ModelReader, caller: Caller, lines: Lines, remotes: Sequence[Remote]) -> None:
        self._reader = reader
        self._caller = caller
        self._lines = lines
        self._absent = _absent(remotes)
        self.made_by: Mapping[str, Part] = reader.made_by

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper. Raises PaperFailed with the reason: its line's, or that it has none."""
        question = self._reader.question(paper)
        if (kept := self._reader.kept(question)) is not None:
            return kept
        line = self._lines.get(question.key)
        if line is None:
            raise PaperFailed(self._absent, where=paper.where)
        try:
            completion = _completion(json.loads(line))
            reply = self._reply(completion)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise PaperFailed(
                "its line in the results holds no chat completion", where=paper.where, attempts=1
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
        """Nothing: it asks nobody."""
        return None

    def stop(self) -> None:
        """Nobody is asked."""

    async def close(self) -> None:
        """Let go of what the reader opened."""
        await self._reader.close()


def _absent(remotes: Sequence[Remote]) -> str:
    """Why a paper may have no line."""
    running = sum(not remote.ended for remote in remotes)
    reasons = [f"{running} of the batches not finished"] if running else []
    reasons += [f"{remote.id} {remote.status}: {remote.problem}" for remote in remotes if remote.problem]
    return f"no answer ({'; '.join(reasons)})" if reasons else "no answer: it is in none of the batches"


def _completion(line: dict[str, Any]) -> dict[str, Any]:
    """The completion in a line. Raises PaperFailed where the line tells of an error."""
    if error := line.get("error"):
        if error.get("code") == "batch_expired":
            raise PaperFailed("the batch expired before its turn came")
        raise PaperFailed(f"the batch failed it: {_words(error)}", attempts=1)
    response: dict[str, Any] = line["response"]
    body: dict[str, Any] = response["body"]
    status = response.get("status_code", 200)
    if status != 200:
        raise PaperFailed(f"the endpoint answered {status}: {_words(body.get('error') or {})}", attempts=1)
    return body


def _words(error: dict[str, Any]) -> str:
    words = str(error.get("message") or error.get("code") or "without a reason")
    return " ".join(words.split())[:300]
