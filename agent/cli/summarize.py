"""`papercards summarize`: prints the card of one paper."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadInput, UsageError
from ..runs.resources import choose_model
from .shared import options, source_options, terminal, wiring

if TYPE_CHECKING:
    from ..card import Card


@options.grouped
def summarize(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A file with papers, the id of a paper (arxiv:ID), or '-' for standard input (title, blank "
            "line, abstract).",
            metavar="SOURCE",
        ),
    ] = None,
    pick: Annotated[
        str | None,
        typer.Option(
            help="Which paper of the source: its number, counted from 1, or part of its title.",
            metavar="N|TITLE",
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title of the paper, instead of a source.", metavar="TEXT")
    ] = None,
    abstract: Annotated[
        str | None, typer.Option(help="Abstract of the paper, instead of a source.", metavar="TEXT")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
    model: options.Model = None,
    *,
    flags: options.ModelFlags,
    source_flags: options.SourceFlags,
    force: options.Force = False,
) -> None:
    """Print the card of one paper."""
    import asyncio

    from ..paper import Paper, paper_id
    from ..sources import BadRecord, judgement
    from ..sources.picking import one_paper

    chosen = wiring.settings(flags, model=model)
    if source is None:
        if not title or not abstract:
            raise UsageError("nothing to summarize", next_step="Give a SOURCE, or --title and --abstract")
        paper = Paper(paper_id(title, abstract), title, abstract, where="--abstract")
        if not force and isinstance(bad := judgement(paper), BadRecord):
            raise BadInput(bad.reason, where=bad.where)
    else:
        # One paper more than is wanted, so that it shows where there are several.
        limit = None if pick is not None and not pick.isdigit() else max(2, int(pick or 1))
        paper = one_paper(
            source,
            pick,
            source_options.asked(chosen, source_flags, limit=limit, judged=not force),
        )
        if found_at := paper.publication.abstract_source:
            terminal.note(f"abstract from {found_at}")
    with wiring.resources(chosen) as session:
        entry = choose_model(chosen)
        reader = session.reader(entry)
        if entry.file is None and entry.plan != "baseline":
            terminal.note(f"1 paper with {wiring.named(entry, chosen.pool)}")

        async def read() -> "Card":
            try:
                return (await reader.read(paper)).card
            finally:
                await reader.close()

        card = asyncio.run(read())
    if json:
        print(terminal.shown(card.to_json().encode()).decode())
    else:
        terminal.print_card(card)
