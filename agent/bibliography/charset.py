"""Bytes of a library as text and back, whatever they are.

`decoded` and `encoded` are each other's inverse for all bytes: what is not UTF-8 becomes lone surrogates,
which `readable` turns into letters where they can only be those of Western Europe.
"""

import re
from functools import lru_cache

_UNDECODED = re.compile("[\udc80-\udcff]")
_RUN = re.compile("[\udc80-\udcff]{3}")


def decoded(data: bytes) -> str:
    """The text; bytes that are not UTF-8 as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes of a text that `decoded` gave."""
    return text.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=1)
def is_utf8(text: str) -> bool:
    """Whether a text from `decoded` was UTF-8 throughout. Asked again for each entry of a library."""
    return not _UNDECODED.search(text)


def readable(text: str) -> str:
    """A value whose bytes are not UTF-8, read as Windows-1252, which has all of Latin-1.

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
    """Our text, fit to stand in that library: in its encoding, `?` for letters that this has not."""
    return text if is_utf8(library) else decoded(text.encode("cp1252", "replace"))
