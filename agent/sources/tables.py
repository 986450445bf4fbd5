"""Tables that a library opens itself: which one of a database contains papers, and its rows one by one.

Knows no database.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from ..errors import BadInput, UsageError
from .bounds import computed
from .columns import BadRecord, quoted
from .interface import Input, Records

AT_ONCE = 256
"""Number of rows in memory at a time."""


def file_of(source: Input, kind: str) -> Path:
    """The file, for a library that opens it itself. Raises UsageError for standard input."""
    if source.path is None:
        raise UsageError(
            f"is {kind}, which cannot be read from a pipe",
            where=source.name,
            next_step="Save it to a file and give that",
        )
    return source.path


Record = dict[str, object] | str
"""The fields of a row by name, or why it cannot be read."""


class _Closing(Protocol):
    def close(self) -> None: ...


Resource = TypeVar("Resource", bound=_Closing)


class Opened:
    """What a library has open of a file: closed where the file cannot be read, else after its last row.

    Of what happens within its `with` block, the library's errors become BadInput.
    """

    def __init__(
        self,
        source: Input,
        errors: type[Exception] | tuple[type[Exception], ...],
        refusal: str,
        said: Callable[[Exception], str] = str,
    ) -> None:
        """`errors` are the library's; `said` is one in words, after `refusal` and a space."""
        self._source = source
        self._errors = errors
        self._refusal = refusal
        self._said = said
        self._open = ExitStack()

    def keep(self, resource: Resource) -> Resource:
        """The resource, which is closed with the rest."""
        self._open.callback(resource.close)
        return resource

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        self._open.close()
        if isinstance(error, Exception) and isinstance(error, self._errors):
            raise BadInput(f"{self._refusal} {self._said(error)}", where=self._source.name) from error

    def papers(self, place: str, rows: Iterable[Record], *, begin: int = 1) -> Records:
        """The papers of rows; those without a field are skipped.

        `begin` is the number of the first row. Raises BadInput where the library cannot go on.
        """
        number = begin - 1
        try:
            for number, row in enumerate(rows, start=begin):
                if isinstance(row, str):
                    yield BadRecord(f"{place}:{number}", row)
                elif row:
                    yield self._source.columns.paper(row, f"{place}:{number}")
        except self._errors as error:
            where = f"{place}:{number + 1}"
            raise BadInput(f"cannot read further: {self._said(error)}", where=where) from error
        finally:
            self._open.close()


Tables = Mapping[str, tuple[str, ...]]
"""Column names by table."""


_CARDS = "texts"
"""What our own databases of cards call the view that has titles beside abstracts."""
_OF_CARDS = (
    "(SELECT {}, abstracts.abstract FROM papers "
    "LEFT JOIN abstracts ON abstracts.paper = papers.number ORDER BY papers.number)"
)
"""The same, asked by ourselves of the tables, so that nothing of a view is computed."""
_OF_PAPERS = (
    *("id", "url", "title", "authors", "year", "date", "venue", "arxiv_id", "doi", "citation_key"),
    *("categories", "keywords", "pdf_url", "license"),
)
"""Columns of its papers; files of earlier versions have the first three."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The table to read."""

    place: str
    """The file and the table, for positions."""
    query: str
    """The table in SQL."""
    columns: tuple[str, ...]
    """Those of its columns that are read."""


def chosen(
    source: Input, connection: Any, tables: Tables, views: Tables, quoted_name: Callable[[str], str]
) -> Chosen:
    """The table of `--table`, else the only one, else the only one with a title and an abstract.

    A view is computed from a query in the file, so it must be asked for by name. Raises UsageError with all
    names if the choice is unclear, and BadInput for a table with rows whose every abstract is null, as in a
    file of cards.
    """
    if _are_cards(tables, views) and source.options.table in (None, _CARDS):
        name = _CARDS
        columns = tuple(name for name in _OF_PAPERS if name in tables["papers"])
        query = _OF_CARDS.format(", ".join(f"papers.{quote(name)}" for name in columns))
        columns = (*columns, "abstract")
    else:
        name = _named(source, tables, views)
        query, columns = quoted_name(name), tables.get(name) or views[name]
    place = f"{source.name}:{name}"
    needed = source.columns.demand(columns, place)
    abstract = source.columns.choose(columns).abstract

    def any_row(condition: str) -> bool:
        sql = f"SELECT 1 FROM {query} WHERE {condition} LIMIT 1"  # noqa: S608
        found = computed(lambda: connection.execute(sql).fetchone(), place, connection.interrupt)
        return found is not None

    if (
        not source.options.fill_abstracts
        and isinstance(abstract, str)
        and not any_row(f"{quote(abstract)} IS NOT NULL")
        and any_row("1 = 1")
    ):
        raise BadInput(
            f'no row of its table "{name}" has an abstract',
            where=source.name,
            next_step="If it is a card file, give the source of its papers instead",
        )
    return Chosen(place, query, needed)


def _are_cards(tables: Tables, views: Tables) -> bool:
    return (
        _CARDS in views
        and {"number", "id", "url", "title"} <= {*tables.get("papers", ())}
        and {"paper", "abstract"} <= {*tables.get("abstracts", ())}
    )


def _named(source: Input, tables: Tables, views: Tables) -> str:
    wanted = source.options.table
    listed = f"Its tables: {quoted([*tables, *views])}"
    if not tables and not views:
        raise BadInput("has no tables", where=source.name)
    if wanted is not None:
        if wanted not in tables and wanted not in views:
            raise UsageError(f'has no table "{wanted}"', where=source.name, next_step=listed)
        return wanted
    if len(tables) == 1 and not views:
        return next(iter(tables))
    fitting = [name for name, names in tables.items() if source.columns.fit(names)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            "several tables have a title and an abstract",
            where=source.name,
            next_step=f"Choose one with --table. {listed}",
        )
    if fitting := [name for name, names in views.items() if source.columns.fit(names)]:
        raise UsageError(
            f"only a view has a title and an abstract: {quoted(fitting)}",
            where=source.name,
            next_step="A view is a query stored in the file. If you trust it, choose it with --table",
        )
    raise UsageError(
        "no table has a title and an abstract",
        where=source.name,
        next_step=f"Choose one with --table, and its columns with --column. {listed}",
    )


def quote(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
