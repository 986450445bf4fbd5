"""Finds installed fonts for the letters of a plot that Matplotlib's own font lacks, such as Chinese ones.

Needs the `eval` extra (Matplotlib).
"""

from collections.abc import Iterator
from contextlib import suppress

OWN = "DejaVu Sans"
"""The font that comes with Matplotlib: Latin, Greek, Cyrillic and Arabic letters, and many signs."""

_NO_FONT = ("Last Resort", "Adobe Blank")
"""Beginnings of names of fonts that have a box for every letter."""


def families_for(text: str) -> tuple[list[str], str]:
    """Families to draw a text with, Matplotlib's own first, and the letters that no installed font has."""
    from matplotlib.font_manager import findfont

    found = [OWN]
    missing = {letter for letter in text if not letter.isspace()} - _letters(findfont(OWN), 0)
    if missing:
        for family, path, face in _installed():
            if had := missing & _letters(path, face):
                found.append(family)
                missing -= had
            if not missing:
                break
    return found, "".join(sorted(missing))


def _installed() -> Iterator[tuple[str, str, int]]:
    """Families with their upright files, those without serifs first."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = {entry.fname for entry in fontManager.ttflist}
    for path in findSystemFonts():  # Matplotlib keeps its list, and does not see what was installed since
        if path not in known:
            with suppress(Exception):  # a file that is no font
                fontManager.addfont(path)
    upright = [
        entry
        for entry in fontManager.ttflist
        if entry.style == "normal" and not entry.name.startswith(_NO_FONT)
    ]
    upright.sort(key=lambda entry: ("Sans" not in entry.name, abs(int(entry.weight) - 400), entry.name))
    for entry in upright:
        yield entry.name, entry.fname, getattr(entry, "index", 0)


def _letters(path: str, face: int) -> set[str]:
    from matplotlib.ft2font import FT2Font

    with suppress(Exception):
        font = FT2Font(path, face_index=face) if face else FT2Font(path)
        return set(map(chr, font.get_charmap()))
    return set()
