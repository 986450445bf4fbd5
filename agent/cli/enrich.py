"""`papercards enrich`: writes a card for every paper in the sources."""

from pathlib import Path
from typing import Annotated

import typer

from ..runs.resources import choose_model
from . import batch as deferring
from .shared import options, wiring
from .shared import source_options as reading


def enrich(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Files or folders with papers, ids or queries (arxiv:ID), or '-' for standard input.",
            metavar="SOURCE...",
        ),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            parser=options.output,
            help="Output file; the extension sets the format (see papercards formats), and FOLDER/ writes a "
            "vault of notes. May be given several times. Default: JSONL on standard output.",
            metavar="FILE",
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
    limit: options.Limit = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    insecure: options.Insecure = None,
    taxonomy: options.Taxonomy = None,
    concurrency: options.Concurrency = None,
    timeout: options.Timeout = None,
    answer_tokens: options.AnswerTokens = None,
    reasoning_effort: options.ReasoningEffort = None,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    max_cost: options.MaxCost = None,
    price: options.Price = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Dry run: estimate calls, tokens and cost.")
    ] = False,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = None,
    offline: options.Offline = None,
    column: options.Columns = None,
    table: options.Table = None,
    category: options.Categories = None,
    sections: options.Sections = None,
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
    no_record: Annotated[
        bool, typer.Option("--no-record", help="Do not write NAME.run.json beside the first output.")
    ] = False,
) -> None:
    """Write a card for every paper in the sources."""
    from ..errors import UsageError
    from ..runs.job import Job
    from ..sinks import shaped
    from .estimate import print_estimate
    from .shared.check_outputs import check_outputs
    from .shared.drive import run

    chosen = wiring.settings(
        model=model,
        base_url=base_url,
        insecure=insecure,
        taxonomy=taxonomy,
        concurrency=concurrency,
        timeout_s=timeout,
        answer_tokens=answer_tokens,
        reasoning_effort=reasoning_effort,
        rpm=rpm,
        tpm=tpm,
        max_cost=max_cost,
        price=price,
        cache_dir=cache_dir,
        no_cache=no_cache,
        offline=offline,
    )
    output = list(shaped(output or [], excel=excel, name_notes=name_notes))
    check_outputs(sources, output)
    asked = reading.asked(
        chosen,
        column,
        table=table,
        category=category,
        sections=sections,
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
    if batch_api:
        deferring.submit(chosen, sources, output, options=asked)
        return
    job = Job(tuple(sources), tuple(output), asked, shards, record=not no_record)
    entry = choose_model(chosen)
    with wiring.resources(chosen) as resources:
        if estimate:
            print_estimate(resources.reader(entry), job.papers(), resources.price(entry))
            return
        code = run(job, resources, entry)
    if code:
        raise typer.Exit(code)
