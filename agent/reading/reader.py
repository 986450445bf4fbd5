"""Makes the card of a paper: prompt, cache, request, check, card.

`batch` runs a reader over many papers and `summarize` over one. `ModelReader` makes one model call per paper;
`BaselineReader` makes none. Both end in a `Draft` that `evidence` turns into a card.

Knows no files and no other papers.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel

from ..card import Card, Provenance, Tokens
from ..errors import PaperFailed
from ..model.ask_once import AskOnce
from ..model.cache import Answer, Cache, Part, key_of
from ..model.call import Caller
from ..model.catalogue import Model, other_model
from ..model.form import Form
from ..model.in_flight import InFlight
from ..model.reply import Reply
from ..paper import Paper
from ..publication import json_of, with_publication
from ..spent import NOTHING, Spent
from ..taxonomy import Taxonomy
from ..text.spans import digest
from . import evidence
from .answers import WrongAnswer, answer_type, give_up, parse
from .draft import Draft
from .prompting import Prompt, Shown, card_prompt
from .reading_copy import ReadingCopy, reading_copy
from .token_chances import needed, token_chances, with_chances

if TYPE_CHECKING:
    from .confidence import Confidences

CHARACTERS_PER_TOKEN = 3
"""Characters per token, a low estimate so that prompts fit the context."""


@dataclass(frozen=True)
class Reading:
    """A card and its cost in this run; a cached answer costs nothing."""

    card: Card
    spent: Spent = NOTHING

    @cached_property
    def own_line(self) -> bytes:
        """The card as one line of UTF-8, without its publication and the line end."""
        return self.card.own_json().encode()

    @cached_property
    def line(self) -> bytes:
        """The card as one line of UTF-8, without the line end."""
        return with_publication(self.own_line, json_of(self.card.publication))

    @property
    def cached(self) -> bool:
        """Whether the answer came from the cache."""
        return self.spent.calls == 0 and self.card.provenance.calls > 0


@dataclass(frozen=True, slots=True)
class Question:
    """The request for one paper, with everything the answer depends on."""

    paper: Paper
    copy: ReadingCopy
    """The copy of the paper that is read."""
    shown: Shown
    kind: type[BaseModel]
    """The answer type."""
    unasked: dict[str, Part]
    """Parts of the cache key, without the form of the request."""
    form: Form
    """The current form of the request."""

    @property
    def parts(self) -> dict[str, Part]:
        """All parts of the cache key."""
        return self.asked_as(self.form)

    @property
    def key(self) -> str:
        """The cache key, 64 hex digits."""
        return key_of(self.parts)

    def asked_as(self, form: Form) -> dict[str, Part]:
        """The parts of the cache key for a form of the request."""
        return {**self.unasked, **form.parts()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Size of the requests for a paper."""

    calls: int
    characters: int
    """Characters of all prompts together."""
    most_completion_tokens: int


Found = tuple[Answer, Draft, Spent]
"""An answer, its draft, and its cost in this run."""


class Reader(Protocol):
    """The protocol of readers, which make cards."""

    @property
    def made_by(self) -> Mapping[str, Part]:
        """Everything but the paper that its cards depend on, by name; long parts as hashes, no secrets."""
        ...

    def wants(self, paper: Paper) -> Wanted | None:
        """Size of the requests for a paper, after looking in the cache; None if nothing would be sent."""
        ...

    async def read(self, paper: Paper) -> Reading:
        """Make the card of a paper. Raises PaperFailed for this paper only."""
        ...

    def stop(self) -> None:
        """Send no more requests: `read` finishes those in flight and raises Stopped for the rest."""
        ...

    async def close(self) -> None:
        """Close what was opened for reading."""
        ...


Connect = Callable[[Form, Callable[[Form], None]], Awaitable[Caller]]
"""Returns the caller for requests of this form; tells the function the form that it has learned."""


