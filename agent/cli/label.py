"""`papercards label`: the work of annotators made into a label file."""

from pathlib import Path
from typing import Annotated

import typer

from . import options, terminal
from .papers import SOURCE, SPLIT, papers, written

app = typer.Typer(help="Make label files of what annotators have said.", no_args_is_help=True)


@app.command("export")
def export(
    work: Annotated[Path, typer.Argument(help="What serve --label has written.", metavar="WORK.jsonl")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The label file.", metavar="FILE")],
    split: SPLIT = "dev",
    annotator: Annotated[
        list[str] | None,
        typer.Option(help="Only this one's passes; may repeat. None: everybody's.", metavar="NAME"),
    ] = None,
    source: SOURCE = None,
    column: options.Columns = None,
    table: options.Table = None,
    sections: options.Sections = None,
) -> None:
    """Write labels of the papers that every annotator has finished; --source adds their abstracts."""
    from ..errors import BadInput, UsageError
    from ..review.double import records
    from ..review.merging import Outcome
    from ..review.passes import Passes

    if not work.exists():
        raise UsageError("there is no such file", where=str(work))
    passes = Passes(work)
    unknown = [name for name in annotator or [] if name not in passes.annotators]
    if unknown:
        known = ", ".join(passes.annotators) or "nobody"
        raise UsageError(f"{unknown[0]} has no work in it", where=str(work), next_step=f"It has: {known}")
    known_papers = {one.id: one for one in papers(source, column, table, sections)} if source else None
    made, left_out = records(passes, split, known_papers, annotator or ())
    for reason in left_out:
        terminal.note(f"papercards: {reason}: left out")
    if not made:
        raise BadInput("no paper is finished by every annotator", where=str(work))
    outcome = written(output, lambda write: Outcome(changed=len(list(map(write, made)))))
    people = sorted({reading.annotator for record in made for reading in record.labels})
    terminal.note(f"{outcome.changed} papers by {', '.join(people)} → {output}")
