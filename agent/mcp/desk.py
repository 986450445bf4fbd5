"""Makes the card of one paper for an agent, and estimates what a file would cost.

Only services, given texts, and files below one folder are read: what an agent asks for may come from a
paper's text, and what is read is sent to the model.

Knows sources and readers. Knows no protocol.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio

from ..card import Card
from ..errors import BadInput
from ..model.catalogue import Model
from ..pages.lookup import Refusal
from ..paper import Paper
from ..reading.reader import Reader
from ..runs.estimate import estimate
from ..runs.resources import Resources
from ..sources import BadRecord, Options, judgement, open_source
from ..sources.picking import one_paper
from ..sources.registry import reference

MOST_ESTIMATED = 100_000
"""Maximum papers that an estimate reads."""

SERVICES = frozenset({"arXiv", "Hugging Face papers", "OpenAlex", "Semantic Scholar", "Europe PMC"})
"""What is read by name: public services, and not a folder or the user's own library."""

T = TypeVar("T")
Tell = Callable[[str], Awaitable[None]]
"""Is told what happens now, in a few words."""


class Desk:
    """One model, one cache and one budget for all calls."""

    def __init__(
        self, resources: Resources, model: Model, asked: Options, folder: Path | None, timeout_s: float
    ) -> None:
        """`folder`: files below it may be read; None for no files. `timeout_s`: maximum seconds of a call."""
        self._resources = resources
        self._model = model
        self._asked = asked
        self._folder = folder.resolve() if folder is not None else None
        self._timeout_s = timeout_s
        self._reader: Reader | None = None

    async def card(self, source: str, title: str, abstract: str, pick: str | None, tell: Tell) -> Card:
        """The card of a paper by its source, or by title and abstract.

        Raises Refusal for a source that may not be read and after `timeout_s`; else what reading raises.
        """
        with self._limit():
            if source:
                await tell("reading the source")
                paper = await self._paper(source, pick)
            elif title and abstract:
                paper = Paper.of(title, abstract)
            else:
                raise Refusal("bad_request", "nothing to read", "Give a source, or a title and an abstract")
            if isinstance(bad := judgement(paper), BadRecord):
                raise BadInput(bad.reason, where=bad.where or paper.id)
            await tell(f"reading the paper with {self._model.name}")
            return (await self._own().read(paper)).card
        raise self._late()

    async def estimate(self, source: str) -> dict[str, Any]:
        """Papers, calls, tokens and cost of a source, without asking the model. Raises as `card` does."""
        with self._limit():
            spec = self._allowed(source)
            asked = replace(self._asked, limit=MOST_ESTIMATED)
            sums = await _in_thread(lambda: estimate(self._own(), open_source(spec, asked)))
            price = self._resources.price(self._model)
            return {
                "model": self._model.name,
                "papers": sums.papers,
                "unreadable": sums.unreadable,
                "cached": sums.cached,
                "calls": sums.calls,
                "prompt_tokens": sums.prompt_tokens,
                "completion_tokens": sums.completion_tokens,
                "cost_usd": None if price is None else round(sums.cost(price), 6),
                "most_cost_usd": None if price is None else round(sums.most(price), 6),
            }
        raise self._late()

    async def close(self) -> None:
        """Close the connections to the model."""
        if self._reader is not None:
            await self._reader.close()

    async def _paper(self, source: str, pick: str | None) -> Paper:
        spec = self._allowed(source)
        limit = None if pick is not None and not pick.isdigit() else max(2, int(pick or 1))
        asked = replace(self._asked, limit=limit)
        return await _in_thread(partial(one_paper, spec, pick, asked))

    def _allowed(self, source: str) -> str:
        """The source to open."""
        named_by = reference(source)
        if named_by is not None and named_by.name in SERVICES:
            return source
        named = "Name a paper, such as arxiv:2401.03955 or doi:10.1000/1, or give its title and abstract"
        if self._folder is None or named_by is not None:
            raise Refusal("bad_request", "not read by this server", named)
        path = (self._folder / source).resolve()
        if source == "-" or not path.is_relative_to(self._folder):
            raise Refusal("bad_request", "only files below the folder of this server are read", named)
        if not path.is_file():
            raise Refusal("not_found", "no such file below the folder of this server", named)
        return str(path)

    def _own(self) -> Reader:
        if self._reader is None:
            self._resources.budget(self._model)
            self._reader = self._resources.reader(self._model)
        return self._reader

    def _limit(self) -> anyio.CancelScope:
        return anyio.move_on_after(self._timeout_s)

    def _late(self) -> Refusal:
        return Refusal(
            "timed_out",
            f"not finished within {self._timeout_s:g} s",
            "Call it again, since finished steps are kept; for many papers, run papercards enrich",
        )


async def _in_thread(work: Callable[[], T]) -> T:
    """Run it in a thread, which is left alone if the call is cancelled: a source may wait for a network."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
