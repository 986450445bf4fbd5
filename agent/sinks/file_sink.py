"""What sinks of one file have in common: it is `NAME.partial` until it is complete."""

from collections.abc import Sequence

from ..card import Card
from ..paper import Paper
from .files import PartialFile
from .interface import Output


class FileSink:
    """A sink that adds to one file."""

    def __init__(self, output: Output) -> None:
        self._file = PartialFile(output.path)
        self.files: Sequence[PartialFile] = (self._file,)

    def close(self) -> None:
        """Rename the file into place."""
        self._file.commit()

    def abandon(self) -> None:
        """Stop; what was added stays in `NAME.partial`."""
        self._file.abandon()


class Lines:
    """A sink that adds cards as lines of JSON."""

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a card."""
        self.write_lines([card.to_json().encode()])

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add lines, all or none."""
        raise NotImplementedError
