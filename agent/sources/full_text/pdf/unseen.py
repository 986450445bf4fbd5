"""Finds invisible characters of a page, which papers use to hide orders to reviewing programs.

Text that is invisible by mode or smaller than 3 points is known from the objects of the page. For text in the
colour of its background, transparent, outside the page, clipped or under a box, the objects raise the
suspicion and a rendering of the page decides; white letters on a dark background are visible. A page that is
a picture with invisible text over it was read by OCR: its text is what a reader sees.

Knows PDFium. Knows nothing of lines and columns.
"""

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

from ....reading.instructions import is_order

LEAST_SIZE = 3.0
"""Minimum visible size in points; the smallest printed marks have 4."""
_FAINT = 40
"""Difference in brightness, of 255, that no reader notices at the size of letters."""
_INK = 0.02
"""Minimum share of a box covered by letters."""
_PICTURE = 0.6
"""Minimum share of a page covered by a scan."""
_MOST_OBJECTS = 50_000
_MOST_GROUNDS = 2_000
_MOST_PIXELS = 2_000
"""Maximum pixels of the longer side of a picture of the page."""
_DEPTH = 8
_NOT_PAINTED = frozenset((pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP))
_COMMON = re.compile(
    r"\b(?:the|of|is|are|this|that|to|and|you|all|for|as|in|an?|with|be|it)\b", re.IGNORECASE
)

Box = tuple[float, float, float, float]
"""A box: left, bottom, right, top."""
Matrix = tuple[float, float, float, float, float, float]
_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class Unseen:
    """The invisible text of a page."""

    numbers: frozenset[int] = frozenset()
    """Numbers of the unseen characters."""
    prose: bool = False
    """Whether the unseen text is prose."""
    scanned: bool = False
    """Whether the page is a picture with invisible text over it."""


@dataclass(slots=True)
class _Text:
    address: int
    box: Box
    mode: int
    size: float
    brightness: int
    alpha: int
    clipped: bool
    place: int


@dataclass(slots=True)
class _Objects:
    texts: list[_Text] = field(default_factory=list)
    grounds: list[tuple[int, int | None, Box]] = field(default_factory=list)
    """Areas that text may be on or under: position in the painting order, and brightness if uniform."""
    pictures: list[Box] = field(default_factory=list)
    seen: int = 0


def unseen(page: Any, handle: Any, count: int) -> Unseen:
    """The invisible characters of a page; `handle` is PDFium's text handle with `count` characters."""
    objects = _Objects()
    _collect(objects, page, pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject, _SAME, 0)
    sheet = _sheet(page)
    certain = {one.address: one for one in objects.texts if one.mode in _NOT_PAINTED or one.size < LEAST_SIZE}
    doubtful = {
        one.address: one
        for one in objects.texts
        if one.address not in certain and _doubtful(one, objects, sheet)
    }
    if not certain and not doubtful:
        return Unseen()
    owners = list(_owners(handle, count))
    if doubtful:
        picture = _Picture(page)
        certain |= {address: one for address, one in doubtful.items() if not picture.shows(one)}
    letters = sum(owner is not None for owner in owners)
    gone = [number for number, owner in enumerate(owners) if owner in certain]
    scan = _is_scan(objects, certain, owners, sheet, letters)
    if scan:
        gone = [n for n in gone if _small_or_apart(certain[owners[n] or 0], sheet)]
    said = _said(handle, gone)
    return Unseen(frozenset(gone), _says_something(said), scan)


def _is_scan(
    objects: _Objects, certain: dict[int, _Text], owners: list[int | None], sheet: Box, letters: int
) -> bool:
    pictures = [box for box in objects.pictures if _area(_common(box, sheet)) >= _PICTURE * _area(sheet)]
    hidden = sum(owner in certain for owner in owners)
    return bool(pictures) and hidden >= 0.75 * letters


def _small_or_apart(text: _Text, sheet: Box) -> bool:
    return text.size < LEAST_SIZE or _apart(text.box, sheet)


