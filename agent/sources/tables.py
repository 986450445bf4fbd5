"""Chooses the table of a database that contains papers, and its columns.

Knows no database.
"""

from collections.abc import Callable, Mapping
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


def choose_table(source: Input, tables: Tables, views: Tables) -> str:
    """The table that was asked for, else the only one, else the only one with a title and an abstract.

    Views are used if no table fits. Raises UsageError with all names if the choice is unclear.
    """
    wanted = source.options.table
    listed = f"Its tables are: {quoted([*tables, *views])}"
    if not tables and not views:
        raise BadInput("has no tables", where=source.name)
    if wanted is not None:
        if wanted not in tables and wanted not in views:
            raise UsageError(f'has no table "{wanted}"', where=source.name, next_step=listed)
        return wanted
    if len(tables) + len(views) == 1:
        return next(iter([*tables, *views]))
    for some in (tables, views):
        fitting = [name for name, names in some.items() if source.columns.fit(names)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise UsageError(
                "several tables have a title and an abstract",
                where=source.name,
                next_step=f"Choose one with --table. {listed}",
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
