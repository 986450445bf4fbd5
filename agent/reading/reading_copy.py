"""Makes the copy of a paper that taggers and models read, without hidden text and orders to a model.

Invisible characters are removed, and so are sentences that give orders to a model; of a sentence that only
quotes such an order, the quotation is removed. The copy has its own sentence numbers; results are converted
back to the paper's numbers. The copy of a paper without any of this is identical to it.

Knows papers and drafts. Knows no models.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from ..errors import PaperFailed
from ..fields.values import Value
from ..paper import Paper, Section
from ..text.invisible import hidden
from ..text.spans import Span
from .draft import Draft, DraftArtifact
from .instructions import Finding, find, is_order, is_title_order

HIDDEN = "hidden-characters"
INSTRUCTIONS = "instructions-in-text"
"""Flags of a card, by what was removed."""

_ELLIPSIS = "\u2026"
_Edit = tuple[int, int, str]
Item = TypeVar("Item")
_PIECES = re.compile(r"(?<=[.!?:;]) +|(?<! ) ++(?=[(\[{])|\n+")
_SMALL_PIECES = re.compile(r"(?<! ) ++(?=[<#|])|(?<=[>|\]}]) +")


@dataclass(frozen=True)
class _Copy(Paper):
    """A paper whose sentences were split before text was removed."""

    kept: tuple[tuple[Section | None, tuple[Span, ...]], ...] = field(default=(), compare=False)

    @cached_property
    def parts(self) -> tuple[tuple[Section | None, tuple[Span, ...]], ...]:
        """As in `Paper`."""
        return self.kept


@dataclass(frozen=True, slots=True)
class ReadingCopy:
    """The copy of a paper, with the mapping back to it."""

    paper: Paper
    """The copy, with its own sentence numbers."""
    numbers: tuple[int, ...]
    """For each sentence of the copy, its number in the paper, from 1."""
    withheld: frozenset[int]
    """Numbers, in the paper, of the removed sentences that address a model."""
    flags: tuple[str, ...]
    """Flags of the source and of what was removed here."""

    @property
    def emptied(self) -> bool:
        """Whether the paper contained nothing but orders."""
        return bool(self.withheld) and not self.numbers

    def not_emptied(self) -> "ReadingCopy":
        """The copy itself. Raises PaperFailed if nothing is left to read."""
        if self.emptied:
            raise PaperFailed(
                "has no sentence that does not give orders to a model: nothing is left to read",
                where=self.paper.where,
            )
        return self

    def renumbered(self, draft: Draft) -> Draft:
        """A draft of the copy with the paper's sentence numbers and the flags of the copy."""
        flags = tuple(dict.fromkeys((*draft.flags, *self.flags)))
        if not self.withheld:
            return replace(draft, flags=flags)
        return replace(
            draft,
            claims=tuple(replace(claim, sentence=self.numbers[claim.sentence - 1]) for claim in draft.claims),
            code=self._artifact(draft.code),
            data=self._artifact(draft.data),
            weights=self._artifact(draft.weights),
            own={name: self._value(value) for name, value in draft.own.items()},
            flags=flags,
        )

    def _value(self, value: Value) -> Value:
        rows = tuple(replace(row, sentence=self._number(row.sentence)) for row in value.rows)
        return replace(value, sentence=self._number(value.sentence), rows=rows)

    def _number(self, sentence: int | None) -> int | None:
        return None if sentence is None else self.numbers[sentence - 1]

    def spread(self, items: Sequence[Item], missing: Item) -> tuple[Item, ...]:
        """Convert items per sentence of the copy to items per sentence of the paper."""
        if not self.withheld:
            return tuple(items)
        known = dict(zip(self.numbers, items, strict=True))
        return tuple(known.get(number, missing) for number in range(1, len(items) + len(self.withheld) + 1))

    def _artifact(self, artifact: DraftArtifact) -> DraftArtifact:
        return replace(artifact, sentence=self._number(artifact.sentence))


