"""Questions written down as a provider's batch API reads them: JSONL, a request a line, so many a file.

Memory holds one line, and a few bytes for each question to send none twice.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..paper import Paper
from ..reader import ModelReader, Question
from ..seen import Seen
from ..sinks.files import RecordFile
from ..sources import BadRecord
from .state import Sent

URL = "/v1/chat/completions"
MAX_REQUESTS = 50_000
MAX_BYTES = 200_000_000
"""Both for one file, as OpenAI bounds it."""


@dataclass(slots=True)
class Plan:
    """The request files, on disk, and what else there was in the sources."""

    batches: list[Sent] = field(default_factory=list)
    papers: int = 0
    kept: int = 0
    """Of the papers, how many have their answer in the cache already."""
    same: int = 0
    """Of the papers, how many ask what another one asks."""
    unreadable: int = 0
    """Records that are no papers."""
    too_large: int = 0
    """Of the papers, how many would be more than a file may hold, alone."""

    @property
    def requests(self) -> int:
        """In all files."""
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
    """Write a request for each question that the cache cannot answer, in files numbered from `first`.

    Raises StorageError where the disk refuses; what was written till then is of no use.
    """
    plan = Plan()
    seen = Seen()
    file: _RequestFile | None = None
    for record in records:
        if isinstance(record, BadRecord):
            plan.unreadable += 1
            continue
        plan.papers += 1
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
    """Where the requests of a batch stand."""
    return folder / f"{number:04}.jsonl"


def forget_requests(folder: Path) -> None:
    """Remove request files that nothing refers to, and the folder where nothing else is in it."""
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