def _doubtful(text: _Text, objects: _Objects, sheet: Box) -> bool:
    """Whether a text may be invisible."""
    if text.alpha < 128 or text.brightness > 255 - 2 * _FAINT or text.clipped or _apart(text.box, sheet):
        return True
    half = 0.5 * _area(text.box)
    return half > 0 and any(
        (place > text.place or shade is None or abs(shade - text.brightness) < 2 * _FAINT)
        and _area(_common(text.box, box)) > half
        for place, shade, box in objects.grounds
    )


class _Picture:
    """A rendering of the page in shades of grey."""

    def __init__(self, page: Any) -> None:
        scale = min(2.0, _MOST_PIXELS / max(*page.get_size(), 1.0))
        picture = page.render(scale=scale, grayscale=True, draw_annots=False, may_draw_forms=False)
        self._pixel = picture.get_posconv(page).to_bitmap
        self._size = picture.width, picture.height
        self._stride, self._bytes = picture.stride, bytes(picture.buffer)

    def shows(self, text: _Text) -> bool:
        """Whether a text leaves ink on a background of another shade."""
        x0, y0 = self._pixel(text.box[0], text.box[3])
        x1, y1 = self._pixel(text.box[2], text.box[1])
        left, right = sorted(min(max(x, 0), self._size[0]) for x in (x0, x1))
        top, bottom = sorted(min(max(y, 0), self._size[1]) for y in (y0, y1))
        rows = [self._bytes[y * self._stride + left : y * self._stride + right] for y in range(top, bottom)]
        shades = [0] * 256
        for row in rows:
            for shade in row:
                shades[shade] += 1
        whole = sum(shades)
        if not whole:
            return False
        ground = max(range(256), key=shades.__getitem__)
        ink = sum(many for shade, many in enumerate(shades) if abs(shade - ground) > _FAINT)
        painted = round(text.brightness * text.alpha / 255 + ground * (1 - text.alpha / 255))
        return ink >= _INK * whole and (abs(painted - ground) > _FAINT or text.mode != 0)


def _collect(objects: _Objects, parent: Any, count: Any, get: Any, matrix: Matrix, depth: int) -> None:
    for number in range(count(parent)):
        objects.seen += 1
        if objects.seen > _MOST_OBJECTS:
            return
        one = get(parent, number)
        kind = pdfium.FPDFPageObj_GetType(one)
        if kind == pdfium.FPDF_PAGEOBJ_FORM:
            if depth < _DEPTH:
                inner = _times(_matrix(one), matrix)
                _collect(
                    objects,
                    one,
                    pdfium.FPDFFormObj_CountObjects,
                    pdfium.FPDFFormObj_GetObject,
                    inner,
                    depth + 1,
                )
        elif kind == pdfium.FPDF_PAGEOBJ_TEXT:
            objects.texts.append(_text(one, matrix, objects.seen))
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            box = _box(one, matrix)
            objects.pictures.append(box)
            objects.grounds.append((objects.seen, None, box))
        elif len(objects.grounds) < _MOST_GROUNDS and (
            kind == pdfium.FPDF_PAGEOBJ_SHADING or _is_filled(one)
        ):
            box = _box(one, matrix)
            if box[2] - box[0] > 2 * LEAST_SIZE and box[3] - box[1] > LEAST_SIZE:
                shade = None if kind == pdfium.FPDF_PAGEOBJ_SHADING else _colour(one)[0]
                objects.grounds.append((objects.seen, shade, box))


def _is_filled(path: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke)):
        return False
    return fill.value != pdfium.FPDF_FILLMODE_NONE and _colour(path)[1] > 0


