"""Label records into a file that has its name only when it is whole.

Knows label records. Knows no cards.
"""

from pathlib import Path

from ..evals.labels import LabelRecord
from ..sinks.files import PartialFile


class LabelFile:
    """A label file that is being written. Raises StorageError where the disk refuses."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = PartialFile(path)

    def write(self, record: LabelRecord) -> None:
        """Add a line; what a record does not say is left out."""
        self._file.append(record.model_dump_json(exclude_none=True).encode() + b"\n")

    def close(self) -> None:
        """Give the file its name."""
        self._file.commit()

    def abandon(self) -> None:
        """Leave what was written beside the name."""
        self._file.abandon()
