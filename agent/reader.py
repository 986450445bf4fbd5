"""One paper in, one card out: prompt, cache, ask, check, card. Read it in one sitting.

A reader is what `batch` runs over many papers and `summarize` over one. `ModelReader` asks a model once a
paper; `BaselineReader` asks none. Both end in a `Draft` that `evidence` turns into a card, so the cards are
alike.

Knows no files and no other papers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from pydantic import BaseModel

from . import evidence
from .answers import WrongAnswer, answer_type, give_up, parse
from .cache import Answer, Cache, Part
from .call import Caller, Reply
from .card import Card, Provenance, Tokens
from .draft import Draft
from .errors import PaperFailed
from .models import BASELINE, Model
from .paper import Paper
from .prompting import Prompt, Shown, card_prompt
from .taxonomy import Taxonomy
from .text import digest, visible

CHARACTERS_PER_TOKEN = 3
"""Few, so that what is measured to fit does fit."""

ANSWER_TOKENS = 900


@dataclass(frozen=True, slots=True)
class Reading:
    """A card, and what this run spent on it; an answer from the cache costs a run nothing."""

    card: Card
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    """None: the price is not known."""


class Reader(Protocol):
    """Makes cards."""

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper. Raises PaperFailed for this paper alone."""
        ...

    async def close(self) -> None:
        """Let go of what was opened for reading."""
        ...


class BaselineReader:
    """Cards without a model: similarity, rules and fitted weights, in milliseconds."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        from .baseline import Baseline  # reads its fitted parameters

        self._tagger = Baseline(taxonomy)
        self._provenance = Provenance(
            model=BASELINE.name,
            prompt=f"baseline@{self._tagger.version}",
            taxonomy=taxonomy.version,
            created="",
            cost_usd=0.0,
        )

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper."""
        flags = ("hidden-characters",) if visible(f"{paper.title}{paper.abstract}")[1] else ()
        draft = self._tagger.tag(paper)
        marked = replace(draft, flags=draft.flags + flags)
        return Reading(evidence.build(paper, marked, self._provenance))

    async def close(self) -> None:
        """Nothing was opened."""


