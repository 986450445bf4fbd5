"""Converts a page as read by PDFium to lines with positions.

PDFium gives characters in the order of the file, with line breaks. For each line a few calls give its boxes,
its size and its direction; single characters are examined only if boxes are far apart. Text in another
direction than most of its page, such as arXiv's stamp, is kept separate.

Knows PDFium. Knows nothing of columns and paragraphs.
"""

import ctypes
import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from . import tex_codes
from .prose import MARKS, ligatures, raised
from .unseen import unseen

MAX_CHARACTERS = 60_000
"""Maximum characters of a page; a full one has 8,000."""

_GAP = 0.8
"""Gap in a line, as a share of the font's size, that may separate two columns."""
_RAISED = 0.2
"""Height above the base line, as a share of the font's size, from which text is a mark or a power."""
_BOLD = re.compile(r"bold|black|heavy|demi|semibold|medi(?!um?italic)|cmbx|-b\b", re.IGNORECASE)
_DROPPED_INITIAL = 1.6
"""Size of a dropped initial relative to the rest, whose position is ignored."""
_NUMBER_GAP = 0.3
"""The same as `_GAP`, next to a number at either end of a line, which may be a line number."""
_COUNTS = re.compile(r"\d{1,4}(?=\s)|(?<=\s)\d{1,4}$")
_LINE = re.compile("[^\r\n\x02\ufffe]+[\x02\ufffe]?")
"""PDFium does not break a line that ends with a hyphen."""
_HYPHENS = str.maketrans(
    {"\x02": "-", "\ufffe": "-", "\u00ad": "-", "\u2010": "-", "\u2011": "-", "\0": None}
)
"""PDFium's mark for a hyphen that ends a line, and other characters that look like one."""


@dataclass(slots=True)
class Line:
    """A stretch of text on one line, upright: x grows to the right, y down the page."""

    text: str
    x0: float
    x1: float
    y: float
    """Height of the base line."""
    size: float
    """Size of the font in points."""
    bold: bool
    page: int
    """Number of the page, from 1."""
    mark: str = ""
    """Raised characters before its first word: a power of the text before, or a footnote mark."""


@dataclass(slots=True)
class Page:
    """The text of a page."""

    number: int
    lines: list[Line]
    """Lines in the order of the file, which may differ from the reading order."""
    turned: list[str]
    """Text in another direction than most of the page."""
    wide: bool = False
    """Whether the page is wider than high, as slides are."""
    hidden: bool = False
    """Whether invisible text was removed."""
    scanned: bool = False
    """Whether the page is a picture with text from OCR."""


def read_page(page: Any, number: int) -> Page:
    """The lines of a page; `page` is PDFium's."""
    handle = pdfium.FPDFText_LoadPage(page)
    if not handle:
        return Page(number, [], [])
    try:
        hidden = unseen(page, handle, min(pdfium.FPDFText_CountChars(handle), MAX_CHARACTERS))
        found = _page(_Characters(handle, hidden.numbers), number)
        found.hidden, found.scanned = hidden.prose, hidden.scanned
        return found
    finally:
        pdfium.FPDFText_ClosePage(handle)


def page_words(page: Any) -> list[str]:
    """The lines of a page in the order of the file, for their words only: takes a third of the time."""
    handle = pdfium.FPDFText_LoadPage(page)
    if not handle:
        return []
    try:
        text = _Characters(handle).text
        return [plain(line) for line in _LINE.findall(text)]
    finally:
        pdfium.FPDFText_ClosePage(handle)


def _page(characters: "_Characters", number: int) -> Page:
    found: list[tuple[int, Line]] = []
    weights: Counter[int] = Counter()
    for start, end in characters.lines():
        turn, line = characters.line(start, end, number)
        if line.text:
            found.append((turn, line))
            weights[turn] += len(line.text)
    if not weights:
        return Page(number, [], [])
    upright = weights.most_common(1)[0][0]
    for turn, line in found:
        # In the text's own direction; PDF's y grows upwards.
        if turn == upright and turn not in (90, 180):
            line.y = -line.y
    lines = [line for turn, line in found if turn == upright]
    return Page(number, lines, [line.text for turn, line in found if turn != upright])


