"""Makes file names from titles that are valid on Windows, macOS and Linux and in a `[[link]]`.

A name is one part of a path: it has no separator, does not start or end with a dot, is not a Windows device,
and is short enough for every file system. Two names that any system treats as equal have the same `key`.

Knows names alone.
"""

import re
import unicodedata
from collections.abc import Container

from pathvalidate import sanitize_filename

from ..text.spans import digest
from .escaping import plain

MOST_BYTES = 120
"""Maximum bytes of a name in UTF-8, so that folder and extension also fit in Windows' 260 characters."""

_APART = re.compile(r" ?[:/\\|] | [:/\\|] ?")
_JOINED = re.compile(r"[:/\\|]+")
_LEFT_OUT = re.compile(r"[\[\]#^%?*\"<>`]|=(?==)|\{(?=[{%])|\$(?=[{=])")
"""Characters that end a link in Obsidian or have a special meaning there, or are not allowed in file names.
"""
_EXTENSION = re.compile(r"\.md$", re.IGNORECASE)


def safe_name(title: str, most: int = MOST_BYTES) -> str:
    """The title as a file name without extension; empty if no character is usable."""
    text = unicodedata.normalize("NFC", plain(title).encode("utf-8", "ignore").decode())
    text = _JOINED.sub("-", _APART.sub(" - ", " ".join(text.split())))
    text = " ".join(_LEFT_OUT.sub("", text).split()).strip(" .-")
    if len(text.encode()) > most:
        text = text.encode()[:most].decode("utf-8", "ignore")
        text = text.rpartition(" ")[0] or text
    name = str(sanitize_filename(text, platform="universal", max_len=most, fs_encoding="utf-8"))
    return _EXTENSION.sub("-md", " ".join(name.split()).strip(" ."))


def unique_name(title: str, id: str, taken: Container[str]) -> str:  # noqa: A002
    """A name whose key is not taken: from the title, with a digest of the id added if needed."""
    short = digest(id)[:8]
    base = name = safe_name(title) or safe_name(id) or short
    while key(name) in taken:
        name = f"{safe_name(base, MOST_BYTES - len(short) - 3)} ({short})"
        short = digest(short)[:8]
    return name


def key(name: str) -> str:
    """A key that is equal for all names that any file system treats as equal."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
