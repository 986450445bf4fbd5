"""Answers in buckets by the hash of their key, on any file system; each bucket has one owner at a time.

A key is a SHA-256; its first digit is its *shelf*, its first two its *bucket*. An owner has whole shelves. It
brings a bucket in when a key of it is first wanted, adds new answers to a log of the shelf at once, and at
the end of a run writes the buckets with new answers back whole and removes the logs. What a killed run left
in logs is read at the start of the next one. Lines are those of `papercards cache export`; whoever takes an
answer checks its key. Nothing here needs file locks, so any shared folder or object store will do.

Knows keys and lines. Knows no engine.
"""

import gzip
import io
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from uuid import uuid4

from .place import Place

SHELVES = "0123456789abcdef"
_BEGIN = b'{"key": "'
_KEY = slice(len(_BEGIN), len(_BEGIN) + 64)
_BETWEEN = b'", '


def line(key: str, text: str) -> bytes:
    """A row as a line: `text` is `Kept.to_json`."""
    return b"%s%s%s%s\n" % (_BEGIN, key.encode(), _BETWEEN, text[1:].encode())


def rows(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Keys and texts; a line that a crash has torn is left out."""
    for one in lines:
        key = one[_KEY].decode("ascii", "replace")
        if one.startswith(_BEGIN) and one.endswith(b"}\n") and key.isalnum():
            yield key, "{" + one[_KEY.stop + len(_BETWEEN) : -1].decode("utf-8", "replace")


class Buckets:
    """The answers of some shelves. Raises StorageError if the place cannot be read or written."""

    def __init__(self, place: Place, shelves: str) -> None:
        """Reads what an earlier run left in the logs of these shelves."""
        self._answers, self._logs = place / "answers", place / "log"
        # Without a name it is a file that the system removes with the process.
        self._rows = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._rows.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID")
        self._inside: set[str] = set()
        self._changed: set[str] = set()
        self._name = uuid4().hex[:12]
        self._appended = 0
        self._shelves = shelves
        logs = [name for name in self._logs.files() if name[:1] in shelves]
        self._logged = set(logs)
        """Logs whose answers are here, to be removed once they are in their buckets."""
        for content in self._logs.read_all(logs):
            self._add(rows(io.BytesIO(content)))

    @property
    def known(self) -> bool:
        """Whether there may be answers of earlier runs."""
        return bool(self._changed) or any(name[:1] in self._shelves for name in self._answers.files())

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """The answers to some keys, as text."""
        found = {}
        for key in keys:
            self._bring_in(key[:2])
            row = self._rows.execute("SELECT text FROM rows WHERE key = ?", (key,)).fetchone()
            if row is not None:
                found[key] = row[0]
        return found

    def put(self, new: Mapping[str, str]) -> None:
        """Keep answers; they are in the logs when this returns."""
        logs = defaultdict(list)
        for key, text in new.items():
            logs[key[0]].append(line(key, text))
        self._appended += 1
        for shelf, lines in logs.items():
            name = f"{shelf}-{self._name}.jsonl"
            self._logged.add(self._logs.append(name, self._appended, b"".join(lines)))
        self._add(new.items())

    def write_back(self) -> None:
        """Write the buckets with new answers, then remove the logs."""
        for bucket in sorted(self._changed):
            # Another run may have written it since it was brought in.
            self._inside.discard(bucket)
            self._bring_in(bucket)
            whole = io.BytesIO()
            with gzip.GzipFile(fileobj=whole, mode="wb", compresslevel=1, mtime=0) as lines:
                asked = "SELECT key, text FROM rows WHERE key >= ? AND key < ? ORDER BY key"
                lines.writelines(line(*row) for row in self._rows.execute(asked, (bucket, bucket + "g")))
            self._answers.write(f"{bucket}.jsonl.gz", whole.getvalue())
        self._changed.clear()
        self._logs.remove(sorted(self._logged))
        self._logged.clear()

    def close(self) -> None:
        """Let go of what was brought in."""
        self._rows.close()

    def _bring_in(self, bucket: str) -> None:
        if bucket in self._inside:
            return
        content = self._answers.read(f"{bucket}.jsonl.gz")
        if content is not None:
            try:
                with gzip.GzipFile(fileobj=io.BytesIO(content)) as lines:
                    self._rows.execute("BEGIN")
                    self._rows.executemany("INSERT OR IGNORE INTO rows VALUES (?, ?)", rows(lines))
            except (OSError, EOFError, zlib.error):
                pass  # what was whole of a damaged file is kept
            finally:
                if self._rows.in_transaction:
                    self._rows.execute("COMMIT")
        self._inside.add(bucket)

    def _add(self, new: Iterable[tuple[str, str]]) -> None:
        self._rows.execute("BEGIN")
        for key, text in new:
            self._changed.add(key[:2])
            self._rows.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (key, text))
        self._rows.execute("COMMIT")
