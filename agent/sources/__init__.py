"""Opens sources of papers: files, folders, ids and queries; `registry` chooses the format.

A source is read lazily and in bounded memory. An error that makes all of it unreadable is raised when it is
opened, before any work on its papers; an error in one record becomes a `BadRecord` in its place.

Knows papers. Knows no cards and no models.
"""

import errno
import glob
import re
import shlex
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from ..errors import BadInput, PapercardsError, UsageError
from ..paper import Paper
from ..reading.plausible import fault
from ..text import identifiers
from ..text.prefix import split
from .columns import BadRecord, Columns, lacking
from .folders import files_of
from .interface import Format, Input, Listing, Options, Records, Reference
from .registry import (
    FORMATS,
    GROUP,
    REFERENCES,
    choose,
    known_extensions,
    known_sources,
    read_by,
    reference,
    table_format,
)
from .rows import AsTheyAre, Row
from .unpacked import own_extension, unpacked

__all__ = [
    "FORMATS",
    "GROUP",
    "REFERENCES",
    "BadRecord",
    "Format",
    "Input",
    "Listing",
    "NoPapers",
    "Options",
    "Reference",
    "Row",
    "count_records",
    "is_file",
    "is_named",
    "judged",
    "judgement",
    "known_extensions",
    "known_sources",
    "listing",
    "open_rows",
    "open_source",
    "open_stream",
    "readable",
]

_BUFFER_BYTES = 1 << 18

_STDIN = "<stdin>"

_PLAIN = Options()


def open_source(
    spec: str | Path, options: Options = _PLAIN, *, stdin: BinaryIO | None = None
) -> Iterator[Paper | BadRecord]:
    """The papers of a file, a folder, a file pattern, an id or a query; standard input for `-`.

    Raises UsageError if the file does not exist, or its kind or columns are unknown, and BadInput if its
    content is not text, is empty or has no records; the last only when iterating.
    """
    spec = str(spec)
    named = Columns(options.columns, abstract_needed=not options.fill_abstracts)
    if spec == "-":
        # Of its own: a thread that still waits in `sys.stdin` when the program ends would crash it.
        own = stdin or open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115
        return _open(Input(_STDIN, own, named, options), close=False)
    if named_by := reference(spec):
        return _guarded(spec, read_by(named_by, spec, options), None, options)
    if (files := _files(spec, options)) is not None:
        # Each file's papers are judged where it is read.
        return _guarded(spec, _each(files, options), None, replace(options, judged=False))
    return _open(Input(spec, _open_file(spec), named, options, Path(spec)), close=True)


def open_stream(name: str, stream: BinaryIO, options: Options = _PLAIN, *, lines_before: int = 0) -> Records:
    """The papers in a stream that has the format of a file with this name; the caller closes it.

    `lines_before`: number of lines of the file that come before the stream. Raises what `open_source` raises.
    """
    named = Columns(options.columns, abstract_needed=not options.fill_abstracts)
    return _open(Input(name, stream, named, options, lines_before=lines_before), close=False)


def open_rows(path: Path, table: str | None = None) -> Iterator[Row | BadRecord]:
    """The rows of a table: CSV, TSV, JSONL, JSON, a spreadsheet, Parquet or a database.

    `table`: the sheet, or the table of a database. Raises what `open_source` raises.
    """
    source = Input(str(path), _open_file(str(path)), AsTheyAre(), Options(table=table), path)
    records = _open(source, close=True, choose=table_format)
    return (record for record in records if isinstance(record, (Row, BadRecord)))


def count_records(spec: str, most: int | None = None, options: Options = _PLAIN) -> int:
    """The number of records of `open_source` for a file, bad ones included; may stop counting at `most`.

    Raises what `open_source` raises.
    """
    with _open_file(spec) as file:
        head, stream, _ = unpacked(spec, file)
        kind = choose(spec, own_extension(Path(spec)), head)
        if kind.count is not None and not options.categories:
            return kind.count(stream)
    return sum(1 for _ in islice(open_source(spec, options), most))


def is_named(spec: str) -> bool:
    """Whether it is an id or query, such as `arxiv:ID`, and not a path or a pattern."""
    return spec != "-" and reference(spec) is not None


def is_file(spec: str) -> bool:
    """Whether it is one regular file, which can be read twice and has a size."""
    return spec != "-" and reference(spec) is None and Path(spec).is_file()


def listing(spec: str) -> Listing:
    """How much a source shows of its papers when it is read again and again."""
    if (named_by := reference(spec)) is not None:
        return named_by.listing(spec)
    try:
        if not Path(spec).is_file():
            return Listing.WHOLE
        with _open_file(spec) as file:
            head, _, _ = unpacked(spec, file)
            return choose(spec, own_extension(Path(spec)), head).listing
    except (OSError, PapercardsError):
        return Listing.WHOLE  # what is wrong is said when its papers are read


