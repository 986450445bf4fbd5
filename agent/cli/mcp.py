"""`papercards mcp`: cards for language-model agents, by the Model Context Protocol."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from ..configuration.places import cache_directory
from ..errors import importing
from ..runs.resources import choose_model, load_taxonomy
from .shared import options, source_options, terminal, wiring

PATIENCE_S = 20.0
"""Maximum seconds to wait for a service that limits the rate; the agent is told when to try again."""


@options.grouped
def mcp(
    cards: Annotated[
        Path | None, typer.Argument(help="A file with cards for the agent to search.", metavar="CARDS")
    ] = None,
    model: options.Model = None,
    *,
    flags: options.RunFlags,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder whose files may be read (default: none, only papers by id and given texts).",
            metavar="DIR",
        ),
    ] = None,
    http: Annotated[
        bool,
        typer.Option(
            "--http",
            help="Serve over HTTP on this machine instead of standard input and output. [env: "
            "PAPERCARDS_MCP_TOKEN, the token; default: a new one, printed]",
        ),
    ] = False,
    port: options.Port = None,
    call_timeout: Annotated[
        float, typer.Option(min=1, help="Maximum seconds of one call.", metavar="S")
    ] = 300.0,
) -> None:
    """Serve cards to language-model agents (MCP)."""
    import asyncio

    with importing("The MCP server", "mcp"):
        from ..mcp.desk import Desk
        from ..mcp.server import server
        from ..mcp.shelf import Shelf
    from ..pages.index.follow import Follower
    from ..pages.index.index_file import open_index

    chosen = wiring.settings(flags, model=model)
    asked = source_options.asked(chosen, patience_s=PATIENCE_S, judged=True)
    # Not that of the pages: it holds the cards that agents made, too.
    kept = cache_directory(chosen) / "mcp" if chosen.cache and cards is not None else None
    with ExitStack() as stack:
        resources = stack.enter_context(wiring.resources(chosen))
        index = stack.enter_context(open_index(cards or Path("cards.jsonl"), kept))
        follower = Follower(cards, index) if cards is not None else None
        if follower is not None:
            follower.start()
            stack.callback(follower.stop)
        desk = Desk(resources, choose_model(chosen), asked, folder, call_timeout)
        made = server(Shelf(index, follower), desk, load_taxonomy(chosen))

        async def run() -> None:
            try:
                if listening is None:
                    await made.run_stdio_async()
                else:
                    await serve(made, token, listening)
            finally:
                await desk.close()

        listening, token = None, ""
        if http:
            from ..mcp.http import PATH, serve
            from ..pages import serving
            from ..pages.guard import new_token
            from ..pages.reach import LOOPBACK

            token = os.environ.get("PAPERCARDS_MCP_TOKEN", "").strip()
            listening = serving.listen(port)
            stack.callback(listening.close)
            print(f"http://{LOOPBACK}:{listening.getsockname()[1]}{PATH}", flush=True)
            if not token:
                token = new_token()
                terminal.note(f"token: {token}")
        asyncio.run(run())
