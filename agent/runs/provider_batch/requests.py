"""Writes request files for a provider's batch API: JSONL, one request per line, with a limit per file.

Memory holds one line, and a few bytes per request to avoid duplicates.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...id_set import IdSet
from ...paper import Paper
from ...reading.question import Question
from ...reading.reader import ModelReader
from ...sinks.files import RecordFile
from ...sources import BadRecord
from ..same_paper import SamePapers
from .state import Sent

URL = "/v1/chat/completions"
MAX_REQUESTS = 50_000
MAX_BYTES = 200_000_000
"""Maximum requests and bytes of one file, as limited by OpenAI."""


@dataclass(slots=True)
class Plan:
    """The request files on disk, and counts of the other records of the sources."""

    batches: list[Sent] = field(default_factory=list)
    papers: int = 0
    kept: int = 0
    """Number of papers whose answer is already in the cache."""
    same: int = 0
    """Number of papers whose request is the same as another one's."""
    unreadable: int = 0
    """Number of records that could not be read as a paper."""
    too_large: int = 0
    """Number of papers whose request alone exceeds the limit of a file."""

    @property
    def requests(self) -> int:
        """Number of requests in all files."""
        return sum(sent.requests for sent in self.batches)


def write_requests(
    records: Iterable[Paper | BadRecord],
    reader: ModelReader,
    body: Callable[[Question], bytes],
    folder: Path,
    *,
    first: int = 1,
    max_requests: int = MAX_REQUESTS,
    max_bytes: int = MAX_BYTES,
) -> Plan:
    """Write a request for each paper that is not in the cache, in files numbered from `first`.

    Raises StorageError if it cannot be written; files written so far are then incomplete.
    """
    plan = Plan()
    seen, papers = IdSet(), SamePapers()
    file: _RequestFile | None = None
    for record in records:
        if isinstance(record, BadRecord):
            plan.unreadable += 1
            continue
        plan.papers += 1
        if papers.add(record)[0] is not None:
            plan.same += 1
            continue
        question = reader.question(record)
        if question.copy.emptied:
            plan.unreadable += 1
            continue
        if not seen.add(question.key):
            plan.same += 1
            continue
        if reader.kept(question) is not None:
            plan.kept += 1
            continue
        question = reader.rest(question)
        line = _line(question.key, body(question))
        if len(line) > max_bytes:
            plan.too_large += 1
            continue
        if file is not None and (file.count == max_requests or file.size + len(line) > max_bytes):
            plan.batches.append(file.finish())
            file = None
        if file is None:
            file = _RequestFile(folder, first + len(plan.batches))
        file.append(line)
    if file is not None:
        plan.batches.append(file.finish())
    return plan


def request_file(folder: Path, number: int) -> Path:
    """Path of the request file of a batch."""
    return folder / f"{number:04}.jsonl"


def forget_requests(folder: Path) -> None:
    """Delete request files that are no longer needed, and the folder if it is empty."""
    for file in folder.glob("[0-9]*.jsonl"):
        file.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


class _RequestFile:
    def __init__(self, folder: Path, number: int) -> None:
        self._number = number
        self._file = RecordFile(request_file(folder, number), derived=True)
        self._sum = hashlib.sha256()
        self.count = 0

    @property
    def size(self) -> int:
        return self._file.size

    def append(self, line: bytes) -> None:
        self._file.append(line)
        self._sum.update(line)
        self.count += 1

    def finish(self) -> Sent:
        self._file.finish()
        return Sent(number=self._number, requests=self.count, size=self.size, token=self._sum.hexdigest())


def _line(key: str, body: bytes) -> bytes:
    return b'{"custom_id":"%b","method":"POST","url":"%b","body":%b}\n' % (key.encode(), URL.encode(), body)
