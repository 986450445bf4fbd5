"""Groups lines in reading order into headings, paragraphs and notes.

A paragraph ends with a wider gap, an indent, another size of letters or a heading; it continues in the next
column and on the next page. Text smaller than the body text is a note.

Knows lines and sizes. Knows no sections.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from ..outline import kind_of, number_level, unnumbered
from .page import Line

_ENDS = re.compile(r"[.!?:;][\"'\u201d\u2019)\]]*$")
_CAPTION = re.compile(
    r"(?:figure|fig\.|table|tab\.|algorithm|listing)\s*(?:\d+|[IVX]+)\s*[.:|\u2014\u2013-]", re.IGNORECASE
)
_MAX_HEADING = 100
_SHORT = 0.15
"""Shortness of a last line, as a share of the column's width."""
_SENTENCE = re.compile(r"[A-Z][\w-]*,? (?:[a-z\d(]|[A-Z]{2})")
"""The start of a sentence; `Abstract Syntax Notation` is not one."""
_SPACED = re.compile(r"(?:\w ){3,20}\w(?: (?:\w ){0,10}\w)?")
"""`a b s t r a c t`, as some journals print it."""
_RUN_IN = re.compile(
    r"(?P<name>A\s?BSTRACT|Abstract|SUMMARY|Summary|Conclusions?|CONCLUSIONS?"
    r"|(?:Data|Code|Software|Materials?)(?: and (?:[Dd]ata|[Cc]ode|[Mm]aterials?|[Ss]oftware))?"
    r" [Aa]vailability(?: [Ss]tatement)?|Availability of (?:data|code)[\w ]{0,30}"
    r"|(?P<terms>Keywords?(?: and phrases)?|Key [Ww]ords|KEYWORDS?|Index [Tt]erms|INDEX TERMS"
    r"|CCS C(?:oncepts|ONCEPTS)"
    r"|Categories and [Ss]ubject [Dd]escriptors|General [Tt]erms|ACM (?:Reference Format|Classification)"
    r"|Additional Key Words and Phrases|(?:AMS|Mathematics) [Ss]ubject [Cc]lassifications?|MSC codes?"
    r"|PACS numbers?|JEL [Cc]lassification))"
    r"(?:\s*+(?P<mark>[.:\u2014\u2013]|-{1,3}(?=\S)|(?<=\s)-{1,3}(?=\s))|(?= ))\s*+(?=\S)"
)
"""A heading at the start of a line of text."""


@dataclass(slots=True)
class Piece:
    """A heading or a paragraph, with its lines."""

    lines: list[Line]
    level: int = 0
    """Level of a heading; 0 for a paragraph."""
    kind: str = ""
    """Kind of a heading."""
    note: bool = False
    caption: bool = False
    name: str = ""
    """Text of a heading that shares its line with other text."""
    column: int = 0
    """Column of its last line, counted through the document."""

    @property
    def size(self) -> float:
        """Size of the letters in points."""
        return self.lines[0].size

    @property
    def text(self) -> str:
        """Text as printed, with line ends as spaces."""
        return self.name or " ".join(line.text for line in self.lines)


