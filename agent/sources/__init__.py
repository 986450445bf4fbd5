"""Papers from where people keep them: one format a file, chosen here by extension and by content.

A source is read lazily and in bounded memory. What makes the whole of it unreadable is raised when
it is opened, before any work is done on its papers; what spoils one record is a `BadRecord` in its
place.

Knows papers. Knows no cards and no models.
"""

import errno
import glob
import io
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..errors import BadInput, PapercardsError, UsageError
from ..paper import Paper
from ..plugins import plugged
from . import (
    arxiv_api,
    atom,
    delimited,
    duckdb,
    hf_api,
    hf_dataset,
    hf_listing,
    hf_page,
    jats,
    json_document,
    jsonl,
    libraries,
    oai,
    openalex,
    parquet,
    pdf,
    plain,
    semantic_scholar,
    sqlite,
    web_page,
    zotero,
    zotero_json,
    zotero_rdf,
)
from .columns import BadRecord, Columns
from .interface import Format, Input, Options, Records, Reference
from .lines import BOM

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "FORMATS",
    "GROUP",
    "REFERENCES",
    "BadRecord",
    "Format",
    "Input",
    "NoPapers",
    "Options",
    "Reference",
    "count_records",
    "is_file",
    "is_named",
    "known_extensions",
    "known_sources",
    "open_source",
]

FORMATS: tuple[Format, ...] = (
    hf_listing.FORMAT,
    *libraries.FORMATS,
    zotero_json.FORMAT,
    zotero_rdf.FORMAT,
    jsonl.FORMAT,
    json_document.FORMAT,
    delimited.FORMAT,
    parquet.FORMAT,
    sqlite.FORMAT,
    duckdb.FORMAT,
    pdf.FORMAT,
    atom.FORMAT,
    oai.FORMAT,
    jats.FORMAT,
    hf_page.FORMAT,
    web_page.FORMAT,
    arxiv_api.FORMAT,
    plain.FORMAT,
)
"""In the order in which they are asked: the one that takes any text comes last."""

REFERENCES: tuple[Reference, ...] = (
    arxiv_api.REFERENCE,
    hf_api.REFERENCE,
    hf_dataset.REFERENCE,
    openalex.REFERENCE,
    semantic_scholar.REFERENCE,
    zotero.REFERENCE,
)

GROUP = "papercards.sources"
"""The entry points under which other distributions add a `Format` or a `Reference`."""

_HEAD_BYTES = 1 << 16
"""What a format may look at before it is chosen."""

_BUFFER_BYTES = 1 << 18

_ODD_SHARE = 0.3
"""Beyond this share of characters that no text has, it is no text; Latin-1 has some 5 %."""

_STDIN = "<stdin>"

_PLAIN = Options()


def open_source(
    spec: str, options: Options = _PLAIN, *, stdin: BinaryIO | None = None
) -> Iterator[Paper | BadRecord]:
    """The papers of a file, a folder, a pattern of file names, or a name; of standard input for `-`.

    Raises UsageError if there is no such file, its kind is not known or its columns are not, and
    BadInput if its content is no text, is empty or holds no record; the last only once the iterator
    is asked.
    """
    named = Columns(options.columns)
    if spec == "-":
        # Of its own: a thread that still waits in `sys.stdin` when the program ends would crash it.
        own = stdin or open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115
        return _open(Input(_STDIN, own, named, options), close=False)
    if reference := _reference(spec):
        return _guarded(spec, reference.read(spec, options), None, options)
    if (files := _files(spec)) is not None:
        return _guarded(spec, _each(files, options), None, options)
    stream = _open_file(spec)
    try:
        return _open(Input(spec, stream, named, options, Path(spec)), close=True)
    except BaseException:
        stream.close()
        raise


def count_records(spec: str, most: int | None = None, options: Options = _PLAIN) -> int:
    """How many records `open_source` would give for a file, bad ones included; counting may stop at `most`.

    Raises what `open_source` raises.
    """
    with _open_file(spec) as stream:
        kind = _choose(spec, Path(spec).suffix.lower(), _head(spec, stream)[0])
        if kind.count is not None and not options.categories:
            return kind.count(stream)
    return sum(1 for _ in islice(open_source(spec, options), most))


