"""Chooses the table of a database that contains papers, and its columns.

Knows no database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput, UsageError
from .columns import quoted
from .interface import Input

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
    """The table to read, and its columns."""

    name: str
    columns: tuple[str, ...]
    query: str = ""
    """SQL to use in place of a table; empty for the table or view of that name."""


def choose_table(source: Input, tables: Tables, views: Tables) -> Chosen:
    """The table of `--table`, else the only one, else the only one with a title and an abstract.

    A view is computed from a query in the file, so it must be asked for by name. Raises UsageError with all
    names if the choice is unclear.
    """
    if _are_cards(tables, views) and source.options.table in (None, _CARDS):
        columns = tuple(name for name in _OF_PAPERS if name in tables["papers"])
        listed = ", ".join(f"papers.{quote(name)}" for name in columns)
        return Chosen(_CARDS, (*columns, "abstract"), _OF_CARDS.format(listed))
    name = _named(source, tables, views)
    return Chosen(name, tables.get(name) or views[name])


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


def check_abstracts(
    source: Input, table: str, names: tuple[str, ...], any_row: Callable[[str], bool]
) -> None:
    """Raise BadInput for a table with rows whose every abstract is null, as in a file of cards.

    `any_row` says whether a condition, in SQL, holds for any row.
    """
    abstract = source.columns.choose(names).abstract
    if source.options.fill_abstracts:
        return
    if not isinstance(abstract, str) or any_row(f"{quote(abstract)} IS NOT NULL") or not any_row("1 = 1"):
        return
    raise BadInput(
        f'no row of its table "{table}" has an abstract',
        where=source.name,
        next_step="If it is a card file, give the source of its papers instead",
    )


def quote(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
