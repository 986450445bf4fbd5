"""`papercards enrich`: writes a card for every paper in the sources."""

from pathlib import Path
from typing import Annotated

import typer

from . import deferring, options, reading, terminal, wiring


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
    no_record: Annotated[
        bool, typer.Option("--no-record", help="Do not write NAME.run.json beside the first output.")
    ] = False,
) -> None:
    """Write a card for every paper in the sources."""
    from ..errors import UsageError
    from .check_outputs import check_outputs
    from .estimating import print_estimate
    from .recording import Recording
    from .running import count, papers
    from .writing import finish, write_cards

    chosen = wiring.settings(
        model=model,
        base_url=base_url,
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
            "standard output cannot be split into shards",
            where="--shards",
            next_step="Give an output file with -o",
        )
    if batch_api:
        deferring.submit(chosen, sources, output or [], options=asked)
        return
    records = papers(sources, asked)
    total = None if estimate else count(sources, asked)
    entry = wiring.choose_model(chosen)
    with wiring.session(chosen) as session:
        reader = session.reader(entry)
        if estimate:
            print_estimate(reader, records, session.price(entry))
            return
        session.budget(entry)
        counter = terminal.Counter(total, free=entry.plan == "baseline")
        terminal.note(wiring.first_line(total, entry))
        record = Recording(session, entry, reader, sources, output or [], options=asked, shards=shards)
        whole = write_cards(
            reader,
            records,
            session.concurrency(entry),
            counter,
            output or [],
            finished=session.finished(reader),
            shards=shards,
            sources=sources,
            record=None if no_record else record,
        )
    finish(counter, output or [], whole=whole, shards=shards)