def is_named(spec: str) -> bool:
    """Whether it is a name of papers, as `arxiv:ID`, and so neither a path nor a pattern of paths."""
    return spec != "-" and _reference(spec) is not None


def is_file(spec: str) -> bool:
    """Whether it is one regular file, which can be read twice and has a size."""
    return spec != "-" and _reference(spec) is None and Path(spec).is_file()


def known_extensions() -> tuple[str, ...]:
    """What a file's name may end in, sorted."""
    return tuple(sorted({ext for kind in (*FORMATS, *_plugged_formats()) for ext in kind.extensions}))


def known_sources() -> tuple[Format | Reference, ...]:
    """Every way in, those of other distributions last."""
    return (*FORMATS, *REFERENCES, *_plugged())


@cache
def _plugged() -> tuple[Format | Reference, ...]:
    return plugged(GROUP, Format, Reference)


def _plugged_formats() -> tuple[Format, ...]:
    return tuple(one for one in _plugged() if isinstance(one, Format))


def _reference(spec: str) -> Reference | None:
    for one in REFERENCES:
        if one.takes(spec):
            return one
    # Looking for other distributions takes time, which what is plainly a file need not wait for.
    if ":" not in spec or Path(spec).exists():
        return None
    return next((one for one in _plugged() if isinstance(one, Reference) and one.takes(spec)), None)


def _files(spec: str) -> list[Path] | None:
    """The files of a folder, or those that a pattern means, sorted; None: it is neither."""
    path = Path(spec)
    try:
        if spec and path.is_dir():
            # Any text is read as a paper where it is named; beside papers it is rather a note on them.
            known = set(known_extensions()) - set(FORMATS[-1].extensions)
            inside = (one for one in path.rglob("*") if one.suffix.lower() in known and one.is_file())
            found = [one for one in inside if not any(p.startswith(".") for p in one.relative_to(path).parts)]
            if not found:
                raise UsageError(
                    "is a folder without any file that can be read",
                    where=spec,
                    next_step=f"Known are: {' '.join(sorted(known))}",
                )
            return sorted(found)
        if path.exists() or not glob.has_magic(spec):
            return None
    except OSError:
        return None
    found = sorted(Path(name) for name in glob.glob(spec, recursive=True))  # noqa: PTH207
    if not found:
        raise UsageError("no file has such a name", where=spec, next_step="Check the pattern")
    return [one for one in found if one.is_file()]


def _each(files: Sequence[Path], options: Options) -> Records:
    """All their papers; a file that cannot be read is one bad record."""
    for file in files:
        try:
            yield from open_source(str(file), options)
        except _NoneWanted:
            continue
        except PapercardsError as error:
            step = f". {error.next_step}" if error.next_step else ""
            yield BadRecord(error.where or str(file), error.message + step)


def _open_file(spec: str) -> BinaryIO:
    try:
        path = Path(spec)
        if stat.S_ISDIR(path.stat().st_mode):
            raise UsageError("is a folder", where=spec, next_step="Name a file in it")
        return path.open("rb", buffering=_BUFFER_BYTES)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise _no_such(spec) from error
        raise UsageError(f"cannot be opened: {error.strerror}", where=spec) from error
    except ValueError as error:
        raise UsageError("this cannot be the name of a file", where=repr(spec)) from error


def _no_such(spec: str) -> UsageError:
    if re.match(r"[a-z][\w.+-]+:", spec, re.IGNORECASE):
        forms = [form for one in REFERENCES for form in one.forms]
        return UsageError(
            "there is no such file, and no source of this name",
            where=spec,
            next_step=f"Papers can be named as: {' '.join(forms)}",
        )
    return UsageError("there is no such file", where=spec, next_step="Check the path, or give - for stdin")


