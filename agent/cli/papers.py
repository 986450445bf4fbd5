"""Papers beside cards: where they come from, where corrections lie, and label files made of both."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from . import reading, wiring

if TYPE_CHECKING:
    from ..evals.labels import LabelRecord
    from ..paper import Paper
    from ..review.merging import Outcome
    from ..sources import Options

SOURCE = Annotated[
    list[str] | None,
    typer.Option("--source", help="Where the papers came from; may repeat.", metavar="SOURCE"),
]
SPLIT = Annotated[Literal["train", "dev", "test"], typer.Option("--split", help="What the labels are for.")]
SOURCES = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        help="Where the papers came from, for their abstracts; may repeat. None: the shipped papers.",
        metavar="SOURCE",
    ),
]


def beside(cards: Path) -> Path:
    """Where the corrections of a file of cards are, unless somebody says otherwise.

    Raises UsageError for a link there, which nobody has named.
    """
    from ..errors import UsageError
    from ..sinks import destination

    path = destination(cards)[1]
    path = path.with_name(f"{path.stem}.review.jsonl")
    if path.is_symlink():
        raise UsageError("is a link", where=str(path), next_step="Name the file itself, or delete the link")
    return path


def abstracts(sources: list[str], asked: "Options") -> "Iterator[Paper]":
    """The papers of all sources that can be read, or the shipped ones where there is no source.

    Raises what opening a source raises, at the call.
    """
    from importlib import resources

    from ..job import Job
    from ..sources import BadRecord

    shipped = resources.files("papercards.evals") / "corpus" / "hf-papers-listing.txt"
    records = Job(tuple(sources or [str(shipped)]), options=asked).papers()
    return (record for record in records if not isinstance(record, BadRecord))


def papers(
    source: list[str] | None, column: list[str] | None, table: str | None, sections: str | None
) -> "Iterator[Paper]":
    """The papers of all sources that can be read; none where there is no source."""
    if source:
        asked = reading.asked(wiring.settings(), column, table=table, sections=sections)
        yield from abstracts(source, asked)


def written(output: Path, make: "Callable[[Callable[[LabelRecord], None]], Outcome]") -> "Outcome":
    """Whatever `make` writes of labels, in a file that is whole or not there."""
    from ..review.writing import LabelFile

    file = LabelFile(output)
    try:
        outcome = make(file.write)
        file.close()
    finally:
        file.abandon()
    return outcome
