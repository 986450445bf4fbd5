"""A PDF from its pages to title, abstract, names and sections. Runs in the child process.

Reading ends with the page on which the last thing that is wanted ends: for an abstract alone, that is the
first or the second.

Knows PDFium and the outline. Knows nothing of papers as the program sees them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pypdfium2

from ...confined import Broken
from ...people import people
from ..outline import Block, Heading, Paragraph, number_level, pick
from . import names
from .abstract import PAGES, abstract, reads, without_rights
from .blocks import Piece, body_size, heading, pieces
from .columns import columns, find_strip
from .cover import is_cover, without_covers
from .furniture import LineNumbers, drop_furniture
from .page import Line, Page, page_words, read_page
from .prose import Mender
from .title import letters, title, title_lines

MAX_PAGES = 1_000
MAX_CHARACTERS = 5_000_000
"""Maximum characters of all pages that are read."""
_PAGES_OF_WORDS = 10

_PASSWORD = 4
"""PDFium's number for a password that is missing."""
_SCAN_PAGES = 4
_SCAN_CHARACTERS = 200
"""Characters of a page, or of all first pages together, below which it is a picture with a stamp."""
_NO_LETTERS = (
    "has unreadable text: its fonts (Type 3, or without Unicode) do not define their letters; "
    "run OCR on it first"
)
_SLIDES = "looks like slides, not a paper: wide pages with few words, and no heading Abstract"
_SLIDE_WORDS = 150
"""Words on the first page; slides have fewer."""
_PICTURES = "has no text: its pages are images; run OCR on it first"


def read_document(path: str, wanted: Sequence[str]) -> dict[str, object]:
    """The content of a file as JSON data. Raises Broken."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD:
            raise Broken("is encrypted and needs a password") from error
        raise Broken("is damaged and cannot be opened as a PDF") from error
    try:
        pages = _pages(document, wanted)
        own = document.get_metadata_dict(skip_empty=True)
        return _paper(pages, own, wanted, _words(document, len(pages)))
    finally:
        document.close()


def _pages(document: Any, wanted: Sequence[str]) -> list[Page]:
    pages: list[Page] = []
    characters = 0
    stop, numbers = _Stop(wanted), LineNumbers()
    count = len(document)
    for number in range(1, min(count, MAX_PAGES) + 1):
        try:
            opened = document[number - 1]
        except pypdfium2.PdfiumError:
            pages.append(Page(number, [], []))  # one broken page among good ones
            continue
        page = read_page(opened, number)
        width, height = opened.get_size()
        page.wide = width > height
        opened.close()
        numbers.drop(page)
        pages.append(page)
        characters += sum(len(line.text) for line in page.lines)
        if number == _SCAN_PAGES and characters < _SCAN_CHARACTERS:
            break
        if characters > MAX_CHARACTERS or stop.after(page):
            break
    if not count:
        raise Broken("has no pages")
    fullest = max(sum(len(line.text) for line in page.lines) for page in pages)
    if not fullest or (fullest < _SCAN_CHARACTERS and _is_picture(document, pages)):
        raise Broken(_PICTURES)
    return pages


def _is_picture(document: Any, pages: Sequence[Page]) -> bool:
    """Whether a picture fills most of the last page that was read: its text is a library's stamp."""
    try:
        page = document[len(pages) - 1]
    except pypdfium2.PdfiumError:
        return False
    width, height = page.get_size()
    boxes = [one.get_bounds() for one in page.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])]
    page.close()
    return any((right - left) * (top - bottom) > 0.5 * width * height for left, bottom, right, top in boxes)


def _words(document: Any, read: int) -> list[str]:
    """Lines of pages beyond those that are read: they know the words that these break."""
    lines: list[str] = []
    for number in range(read, min(len(document), _PAGES_OF_WORDS)):
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            continue
        lines += page_words(page)
        page.close()
    return lines


class _Stop:
    """Tells when all that is wanted has been read."""

    def __init__(self, wanted: Sequence[str]) -> None:
        self._left = set(wanted) - {"abstract"}
        self._kinds: list[str] = []
        self._body = 0.0

    def after(self, page: Page) -> bool:
        """Whether nothing after a page is wanted."""
        if is_cover(page):
            return False
        self._body = self._body or body_size(page.lines)
        kinds: list[str] = []
        for line in page.lines:
            found = heading(line, self._body)
            if found and (found[1] or number_level(line.text)):
                kinds.append(found[1])
        if "contents" not in kinds:
            self._kinds += kinds
        kinds = self._kinds
        if not self._left:
            return (
                page.number >= PAGES
                or "introduction" in kinds
                or bool("abstract" in kinds and kinds.index("abstract") < len(kinds) - 1)
            )
        if self._left != {"conclusion"} or "introduction" not in kinds:
            return False
        body = kinds[kinds.index("introduction") :]
        return "conclusion" in body and body.index("conclusion") < len(body) - 1


