"""Short texts of records (names of fields, venues, keywords) without what is no part of them."""

import re

from ..bibliography.markup import plain
from ..text.invisible import visible

_PLAIN = re.compile(r"(?:[!-%'-;=-~\u00c0-\u024f]+(?: (?! |$))?)*+")
"""Most texts: printable letters and signs with single spaces, and nothing that begins a tag or an entity."""


def clean(text: str, most: int) -> str:
    """The text on one line, without markup and characters that cannot be seen, cut to `most` characters."""
    if _PLAIN.fullmatch(text) and len(text) <= most:
        return text
    text = text[: 4 * most]
    if "<" in text or "&" in text:
        text = plain(text)
    text = visible(" ".join(text.split()))[0]
    return "".join(c for c in text if c.isprintable())[:most].strip()


def folded(name: str) -> str:
    """The name of a field for comparison: without case, spaces, `_` and `-`."""
    return re.sub(r"[\s_-]", "", name).casefold()