class ModelReader:
    """Makes cards by one structured call per paper, with all answers cached.

    `connect` is awaited at the first cache miss, so that a fully cached run starts no server and needs no
    key. `form` is the form of requests (default: that of the model); what the endpoint refuses is learned,
    stored beside the answers, and reused by the next run. `repeat` numbers independent answers to the same
    request. `fit` makes confidences of the probabilities of tokens; without it there are none.
    """

    def __init__(
        self,
        model: Model,
        taxonomy: Taxonomy,
        connect: Connect,
        cache: Cache | None,
        *,
        endpoint: str,
        form: Form | None = None,
        offline: bool = False,
        repeat: int = 0,
        fit: "Confidences | None" = None,
    ) -> None:
        self.model = model
        form = form or Form.of(model, {})
        self._fit = fit
        self._kinds: dict[int | None, tuple[type[BaseModel], str]] = {}
        self.prompt: Prompt = card_prompt(taxonomy, answer_type(taxonomy).model_json_schema())
        self._version = self.prompt.version + (f"+{fit.version}" if fit is not None else "")
        self._budget = _budget(model, self.prompt, form.answer_tokens)
        self._prefix_length = sum(len(message["content"]) for message in self.prompt.prefix)
        self._taxonomy = taxonomy
        self._connect = connect
        self._cache = cache
        self._once: AskOnce[Found] = AskOnce(InFlight(cache.directory) if cache is not None else None)
        self._offline = offline
        self._caller: Caller | None = None
        self._connecting = asyncio.Lock()
        self._parts: dict[str, Part] = {
            "endpoint": endpoint,
            "model_sha256": model.file.sha256 if model.file else None,
            "prefix": self.prompt.prefix_digest,
            "repeat": repeat,
        }
        self._forms_note = key_of({"endpoint": endpoint, "forms": form.to_json()})
        self.forms = [form, *self._learned_before()]
        """Forms of requests so far: first as configured, last the current one."""
        self._noted = list(self.forms)
        self.made_by: Mapping[str, Part] = {
            **self._parts,
            **form.parts(),
            "name": model.name,
            "context": model.context,
            "prompt": self._version,
            "taxonomy": taxonomy.version,
        }

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper, from the cache if possible.

        Raises PaperFailed for this paper only, EndpointError or StorageError if no paper can be processed.
        """
        question = self.question(paper)
        if question.copy.emptied:
            raise emptied(paper)
        if (kept := self.kept(question)) is not None:
            return kept
        if self._offline:
            raise PaperFailed("no answer in the cache", where=paper.where, next_step="Run without --offline")

        async def ask() -> Found:
            answer, draft, spent, form = await self._ask(question)
            if self._cache is not None:
                self._note(form)
                await self._cache.keep(question.asked_as(form), answer)
            return answer, draft, spent

        (answer, draft, spent), ours = await self._once.get(question.key, lambda: self._found(question), ask)
        return Reading(self._card(question, answer, draft), spent if ours else NOTHING)

    def wants(self, paper: Paper) -> Wanted | None:
        """One call, unless the answer is in the cache."""
        question = self.question(paper)
        if self.kept(question) is not None:
            return None
        schema = len(str(question.kind.model_json_schema()))
        most = question.form.answer_tokens
        return Wanted(1, self._prefix_length + schema + len(question.shown.content), most)

    def question(self, paper: Paper) -> Question:
        """The request for a paper."""
        copy = reading_copy(paper)
        shown = self.prompt.show(copy.paper, self._budget)
        kind, schema = self._kind(shown)
        return Question(
            paper,
            copy,
            shown,
            kind,
            {**self._parts, "schema": schema, "paper": digest(shown.content)},
            self.forms[-1],
        )

    def kept(self, question: Question) -> Reading | None:
        """The card from the cache; None if the answer is not cached."""
        found = self._found(question)
        return None if found is None else Reading(self._card(question, found[0], found[1]))

    async def accept(self, question: Question, reply: Reply) -> Reading:
        """The card from an answer that came another way, which is cached like a live one.

        Raises PaperFailed if it is invalid, since it cannot be re-asked like a live call.
        """
        try:
            draft = self._parse(reply.text, question)
        except WrongAnswer as wrong:
            raise PaperFailed(
                f"the model's answer is invalid: {'; '.join(wrong.reasons) or wrong}",
                where=question.paper.where,
                attempts=reply.requests,
                spent=reply.spent,
            ) from wrong
        answer = answer_of(reply)
        if self._cache is not None:
            await self._cache.keep(question.parts, answer)
        return Reading(self._card(question, answer, draft), reply.spent)

    def learned(self, form: Form) -> None:
        """Use this form of requests from now on; it is stored once it has given an answer."""
        self.forms.append(form)

    def _note(self, form: Form) -> None:
        """Store the form that gave an answer, for later runs."""
        if form in self._noted or self._cache is None:
            return
        self._noted.append(form)
        texts = [one.to_json() for one in self.forms[1:] if one in self._noted]
        self._cache.keep_note(self._forms_note, f"[{','.join(texts)}]")

    def _learned_before(self) -> list[Form]:
        text = self._cache.note(self._forms_note) if self._cache is not None else None
        try:
            return [Form.from_json(value) for value in json.loads(text or "[]")]
        except (ValueError, TypeError, RecursionError):
            return []

    def stop(self) -> None:
        """Send no more requests."""
        if self._caller is not None:
            self._caller.stop()

    async def close(self) -> None:
        """Close the connections."""
        self._once.close()
        if self._caller is not None:
            await self._caller.close()

    def _found(self, question: Question) -> Found | None:
        answer = None
        if self._cache is not None:
            # Answers that came before the endpoint's last refusal were asked for in an earlier form.
            for form in reversed(self.forms):
                if (answer := self._cache.get(question.asked_as(form))) is not None:
                    break
        if answer is None:
            return None
        try:
            return answer, self._parse(answer.text, question), NOTHING
        except WrongAnswer as wrong:
            return None if wrong.draft is None else (answer, _flagged(wrong), NOTHING)

    async def _ask(self, question: Question) -> tuple[Answer, Draft, Spent, Form]:
        async with self._connecting:
            if self._caller is None:
                self._caller = await self._connect(self.forms[-1], self.learned)
        where = question.paper.where
        last: Draft | WrongAnswer | None = None

        def check(text: str) -> str | None:
            nonlocal last
            try:
                last = self._parse(text, question)
            except WrongAnswer as wrong:
                last = wrong
                return str(wrong)
            return None

        try:
            reply = await self._caller.ask(question.kind, self.prompt.prefix, question.shown.content, check)
        except PaperFailed as error:
            error.where = error.where or where
            raise
        if isinstance(last, WrongAnswer):
            if last.draft is None:
                raise give_up(last, where=where, attempts=reply.requests, spent=reply.spent)
            last = _flagged(last)
        assert last is not None
        return answer_of(reply), last, reply.spent, reply.form

    def _kind(self, shown: Shown) -> tuple[type[BaseModel], str]:
        """The answer type of a paper and the digest of its schema.

        There is one for all papers, so that hosted endpoints compile it once; on the local server, one per
        number of sentences.
        """
        count = shown.sentences if self.model.file is not None else None
        if count not in self._kinds:
            kind = answer_type(self._taxonomy, count)
            self._kinds[count] = (kind, digest(str(kind.model_json_schema())))
        return self._kinds[count]

    def _parse(self, text: str, question: Question) -> Draft:
        shown = question.shown
        try:
            return parse(text, question.kind, self._taxonomy, shown.source, shown.sentences)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            # Strangers write answers: what nobody thought of costs this paper, not the run.
            raise WrongAnswer([f"cannot read the answer: {error}"[:200]], None, ()) from error

    def _card(self, question: Question, answer: Answer, draft: Draft) -> Card:
        if self._fit is not None:
            chances = token_chances(answer.logprobs, self._taxonomy)
            draft = self._fit.of_answer(with_chances(draft, chances))
        draft = question.copy.renumbered(replace(draft, flags=draft.flags + question.shown.flags))
        return evidence.build(
            question.paper,
            draft,
            provenance(self.model, self._version, self._taxonomy, answer),
            withheld=question.copy.withheld,
        )


def emptied(paper: Paper) -> PaperFailed:
    """The error for a paper with nothing left to read."""
    return PaperFailed(
        "has no sentence that does not give orders to a model: nothing is left to read", where=paper.where
    )


def provenance(model: Model, prompt: str, taxonomy: Taxonomy, answer: Answer) -> Provenance:
    """The provenance of a card from an answer; `prompt` is the version of the prompt."""
    return Provenance(
        model=model.name,
        answered_by=other_model(model, answer.model),
        model_sha256=model.file.sha256 if model.file else None,
        prompt=prompt,
        taxonomy=taxonomy.version,
        created=answer.created,
        calls=answer.calls,
        reasked=answer.reasked,
        tokens=Tokens(
            prompt=answer.prompt_tokens,
            cached_prompt=answer.cached_prompt_tokens,
            completion=answer.completion_tokens,
        ),
        cost_usd=answer.cost_usd,
        seconds=answer.seconds,
    )


def _budget(model: Model, prompt: Prompt, answer_tokens: int) -> int | None:
    """Maximum characters of a paper beside the prefix; None if the context size is unknown."""
    if model.context is None:
        return None
    prefix = sum(len(message["content"]) for message in prompt.prefix)
    return max(1000, (model.context - answer_tokens) * CHARACTERS_PER_TOKEN - prefix)


def _flagged(wrong: WrongAnswer) -> Draft:
    assert wrong.draft is not None
    return replace(wrong.draft, flags=wrong.flags)


def answer_of(reply: Reply) -> Answer:
    """An accepted reply as it is kept."""
    return Answer(
        text=reply.text,
        model=reply.model,
        finish_reason=reply.finish_reason,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=reply.seconds,
        calls=reply.spent.calls,
        reasked=reply.spent.calls - 1,
        prompt_tokens=reply.spent.prompt_tokens,
        cached_prompt_tokens=reply.spent.cached_prompt_tokens,
        completion_tokens=reply.spent.completion_tokens,
        cost_usd=reply.spent.cost_usd,
        logprobs=needed(reply.logprobs),
    )
