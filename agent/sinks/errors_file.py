"""Writes the errors file beside an output: one JSON object per line for each paper without a card.

`{"id", "where", "error", "message", "attempts"}`. The file exists only if there are errors, and covers only
the last run.
"""

import json
from pathlib import Path

from .files import RecordFile, refuse


def errors_path(output: Path) -> Path:
    """Path of the errors file of an output: `cards.errors.jsonl` for `cards.jsonl`."""
    return output.with_name(f"{output.stem}.errors.jsonl")


class ErrorsFile:
    """The errors of one run. Raises StorageError if it cannot be written.

    A file of an earlier run is removed at the start. Lines are flushed as they are written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        """Number of errors written."""
        self._file: RecordFile | None = None
        try:
            path.unlink(missing_ok=True)
        except NotADirectoryError:
            pass
        except OSError as error:
            refuse(path, error)

    def write(self, id: str | None, where: str, error: str, message: str, attempts: int) -> None:  # noqa: A002
        """Add one error: the paper's id if it has one, its position in the source, class and message.

        `attempts` is the number of requests sent for it.
        """
        record = {
            "id": id,
            "where": where,
            "error": error,
            "message": message,
            "attempts": attempts,
        }
        if self._file is None:
            self._file = RecordFile(self.path, derived=True)
        # A file name that is not UTF-8 holds lone surrogates, which become JSON's own \udcff.
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace")
        self._file.append(line + b"\n")
        self.count += 1

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.finish()
