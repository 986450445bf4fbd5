"""What a source is given and what it gives back.

A source is one module that ends in a `FORMAT`, for papers in a file, or a `REFERENCE`, for papers that are
named: by an id, a URL, a query. It reads lazily and never raises for one record: a record that cannot be
read is a value with a reason, so that the rest goes on. A source knows no other source.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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
    """What the user said about where papers come from. Each source takes what concerns it."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Our names (title, abstract, id, doi, arxiv_id, url) to the source's."""
    table: str | None = None
    """Of a database, or the configuration of a data set; None: the only one."""
    categories: tuple[str, ...] = ()
    """Of arXiv, as `cs.LG` or `cs.*`; a record that tells its own and has none of these is passed over."""
    sections: tuple[str, ...] = ()
    """Of a full text, to be read beside the abstract."""
    limit: int | None = None
    """How many papers are wanted, so that a query asks for no more."""
    offline: bool = False
    """Nothing may be fetched: what was fetched before must do."""
    cache_dir: Path | None = None
    """Where what was fetched is kept; None: nowhere."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Addresses to ask instead of a service's own, by its id (`arxiv`): a mirror, or a test's server."""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """API keys, by a service's id."""
    judged: bool = False
    """Set aside what cannot be a title and an abstract, as `plausible` has it: for whoever asks a model."""
    outputs: tuple[Path, ...] = ()
    """What the run writes; in a folder these are no papers."""
    remark: Callable[[str], None] | None = field(default=None, compare=False, repr=False)
    """Who is told what was left out without being wrong; None: nobody."""
    newest: bool = False
    """The newest papers of a query first, and not the most relevant."""
    max_age_s: float | None = None
    """How old a kept answer to a query may be, in seconds; None: as old as queries usually may."""
    contact: str | None = None
    """An e-mail address or a URL that services are told, so that they can write to the user."""
    patience_s: float | None = None
    """How long a service that wants fewer requests is waited for in all; None: a quarter of an hour."""
    say: Callable[[str], None] = field(default=_unheard, repr=False, compare=False)
    """Tells the user, in one line, why nothing happens for a while."""
    clock: Clock = field(default_factory=Clock, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Input:
    """One opened file."""

    name: str
    """As the user named it; the first part of every `where`."""
    stream: BinaryIO
    """At its first byte; closed by whoever opened it."""
    columns: Columns
    options: Options = Options()
    path: Path | None = None
    """Where it is, for libraries that open files themselves; None: standard input, or what is
    not in the file as it comes from the stream."""
    named: "Callable[[str, Options], Records] | None" = None
    """Reads papers by their name, as `arxiv:ID`, for lists of names; None: there are none. Raises as
    `Reference.read` does."""


def _no_id(_word: str) -> bool:
    return False


def _never(_head: bytes) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Format:
    """One way in which papers are written down in a file."""

    name: str
    """For messages: "JSONL"."""
    extensions: tuple[str, ...]
    """Lower case, with the dot. Where formats share one, `sniff` decides."""
    read: Callable[[Input], Records]
    """Raises UsageError or BadInput at the call if all of the source is unreadable."""
    sniff: Callable[[bytes], bool] = _never
    """Whether the first bytes look like this format; the byte order mark is already off."""
    count: Callable[[BinaryIO], int] | None = None
    """How many records `read` would give, where that is quicker to tell than to read them."""
    binary: bool = False
    """Whether it is not text in UTF-8."""
    extra: str | None = None
    """The extra of this distribution that it needs, as `tables`; None: nothing more."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One way in which papers are named."""

    name: str
    """For messages: "arXiv"."""
    forms: tuple[str, ...]
    """How it is written, for the help: `arxiv:ID`."""
    takes: Callable[[str], bool]
    """Whether a word of the command line is such a name. Asked of every source: quick, and no I/O."""
    read: Callable[[str, Options], Records]
    """Raises UsageError at the call for a name that cannot be understood, BadInput once it is asked for a
    paper where nothing can be had."""
    extra: str | None = None
    """The extra of this distribution that it needs; None: nothing more."""
    is_id: Callable[[str], bool] = _no_id
    """Whether a word that is no file is an id that it knows, as `2401.03955`. Quick, and no I/O."""