def _files(spec: str, options: Options) -> list[Path] | None:
    """The files of a folder or pattern, sorted; None if it is neither."""
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
        raise UsageError("no file matches", where=spec, next_step="Check the pattern")
    return [one for one in found if one.is_file()]


def readable(records: Records) -> Iterator[Paper]:
    """The papers among the records."""
    return (record for record in records if isinstance(record, Paper))


def judged(records: Records) -> Records:
    """The records, with implausible titles and abstracts turned into bad records."""
    return (judgement(record) if isinstance(record, Paper) else record for record in records)


def judgement(paper: Paper) -> Paper | BadRecord:
    """The paper, or a bad record if its title and abstract are implausible."""
    if not (why := fault(paper.title, paper.abstract)):
        return paper
    # A placeholder or a notice stands where an abstract should.
    bare = replace(paper, abstract="")
    found = partial(lacking, bare, {"id": paper.id, "url": paper.url})
    return BadRecord(
        paper.where,
        f"{why} (use --force to read it anyway)",
        lacking=found if why.startswith("its abstract") else None,
    )


def _each(files: Sequence[Path], options: Options) -> Records:
    """The papers of all files; an unreadable file becomes one bad record."""
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
            raise UsageError("is a folder", where=spec, next_step="Give a file in it")
        return path.open("rb", buffering=_BUFFER_BYTES)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise _no_such(spec) from error
        raise UsageError(f"cannot open: {error.strerror}", where=spec) from error
    except ValueError as error:
        raise UsageError("not a valid file name", where=repr(spec)) from error


def _no_such(spec: str) -> UsageError:
    """The error for a missing file, with a guess of what was meant."""
    known = next(filter(None, map(identifiers.name, (Path(spec).name, spec, spec.partition(":")[2]))), "")
    if known.startswith("openreview:"):
        return UsageError(
            "OpenReview does not allow programs to read its pages",
            where=spec,
            next_step="Save the page or its PDF and give the file, or look for the title with s2-query:TITLE",
        )
    if known.startswith(("arxiv:", "doi:")):
        return UsageError("no such file", where=spec, next_step=f"Did you mean {known}?")
    if split(spec)[0] or "://" in spec:
        forms = [form for one in REFERENCES for form in one.forms]
        step = f"Papers can be given as: {' '.join(forms)}"
        if "://" in spec:
            step = f"Save the page or its PDF and give the file. {step}"
        return UsageError(
            "no such file or known source",
            where=spec,
            next_step=step,
        )
    if _may_be_title(spec):
        title = " ".join(spec.replace('"', " ").split())
        query = shlex.quote(f'arxiv-query:ti:"{title}"')
        return UsageError(
            "no such file",
            where=spec,
            next_step=f"If it is a title, did you mean {query}?",
        )
    return UsageError("no such file", where=spec, next_step="Check the path, or use - for standard input")


def _may_be_title(spec: str) -> bool:
    """Whether it is several words and neither a path nor a file name."""
    ending = re.fullmatch(r"\.(?=\w*[a-z])\w{1,8}", Path(spec).suffix, re.IGNORECASE)
    return len(spec.split()) > 1 and len(spec) <= 400 and not set(spec) & set("/\\") and ending is None


def _open(source: Input, *, close: bool, choose: Callable[[str, str, bytes], Format] = choose) -> Records:
    try:
        head, stream, as_it_is = unpacked(source.name, source.stream)
        kind = choose(source.name, own_extension(source.path or Path(source.name)), head)
        records = kind.read(replace(source, stream=stream, path=source.path if as_it_is else None))
    except BaseException as error:
        if close:
            source.stream.close()
        if isinstance(error, OSError):
            raise BadInput(f"cannot read it: {error.strerror or error}", where=source.name) from error
        raise
    return _guarded(source.name, records, stream if close else None, source.options)


class NoPapers(BadInput):
    """A valid source without papers."""


class _NoneWanted(NoPapers):
    """No paper has a wanted category."""


def _guarded(name: str, records: Records, stream: BinaryIO | None, options: Options) -> Records:
    try:
        first = next(records, None)
        if first is None and options.categories:
            wanted = " or ".join(options.categories)
            raise _NoneWanted(f"has no papers of {wanted}", where=name, next_step="Check --category")
        if first is None:
            raise NoPapers("has no papers", where=name)
        records = chain((first,), records)
        yield from judged(records) if options.judged else records
    except OSError as error:
        raise BadInput(f"cannot read further: {error.strerror}", where=name) from error
    finally:
        if stream is not None:
            stream.close()
