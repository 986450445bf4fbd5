"""Papers without a card: what went wrong with each, a JSON object a line, beside the output.

`{"id", "where", "error", "message", "attempts"}`. The file is there only if there is an error, and
it speaks of the last run alone.
"""

import json
from pathlib import Path

from .files import RecordFile, refuse


def errors_path(output: Path) -> Path:
    """Where the errors of an output go: `cards.errors.jsonl` for `cards.jsonl`."""
    return output.with_name(f"{output.stem}.errors.jsonl")


class ErrorsFile:
    """The errors of one run. Raises StorageError where the disk refuses.

    A file of an earlier run is removed at the start. Lines are on the disk as they are written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        """Errors written."""
        self._file: RecordFile | None = None
        try:
            path.unlink(missing_ok=True)
        except NotADirectoryError:
            pass
        except OSError as error:
            refuse(path, error)

    def write(self, id: str | None, where: str, error: str, message: str, attempts: int) -> None:  # noqa: A002
        """Add one error: the paper's id if it has one, its place in the source, class and words.

        `attempts` counts the requests that were sent for it.
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
        """Let go of the file."""
        if self._file is not None:
            self._file.finish()