class _Characters:
    """The characters of a page by number."""

    def __init__(self, handle: Any, hidden: Collection[int] = ()) -> None:
        """`hidden` are the numbers of characters to skip."""
        self._handle = handle
        self._count = min(pdfium.FPDFText_CountChars(handle), MAX_CHARACTERS)
        self._doubles = [ctypes.c_double() for _ in range(4)]
        self._refs = [ctypes.byref(one) for one in self._doubles]
        self._matrix = pdfium.FS_MATRIX()
        self.text = self._read()
        if hidden:
            self.text = "".join("\n" if n in hidden else c for n, c in enumerate(self.text))

    def _read(self) -> str:
        """One character for each number: letters beyond 16 bits are still in two halves."""
        buffer = (ctypes.c_ushort * (self._count + 1))()
        if pdfium.FPDFText_GetText(self._handle, 0, self._count, buffer) == self._count + 1:
            return tex_codes.letters("".join(map(chr, buffer[: self._count])))
        # The text has other characters than the page has, so that numbers do not fit: one by one, then.
        codes = (pdfium.FPDFText_GetUnicode(self._handle, n) & 0xFFFF for n in range(self._count))
        return tex_codes.letters("".join(map(chr, codes)))

    def lines(self) -> Iterator[tuple[int, int]]:
        """Start and end of each line, split if it spans two columns."""
        for match in _LINE.finditer(self.text):
            if line := match[0].strip():
                start = match.start() + match[0].index(line)
                yield from self._parted(start, start + len(line))

    def _parted(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        turn, size = self._direction(self._middle(start, end))
        boxes = [_along(turn, *box) for box in self._boxes(start, end)]
        far = _GAP * size
        gaps = [b[0] - a[1] for a, b in itertools.pairwise(boxes)]
        counts = {n for m in _COUNTS.finditer(self.text[start:end]) for n in m.span()} if gaps else set()
        least = _NUMBER_GAP * size
        if all(-far < gap < far for gap in gaps) and not (counts and max(gaps[0], gaps[-1]) > least):
            yield start, end
            return
        last, begin = None, start
        for at in range(start, end):
            if self.text[at].isspace() or not pdfium.FPDFText_GetCharBox(self._handle, at, *self._refs):
                continue
            left, right, bottom, top = (one.value for one in self._doubles)
            x0, x1 = _along(turn, left, bottom, right, top)
            beside = at - begin in counts or at - begin - 1 in counts
            if last is not None and not -2 * size < x0 - last < (least if beside else far):
                yield start, at
                start = at
            last = x1
        yield start, end

    def _boxes(self, start: int, end: int) -> Iterator[tuple[float, float, float, float]]:
        """Left, bottom, right, top of each run of characters."""
        for n in range(pdfium.FPDFText_CountRects(self._handle, start, end - start)):
            if pdfium.FPDFText_GetRect(self._handle, n, *self._refs):
                left, top, right, bottom = (one.value for one in self._doubles)
                yield left, bottom, right, top

    def _middle(self, start: int, end: int) -> int:
        """A representative letter of a line; PDFium's own spaces have no size and position."""
        return self._letter((start + end) // 2, end, start)

    def _letter(self, start: int, end: int, otherwise: int | None = None) -> int:
        at = next((n for n in range(start, end) if self.text[n].isalnum()), otherwise)
        return start if at is None else at

    def _direction(self, at: int) -> tuple[int, float]:
        """Degrees, in quarters of a turn against the clock, and the size of the font."""
        size = pdfium.FPDFText_GetFontSize(self._handle, at)
        if not pdfium.FPDFText_GetMatrix(self._handle, at, self._matrix):
            return 0, size or 1.0
        m = self._matrix
        angle = round(math.degrees(math.atan2(m.b, m.a)) / 90) * 90 % 360
        return angle, max(1.0, size * math.hypot(m.c, m.d))

    def line(self, start: int, end: int, number: int) -> tuple[int, Line]:
        """One line and its direction."""
        end = start + len(self.text[start:end].rstrip())
        middle = self._middle(start, end)
        turn, size = self._direction(middle)
        # In small capitals, the first letter has the size of the line.
        first = self._direction(self._letter(start, end))[1]
        size = max(size, first) if first < _DROPPED_INITIAL * size else size
        boxes = list(self._boxes(start, end)) or [(0.0, 0.0, 0.0, 0.0)]
        x, y = self._origin(middle)
        text, mark = self.text[start:end], ""
        if turn == 0 and any(bottom > y + _RAISED * size for _, bottom, _, _ in boxes):
            text, mark = self._without_marks(start, end, y + _RAISED * size)
        sides = [_along(turn, *box) for box in boxes]
        return turn, Line(
            text=plain(text),
            x0=min(side[0] for side in sides),
            x1=max(side[1] for side in sides),
            y=x if turn in (90, 270) else y,
            size=size,
            bold=self._bold(middle) and self._bold(start),
            page=number,
            mark=mark,
        )

    def _origin(self, at: int) -> tuple[float, float]:
        pdfium.FPDFText_GetCharOrigin(self._handle, at, *self._refs[:2])
        return self._doubles[0].value, self._doubles[1].value

    def _without_marks(self, start: int, end: int, height: float) -> tuple[str, str]:
        """The line without footnote marks after words (`the end.1`), and with powers as `x^2`.

        Also returns the marks before its first word, with the space after them.
        """
        kept, mark, leading = "", "", ""
        for at in range(start, end):
            character = self.text[at]
            if (character in MARKS or character == "\u2212") and self._origin(at)[1] > height:
                mark += character
                continue
            if not kept.strip() and mark:
                leading = mark + (" " if character.isspace() else "")
                mark = ""
            kept += raised(kept, mark) + character
            mark = ""
        return kept + raised(kept, mark), leading

    def _bold(self, at: int) -> bool:
        name = ctypes.create_string_buffer(128)
        flags = ctypes.c_int()
        size = pdfium.FPDFText_GetFontInfo(self._handle, at, name, 128, ctypes.byref(flags))
        return 0 < size <= 128 and _BOLD.search(name.value.decode("utf-8", "replace")) is not None


def plain(text: str) -> str:
    """The text of a line with ordinary characters."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return ligatures(" ".join(text.translate(_HYPHENS).split()))


def _along(turn: int, left: float, bottom: float, right: float, top: float) -> tuple[float, float]:
    """Where a box begins and ends in the direction of its text."""
    return {0: (left, right), 90: (bottom, top), 180: (-right, -left)}.get(turn, (-top, -bottom))
