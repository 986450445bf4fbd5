"""The static site of a card file that grows: written again after each round of a watch.

Knows the index, corrections and files. Knows no server and no sources.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import UsageError
from ..paper import Paper
from ..review.review_file import ReviewFile
from .index.database import Index
from .index.follow import Follower
from .index.index_file import open_index
from .review.corrections import Corrections
from .static_site import DATA, export


class RenewedSite:
    """The cards of a file, with the abstracts of the papers that were met while it was open."""

    def __init__(self, cards: Path, index: Index) -> None:
        self.cards = cards
        self._index = index
        self._read()

    def take(self, papers: Iterable[Paper]) -> None:
        """Remember the abstracts of papers, before their cards are in the file."""
        self._index.add_papers(papers)

    def write(self, folder: Path, review: Path) -> str:
        """Write the site; returns a line about it. `review` are the corrections, if there are any.

        Raises StorageError.
        """
        self._read()
        if review.exists():
            Corrections(self._index, ReviewFile(review)).apply()
        size = export(self.cards.name.removeprefix("jsonl:"), self._index, folder, renewed=True)
        return f"{folder / 'index.html'}: {self._index.size:,} papers, {size / 1e6:.1f} MB"

    def _read(self) -> None:
        Follower(self.cards, self._index, identity="watch").read_all()


@contextmanager
def renewed_site(ledger: Path, kept: Path | None) -> Iterator[RenewedSite]:
    """The site of a JSONL file; `kept` is the folder where its index stays until the next round."""
    with open_index(ledger, kept) as index:
        yield RenewedSite(Path(f"jsonl:{ledger}"), index)


def site_place(spec: Path) -> Path | None:
    """The folder of a site, if an output of a watch is one: `site:FOLDER`.

    Raises UsageError for a folder that has something else in it.
    """
    if not str(spec).startswith("site:"):
        return None
    folder = Path(str(spec).removeprefix("site:")).expanduser()
    if folder.is_dir() and any(folder.iterdir()) and not (folder / DATA).exists():
        raise UsageError(
            "is not empty, and no site", where=str(folder), next_step="Choose another folder for the site"
        )
    return folder