def body_size(lines: Iterable[Line]) -> float:
    """The size of most of the text."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 4) / 4] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def heading(line: Line, body: float) -> tuple[int, str] | None:
    """Level and kind of a line that is a heading by itself."""
    text = line.text
    if len(text) > _MAX_HEADING or line.size < 0.85 * body:
        return None
    level, kind = number_level(text), kind_of(text)
    title = unnumbered(text)
    styled = line.bold or line.size > 1.06 * body or (title.isupper() and len(title) > 5)
    if kind:
        initial = title[:1].isupper() or _SPACED.fullmatch(title)
        # Known words alone on a line; set as the text is, they are few.
        few = sum(len(word) > 1 for word in title.split()) <= (10 if styled else 4)
        return (level or 1, kind) if initial and few and not _ENDS.search(text.rstrip(":.")) else None
    if (
        not styled
        or not title[:1].isupper()
        or _ENDS.search(text)
        or text.endswith(",")
        or _CAPTION.match(text)
    ):
        return None
    if level is not None and sum(c.isalpha() for c in title) >= 3:
        return level, ""
    if line.size > 1.06 * body or (line.bold and len(text) <= 60):
        # Without a number, size tells how deep it is.
        return (1 if line.size >= 1.15 * body else 2), ""
    return None


def pieces(columns: Sequence[Sequence[Line]], body: float) -> list[Piece]:
    """All headings and paragraphs of the columns of a document, in order."""
    reader = _Reader(body)
    for number, lines in enumerate(columns, start=1):
        column = _Column.of(number, lines, body)
        before: Line | None = None
        for line in lines:
            reader.take(line, before, column)
            before = line
    return reader.pieces


@dataclass(frozen=True, slots=True)
class _Column:
    """The usual measures of a column."""

    number: int
    left: float
    right: float
    leading: float
    """Distance between two base lines, in points."""
    short: float
    """Minimum points that the last line of a paragraph is short; more if the right margin is ragged."""

    @classmethod
    def of(cls, number: int, lines: Sequence[Line], body: float) -> "_Column":
        left = Counter(round(line.x0) for line in lines).most_common(1)[0][0]
        gaps = [b.y - a.y for a, b in itertools.pairwise(lines) if b.y - a.y < 3 * a.size]
        right = max(line.x1 for line in lines)
        full = sum(line.x1 > right - 0.03 * (right - left) for line in lines)
        short = (_SHORT if full > 0.4 * len(lines) else 2 * _SHORT) * (right - left)
        return cls(number, left, right, median(gaps) if gaps else 1.2 * body, short)

    def parts(self, line: Line, before: Line) -> bool:
        """Whether a line starts a paragraph."""
        if line.y - before.y > max(1.35 * self.leading, 1.5 * line.size):
            return True
        indent = line.x0 - max(self.left, before.x0)
        if indent > 0.7 * line.size and line.x0 < self.left + 6 * line.size:
            return True
        return (
            before.x1 < self.right - self.short
            and _ENDS.search(before.text) is not None
            and line.x0 <= self.left + 0.5 * line.size
        )

    def fills(self, line: Line) -> bool:
        """Whether a line reaches the right edge."""
        return line.x1 > self.right - 0.05 * (self.right - self.left)


@dataclass(slots=True)
class _Reader:
    body: float
    pieces: list[Piece] = field(default_factory=list)
    open: dict[int, Piece] = field(default_factory=dict)
    """The open paragraph for each size of letters."""

    def take(self, line: Line, before: Line | None, column: _Column) -> None:
        """Add the next line; `before` is the one above it in its column."""
        if self._runs_in(line, before, column) or self._heads(line, before, column):
            return
        key = round(2 * line.size)
        piece = next((self.open[k] for k in (key, key - 1, key + 1) if k in self.open), None)
        if piece is not None and self._goes_on(piece, line, before, column):
            piece.lines.append(line)
            piece.column = column.number
        else:
            self._begin(line, column)

    def _runs_in(self, line: Line, before: Line | None, column: _Column) -> bool:
        """Whether the line begins with a heading, and a paragraph after it."""
        match = _RUN_IN.match(line.text)
        if match is None or (not match["mark"] and kind_of(line.text)):
            return False
        rest = line.text[match.end() :]
        kind = "keywords" if match["terms"] else kind_of(match["name"]) or "abstract"
        # No sentence begins with `General Terms`.
        marked = (
            match["mark"]
            or kind == "keywords"
            or (kind == "abstract" and _SENTENCE.match(rest) is not None and len(rest) > 30)
        )
        begins = (
            before is None
            or column.parts(line, before)
            or line.bold != before.bold
            or _ENDS.search(before.text) is not None
        )
        if not (marked and begins):
            return False
        self.open.clear()
        self.pieces.append(Piece([line], 1, kind, name=match["name"]))
        self._begin(replace(line, text=rest, bold=False), column)
        return True

    def _heads(self, line: Line, before: Line | None, column: _Column) -> bool:
        """Whether the line is a heading, or the next line of one."""
        found = heading(line, self.body)
        if found is None:
            return False
        level, kind = found
        numbered = number_level(line.text) is not None
        # A paragraph may be bold as a whole.
        alone = (
            before is None
            or not before.bold
            or line.size > 1.06 * self.body
            or line.y - before.y > 1.3 * column.leading
        )
        if not (kind or numbered or (alone and not column.fills(line))):
            return False
        last = self.pieces[-1] if self.pieces else None
        if (
            last is not None
            and last.level
            and not (last.kind or kind or numbered)
            and last.lines[-1] is before
        ):
            alike = abs(line.size - before.size) < 0.2 and line.bold == before.bold
            if alike and line.y - before.y < 1.6 * line.size:
                last.lines.append(line)
                return True
        self.open.clear()
        self.pieces.append(Piece([line], level, kind))
        return True

    def _goes_on(self, piece: Piece, line: Line, before: Line | None, column: _Column) -> bool:
        """Whether a line belongs to a paragraph that is open."""
        last = piece.lines[-1]
        if before is not None and piece.column == column.number and last.y == before.y:
            return not column.parts(line, before)
        if piece.caption:
            return False
        if line.text[:1].islower() or last.text.endswith("-"):
            return True
        if piece.column == column.number:
            return False  # something else stands between
        indented = line.x0 > column.left + 0.8 * line.size
        return not (_ENDS.search(last.text) or indented or _CAPTION.match(line.text))

    def _begin(self, line: Line, column: _Column) -> None:
        caption = _CAPTION.match(line.text) is not None
        note = line.size < 0.94 * self.body
        piece = Piece([line], note=note, caption=caption, column=column.number)
        self.open[round(2 * line.size)] = piece
        self.pieces.append(piece)
