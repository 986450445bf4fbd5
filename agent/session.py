"""The Python API: makes cards from a program, a notebook or a worker process.

`Session` takes its settings as arguments: no `papercards.toml`, no `PAPERCARDS_*` variables. Only the
provider's API key is read from the environment, as by the providers' own clients.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from .configuration.settings import Settings, pooled
from .errors import BadInput, UsageError
from .model.catalogue import OWN_KEY
from .model.keys import needed
from .model.providers import check
from .paper import Paper
from .runs.connections import Surroundings
from .runs.resources import Resources, choose_model

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from .card import Card
    from .model.leases import Renew
    from .reading.reader import Reader
    from .runs.batch import Outcome
    from .runs.counts import Counts
    from .runs.job import Job
    from .sources import BadRecord
    from .taxonomy import Taxonomy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """A paper or record without a card."""

    id: str
    """The paper's id; empty if the record is not a paper."""
    where: str
    """Place in the source, such as `library.bib:12`."""
    kind: str
    """`BadRecord`, `NoAbstract`, `PaperFailed` or `Duplicate`."""
    reason: str
    """Reason in one sentence."""


class Session:
    """A model, a taxonomy, a cache and a budget, for any number of papers.

    Use it in a `with` block, or in an `async with` block inside your own event loop; not in both at once. The
    synchronous methods also work if a loop is already running, as in a notebook: they run in a separate
    thread.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | Sequence[str] | None = None,
        pool: Sequence[Mapping[str, Any]] = (),
        plan: Literal["one-call", "decide"] | None = None,
        providers: Mapping[str, Mapping[str, Any]] | None = None,
        api_key: str | None = None,
        taxonomy: "str | Path | Taxonomy | None" = None,
        fields: str | Path | None = None,
        cache_dir: str | Path | None = None,
        models_dir: str | Path | None = None,
        cache: bool = True,
        offline: bool = False,
        concurrency: int | None = None,
        timeout_s: float | None = None,
        rpm: float | None = None,
        tpm: float | None = None,
        max_cost_usd: float | None = None,
        price: str | None = None,
        answer_tokens: int | None = None,
        reasoning_effort: str | None = None,
        summary: bool = True,
        endpoint: Mapping[str, Any] | None = None,
        insecure: bool = False,
        say: Callable[[str], None] | None = None,
        leases: "Renew | None" = None,
    ) -> None:
        """Take the settings; nothing is opened or sent yet.

        Args:
            model: `provider/model`, `baseline`, or an embedded one (default: `local/qwen2.5-coder-1.5b`).
            base_url: Address of an OpenAI-compatible endpoint (default: the provider's), or of several that
                serve the same model.
            pool: Such endpoints with weights, keys and limits, as in the `[[pool]]` tables of
                `papercards.toml`.
            plan: How a hosted model makes a card: `one-call` (default), or `decide` for decision endpoints.
            providers: Further providers, as in the `[providers]` tables of `papercards.toml`.
            api_key: Key for the endpoint, or for those of a pool without a `key` of their own (default: the
                provider's variable, such as `OPENAI_API_KEY`; at your own address, `PAPERCARDS_API_KEY`
                first).
            taxonomy: A taxonomy or its file (default: the shipped one).
            fields: A fields file, or the name of a shipped one (default: the card's own fields alone).
            cache_dir: Folder for answers and cards (default: the user's cache folder).
            models_dir: Folder for the weights of embedded models.
            cache: Whether to use the cache.
            offline: Use cached answers only; others are errors.
            concurrency: Papers processed in parallel (default: adapts to rate limits).
            timeout_s: Timeout of one request in seconds.
            rpm: Maximum requests per minute.
            tpm: Maximum tokens per minute.
            max_cost_usd: Maximum cost of all papers of the session in USD.
            price: USD per million tokens, `prompt/completion` (default: the published price).
            answer_tokens: Maximum tokens of one answer, reasoning included.
            reasoning_effort: `low`, `medium`, `high`, or another value of the endpoint.
            summary: Whether the embedded model, or one with the plan `decide`, writes the summary; else it is
                a sentence of the abstract.
            endpoint: Request parameters, as in the `[endpoint]` table of `papercards.toml`.
            insecure: Allow sending a key over http to another machine.
            say: Called with messages, such as what an endpoint refused (default: the logger
                `papercards`, level INFO).
            leases: Share `rpm`, `tpm`, `max_cost_usd` and the requests in flight with other workers: an async
                function that calls `renew` of the `papercards.model.lease_book.LeaseBook` that they share.

        Raises:
            UsageError: An unknown model, an invalid value, or a taxonomy that cannot be read.

        """
        urls = [base_url] if isinstance(base_url, str) else base_url or ()
        where: dict[str, Any] = pooled(urls, pool)
        given = taxonomy if not isinstance(taxonomy, str | Path) else None
        chosen = Settings(
            model=model,
            **where,
            plan=plan,
            providers=check(providers or {}, "providers"),
            taxonomy=str(taxonomy) if isinstance(taxonomy, str | Path) else None,
            fields=str(fields) if fields is not None else None,
            cache_dir=str(cache_dir) if cache_dir is not None else None,
            models_dir=str(models_dir) if models_dir is not None else None,
            concurrency=str(concurrency) if concurrency is not None else None,
            timeout_s=timeout_s,
            rpm=rpm,
            tpm=tpm,
            max_cost=max_cost_usd,
            price=price,
            answer_tokens=answer_tokens,
            reasoning_effort=reasoning_effort,
            summary=summary,
            endpoint=endpoint or {},
            offline=offline,
            cache=cache,
            insecure=insecure,
        )
        self._model = choose_model(chosen)
        variables = needed(self._model, os.environ, chosen.pool)
        if api_key is not None:
            variables |= dict.fromkeys((OWN_KEY, self._model.key_variable or OWN_KEY), api_key)
        surroundings = Surroundings(variables, leases=leases)
        if say is not None:
            surroundings = replace(surroundings, say=say)
        self._resources = Resources(chosen, surroundings, given)
        self._own: tuple[asyncio.AbstractEventLoop, Reader] | None = None
        self._portal: BlockingPortal | None = None
        self._portal_context: Any = None
        self._closed = False

    @property
    def model(self) -> str:
        """Name of the model, `provider/model`."""
        return self._model.name

    @property
    def resources(self) -> Resources:
        """What the session reads with, for engines."""
        return self._resources

    @property
    def taxonomy(self) -> "Taxonomy":
        """The labels that cards can have."""
        return self._resources.taxonomy

    # One paper

    def read(self, paper: Paper | None = None, *, title: str = "", abstract: str = "") -> "Card":
        """Make the card of one paper, or of a title and an abstract.

        Raises PaperFailed if the model gave none, BadInput if the text is not an abstract, BudgetSpent,
        EndpointError, UsageError.
        """
        return self._call(lambda: self.aread(paper, title=title, abstract=abstract))

    async def aread(self, paper: Paper | None = None, *, title: str = "", abstract: str = "") -> "Card":
        """Like `read`, in a running event loop; many calls can run at once."""
        from .sources import BadRecord, judgement

        if paper is None:
            if not title or not abstract:
                raise UsageError("nothing to read", next_step="Give a paper, or a title and an abstract")
            paper = Paper.of(title, abstract)
        if isinstance(bad := judgement(paper), BadRecord):
            raise BadInput(bad.reason, where=bad.where or paper.id)
        reading = await self._reader().read(paper)
        return reading.card

    # Many papers

    def run(
        self,
        papers: "Iterable[Paper | BadRecord]",
        *,
        judge: bool = True,
        engine: str | None = None,
        workers: int | None = None,
        cache: str | None = None,
    ) -> "Iterator[Card | Failure]":
        """Cards of many papers: one outcome for each record, in order, as soon as it is available.

        Memory does not grow with the number of papers. With `judge`, a record that does not look like a paper
        is a Failure and is not sent. Raises the error that every paper met (EndpointError, BudgetSpent,
        StorageError) after the last outcome; answers so far are in the cache.

        `engine`: `ray` or `ray=ADDRESS`, to use the workers of a Ray cluster (default: one a CPU). Outcomes
        then come in any order, and answers are kept in `cache`, a folder or address that all nodes see.
        """
        if engine is not None:
            yield from self._on_ray(papers, engine, workers, cache, judge=judge)
            return
        outcomes = self.arun(papers, judge=judge)

        async def following() -> "Card | Failure | None":
            return await anext(outcomes, None)

        try:
            while (outcome := self._call(following)) is not None:
                yield outcome
        finally:
            self._call(outcomes.aclose)

    def _on_ray(
        self,
        papers: "Iterable[Paper | BadRecord]",
        engine: str,
        workers: int | None,
        cache: str | None,
        *,
        judge: bool,
    ) -> "Iterator[Card | Failure]":
        from .card import Card
        from .engines.ray import Engine, outcomes

        asked = Engine.of(engine, workers, cache)
        for line, failure in outcomes(self._resources, self._model, papers, asked, judge=judge):
            if line is not None:
                yield Card.model_validate_json(line)
            else:
                yield Failure(failure["id"], failure["where"], failure["error"], failure["message"])

    async def arun(
        self, papers: "Iterable[Paper | BadRecord]", *, judge: bool = True
    ) -> "AsyncGenerator[Card | Failure, None]":
        """Like `run`, in a running event loop. The source is read in a thread."""
        from .runs.batch import Batch

        reader = self._reader()
        self._resources.budget(self._model)
        finished = self._resources.finished(reader, judged=judge)
        batch = Batch(reader, self._resources.concurrency(self._model), finished, judge=judge)
        complete = False
        try:
            async for outcomes in batch.run(papers):
                for outcome in outcomes:
                    if (known := _outcome(outcome)) is not None:
                        yield known
            complete = batch.ended is None
        finally:
            if not complete:
                batch.stop()
                await self._close_reader()  # one that was stopped reads no more
        if batch.ended is not None:
            raise batch.ended

    def enrich(self, job: "Job") -> "Counts":
        """Write the cards of sources to outputs, like `papercards enrich`.

        Raises what `run` raises, and StorageError if an output cannot be written.
        """
        from .runs.job import Watcher

        watcher = Watcher()
        job.run(self._resources, self._model, lambda batch, work: self._call(work), watcher)
        return watcher.counts

    # Opening and closing

    def close(self) -> None:
        """Stop the embedded server and close the cache. Further papers raise UsageError."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._portal is not None:
                with suppress(RuntimeError):
                    self._portal.call(self._close_reader)
                self._portal_context.__exit__(None, None, None)
        finally:
            self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._close_reader()
        await asyncio.to_thread(self.close)

    def _reader(self) -> "Reader":
        """The reader of the running loop: connections belong to a loop."""
        if self._closed:
            raise UsageError("the session is closed", next_step="Open a new one")
        loop = asyncio.get_running_loop()
        if self._own is None or self._own[0] is not loop:
            self._own = (loop, self._resources.reader(self._model))
        return self._own[1]

    async def _close_reader(self) -> None:
        if self._own is not None and self._own[0] is asyncio.get_running_loop():
            await self._own[1].close()
            self._own = None

    def _call(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run a function in the session's own loop, in a separate thread."""
        if self._closed:
            raise UsageError("the session is closed", next_step="Open a new one")
        if self._portal is None:
            from anyio.from_thread import start_blocking_portal

            self._portal_context = start_blocking_portal()
            self._portal = self._portal_context.__enter__()
        return self._portal.call(function)


def _outcome(outcome: "Outcome") -> "Card | Failure | None":
    from .runs.batch import Done, Untouched

    if isinstance(outcome, Done):
        return outcome.reading.card
    if isinstance(outcome, Untouched):
        return None
    return Failure(outcome.id, outcome.where, outcome.error, outcome.message)
