"""What the first pages say of a paper: its title, its abstract, its names.

The title is the document's own where the first page has those words, else what is set largest. The abstract
stands under its heading, or in the line that the heading begins; without one, it is the first paragraph of
some length between the title and the introduction.

Knows lines, headings and paragraphs.
"""

import re
import unicodedata
from collections.abc import Sequence

from ...identifiers import mentioned_arxiv_id
from ..outline import number_level
from .blocks import Piece
from .page import Line, Page

PAGES = 4
"""Before the end of which an abstract begins: some have covers."""

_DOI = re.compile(
    r"(?:\bdoi\b[\s:]*|doi\.org/)(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s\"<>]+)", re.IGNORECASE
)
_NO_TITLE = re.compile(
    r"untitled|title|microsoft word\b.*|.*\.(?:docx?|dvi|tex|pdf|indd|rtf|odt|pages)|\S*\d{4,}\S*|paper|main"
    r"|.{0,3}",
    re.IGNORECASE,
)
_LABELS = re.compile(
    r"(?:(?:original|research|review|full|short|open)?\s*(?:article|paper|letter|access|report)"
    r"|review|preprint.*|arxiv.*)",
    re.IGNORECASE,
)
_PARTS = frozenset(
    {"", "background", "introduction", "method", "results", "conclusion", "discussion", "limitations"}
)
"""What may head a part of an abstract that has parts."""
_MOST_WORDS = 1_000
_LEAST_WORDS = 25


def arxiv_id(page: Page) -> str | None:
    """From the stamp on the margin, or a line that is one."""
    for text in (*page.turned, *(line.text for line in page.lines if line.text.startswith("arXiv:"))):
        if text.lower().startswith("arxiv:") and (known := mentioned_arxiv_id(text)):
            return known
    return None


def doi(page: Page, subject: str) -> str | None:
    """The first that the first page, or the document's own subject, names as one."""
    for text in (*(line.text for line in page.lines), subject):
        if match := _DOI.search(text):
            return match[1].rstrip(".,;:)]}")
    return None


def title_lines(lines: Sequence[Line]) -> list[Line]:
    """What is set largest in the upper part of the first page."""
    if not lines:
        return []
    top, foot = min(line.y for line in lines), max(line.y for line in lines)
    upper = [
        line
        for line in lines
        if line.y <= top + 0.6 * (foot - top)
        and sum(c.isalpha() for c in line.text) >= 4
        and not _LABELS.fullmatch(line.text)
    ]
    if not upper:
        return []
    largest = max(line.size for line in upper)
    first = next(n for n, line in enumerate(upper) if line.size > 0.96 * largest)
    found = [upper[first]]
    for line in upper[first + 1 :]:
        if line.size <= 0.96 * largest or line.y - found[-1].y > 2.2 * largest or line.bold != found[0].bold:
            break
        found.append(line)
    return found


def title(own: str, printed: str, page: str) -> str:
    """The document's own title where it is one and stands on the page; else what is printed largest."""
    own = " ".join(own.split())
    if own and not _NO_TITLE.fullmatch(own) and _letters(own) and _letters(own) in _letters(page):
        return own
    return printed


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in folded if c.isalnum())


def abstract(pieces: Sequence[Piece], after: Sequence[Line]) -> list[Piece]:
    """The pieces of the abstract; none: there is none that can be told.

    `after` are the lines of the title.
    """
    begin = next(
        (
            n + 1
            for n, piece in enumerate(pieces)
            if piece.level
            and piece.lines[0].page <= PAGES
            and (piece.kind == "abstract" or _letters(piece.text) == "summary")
        ),
        None,
    )
    if begin is not None:
        found = _under_heading(pieces, begin)
        if found:
            return found
    return _likeliest(pieces, after)


def _under_heading(pieces: Sequence[Piece], begin: int) -> list[Piece]:
    """The first run of text below the heading that is long enough, else the longest before the introduction.

    Beside an abstract may stand a box with dates and keywords, which comes first.
    """
    introduction = next(
        (
            n
            for n, p in enumerate(pieces)
            if n >= begin and p.kind == "introduction" and p.lines[0].page <= PAGES
        ),
        None,
    )
    runs: list[list[Piece]] = [[]]
    for n, piece in enumerate(pieces[begin:], begin):
        length = sum(len(one.text.split()) for one in runs[-1])
        if piece.level:
            is_part = piece.kind in _PARTS and number_level(piece.text) is None and length < _MOST_WORDS
            if is_part and introduction is not None and n < introduction:
                runs[-1].append(piece)
            elif length >= _LEAST_WORDS or (piece.kind == "introduction" and any(runs)):
                break
            else:
                runs.append([])
        elif not piece.caption and all(abs(piece.size - one.size) < 0.5 for one in runs[-1] if not one.level):
            runs[-1].append(piece)
        elif length < _LEAST_WORDS and piece.size > runs[-1][-1].size:
            runs.append([piece])
    return max(runs, key=lambda run: sum(len(one.text.split()) for one in run))


def _likeliest(pieces: Sequence[Piece], after: Sequence[Line]) -> list[Piece]:
    begin = 0
    if after:
        last = after[-1]
        begin = next((n + 1 for n, p in enumerate(pieces) if any(_same(line, last) for line in p.lines)), 0)
    introduction = next(
        (
            n
            for n, p in enumerate(pieces)
            if n >= begin and p.level and (p.kind == "introduction" or number_level(p.text) == 1)
        ),
        None,
    )
    found: list[Piece] = []
    for piece in pieces[begin:introduction]:
        if piece.lines[0].page > 2:
            break
        if (
            not piece.level
            and _reads_like_one(piece.text)
            and (not found or abs(piece.size - found[0].size) < 0.3)
        ):
            found.append(piece)
            if introduction is None:
                return found
        elif found:
            break
    return found


def _same(one: Line, other: Line) -> bool:
    return one.page == other.page and one.y == other.y and one.size == other.size


def _reads_like_one(text: str) -> bool:
    words = text.split()
    letters = sum(c.isalpha() for c in text)
    return (
        len(words) >= 40
        and len(re.findall(r"[a-z)\d][.!?](?:\s|$)", text)) >= 2
        and "@" not in text
        and text.count(",") < len(words) / 4
        and letters > 0.7 * len(text.replace(" ", ""))
    )
