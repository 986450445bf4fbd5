"""Papers that belong to cards: their sources, the path of corrections, and label files made from both."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...configuration.settings import Settings
from ...errors import UsageError
from . import source_options, wiring
from .options import SourceFlags

if TYPE_CHECKING:
    from ...evals.label_file import LabelRecord
    from ...paper import Paper
    from ...review.merging import Outcome
    from ...sources import Options

SOURCE = Annotated[
    list[str] | None,
    typer.Option("--source", help="A source of the papers; may be given several times.", metavar="SOURCE"),
]
SPLIT = Annotated[
    Literal["train", "dev", "test"],
    typer.Option("--split", help="Split that the labels belong to.", metavar="SPLIT"),
]
SOURCES = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        help="A source of the papers, for their abstracts; may be given several times (default: the papers "
        "shipped with papercards).",
        metavar="SOURCE",
    ),
]


def beside(cards: Path) -> Path:
    """The default path of the corrections to a card file.

    Raises UsageError if there is a link, which is not followed.
    """
    from ...sinks import destination

    path = destination(cards)[1]
    path = path.with_name(f"{path.stem}.review.jsonl")
    if path.is_symlink():
        raise UsageError(
            "is a symbolic link", where=str(path), next_step="Give the file itself, or delete the link"
        )
    return path


def abstracts(sources: list[str], asked: "Options") -> "Iterator[Paper]":
    """The readable papers of all sources; the shipped papers if no source is given.

    Raises what `open_source` raises, at the call.
    """
    from importlib import resources

    from ...runs.job import Job
    from ...sources import readable

    shipped = resources.files("papercards.evals") / "corpus" / "hf-papers-listing.txt"
    return readable(Job(tuple(sources or [str(shipped)]), options=asked).papers())


def papers(source: list[str] | None, flags: SourceFlags) -> "Iterator[Paper]":
    """The readable papers of all sources; nothing if no source is given."""
    if source:
        asked = source_options.asked(wiring.settings(), flags)
        yield from abstracts(source, asked)


def of_source(
    source: str, column: list[str] | None = None, chosen: Settings | None = None
) -> "Iterator[Paper]":
    """The readable papers of one source; the settings default to those without flags."""
    from ...sources import open_source, readable

    asked = source_options.asked(chosen or wiring.settings(), SourceFlags(column))
    return readable(open_source(source, asked))


def written(output: Path, make: "Callable[[Callable[[LabelRecord], None]], Outcome]") -> "Outcome":
    """Write the labels that `make` passes on to a file, atomically, each without its empty fields."""
    from ...sinks.files import PartialFile

    output.parent.mkdir(parents=True, exist_ok=True)
    file = PartialFile(output)
    try:
        outcome = make(lambda one: file.append(one.model_dump_json(exclude_none=True).encode() + b"\n"))
        file.commit()
    finally:
        file.abandon()
    return outcome
