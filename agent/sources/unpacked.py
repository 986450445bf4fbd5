"""Converts files that are compressed, in UTF-16 or with old Mac line ends to plain UTF-8 streams.

Everything is a stream: nothing is unpacked to disk or held whole. Knows bytes. Knows no format.
"""

import codecs
import contextlib
import importlib
import io
import zlib
from pathlib import PurePath
from typing import Any, BinaryIO, cast

from ..errors import BadInput, MissingExtra
from .bounds import MAX_RATIO, expands
from .head import Converted, head_of

_CHUNK = 1 << 16


_PACKED = (
    (b"\x1f\x8b", "gzip", ".gz", ("gzip",)),
    (b"BZh", "bzip2", ".bz2", ("bz2",)),
    (b"\xfd7zXZ\0", "xz", ".xz", ("lzma",)),
    # Of the standard library from Python 3.14 on.
    (b"\x28\xb5\x2f\xfd", "zstd", ".zst", ("compression.zstd", "backports.zstd")),
)
"""First bytes, name, suffix, and the modules of which one can unpack it."""
SUFFIXES = tuple(suffix for _, _, suffix, _ in _PACKED)
"""Suffixes of compressed files, after their own extension."""

_NO_TEXT = (
    (b"PK\x03\x04", "a zip archive or an Office document", "Unpack it, or save it as CSV or PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "Save it as CSV, XLSX or PDF"),
    (b"{\\rtf", "an RTF document", "Save it as plain text or PDF"),
    (b"Rar!", "a RAR archive", "Unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it"),
    (b"%!PS", "a PostScript file", "Convert it to PDF"),
    (b"AT&TFORM", "a DjVu file", "Convert it to PDF"),
    (b"\x89PNG", "an image", "Papers are read from text or PDF"),
    (b"\xff\xd8\xff", "an image", "Papers are read from text or PDF"),
)


def refuse_known(name: str, head: bytes) -> None:
    """Raise BadInput for a kind of file that is known and is not read."""
    for sign, what, step in _NO_TEXT:
        if head.startswith(sign):
            raise BadInput(f"is {what}, which is not supported", where=name, next_step=step)


class _Counted(Converted):
    """A stream that counts the bytes read from it."""

    taken = 0

    def more(self, most: int) -> bytes:
        data = self.stream.read(most)
        self.taken += len(data)
        return data


class _Unpacked(Converted):
    def __init__(self, stream: BinaryIO, kind: str, modules: tuple[str, ...]) -> None:
        self._packed = _Counted(stream)
        super().__init__(cast("BinaryIO", self._packed))
        self._given = 0
        self._unpack = _opened(self.stream, kind, modules)
        self._kind = kind

    def more(self, most: int) -> bytes:
        try:
            data: bytes = self._unpack.read(_CHUNK)
        except (EOFError, OSError, ValueError, zlib.error) as error:
            raise OSError(None, f"its {self._kind} data is damaged or cut off") from error
        except Exception as error:
            if type(error).__name__ not in ("LZMAError", "ZstdError"):
                raise
            raise OSError(None, f"its {self._kind} data is damaged or cut off") from error
        self._given += len(data)
        if expands(self._packed.taken, self._given):
            raise OSError(
                None,
                f"its {self._kind} data expands more than {MAX_RATIO} times; the file may be malicious",
            )
        return data


def _opened(stream: BinaryIO, kind: str, modules: tuple[str, ...]) -> Any:
    for module in modules:
        with contextlib.suppress(ImportError):
            return importlib.import_module(module).open(stream)
    raise MissingExtra(f"A file compressed with {kind}", "sources")


class _Recoded(Converted):
    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        super().__init__(stream)
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._encoding = encoding
        self._first = True

    def more(self, most: int) -> bytes:
        while True:
            data = self.stream.read(_CHUNK)
            text = self._decoder.decode(data, final=not data)
            if self._first and text:
                text = text.removeprefix("\ufeff")
                # What an XML declaration says of the encoding is no longer so.
                begin, declared, rest = text.partition("?>")
                if declared and begin.lstrip().startswith("<?xml"):
                    text = '<?xml version="1.0" encoding="UTF-8"?>' + rest
                self._first = False
            if text or not data:
                return text.replace("\r\n", "\n").encode("utf-8", "replace")


class _LineEnds(Converted):
    def more(self, most: int) -> bytes:
        return self.stream.read(_CHUNK).replace(b"\r", b"\n")


def unpacked(name: str, stream: BinaryIO) -> tuple[bytes, BinaryIO, bool]:
    """The first bytes, a stream from the beginning, and whether its bytes are those of the file.

    Raises BadInput for an empty file, MissingExtra where a package is missing.
    """
    as_it_is = True
    head, stream = head_of(name, stream)
    for sign, kind, _, modules in _PACKED:
        if head.startswith(sign):
            unpack = _Unpacked(stream, kind, modules)
            head, stream = head_of(name, io.BufferedReader(unpack, _CHUNK))
            as_it_is = False
            break
    if encoding := _wide(head):
        head, stream = head_of(name, io.BufferedReader(_Recoded(stream, encoding), _CHUNK))
        return head, stream, False
    if b"\r" in head and b"\n" not in head and not head.startswith(b"%PDF") and b"\0" not in head:
        head, stream = head_of(name, io.BufferedReader(_LineEnds(stream), _CHUNK))
    return head, stream, as_it_is


def _wide(head: bytes) -> str:
    """UTF-16 or UTF-32, by a byte order mark or by where the zeros stand; nothing for anything else."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    some = head[:2000]
    even, odd = some[::2].count(0), some[1::2].count(0)
    if 2 * odd > len(some) // 2 and not even:
        return "utf-16-le"
    if 2 * even > len(some) // 2 and not odd:
        return "utf-16-be"
    return ""


def own_extension(path: PurePath) -> str:
    """The extension of what is in a file: `.csv` for `papers.csv.gz`."""
    suffix = path.suffix.lower()
    return PurePath(path.stem).suffix.lower() if suffix in SUFFIXES else suffix
