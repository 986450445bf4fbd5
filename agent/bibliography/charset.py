"""Converts the bytes of a library to text and back without loss.

`decoded` and `encoded` are inverse to each other for all bytes: bytes that are not UTF-8 become lone
surrogates, which `readable` turns into Western European letters where that is unambiguous.
"""

import re
from functools import lru_cache

_UNDECODED = re.compile("[\udc80-\udcff]")
_RUN = re.compile("[\udc80-\udcff]{3}")


def decoded(data: bytes) -> str:
    """The text; bytes that are not UTF-8 as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes of a text returned by `decoded`."""
    return text.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=1)
def is_utf8(text: str) -> bool:
    """Whether a text from `decoded` was valid UTF-8. Cached: it is called for each entry."""
    return not _UNDECODED.search(text)


def readable(text: str) -> str:
    """A value whose bytes are not UTF-8, read as Windows-1252, which includes Latin-1.

    Three such bytes in a row are no Western word (`créée` has two): the value is left as it is, so that its
    record is refused rather than garbled.
    """
    if not _UNDECODED.search(text) or _RUN.search(text):
        return text
    try:
        return _UNDECODED.sub(lambda one: encoded(one[0]).decode("cp1252"), text)
    except UnicodeDecodeError:
        return text


def fitted(text: str, library: str) -> str:
    """Our text in the encoding of that library, with `?` for letters that the encoding does not have."""
    return text if is_utf8(library) else decoded(text.encode("cp1252", "replace"))
