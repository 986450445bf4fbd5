"""`papercards enrich`: a card for every paper of the sources."""

from pathlib import Path
from typing import Annotated

import typer

from ..resources import choose_model
from . import deferring, options, reading, wiring


def enrich(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Files or folders with papers, names of papers (arxiv:ID), or '-' (standard input).",
            metavar="SOURCE...",
        ),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            parser=options.output,
            help="Where the cards go, by extension, as papercards formats lists them; FOLDER/ is a vault of "
            "notes; may repeat. None: JSONL on standard output.",
            metavar="FILE",
        ),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=99_999,
            help="Deal the cards out to N files, as cards-00000-of-0000N.jsonl.",
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
        bool, typer.Option("--estimate", help="Say what it would send and cost; send nothing.")
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
            help="Send the questions as the provider's batch, answered within a day at half the price; "
            "papercards batch collect gets the cards.",
        ),
    ] = False,
    no_record: Annotated[
        bool, typer.Option("--no-record", help="Write no NAME.run.json beside the first output.")
    ] = False,
) -> None:
    """Write a card for every paper of the sources."""
    from ..errors import UsageError
    from ..job import Job
    from .check_outputs import check_outputs
    from .estimating import print_estimate
    from .running import run

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
    check_outputs(sources, output or [])
    asked = reading.asked(
        chosen,
        column,
        table=table,
        category=category,
        sections=sections,
        limit=limit,
        judged=not force,
        outputs=output or (),
    )
    if shards is not None and not output:
        raise UsageError(
            "standard output cannot be sharded", where="--shards", next_step="Name a file with -o"
        )
    if batch_api:
        deferring.submit(chosen, sources, output or [], options=asked)
        return
    job = Job(tuple(sources), tuple(output or ()), asked, shards, record=not no_record)
    entry = choose_model(chosen)
    with wiring.resources(chosen) as resources:
        if estimate:
            print_estimate(resources.reader(entry), job.papers(), resources.price(entry))
            return
        code = run(job, resources, entry)
    if code:
        raise typer.Exit(code)
