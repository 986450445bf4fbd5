"""The interface of sources: their options, input and results.

A source is one module that ends in a `FORMAT`, for papers in a file, or a `REFERENCE`, for papers given by an
id, a URL or a query. It reads lazily and never raises for one record: a record that cannot be read is a value
with a reason, so that the rest continues. A source knows no other source.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from ..paper import Paper
from .columns import BadRecord, Columns
from .patience import Clock

Records = Iterator[Paper | BadRecord]


def _unheard(_line: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Options:
    """The user's options for sources. Each source uses those that apply to it."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Column of the source for each field (title, abstract, id, doi, arxiv_id, url)."""
    table: str | None = None
    """Table of a database, or configuration of a data set; None for the only one."""
    categories: tuple[str, ...] = ()
    """Wanted arXiv categories, such as `cs.LG` or `cs.*`; records with only other categories are skipped."""
    sections: tuple[str, ...] = ()
    """Sections of a full text to read in addition to the abstract."""
    fill_abstracts: bool = False
    """Whether papers without an abstract are looked up in services (see `abstracts`)."""
    limit: int | None = None
    """Maximum number of papers, so that a query requests no more."""
    offline: bool = False
    """Whether to use only data fetched before."""
    cache_dir: Path | None = None
    """Folder of the cache of fetched data; None for no cache."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Addresses to use instead of a service's own, by its id (`arxiv`): a mirror, or a test server."""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """API keys, by a service's id."""
    judged: bool = False
    """Whether to set aside records that do not look like a paper (see `plausible`)."""
    outputs: tuple[Path, ...] = ()
    """Outputs of the run, which are not read as papers of a folder."""
    remark: Callable[[str], None] | None = field(default=None, compare=False, repr=False)
    """Callback for notes about files that were skipped; None for no notes."""
    newest: bool = False
    """Whether a query returns the newest papers first, instead of the most relevant."""
    since: str | None = None
    """Date (ISO 8601) from which on a harvest has papers; None for all of them."""
    max_age_s: float | None = None
    """Maximum age in seconds of a cached answer to a query; None for the default."""
    absent_s: float | None = None
    """How long a cached answer that something is not there stays fresh, in seconds; None for as long as a
    query's."""
    contact: str | None = None
    """E-mail address or URL that is sent to services, so that they can contact the user."""
    patience_s: float | None = None
    """Maximum total seconds to wait for a service that throttles; None for a quarter of an hour."""
    say: Callable[[str], None] = field(default=_unheard, repr=False, compare=False)
    """Callback for one-line notes about long waits."""
    clock: Clock = field(default_factory=Clock, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Input:
    """One opened file."""

    name: str
    """Name as given by the user; the first part of every `where`."""
    stream: BinaryIO
    """Stream at its first byte; closed by its opener."""
    columns: Columns
    options: Options = Options()
    path: Path | None = None
    """Path, for libraries that open files themselves; None for standard input and for content that differs
    from the file.
    """
    lines_before: int = 0
    """Number of lines of the file that come before the stream, where it is a piece of JSONL."""


class Listing(Enum):
    """How much a source shows of its papers when it is read again and again."""

    WHOLE = "whole"
    """All of them, in any order: a file, a list of ids."""
    NEWEST = "newest"
    """All of them, the newest first if `Options.newest` is set: a query."""
    DATED = "dated"
    """Those that changed since a date, in the order of the date: a harvest."""
    WINDOW = "window"
    """The newest ones only: a feed."""


@dataclass(frozen=True, slots=True)
class Format:
    """A file format of papers."""

    name: str
    """Name for messages, such as "JSONL"."""
    extensions: tuple[str, ...]
    """Extensions in lower case, with the dot. If formats share one, `sniff` decides."""
    read: Callable[[Input], Records]
    """Reads the papers. Raises UsageError or BadInput at the call if all of the source is unreadable."""
    sniff: Callable[[bytes], bool] = lambda _: False
    """Whether the first bytes, without byte order mark, look like this format."""
    count: Callable[[BinaryIO], int] | None = None
    """Counts the records of `read`, if that is faster than reading them."""
    binary: bool = False
    """Whether the format is binary and not text in UTF-8."""
    listing: Listing = Listing.WHOLE
    """How much a file shows that is written anew again and again."""
    extra: str | None = None
    """The extra of papercards that it needs, such as `tables`; None for no extra."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A kind of ids or queries of papers."""

    name: str
    """Name for messages, such as "arXiv"."""
    forms: tuple[str, ...]
    """Forms for the help, such as `arxiv:ID`."""
    takes: Callable[[str], bool]
    """Whether a word of the command line with a colon is such an id or query. Fast, without I/O."""
    read: Callable[[str, Options], Records]
    """Reads the papers. Raises UsageError at the call for an invalid name, and BadInput when iterating if
    nothing can be read.
    """
    extra: str | None = None
    """The extra of papercards that it needs; None for no extra."""
    texts: bool = False
    """Whether the full texts of its papers are fetched where sections are wanted (see `texts`)."""
    is_id: Callable[[str], bool] = lambda _: False
    """Whether a word that is not a file is a known id, such as `2401.03955`. Fast, without I/O."""
    listing: Callable[[str], Listing] = lambda _: Listing.WHOLE
    """How much the source of such a name shows. Fast, without I/O."""
