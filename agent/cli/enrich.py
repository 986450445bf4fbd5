"""`papercards enrich`: writes a card for every paper in the sources."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..runs.resources import choose_model
from . import batch
from .shared import options, source_options, wiring

if TYPE_CHECKING:
    from ..runs.part import Part


@options.grouped
def enrich(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Files or folders with papers, ids or queries (arxiv:ID), or '-' for standard input.",
            metavar="SOURCE",
        ),
    ],
    output: Annotated[
        list[Path] | None,
        options.outputs(
            "Output file; the extension sets the format (see papercards formats), and FOLDER/ writes a "
            "vault of notes. May be given several times. Default: JSONL on standard output."
        ),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=99_999,
            help="Split the output into N files, named cards-00000-of-0000N.jsonl.",
            metavar="N",
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            help="Process only part K of N, for several machines; writes cards.part-K-of-N.jsonl. Join the "
            "parts with papercards merge.",
            metavar="K/N",
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="Spread the papers over the workers of a Ray cluster: ray, or ray=ADDRESS. Output and cache "
            "are then folders that all nodes see, by path or address (s3://...).",
            metavar="ray[=ADDRESS]",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=10_000,
            help="Workers of --engine (default: one a CPU; with an embedded model, one a node).",
            metavar="N",
        ),
    ] = None,
    limit: options.Limit = None,
    model: options.Model = None,
    *,
    flags: options.RunFlags,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Dry run: estimate calls, tokens and cost.")
    ] = False,
    source_flags: options.SourceFlags,
    category: options.Categories = None,
    force: options.Force = False,
    batch_api: Annotated[
        bool,
        typer.Option(
            "--batch-api",
            help="Use the provider's batch API: half the price, answered within a day. Get the cards with "
            "papercards batch collect.",
        ),
    ] = False,
    excel: options.Excel = False,
    name_notes: options.NameNotes = "title",
    keep_duplicates: Annotated[
        bool,
        typer.Option(
            "--keep-duplicates",
            help="Read every record of a paper that occurs several times, instead of giving them one card.",
        ),
    ] = False,
    no_record: Annotated[
        bool, typer.Option("--no-record", help="Do not write NAME.run.json beside the first output.")
    ] = False,
) -> None:
    """Write a card for every paper in the sources."""
    from ..runs.job import Job
    from ..sinks import shaped
    from .estimate import print_estimate
    from .shared.check_outputs import check_outputs
    from .shared.drive import run

    chosen = wiring.settings(flags, model=model)
    output = list(shaped(output or [], excel=excel, name_notes=name_notes))
    own = _part(part, output, shards) if part is not None else None
    if own is not None:
        output = [own.path(output[0])]
    if engine is None:
        check_outputs(sources, output)
    asked = source_options.asked(
        chosen,
        source_flags,
        category=category,
        limit=limit,
        judged=not force,
        outputs=output,
    )
    if shards is not None and not output:
        raise UsageError(
            "standard output cannot be split into shards",
            where="--shards",
            next_step="Give an output file with -o",
        )
    if batch_api and keep_duplicates:
        raise UsageError("--keep-duplicates cannot be combined with --batch-api")
    if batch_api and engine is not None:
        raise UsageError("--engine cannot be combined with --batch-api")
    if batch_api:
        batch.submit(chosen, sources, output, options=asked)
        return
    job = Job(
        tuple(sources),
        tuple(output),
        asked,
        shards,
        not no_record,
        own,
        keep_duplicates=keep_duplicates,
    )
    entry = choose_model(chosen)
    if (engine is not None or workers is not None) and not estimate:
        from .shared.ray_run import run_on_ray

        if code := run_on_ray(job, chosen, entry, engine or "", workers):
            raise typer.Exit(code)
        return
    with wiring.resources(chosen) as resources:
        if estimate:
            named = wiring.named(entry, chosen.pool)
            price = resources.price(entry)
            print_estimate(named, resources.reader(entry), job.papers(), price, chosen.pool)
            return
        code = run(job, resources, entry)
    if code:
        raise typer.Exit(code)


def _part(text: str, output: list[Path], shards: int | None) -> "Part":
    """The part to process. Raises UsageError if it could not be merged later."""
    from ..runs.part import Part
    from ..sinks import destination

    part = Part.parse(text)
    if len(output) != 1 or shards is not None or destination(output[0])[0].name != "jsonl":
        raise UsageError(
            "a part is written to one JSONL file",
            where="--part",
            next_step="Give -o cards.jsonl; papercards merge writes other formats",
        )
    return part