def _text(one: Any, matrix: Matrix, place: int) -> _Text:
    size = ctypes.c_float()
    pdfium.FPDFTextObj_GetFontSize(one, ctypes.byref(size))
    full = _times(_matrix(one), matrix)
    brightness, alpha = _colour(one)
    box = _box(one, matrix)
    return _Text(
        address=_address(one),
        box=box,
        mode=pdfium.FPDFTextObj_GetTextRenderMode(one),
        size=abs(size.value) * math.hypot(full[2], full[3]),
        brightness=brightness,
        alpha=alpha,
        clipped=_is_clipped(one, matrix, box),
        place=place,
    )


def _is_clipped(one: Any, matrix: Matrix, box: Box) -> bool:
    """Whether less than half of an object may be inside its clipping area."""
    clip = pdfium.FPDFPageObj_GetClipPath(one)
    paths = pdfium.FPDFClipPath_CountPaths(clip) if clip else 0
    for path in range(min(paths, _DEPTH)):
        corners = list(_corners(clip, path))
        if corners and _area(_common(box, _around(corners, matrix))) < 0.5 * _area(box):
            return True
    return False


def _corners(clip: Any, path: int) -> Iterator[tuple[float, float]]:
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(min(pdfium.FPDFClipPath_CountPathSegments(clip, path), _MOST_GROUNDS)):
        segment = pdfium.FPDFClipPath_GetPathSegment(clip, path, number)
        if segment and pdfium.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y)):
            yield x.value, y.value


def _colour(one: Any) -> tuple[int, int]:
    """Brightness and opacity of an object's filling, 0 to 255; black and opaque if PDFium does not tell."""
    parts = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(one, *map(ctypes.byref, parts)):
        return 0, 255
    red, green, blue, alpha = (part.value for part in parts)
    return round(0.299 * red + 0.587 * green + 0.114 * blue), alpha


def _owners(handle: Any, count: int) -> Iterator[int | None]:
    """For each character the address of its object; None for those inserted by PDFium."""
    for number in range(count):
        one = pdfium.FPDFText_GetTextObject(handle, number)
        yield _address(one) if one else None


def _said(handle: Any, numbers: list[int]) -> str:
    text, last = "", -1
    for number in numbers[:20_000]:
        if number != last + 1:
            text += " "
        text += chr(pdfium.FPDFText_GetUnicode(handle, number) & 0xFFFF)
        last = number
    return " ".join(text.split())


def _says_something(text: str) -> bool:
    """Whether it is prose, and not labels of a figure or characters inserted by a program."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    return len(words) >= 3 and (len(_COMMON.findall(text)) >= 2 or is_order(text))


def _address(one: Any) -> int:
    return ctypes.cast(one, ctypes.c_void_p).value or 0


def _matrix(one: Any) -> Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(one, ctypes.byref(found)):
        return _SAME
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _box(one: Any, matrix: Matrix) -> Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    refs = map(ctypes.byref, (left, bottom, right, top))
    if not pdfium.FPDFPageObj_GetBounds(one, *refs):
        return 0.0, 0.0, 0.0, 0.0
    return _around([(x.value, y.value) for x in (left, right) for y in (bottom, top)], matrix)


def _around(corners: Sequence[tuple[float, float]], matrix: Matrix) -> Box:
    a, b, c, d, e, f = matrix
    across = [a * x + c * y + e for x, y in corners]
    up = [b * x + d * y + f for x, y in corners]
    return min(across), min(up), max(across), max(up)


def _sheet(page: Any) -> Box:
    """The visible area of the page."""
    parts = [ctypes.c_float() for _ in range(4)]
    refs = [ctypes.byref(part) for part in parts]
    if pdfium.FPDFPage_GetCropBox(page, *refs) or pdfium.FPDFPage_GetMediaBox(page, *refs):
        left, bottom, right, top = (part.value for part in parts)
        return min(left, right), min(bottom, top), max(left, right), max(bottom, top)
    return 0.0, 0.0, pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)


def _common(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _apart(box: Box, sheet: Box) -> bool:
    return box[2] <= sheet[0] or box[0] >= sheet[2] or box[3] <= sheet[1] or box[1] >= sheet[3]
