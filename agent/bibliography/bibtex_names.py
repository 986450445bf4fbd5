"""The names in BibTeX's `author`: braces keep words together, and make a name of one piece.

Plain names stay text, for the one place that takes names apart (`sources.people`); those with braces are
bibtexparser's. Knows LaTeX. Knows no entry.
"""

import re

from . import latex
from .bibtex_values import pieces

_MOST = 1 << 20
"""Maximum characters of a field of names."""
_RELAX = re.compile(r"\\relax(?![A-Za-z])\s*")
"""A command in names that prints nothing; it tells BibTeX where an abbreviation ends."""
_ACCENT = re.compile(
    r"\{\\[^{}]{1,20}(?:\{[^{}]{0,10}\})?[^{}]{0,10}\}|\\\W\{[^{}]{0,10}\}|\\[A-Za-z]\{[^{}]{0,10}\}"
)
"""Braces around a letter with its accent."""


class BibtexNames(str):
    """A field of names as BibTeX has it, which is taken apart when the names are needed."""

    __slots__ = ()

    def names(self) -> list[str | dict[str, str]]:
        """The names: plain ones as text, others as `family`, `given`, `suffix` or `literal`."""
        from bibtexparser.middlewares.names import split_multiple_persons_names

        value = _RELAX.sub("", self[:_MOST])
        return [_name(one) for one in split_multiple_persons_names(value) if one.strip()]


def _name(name: str) -> str | dict[str, str]:
    name = " ".join(name.split())
    if "{" not in _ACCENT.sub("", name):
        return latex.text(name)
    if len(pieces(name)) == 1 and name[0] == "{":
        return {"literal": latex.text(name)}
    from bibtexparser.middlewares.names import InvalidNameError, parse_single_name_into_parts

    try:
        parts = parse_single_name_into_parts(name, strict=False)
    except InvalidNameError:
        return {"literal": latex.text(name)}
    found = {"family": (*parts.von, *parts.last), "given": parts.first, "suffix": parts.jr}
    return {part: latex.text(" ".join(words)) for part, words in found.items() if words}
