"""Finds the abstract in a paper's first pages.

It is below its heading, or in the line that starts with the heading, and ends at the next heading. If no
heading ends it within a page, as in letters, it is the first paragraph. Without its own heading, it is the
first longer paragraph between the title and the introduction.

Knows headings and paragraphs.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from ..outline import number_level
from .blocks import Piece
from .page import Line
from .title import letters, people

PAGES = 10
"""Number of first pages that are searched: theses have title pages, oaths and thanks before the abstract."""
_PARTS = frozenset(
    {"", "background", "introduction", "method", "results", "conclusion", "discussion", "limitations"}
)
"""Headings of the parts of a structured abstract."""
_OTHER_NAMES = frozenset(
    (
        "summary zusammenfassung kurzfassung resume resumen resumo riassunto sommario samenvatting "
        "sammanfattning sammendrag streszczenie abstrakt ozet "
        "\u0430\u043d\u043d\u043e\u0442\u0430\u0446\u0438\u044f \u6458\u8981"
    ).split()
)
"""Other headings of abstracts: used if nothing is called an abstract; otherwise they are in another language.
"""
_ENDS_NONE = frozenset({"references", "thanks", "appendix", "conclusion"})
"""Sections at the end of a paper, which do not end an abstract."""
_MOST_WORDS = 1_000
_LEAST_WORDS = 25
_SAMPLE = 1_500
"""Number of characters used to tell whether a text is in a language."""
_NO_PART = re.compile(
    r"\u00a9|\([cC]\) ?(?:19|20)\d\d|Copyright (?:\u00a9|\([cC]\)|(?:19|20)\d\d)|All rights reserved"
    r"|Permission to make|(?:Manuscript )?[Rr]eceived:? (?:\d|[A-Z][a-z]+ \d|by the editors)|Received:"
    r"|\*? ?Correspond(?:ence|ing author)\b.{0,20}[:@]|E-?mail:|Preprint submitted|Published by|\(?Dated:"
    r"|This work (?:was|is) supported|PACS\b|AMS [Ss]ubject|MSC\b|Article history|Available online"
)
"""Starts of lines below or beside an abstract that do not belong to it."""
_FIRST = re.compile(r"(?:1|I)[.\s]")
_RIGHTS = re.compile(
    r"\s?(?:\u00a9|\([cC]\)|Copyright)\s*(?:\u00a9\s*)?(?:19|20)\d\d\b[^\n]{0,150}$"
    r"|\s?All rights reserved\.?$"
)
_FUNCTION_WORDS = frozenset(
    (
        "the of and to in is for that with we der die das und von den mit ist la le les de des et une el los "
        "del y en que e il di che per un het een van och att det og i na w z nie do o a da em no os ve bir "
        "bu ja on ei az \u00e9s dan yang \u0438 \u0432 \u043d\u0430 \u043d\u0435 \u0447\u0442\u043e"
    ).split()
)
"""Function words of languages in Latin and Cyrillic letters, which any longer text contains."""


def abstract(pieces: Sequence[Piece], after: Sequence[Line]) -> list[Piece]:
    """The pieces of the abstract; empty if none is found.

    `after` are the lines of the title.
    """
    opens = next((n for n, piece in enumerate(pieces) if piece.kind == "introduction"), len(pieces))
    heads = [n for n, piece in enumerate(pieces) if _heads(piece) and (n < opens or piece.kind == "abstract")]
    # A list of contents names the introduction too, so that the abstract may come later.
    for head in sorted(heads, key=lambda n: (n > opens, pieces[n].kind != "abstract")):
        if found := _under_heading(pieces, head + 1):
            return found
    return _likeliest(pieces, after)


def without_rights(text: str) -> str:
    """The text without a line of copyright at its end."""
    cut = _RIGHTS.sub("", text)
    return _RIGHTS.sub("", cut).rstrip()


def reads(text: str) -> bool:
    """Whether a text is in a language: fonts without letter information give meaningless characters."""
    text = text[:_SAMPLE]
    shown = [c for c in text if not c.isspace()]
    latin = sum(c.isascii() and c.isalpha() for c in shown)
    if sum(c.isalpha() for c in shown) < 0.6 * len(shown):
        return False
    words = re.findall(r"\w+", text.casefold())
    if latin < 0.5 * len(shown) or len(words) < _LEAST_WORDS:
        return True
    return any(word in _FUNCTION_WORDS for word in words)


def _heads(piece: Piece) -> bool:
    if not piece.level or piece.lines[0].page > PAGES:
        return False
    return piece.kind == "abstract" or letters(piece.text) in _OTHER_NAMES


def _under_heading(pieces: Sequence[Piece], begin: int) -> list[Piece]:
    """The first run of text below the heading that is long enough, else the longest."""
    introduction = next(
        (
            n
            for n, p in enumerate(pieces)
            if n >= begin and p.kind == "introduction" and p.lines[0].page <= PAGES
        ),
        None,
    )
    runs: list[list[Piece]] = [[]]
    closed = False
    for n, piece in enumerate(pieces[begin:], begin):
        length = _words(runs[-1])
        if piece.level:
            is_part = (
                piece.kind in _PARTS
                and number_level(piece.text) is None
                and letters(piece.text) not in _OTHER_NAMES
                and length < _MOST_WORDS
            )
            if is_part and introduction is not None and n < introduction:
                runs[-1].append(piece)
            elif length >= _LEAST_WORDS or (piece.kind == "introduction" and any(runs)):
                closed = piece.kind not in _ENDS_NONE
                break
            else:
                runs.append([])
        elif piece.caption:
            continue
        elif _NO_PART.match(piece.text):
            if length >= _LEAST_WORDS:
                closed = True
                break
        elif all(abs(piece.size - one.size) < 0.5 for one in runs[-1] if not one.level):
            runs[-1].append(_own_lines(piece))
        elif length >= _LEAST_WORDS:
            closed = closed or piece.size > runs[-1][-1].size
        elif piece.size > runs[-1][-1].size:
            runs.append([piece])
    best = max(runs, key=_words)
    while best and best[-1].level:
        best.pop()
    return best if closed and _words(best) <= _MOST_WORDS else _first_paragraph(best)


def _words(run: Sequence[Piece]) -> int:
    return sum(len(one.text.split()) for one in run)


def _own_lines(piece: Piece) -> Piece:
    """The piece without adjacent lines: people above, a line of copyright or similar below."""
    lines = piece.lines
    end = next(
        (
            n
            for n, line in enumerate(lines)
            if n and _NO_PART.match(line.text) and not lines[n - 1].text[-1:].isalnum()
        ),
        len(lines),
    )
    begin = next((n for n, line in enumerate(lines[:end]) if not people(line)), 0)
    return replace(piece, lines=lines[begin:end])


def _first_paragraph(run: Sequence[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for piece in run:
        found.append(piece)
        if not piece.level and _words(found) >= _LEAST_WORDS:
            break
    return found if _words(found) <= _MOST_WORDS else []


def _likeliest(pieces: Sequence[Piece], after: Sequence[Line]) -> list[Piece]:
    begin = 0
    if after:
        last = after[-1]
        begin = next((n + 1 for n, p in enumerate(pieces) if any(_same(line, last) for line in p.lines)), 0)
    page = after[-1].page if after else 1
    introduction = None
    said = False
    for n, piece in enumerate(pieces[begin:], begin):
        said = said or _reads_like_one(piece.text)
        # `I. Author` is no section: something is said before the first one that is not called so.
        if piece.level and (piece.kind == "introduction" or (said and _FIRST.match(piece.text))):
            introduction = n
            break
    found: list[Piece] = []
    for piece in pieces[begin:introduction]:
        if piece.lines[0].page > page + 1:
            break
        if (
            not piece.level
            and not piece.caption
            and not _NO_PART.match(piece.text)
            and _reads_like_one(piece.text)
            and (not found or abs(piece.size - found[0].size) < 0.3)
        ):
            found.append(_own_lines(piece))
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
