"""Markdown: one page to read, a section a paper.

Everything that comes from a paper or a model goes through `escaping`. Sections are written as cards
come; the page's last line, with the count, is the only thing that waits for the end.
"""

from collections.abc import Iterable, Sequence

from ..card import Artifact, Card, Evidence, Label
from ..paper import Paper
from ..text import links
from .escaping import code, link, plain, text, with_links
from .files import PartialFile
from .interface import Format, Output

_STATUS = {"released": "**released**", "promised": "**promised**", "not-stated": "not stated"}
_HOMES = {"arxiv:": "https://arxiv.org/abs/", "doi:": "https://doi.org/"}


class MarkdownSink:
    """Cards as a page."""

    def __init__(self, output: Output) -> None:
        self._file = PartialFile(output.path)
        self.files: Sequence[PartialFile] = (self._file,)
        self._count = 0

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a section."""
        heading = "" if self._count else "# Paper cards\n\n"
        self._file.append((heading + section(card, paper)).encode("utf-8", "replace"))
        self._count += 1

    def close(self) -> None:
        """Add the count and give the page its name."""
        if self._count:
            end = f"---\n\n{self._count:,} paper{'s' * (self._count != 1)}.\n"
        else:
            end = "# Paper cards\n\nNo papers.\n"
        self._file.commit(end.encode())

    def abandon(self) -> None:
        """Leave the sections in `NAME.partial`."""
        self._file.abandon()


def section(card: Card, paper: Paper | None) -> str:
    """One card, with a blank line after it."""
    home = _home(card, paper)
    blocks = [f"## {link(card.title if plain(card.title) else card.id, home)}", text(card.tldr)]
    tags = [
        f"{name}: {' '.join(code(label.label) for label in labels)}"
        for name, labels in _tag_groups(card)
        if labels
    ]
    blocks.append("  \n".join(tags))
    if card.claims:
        blocks.append("**What the authors claim**")
        blocks.append(
            "\n".join(f"- **{text(claim.kind)}:** {_quote(claim.evidence)}" for claim in card.claims)
        )
    made = card.reproducibility
    blocks.append("**What is there to reuse**")
    blocks.append(
        "\n".join(
            [
                _artifact("Code", made.code),
                _artifact("Data", made.data),
                _artifact("Weights", made.weights),
                *_links(card),
            ]
        )
    )
    if card.flags:
        blocks.append(f"To be checked: {' '.join(code(flag) for flag in card.flags)}")
    blocks.append(_provenance(card, home))
    return "".join(f"{block}\n\n" for block in blocks if block)


def _tag_groups(card: Card) -> Iterable[tuple[str, tuple[Label, ...]]]:
    return (
        ("Tasks", card.tasks),
        ("Modalities", card.modalities),
        ("Contributions", card.contributions),
    )


def _quote(evidence: Evidence) -> str:
    place = f" ({text(evidence.place)})" if evidence.place else ""
    return f"“{with_links(evidence.text, links(evidence.text))}”{place}"


def _artifact(name: str, artifact: Artifact) -> str:
    said = f" · {_quote(artifact.evidence)}" if artifact.evidence else ""
    return f"- {name}: {_STATUS[artifact.status]}{said}"


def _links(card: Card) -> Iterable[str]:
    found: dict[str, str] = {one.url: one.kind for one in card.reproducibility.links}
    if found:
        shown = ", ".join(f"{link(url, url)} ({kind})" for url, kind in found.items())
        yield f"- Links: {shown}"


def _home(card: Card, paper: Paper | None) -> str | None:
    """Where the paper is to be read."""
    if paper and paper.url:
        return paper.url
    for prefix, base in _HOMES.items():
        if card.id.startswith(prefix):
            return base + card.id.removeprefix(prefix)
    return None


def _provenance(card: Card, home: str | None) -> str:
    made = card.provenance
    parts = [
        link(card.id, home),
        text(made.model),
        text(f"prompt {made.prompt}"),
        text(f"taxonomy {made.taxonomy}"),
        text(made.created[:10]),
        text(f"{made.cost_usd:.4f} USD") if made.cost_usd else "",
    ]
    return f"<sub>{' · '.join(part for part in parts if plain(part))}</sub>"


FORMAT = Format("markdown", (".md", ".markdown"), MarkdownSink)
