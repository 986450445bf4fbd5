"""The tools and resources that agents see.

Descriptions are short on purpose: they fill the context of every conversation.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from importlib import metadata
from typing import Annotated, Any

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from ..errors import PapercardsError
from ..pages.lookup import Refusal
from ..taxonomy import Taxonomy
from .answers import UNTRUSTED, answer, evidence, marked, refused, whole
from .desk import Desk
from .shelf import MOST_CARDS, Shelf

INSTRUCTIONS = (
    "Cards of research papers: a summary and tags (task, modality, contribution, claims, code, data, "
    "weights), each claim with the sentence that makes it. Use find_cards first. make_card asks a model and "
    "may cost money: call estimate before. For many papers, run `papercards enrich` in a shell. " + UNTRUSTED
)

BEAT_S = 5.0
"""Seconds between two notes of progress, so that clients see that a call is alive."""

Source = Annotated[str, Field(description="arxiv:ID, doi:ID, openalex:ID, s2:ID, or a file below the folder")]
Words = Annotated[str, Field(description='Words to search; "a phrase"; -without')]
Where = Annotated[
    dict[str, str] | None,
    Field(
        description="Filters: task, modality, contribution, code, data, weights, claim, year, venue, author"
    ),
]
_LOOK = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_ASK = ToolAnnotations(read_only_hint=True, open_world_hint=True)
_MAKE = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)


Work = Callable[[Callable[[str], Awaitable[None]]], Awaitable[Mapping[str, Any]]]


def server(shelf: Shelf, desk: Desk, taxonomy: Taxonomy) -> MCPServer[Any]:
    """The server; a call that takes long does not hold up another."""
    made: MCPServer[Any] = MCPServer(
        "papercards", instructions=INSTRUCTIONS, version=metadata.version("papercards"), log_level="ERROR"
    )

    @made.tool(annotations=_MAKE)
    async def make_card(
        ctx: Context[Any, Any],
        source: Source = "",
        title: str = "",
        abstract: str = "",
        pick: Annotated[str | None, Field(description="Number or part of a title, in a file")] = None,
    ) -> CallToolResult:
        """Make the card of one paper: of a source, or of a title and abstract. Asks a model unless cached."""

        async def work(tell: Callable[[str], Awaitable[None]]) -> Mapping[str, Any]:
            card = await desk.card(source, title, abstract, pick, tell)
            shelf.add(card)
            return marked({"card": whole(card)})

        return await _alive(ctx, work)

    @made.tool(annotations=_ASK)
    async def estimate(ctx: Context[Any, Any], source: Source) -> CallToolResult:
        """Papers, model calls, tokens and USD of a source. Asks no model."""
        return await _alive(ctx, lambda tell: desk.estimate(source))

    @made.tool(annotations=_LOOK)
    async def find_cards(
        words: Words = "",
        where: Where = None,
        limit: Annotated[int, Field(ge=1, description=f"At most {MOST_CARDS}")] = 10,
        skip: Annotated[int, Field(ge=0)] = 0,
    ) -> CallToolResult:
        """Find cards; best match first, or newest first without words. Go on with skip = next_skip."""
        return await _looked(lambda: marked(shelf.find(words, where or {}, skip, limit)))

    @made.tool(annotations=_LOOK)
    async def get_card(card_id: Annotated[str, Field(description="Id from find_cards")]) -> CallToolResult:
        """The whole card of a paper."""
        return await _looked(lambda: marked({"card": whole(shelf.card(card_id))}))

    @made.tool(annotations=_LOOK)
    async def get_evidence(
        card_id: Annotated[str, Field(description="Id from find_cards")],
    ) -> CallToolResult:
        """The sentences behind the statements of a card, to quote; offsets are characters of the abstract."""

        def found() -> Mapping[str, Any]:
            card = shelf.card(card_id)
            return marked({"id": card.id, "title": card.title, "evidence": evidence(card)})

        return await _looked(found)

    @made.tool(annotations=_LOOK)
    async def corpus_stats(
        by: Annotated[str, Field(description="One of the fields of `where`")] = "task",
        words: Words = "",
        where: Where = None,
    ) -> CallToolResult:
        """Number and share of cards for each value of a field, such as by="code", where={"year": "2024"}."""
        return await _looked(lambda: marked(shelf.counts(by, words, where or {})))

    @made.resource("card://{card_id}", mime_type="application/json", description="A card. " + UNTRUSTED)
    def card(card_id: str) -> str:
        try:
            return shelf.card(card_id).to_json()
        except Refusal as error:
            raise ResourceNotFoundError(error.message) from None

    @made.resource("taxonomy://current", mime_type="application/json", description="Labels and definitions.")
    def labels() -> str:
        return json.dumps(
            {name: dict(labels) for name, labels in taxonomy.labels.items()}, ensure_ascii=False
        )

    return made


async def _looked(look: Callable[[], Mapping[str, Any]]) -> CallToolResult:
    """The result of a look-up, which runs in a thread."""
    try:
        return answer(await anyio.to_thread.run_sync(look))
    except (PapercardsError, Refusal) as error:
        return refused(error)


async def _alive(ctx: Context[Any, Any], work: Work) -> CallToolResult:
    """The result of work that may take long; progress is reported while it runs."""
    said, began = "starting", anyio.current_time()

    async def report() -> None:
        # A client may not want progress, or may have gone.
        with suppress(Exception):
            await ctx.report_progress(round(anyio.current_time() - began, 1), None, said)

    async def tell(text: str) -> None:
        nonlocal said
        said = text
        await report()

    async def beat() -> None:
        while True:
            await anyio.sleep(BEAT_S)
            await report()

    async with anyio.create_task_group() as group:
        group.start_soon(beat)
        try:
            result = answer(await work(tell))
        except (PapercardsError, Refusal) as error:
            result = refused(error)
        group.cancel_scope.cancel()
    return result
