"""Short texts of records (names, venues, keywords) without what is no part of them."""

from ..bibliography.markup import plain
from ..text.invisible import visible


def clean(text: str, most: int) -> str:
    """The text on one line, without markup and characters that cannot be seen, cut to `most` characters."""
    if text.isascii() and text.isprintable() and "<" not in text and "&" not in text and len(text) <= most:
        return text if text == text.strip() and "  " not in text else " ".join(text.split())
    text = text[: 4 * most]
    if "<" in text or "&" in text:
        text = plain(text)
    text = visible(" ".join(text.split()))[0]
    return "".join(c for c in text if c.isprintable())[:most].strip()