def _open(source: Input, *, close: bool) -> Records:
    head, stream = _head(source.name, source.stream)
    kind = _choose(source.name, source.path.suffix.lower() if source.path else "", head)
    records = kind.read(replace(source, stream=stream))
    return _guarded(source.name, records, stream if close else None, source.options)


def _head(name: str, stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes, the byte order mark off, and a stream that still has them."""
    try:
        head, stream = _peek(stream)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=name) from error
    head = head.removeprefix(BOM)
    if not head.strip():
        raise BadInput("is empty", where=name)
    return head, stream


def _choose(name: str, extension: str, head: bytes) -> Format:
    formats: tuple[Format, ...] = FORMATS
    if extension and not any(extension in kind.extensions for kind in FORMATS):
        formats = (*_plugged_formats(), *FORMATS)
    fitting = [f for f in formats if extension in f.extensions] if extension else list(formats)
    if not fitting:
        # Known content may have an unknown name, but not any text: a .tex is no abstract.
        fitting = [f for f in formats[:-1] if f.sniff(head)]
        if not fitting and not _binary(head):
            raise UsageError(
                f'"{extension}" is no kind of file that can be read',
                where=name,
                next_step=f"Known are: {' '.join(known_extensions())}",
            )
    for kind in fitting:
        if kind.binary and kind.sniff(head):
            return kind
    texts = [kind for kind in fitting if not kind.binary]
    if why := _binary(head):
        raise BadInput(why if texts or not fitting else f"is no {fitting[0].name} file: {why}", where=name)
    if not texts:
        raise BadInput(f"is no {fitting[0].name} file", where=name)
    return texts[0] if len(texts) == 1 else next((f for f in texts if f.sniff(head)), texts[-1])


def _binary(head: bytes) -> str:
    """Why this cannot be text in UTF-8, or nothing; a few bad bytes are their records' matter."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is text in UTF-16; save it as UTF-8"
    if b"\0" in head or head.startswith(b"%PDF-"):
        return "is a binary file, not text"
    text = head.decode("utf-8", "replace")
    odd = sum(c == "\ufffd" or (c < " " and c not in "\t\r\n\f") for c in text)
    if odd > _ODD_SHARE * len(text):
        return "is not text in UTF-8: a binary file, or another encoding"
    return ""


class NoPapers(BadInput):
    """There is nothing wrong with a source, and nothing in it."""


class _NoneWanted(NoPapers):
    """All papers were passed over."""


def _guarded(name: str, records: Records, stream: BinaryIO | None, options: Options) -> Records:
    try:
        first = next(records, None)
        if first is None and options.categories:
            wanted = " or ".join(options.categories)
            raise _NoneWanted(f"holds no paper of {wanted}", where=name, next_step="Check --category")
        if first is None:
            raise NoPapers("holds no papers", where=name)
        yield first
        yield from records
    except OSError as error:
        raise BadInput(f"cannot be read any further: {error.strerror}", where=name) from error
    finally:
        if stream is not None:
            stream.close()


class _Replayed(io.RawIOBase):
    """A pipe from its beginning again, after its first bytes were looked at."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._head[: len(view)] or _some(self._rest, len(view))
        self._head = self._head[len(data) :]
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        super().close()
        self._rest.close()


def _peek(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes, at least one whole line if it is short, and a stream that still has them."""
    if stream.seekable():
        start = stream.tell()
        head = stream.read(_HEAD_BYTES)
        stream.seek(start)
        return head, stream
    head = b""
    while b"\n" not in head.lstrip() and len(head) < _HEAD_BYTES:
        more = _some(stream, _HEAD_BYTES)
        if not more:
            break
        head += more
    return head, io.BufferedReader(_Replayed(head, stream), _HEAD_BYTES)


def _some(stream: BinaryIO, most: int) -> bytes:
    """What a stream has now, so that a slow writer's first paper does not wait for its last."""
    if isinstance(stream, io.BufferedIOBase):
        return stream.read1(most)
    return stream.read(most)