def _paper(
    pages: Sequence[Page], own: dict[str, str], wanted: Sequence[str], words: list[str]
) -> dict[str, object]:
    stamped = next((page for page in pages if page.lines), pages[0])
    subject = own.get("Subject", "")
    ids = {"arxiv_id": names.arxiv_id(stamped), "doi": names.doi(stamped, subject)}
    pages = without_covers(pages)
    first = next((page for page in pages if page.lines), pages[0])
    if is_cover(first):
        raise Broken(_PICTURES.replace("text", "text except a cover", 1))
    beside = list(first.lines)
    drop_furniture(pages)
    body = body_size(line for page in pages for line in page.lines)
    ordered = [(page, columns(page.lines, usual)) for page, usual in _with_strips(pages)]
    found = pieces([column for _, of_page in ordered for column in of_page], body)
    lines = [line for page, of_page in ordered if page is first for column in of_page for line in column]
    mender = Mender([*(line.text for _, of_page in ordered for column in of_page for line in column), *words])
    _check_language(lines)
    parts = abstract(found, title_lines(lines, beside=beside))
    printed = title_lines(lines, parts[0].lines[0] if parts else None, beside)
    name = title(own.get("Title", ""), mender.join([line.text for line in printed], keep=True)[0])
    text = without_rights(_abstract(parts, mender))
    _check_front(first, found, name, text)
    of_abstract = {id(line) for piece in parts for line in piece.lines}
    rest = [_block(p, mender) for p in found if not p.caption and of_abstract.isdisjoint(map(id, p.lines))]
    sections = pick([block for block in rest if block is not None], wanted)
    flags = [
        *(["hidden-text"] if any(page.hidden for page in pages) else []),
        *(["ocr-text"] if any(page.scanned for page in pages) else []),
    ]
    return {
        "title": name,
        "abstract": text,
        "authors": _authors(own.get("Author", ""), beside),
        **ids,
        "flags": flags,
        "sections": [asdict(one) for one in sections],
    }


def _authors(own: str, lines: Sequence[Line]) -> list[str]:
    """The authors in the document's metadata if each of them is printed on the first page.

    Else it is whoever had the program that made the file.
    """
    found, _ = people(own)
    printed = letters(" ".join(line.text for line in lines))
    if not all(letters(one.short) and letters(one.short) in printed for one in found):
        return []
    return [one.inverted for one in found]


def _check_front(first: Page, found: Sequence[Piece], name: str, text: str) -> None:
    """Raise Broken if a card would be made of noise."""
    if not name:
        raise Broken("no title found on its first page")
    few = first.wide and sum(len(line.text.split()) for line in first.lines) < _SLIDE_WORDS
    if few and not any(piece.kind == "abstract" for piece in found):
        raise Broken(_SLIDES)
    if not text:
        raise Broken(
            "no abstract found: there is no such heading, and no paragraph before the introduction reads "
            "like one"
        )
    if not reads(text):
        raise Broken(_NO_LETTERS)


def _check_language(lines: Sequence[Line]) -> None:
    text = " ".join(line.text for line in lines)
    if len(text) >= _SCAN_CHARACTERS and not reads(text):
        raise Broken(_NO_LETTERS)


def _with_strips(pages: Sequence[Page]) -> Iterator[tuple[Page, float | None]]:
    """Each page with the strip between the columns of the last one before it that has two."""
    usual = None
    for page in pages:
        yield page, usual
        usual = find_strip(page.lines) or usual


def _abstract(parts: Sequence[Piece], mender: Mender) -> str:
    text = ""
    for piece in parts:
        if piece.level:
            text += f"{chr(10) * 2 if text else ''}{piece.text.rstrip(' .:')}: "
            continue
        prose, _ = mender.join([line.text for line in piece.lines])
        text += ("\n\n" if text and not text.endswith(": ") else "") + prose
    return text.strip()


def _block(piece: Piece, mender: Mender) -> Block | None:
    if piece.level:
        return Heading(piece.text, piece.level, piece.kind)
    text, starts = mender.join([line.text for line in piece.lines])
    alone = piece.lines[0].page == 1 and len(text) <= 200
    if not _reads(text) and "://" not in text:
        return None
    pages: list[tuple[int, int]] = []
    for start, line in zip(starts, piece.lines, strict=True):
        if not pages or pages[-1][1] != line.page:
            pages.append((start, line.page))
    return Paragraph(text, tuple(pages), piece.note or alone)


def _reads(text: str) -> bool:
    """Whether it is words, not the numbers of a table or the signs of a formula."""
    letters = sum(c.isalpha() for c in text)
    return len(text.split()) >= 3 and letters > 0.55 * len(text.replace(" ", ""))
