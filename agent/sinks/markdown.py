"""Writes a Markdown page with one section per paper.

All text from papers and models goes through `escaping`. Sections are written as cards come; only the last
line of the page, with the count, is written at the end.
"""

from ..card import Card
from ..paper import Paper
from ..taxonomy import LABEL_FIELDS
from .escaping import code, link, plain, text
from .file_sink import FileSink
from .interface import Format
from .passages import blocks, quote


class MarkdownSink(FileSink):
    """Writes cards as a page."""

    _count = 0

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a section."""
        heading = "" if self._count else "# Paper cards\n\n"
        self._file.append((heading + section(card)).encode("utf-8", "replace"))
        self._count += 1

    def close(self) -> None:
        """Add the count and rename the page into place."""
        if self._count:
            end = f"---\n\n{self._count:,} paper{'s' * (self._count != 1)}.\n"
        else:
            end = "# Paper cards\n\nNo papers.\n"
        self._file.commit(end.encode())


def section(card: Card) -> str:
    """The section of a card, with a blank line after it."""
    title = f"## {link(card.title if plain(card.title) else card.id, card.page)}"
    tags = (
        f"{field.capitalize()}: {' '.join(code(label.label) for label in card.labels(field))}"
        for field in LABEL_FIELDS
        if card.labels(field)
    )
    claims = "\n".join(f"- **{text(claim.kind)}:** {quote(claim.evidence)}" for claim in card.claims)
    parts = blocks(card, title, tags, [claims], lambda name: f"**{name}**")
    return "".join(f"{block}\n\n" for block in parts if block)


FORMAT = Format("markdown", (".md", ".markdown"), MarkdownSink)
