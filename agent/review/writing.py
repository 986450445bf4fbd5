"""Writes label records to a file that is renamed into place when complete.

Knows label records. Knows no cards.
"""

from pathlib import Path

from ..evals.label_file import LabelRecord
from ..sinks.files import PartialFile


class LabelFile:
    """A label file being written. Raises StorageError if it cannot be written."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = PartialFile(path)

    def write(self, record: LabelRecord) -> None:
        """Add a record as a line, without its empty fields."""
        self._file.append(record.model_dump_json(exclude_none=True).encode() + b"\n")

    def close(self) -> None:
        """Finish the file and rename it into place."""
        self._file.commit()

    def abandon(self) -> None:
        """Stop writing; the partial file stays."""
        self._file.abandon()
