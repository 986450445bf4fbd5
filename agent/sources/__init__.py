"""Papers from where people keep them: files, folders, names; `registry` says which way in fits.

A source is read lazily and in bounded memory. What makes the whole of it unreadable is raised when
it is opened, before any work is done on its papers; what spoils one record is a `BadRecord` in its
place.

Knows papers. Knows no cards and no models.
"""

import errno
import glob
import re
import shlex
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from .. import identifiers
from ..errors import BadInput, PapercardsError, UsageError
from ..paper import Paper
from ..plausible import fault
from ..prefix import split
from .columns import BadRecord, Columns
from .folders import files_of
from .interface import Format, Input, Options, Records, Reference
from .registry import (
    FORMATS,
    GROUP,
    REFERENCES,
    choose,
    known_extensions,
    known_sources,
    read_named,
    reference,
)
from .unpacked import own_extension, unpacked

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
    "judged",
    "known_extensions",
    "known_sources",
    "open_source",
]

_BUFFER_BYTES = 1 << 18

_STDIN = "<stdin>"

_PLAIN = Options()


def open_source(
    spec: str | Path, options: Options = _PLAIN, *, stdin: BinaryIO | None = None
) -> Iterator[Paper | BadRecord]:
    """The papers of a file, a folder, a pattern of file names, or a name; of standard input for `-`.

    Raises UsageError if there is no such file, its kind is not known or its columns are not, and
    BadInput if its content is no text, is empty or holds no record; the last only once the iterator
    is asked.
    """
    spec = str(spec)
    named = Columns(options.columns)
    if spec == "-":
        # Of its own: a thread that still waits in `sys.stdin` when the program ends would crash it.
        own = stdin or open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115
        return _open(Input(_STDIN, own, named, options), close=False)
    if named_by := reference(spec):
        return _guarded(spec, named_by.read(spec, options), None, options)
    if (files := _files(spec, options)) is not None:
        # Each file's papers are judged where it is read.
        return _guarded(spec, _each(files, options), None, replace(options, judged=False))
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
    with _open_file(spec) as file:
        head, stream, _ = unpacked(spec, file)
        kind = choose(spec, own_extension(Path(spec)), head)
        if kind.count is not None and not options.categories:
            return kind.count(stream)
    return sum(1 for _ in islice(open_source(spec, options), most))


def is_named(spec: str) -> bool:
    """Whether it is a name of papers, as `arxiv:ID`, and so neither a path nor a pattern of paths."""
    return spec != "-" and reference(spec) is not None


def is_file(spec: str) -> bool:
    """Whether it is one regular file, which can be read twice and has a size."""
    return spec != "-" and reference(spec) is None and Path(spec).is_file()


def _files(spec: str, options: Options) -> list[Path] | None:
    """The files of a folder, or those that a pattern means, sorted; None: it is neither."""
    path = Path(spec)
    try:
        if spec and path.is_dir():
            return files_of(path, spec, options)
        if path.exists() or not glob.has_magic(spec) or "://" in spec:
            return None
    except OSError:
        return None
    found = sorted(Path(name) for name in glob.glob(spec, recursive=True))  # noqa: PTH207
    if not found:
        if _may_be_title(spec):
            raise _no_such(spec)
        raise UsageError("no file has such a name", where=spec, next_step="Check the pattern")
    return [one for one in found if one.is_file()]


def judged(records: Records) -> Records:
    """The records, those set aside that cannot be a title and an abstract."""
    for record in records:
        if isinstance(record, Paper) and (why := fault(record.title, record.abstract)):
            yield BadRecord(record.where, f"{why} (--force reads it anyway)")
        else:
            yield record


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
    """That nothing is there, and what was probably meant."""
    known = next(filter(None, map(identifiers.name, (Path(spec).name, spec, spec.partition(":")[2]))), "")
    if known.startswith("openreview:"):
        return UsageError(
            "OpenReview lets no program read its pages",
            where=spec,
            next_step="Save the page or its PDF and give the file, or look for the title with s2-query:TITLE",
        )
    if known.startswith(("arxiv:", "doi:")):
        return UsageError("there is no such file", where=spec, next_step=f"Did you mean {known}?")
    if split(spec)[0] or "://" in spec:
        forms = [form for one in REFERENCES for form in one.forms]
        step = f"Papers can be named as: {' '.join(forms)}"
        if "://" in spec:
            step = f"Save the page or its PDF and give the file. {step}"
        return UsageError(
            "there is no such file, and no source of this name",
            where=spec,
            next_step=step,
        )
    if _may_be_title(spec):
        title = " ".join(spec.replace('"', " ").split())
        query = shlex.quote(f'arxiv-query:ti:"{title}"')
        return UsageError(
            "there is no such file",
            where=spec,
            next_step=f"If it is a title, did you mean {query}?",
        )
    return UsageError("there is no such file", where=spec, next_step="Check the path, or give - for stdin")


def _may_be_title(spec: str) -> bool:
    """Whether it is several words that are no path and do not end as the name of a file does."""
    ending = re.fullmatch(r"\.(?=\w*[a-z])\w{1,8}", Path(spec).suffix, re.IGNORECASE)
    return len(spec.split()) > 1 and len(spec) <= 400 and not set(spec) & set("/\\") and ending is None


def _open(source: Input, *, close: bool) -> Records:
    head, stream, as_it_is = unpacked(source.name, source.stream)
    kind = choose(source.name, own_extension(source.path) if source.path else "", head)
    path = source.path if as_it_is else None
    try:
        records = kind.read(replace(source, stream=stream, path=path, named=read_named))
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror or error}", where=source.name) from error
    return _guarded(source.name, records, stream if close else None, source.options)


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
        records = chain((first,), records)
        yield from judged(records) if options.judged else records
    except OSError as error:
        raise BadInput(f"cannot be read any further: {error.strerror}", where=name) from error
    finally:
        if stream is not None:
            stream.close()