class ModelReader:
    """Cards from one structured call a paper, every answer kept in the cache.

    `connect` gives the caller; it is awaited on the first cache miss, so that a run
    which the cache can serve starts no server and needs no key. `repeat` numbers independent answers to the
    same question.
    """

    def __init__(
        self,
        model: Model,
        taxonomy: Taxonomy,
        connect: "Callable[[ModelReader], Awaitable[Caller]]",
        cache: Cache | None,
        *,
        endpoint: str,
        offline: bool = False,
        repeat: int = 0,
    ) -> None:
        self.model = model
        self._kinds: dict[int | None, tuple[type[BaseModel], str]] = {}
        self.prompt: Prompt = card_prompt(taxonomy, answer_type(taxonomy).model_json_schema())
        self._budget = _budget(model, self.prompt)
        self._taxonomy = taxonomy
        self._connect = connect
        self._cache = cache
        self._offline = offline
        self._caller: Caller | None = None
        self._connecting = asyncio.Lock()
        self._asking: dict[str, asyncio.Future[tuple[Answer, Draft]]] = {}
        self._parts: dict[str, Part] = {
            "endpoint": endpoint,
            "model": model.model_id,
            "model_sha256": model.file.sha256 if model.file else None,
            "mode": model.mode,
            "prefix": self.prompt.prefix_digest,
            "temperature": 0,
            "max_tokens": ANSWER_TOKENS,
            "repeat": repeat,
        }

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper, from the cache where it has the answer.

        Raises PaperFailed for this paper alone, EndpointError or StorageError where no paper can go on.
        """
        shown = self.prompt.show(paper, self._budget)
        kind, schema = self._kind(shown)
        parts = {**self._parts, "schema": schema, "paper": digest(shown.content)}
        found = self._look_up(parts, shown, kind)
        if found is not None:
            return Reading(self._card(paper, shown, *found))
        if self._offline:
            raise PaperFailed(
                "no answer in the cache", where=paper.where, next_step="Run it without --offline"
            )
        key = str(parts["paper"])
        if (twin := self._asking.get(key)) is not None:
            return Reading(self._card(paper, shown, *await asyncio.shield(twin)))
        promise: asyncio.Future[tuple[Answer, Draft]] = asyncio.get_running_loop().create_future()
        self._asking[key] = promise
        try:
            answer, draft = await self._ask(paper, kind, shown)
            if self._cache is not None:
                self._cache.put(parts, answer)
            promise.set_result((answer, draft))
        except BaseException as error:
            promise.set_exception(error)
            promise.exception()  # marked as seen: most of the time nobody waits for it
            raise
        finally:
            del self._asking[key]
        return Reading(
            self._card(paper, shown, answer, draft),
            calls=answer.calls,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            cost_usd=self._cost(),
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._caller is not None:
            await self._caller.close()

    def _look_up(
        self, parts: dict[str, Part], shown: Shown, kind: type[BaseModel]
    ) -> tuple[Answer, Draft] | None:
        answer = self._cache.get(parts) if self._cache is not None else None
        if answer is None:
            return None
        try:
            return answer, self._parse(answer.text, kind, shown)
        except WrongAnswer as wrong:
            return (answer, _flagged(wrong)) if wrong.draft is not None else None

    async def _ask(self, paper: Paper, kind: type[BaseModel], shown: Shown) -> tuple[Answer, Draft]:
        async with self._connecting:
            if self._caller is None:
                self._caller = await self._connect(self)
        messages = [*self.prompt.prefix, {"role": "user", "content": shown.content}]
        last: Draft | WrongAnswer | None = None

        def check(text: str) -> str | None:
            nonlocal last
            try:
                last = self._parse(text, kind, shown)
            except WrongAnswer as wrong:
                last = wrong
                return str(wrong)
            return None

        try:
            reply = await self._caller.ask(kind, messages, check)
        except PaperFailed as error:
            error.where = error.where or paper.where
            raise
        if isinstance(last, WrongAnswer):
            if last.draft is None:
                raise give_up(last, where=paper.where, attempts=reply.requests)
            last = _flagged(last)
        assert last is not None
        return _answer(reply), last

    def _kind(self, shown: Shown) -> tuple[type[BaseModel], str]:
        """The answer type for a paper and the digest of its schema.

        One for all papers, so that hosted endpoints compile it once; on our own server, one for each count
        of sentences.
        """
        count = shown.sentences if self.model.file is not None else None
        if count not in self._kinds:
            kind = answer_type(self._taxonomy, count)
            self._kinds[count] = (kind, digest(str(kind.model_json_schema())))
        return self._kinds[count]

    def _parse(self, text: str, kind: type[BaseModel], shown: Shown) -> Draft:
        return parse(text, kind, self._taxonomy, shown.source, shown.sentences)

    def _card(self, paper: Paper, shown: Shown, answer: Answer, draft: Draft) -> Card:
        return evidence.build(
            paper,
            replace(draft, flags=draft.flags + shown.flags),
            Provenance(
                model=self.model.name,
                model_sha256=self.model.file.sha256 if self.model.file else None,
                prompt=self.prompt.version,
                taxonomy=self._taxonomy.version,
                created=answer.created,
                calls=answer.calls,
                reasked=answer.reasked,
                tokens=Tokens(
                    prompt=answer.prompt_tokens,
                    cached_prompt=answer.cached_prompt_tokens,
                    completion=answer.completion_tokens,
                ),
                cost_usd=self._cost(),
                seconds=answer.seconds,
            ),
        )

    def _cost(self) -> float | None:
        return 0.0 if self.model.file is not None else None


def _budget(model: Model, prompt: Prompt) -> int | None:
    """Characters of a paper that fit beside the prefix; None: the context is not known."""
    if model.context is None:
        return None
    prefix = sum(len(message["content"]) for message in prompt.prefix)
    return max(1000, (model.context - ANSWER_TOKENS) * CHARACTERS_PER_TOKEN - prefix)


def _flagged(wrong: WrongAnswer) -> Draft:
    assert wrong.draft is not None
    return replace(wrong.draft, flags=wrong.flags)


def _answer(reply: Reply) -> Answer:
    return Answer(
        text=reply.text,
        model=reply.model,
        finish_reason=reply.finish_reason,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=reply.seconds,
        calls=reply.calls,
        reasked=reply.calls - 1,
        prompt_tokens=reply.prompt_tokens,
        cached_prompt_tokens=reply.cached_prompt_tokens,
        completion_tokens=reply.completion_tokens,
        logprobs=reply.logprobs,
    )
