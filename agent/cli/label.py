"""`papercards label`: makes a label file from the work of annotators."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadInput, UsageError
from ..text.wording import counted, did_you_mean
from .command_help import Commands, example
from .shared import options, terminal
from .shared.papers import SOURCE, SPLIT, papers, written

app = typer.Typer(cls=Commands, help="Make a label file from the work of annotators.", no_args_is_help=True)


@app.command("export", epilog=example("papercards label export work.jsonl -o labels.jsonl"))
@options.grouped
def export(
    work: Annotated[Path, typer.Argument(help="The file written by serve --label.", metavar="WORK.jsonl")],
    output: Annotated[Path, options.to_file("Label file to write.")],
    split: SPLIT = "dev",
    annotator: Annotated[
        list[str] | None,
        typer.Option(
            help="Only the passes of this annotator; may be given several times (default: all annotators).",
            metavar="NAME",
        ),
    ] = None,
    source: SOURCE = None,
    *,
    source_flags: options.SourceFlags,
) -> None:
    """Export labels of papers that all annotators have finished; --source adds the abstracts."""
    from ..review.double import records
    from ..review.merging import Outcome
    from ..review.passes import Passes

    if not work.exists():
        raise UsageError("no such file", where=str(work))
    passes = Passes(work)
    unknown = [name for name in annotator or [] if name not in passes.annotators]
    if unknown:
        known = ", ".join(passes.annotators) or "nobody"
        raise UsageError(
            f"no work by {unknown[0]} in this file",
            where=str(work),
            next_step=did_you_mean(unknown[0], passes.annotators) or f"Annotators: {known}",
        )
    known_papers = {one.id: one for one in papers(source, source_flags)} if source else None
    made, left_out = records(passes, split, known_papers, annotator or ())
    for reason in left_out:
        terminal.note(f"papercards: {reason}: skipped")
    if not made:
        raise BadInput("no paper was finished by all annotators", where=str(work))
    outcome = written(output, lambda write: Outcome(changed=len(list(map(write, made)))))
    people = sorted({reading.annotator for record in made for reading in record.labels})
    terminal.note(f"{counted(outcome.changed, 'paper')} by {', '.join(people)} → {output}")
