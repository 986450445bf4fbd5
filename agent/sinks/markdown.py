"""Writes a Markdown page with one section per paper.

All text from papers and models goes through `escaping`. Sections are written as cards come; only the last
line of the page, with the count, is written at the end.
"""

from collections.abc import Iterable

from ..card import Card, Label
from ..paper import Paper
from .escaping import code, link, plain, text
from .file_sink import FileSink
from .interface import Format
from .passages import cited, made_by, own_fields, quote, repeated, reusable, unsure


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
    page = card.page
    blocks = [
        f"## {link(card.title if plain(card.title) else card.id, page)}",
        cited(card),
        repeated(card),
        text(card.tldr),
    ]
    tags = [
        f"{name}: {' '.join(code(label.label) for label in labels)}"
        for name, labels in _tag_groups(card)
        if labels
    ]
    blocks.append("  \n".join(tags))
    blocks.append(unsure(card))
    if card.claims:
        blocks.append("**What the authors claim**")
        blocks.append(
            "\n".join(f"- **{text(claim.kind)}:** {quote(claim.evidence)}" for claim in card.claims)
        )
    blocks.append("**What is there to reuse**")
    blocks.append(reusable(card))
    if own := own_fields(card):
        blocks += ["**Your fields**", own]
    if card.flags:
        blocks.append(f"To be checked: {' '.join(code(flag) for flag in card.flags)}")
    blocks.append(made_by(card, page))
    return "".join(f"{block}\n\n" for block in blocks if block)


def _tag_groups(card: Card) -> Iterable[tuple[str, tuple[Label, ...]]]:
    return (
        ("Tasks", card.tasks),
        ("Modalities", card.modalities),
        ("Contributions", card.contributions),
    )


FORMAT = Format("markdown", (".md", ".markdown"), MarkdownSink)
