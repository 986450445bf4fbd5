"""Finds the title on a paper's first page.

Candidates are runs of lines in the same style above the abstract. The largest one is taken, except for names
of journals, conferences and universities, which are often larger. The title in the document's metadata is
used if it matches a candidate, since its capitals and hyphens are more reliable than the print.

Knows lines. Knows no paragraphs.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ..outline import kind_of
from .page import Line

MAX_CHARACTERS = 400
"""Maximum characters of a title; longer text contains authors or an abstract."""
_ALIKE = 0.96
"""Minimum ratio of two sizes that count as the same."""
_SMALL_CAPITALS = 0.75
"""The same as `_ALIKE`, for lines of capitals, which have two sizes."""
_LABELS = re.compile(
    r"(?:(?:original|research|review|full|short|open|regular|brief|invited)?[\s-]*"
    r"(?:article|paper|letters?|access|report|communication|contribution|note)s?(?: open)?"
    r"|review|arxiv.*|preprint\.?|preprint.{0,40}\d.*|under (?:double-blind )?review.*"
    r"|published (?:as|in|by|online)\b.*"
    r"|(?:accepted|submitted|received)(?: (?:to|for|by|at|in|on)\b| \d).*"
    r"|draft(?: (?:of|version)\b.*|[:,].*)?"
    r"|(?:author )?manuscript(?: (?:received|submitted|number|id)\b.*)?"
    r"|running (?:head|title)s?:.*|contents lists.*"
    r"|(?:chapter|part|lecture|paper|article) (?:no\. ?)?[\dIVX]{1,4}|doi\b(?=.*10\.).*|https?:.*"
    r"|vol(?:ume|\.) ?\d.*|citations?|reads?|confidential(?: .{0,20}review copy.*)?"
    r"|(?:technical report|working paper|discussion paper)[\w .:/-]{0,30}"
    r"|(?:master'?s?|phd|doctoral|a)? ?(?:thesis|dissertation)(?: submitted.*)?|open)",
    re.IGNORECASE,
)
_VENUE = re.compile(
    r"(?:proceedings of|proc\.|the journal of|journal of|annals of|transactions on|lecture notes in"
    r"|ieee (?:transactions|journal|access)|acm transactions|international (?:journal|conference)"
    r"|(?:the )?\d+(?:st|nd|rd|th) .{0,60}(?:conference|workshop|symposium|meeting)|.{0,60}\bvol\. ?\d)",
    re.IGNORECASE,
)
_SCHOOL = re.compile(
    r"(?:the )?(?:universi\w+|technische universi\w+"
    r"|.{0,40}\buniversi(?:ty|t\u00e4t|t\u00e9|dad|dade|teit|t\u00e0)|.{0,40}\bcollege"
    r"|.{0,40}\b(?:institute|school) of \w+|\w+ (?:institute|academy))(?: (?:of|at) .{0,40})?",
    re.IGNORECASE,
)
_CITED = re.compile(
    r"[\s,|.:\u00b7(]*(?:pages?|pp\.|vol|volume|no\.|\d{1,4}\s*[,.(:]|\(?(?:19|20)\d\d\b)", re.IGNORECASE
)
_NAMES = re.compile(r"(?:[A-Z]\.[ -]?){1,3}[A-Z][\w'\u2019-]+(?:\s*(?:,|and\b|&)|$)|[^\s@]+@\S+$")
_PLACES = re.compile(
    r"(?:department|dept\.|faculty|school|university|institute|laboratory) (?:of|for)\b"
    r"|.*\b(?:university|institute|college)\b|.*@",
    re.IGNORECASE,
)
_LONG = 250
"""Length from which a title is searched for people and places."""
_NO_TITLE = re.compile(
    r"untitled|title|microsoft word\b.*|.*\.(?:docx?|dvi|tex|pdf|indd|rtf|odt|pages)|(?=\S*\d{4})\S+"
    r"|paper|main|.{0,3}",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Candidate:
    lines: list[Line]

    @property
    def size(self) -> float:
        return max(line.size for line in self.lines)

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)


def title_lines(lines: Sequence[Line], before: Line | None = None, beside: Sequence[Line] = ()) -> list[Line]:
    """The lines of the title; empty if none is found.

    `lines` are those of the first page in reading order, `before` is the first line of the abstract, `beside`
    are running heads, which often name a journal.
    """
    above = _above(lines, before)
    found = [one for one in _candidates(above) if _may_be(one)]
    # A title may be called as journals are: without another candidate, it is one.
    proper = [one for one in found if not _is_venue(one, [*lines, *beside])] or found
    if not proper:
        return []
    largest = max(one.size for one in proper)
    chosen = next(one for one in proper if one.size > _ALIKE * largest)
    return _own_part(chosen.lines)


def title(own: str, printed: str) -> str:
    """The title in the document's metadata if it matches the printed one; else the printed one.

    Either may lack a part of the other: a subtitle, a mark.
    """
    own = " ".join(own.split())
    if not printed or not own or _NO_TITLE.fullmatch(own):
        return printed
    ours, theirs = letters(printed), letters(own)
    if theirs == ours or (theirs in ours and len(theirs) > 0.6 * len(ours)):
        return own
    return printed


def letters(text: str) -> str:
    """Normalised text for comparison: letters and digits, without case and accents."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in folded if c.isalnum())