def reading_copy(paper: Paper) -> ReadingCopy:
    """The copy of a paper that taggers and models read."""
    title, odd = _title(paper.title)
    withheld: set[int] = set()
    parts: list[tuple[str, tuple[Span, ...]]] = []
    numbers: list[int] = []
    first = 1
    seen_hidden = bool(hidden(paper.title))
    for section, spans in paper.parts:
        text = paper.abstract if section is None else section.text
        unseen = hidden(text)
        seen_hidden = seen_hidden or bool(unseen)
        found = find([_shown(text, span, unseen) for span in spans], title)
        orders = {n for n, finding in enumerate(found) if finding.order}
        withheld |= {first + n for n in orders}
        edits = [(start, end, "") for start, end in unseen]
        edits = _with_sentences(text, edits, spans, found)
        shorter, kept = _edited(text, spans, orders, edits) if edits else (text, spans)
        parts.append((shorter, kept))
        numbers += [first + n for n in range(len(spans)) if n not in orders]
        first += len(spans)
    headings = [_heading(section.name, n) for n, section in enumerate(paper.sections, start=1)]
    odd = (
        odd
        or bool(withheld)
        or any(new != section.name for new, section in zip(headings, paper.sections, strict=True))
    )
    flags = (*paper.flags, *((HIDDEN,) if seen_hidden else ()), *((INSTRUCTIONS,) if odd else ()))
    same = (
        title == paper.title
        and not odd
        and all(
            text == (paper.abstract if section is None else section.text)
            for (text, _), (section, _) in zip(parts, paper.parts, strict=True)
        )
    )
    if same:
        return ReadingCopy(paper, tuple(numbers), frozenset(), flags)
    sections = tuple(
        replace(section, name=name, text=text)
        for section, name, (text, _) in zip(paper.sections, headings, parts[1:], strict=True)
    )
    copy = _Copy(
        id=paper.id,
        title=title,
        abstract=parts[0][0],
        where=paper.where,
        url=paper.url,
        sections=sections,
        flags=paper.flags,
        kept=tuple(zip((None, *sections), (spans for _, spans in parts), strict=True)),
    )
    return ReadingCopy(copy, tuple(numbers), frozenset(withheld), flags)


def _title(raw: str) -> tuple[str, bool]:
    """The title to read, and whether an order was removed from it."""
    title = _edited(raw, (), set(), [(start, end, "") for start, end in hidden(raw)])[0]
    if not is_title_order(title):
        return title, False
    for pieces in (_PIECES.split(title), _SMALL_PIECES.split(title)):
        kept = [piece for piece in pieces if not is_title_order(piece) and not is_order(piece)]
        if kept:
            break
    return " ".join(kept), True


def _heading(name: str, number: int) -> str:
    return f"Section {number}" if is_title_order(name) or "\n" in name else name


def _shown(text: str, span: Span, unseen: Iterable[tuple[int, int]]) -> str:
    """A sentence without its invisible ranges."""
    shown, at = "", span.start
    for start, end in unseen:
        if start >= span.end:
            break
        if end > span.start:
            shown += text[at : max(at, start)]
            at = max(at, end)
    return shown + text[at : span.end]


def _with_sentences(
    text: str, edits: list[_Edit], spans: Sequence[Span], found: Sequence[Finding]
) -> list[_Edit]:
    """All edits in order: of characters, whole sentences and quotations.

    A sentence is removed with the white space before it, the first one with that after it.
    """
    wide: list[_Edit] = []
    last = 0
    for span, finding in zip(spans, found, strict=True):
        if finding.order:
            start, end = span.start, span.end
            while start > last and text[start - 1].isspace():
                start -= 1
            while start == 0 and end < len(text) and text[end].isspace():
                end += 1
            wide.append((start, end, ""))
            last = end
        elif finding.quoted:
            wide += _quotations(span, finding, edits)
    if not wide:
        return edits
    narrow = [one for one in edits if not any(start < one[1] and one[0] < end for start, end, _ in wide)]
    return sorted([*narrow, *wide])


def _quotations(span: Span, finding: Finding, edits: Sequence[_Edit]) -> list[_Edit]:
    """Edits of quotations, by offsets of the text; those of the finding count visible characters."""
    gone = [one for one in edits if span.start <= one[0] < span.end]

    def offset(shown: int) -> int:
        at = span.start + shown
        for start, end, _ in gone:
            if start <= at:
                at += end - start
        return at

    return [(offset(part.start), offset(part.end), _ELLIPSIS) for part in finding.quoted]


def _edited(
    text: str, spans: Sequence[Span], dropped: set[int], edits: Sequence[_Edit]
) -> tuple[str, tuple[Span, ...]]:
    """The edited text, and the remaining spans at their new offsets."""
    pieces: list[str] = []
    at = length = 0
    marks: list[tuple[int, int]] = [(0, 0)]
    """Offsets in the text with the shift that applies from there on."""
    for start, end, instead in edits:
        pieces += [text[at:start], instead]
        length += start - at + len(instead)
        marks.append((end, length - end))
        at = end
    pieces.append(text[at:])
    kept = []
    mark = 0
    for number, span in enumerate(spans):
        if number in dropped:
            continue
        ends = []
        for offset in (span.start, span.end):
            while mark + 1 < len(marks) and marks[mark + 1][0] <= offset:
                mark += 1
            ends.append(offset + marks[mark][1])
        kept.append(Span(ends[0], max(ends)))
    return "".join(pieces), tuple(kept)
