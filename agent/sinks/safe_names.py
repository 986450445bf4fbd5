"""File names from strangers' titles, for Windows, macOS and Linux alike, and fit to stand in a `[[link]]`.

A name is one part of a path: it has no separator, does not begin or end with a dot, is no device of Windows,
and is short enough for every file system. Two names that some system takes for one have the same `key`.

Knows names alone.
"""

import re
import unicodedata
from collections.abc import Container

from pathvalidate import sanitize_filename

from ..text import digest
from .escaping import plain

MOST_BYTES = 120
"""Of a name in UTF-8, so that folder and extension fit beside it in Windows' 260 characters."""

_APART = re.compile(r" ?[:/\\|] | [:/\\|] ?")
_JOINED = re.compile(r"[:/\\|]+")
_LEFT_OUT = re.compile(r"[\[\]#^%?*\"<>`]|=(?==)|\{(?=[{%])|\$(?=[{=])")
"""What ends a link in Obsidian or begins something else there, and what no file may have in its name."""
_EXTENSION = re.compile(r"\.md$", re.IGNORECASE)


def safe_name(title: str, most: int = MOST_BYTES) -> str:
    """The title as a file name without extension; empty where nothing of it can be one."""
    text = unicodedata.normalize("NFC", plain(title).encode("utf-8", "ignore").decode())
    text = _JOINED.sub("-", _APART.sub(" - ", " ".join(text.split())))
    text = " ".join(_LEFT_OUT.sub("", text).split()).strip(" .-")
    if len(text.encode()) > most:
        text = text.encode()[:most].decode("utf-8", "ignore")
        text = text.rpartition(" ")[0] or text
    name = str(sanitize_filename(text, platform="universal", max_len=most, fs_encoding="utf-8"))
    return _EXTENSION.sub("-md", " ".join(name.split()).strip(" ."))


def unique_name(title: str, id: str, taken: Container[str]) -> str:  # noqa: A002
    """A name whose key is not taken: the title's, with a digest of the id behind it where that is needed."""
    short = digest(id)[:8]
    base = name = safe_name(title) or safe_name(id) or short
    while key(name) in taken:
        name = f"{safe_name(base, MOST_BYTES - len(short) - 3)} ({short})"
        short = digest(short)[:8]
    return name


def key(name: str) -> str:
    """The same for all names that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