def _above(lines: Sequence[Line], before: Line | None) -> list[Line]:
    if before is not None and lines and before.page == lines[0].page:
        end = next(
            (n for n, line in enumerate(lines) if line.y >= before.y - 1 and line.x0 < before.x1), None
        )
        return [line for line in lines[:end] if line.y < before.y + 1]
    if not lines or (before is not None and before.page > lines[0].page):
        return list(lines)
    top, foot = min(line.y for line in lines), max(line.y for line in lines)
    return [line for line in lines if line.y <= top + 0.6 * (foot - top)]


def _candidates(lines: Sequence[Line]) -> list[_Candidate]:
    found: list[_Candidate] = []
    gap: float | None = None
    for line in lines:
        last = found[-1].lines[-1] if found else None
        if last is not None and _goes_on(last, line, gap):
            gap = gap or line.y - last.y
            found[-1].lines.append(line)
        else:
            found.append(_Candidate([line]))
            gap = None
    return found


def _goes_on(last: Line, line: Line, gap: float | None) -> bool:
    """Whether a line continues a run of lines that are `gap` points apart."""
    small, large = sorted((last.size, line.size))
    capitals = last.text.isupper() and line.text.isupper()
    if last.bold != line.bold or small < (_SMALL_CAPITALS if capitals else _ALIKE) * large:
        return False
    step = line.y - last.y
    return 0 <= step < (1.3 * gap if gap else 2.2 * large) and not (_is_label(line) or _is_label(last))


def _may_be(one: _Candidate) -> bool:
    text = one.text
    return (
        sum(c.isalpha() for c in text) >= 4
        and not _is_label(one.lines[0])
        and not kind_of(text)
        and not _NAMES.match(text)
    )


def _is_label(line: Line) -> bool:
    return _LABELS.fullmatch(line.text.strip(" :.")) is not None


def _is_venue(one: _Candidate, lines: Sequence[Line]) -> bool:
    """Whether it names a journal, a conference or a university, by its words or as cited by another line."""
    text = one.text
    if _VENUE.match(text) or (len(text.split()) <= 8 and _SCHOOL.fullmatch(text)):
        return True
    name = text.casefold()
    own = {id(line) for line in one.lines}
    return len(name.split()) <= 8 and any(
        line.text.casefold().startswith(name) and _CITED.match(line.text, len(name))
        for line in lines
        if id(line) not in own
    )


def people(line: Line) -> bool:
    """Whether a line starts like one with people or affiliations."""
    return _NAMES.match(line.text) is not None or _PLACES.match(line.text) is not None


def _own_part(lines: list[Line]) -> list[Line]:
    """The lines before those that name people, which may have the same style."""
    long = sum(len(line.text) for line in lines) > _LONG
    end = next(
        (n for n, line in enumerate(lines) if n and (people(line) if long else _NAMES.match(line.text))),
        len(lines),
    )
    kept = lines[:end]
    return kept if sum(len(line.text) for line in kept) <= MAX_CHARACTERS else []
