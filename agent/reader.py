"""One paper in, one card out: prompt, cache, ask, check, card. Read it in one sitting.

A reader is what `batch` runs over many papers and `summarize` over one. `ModelReader` asks a model once a
paper; `BaselineReader` asks none. Both end in a `Draft` that `evidence` turns into a card, so the cards are
alike.

Knows no files and no other papers.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol

from pydantic import BaseModel

from . import evidence
from .answers import WrongAnswer, answer_type, give_up, parse
from .ask_once import AskOnce
from .cache import Answer, Cache, Part, key_of
from .call import Caller
from .card import Card, Provenance, Tokens
from .claims import Claims
from .draft import Draft
from .errors import PaperFailed
from .form import Form
from .models import BASELINE, Model, other_model
from .paper import Paper
from .prompting import Prompt, Shown, card_prompt
from .reading_copy import ReadingCopy, reading_copy
from .reply import Reply
from .spent import NOTHING, Spent
from .taxonomy import Taxonomy
from .text import digest

CHARACTERS_PER_TOKEN = 3
"""Few, so that what is measured to fit does fit."""


@dataclass(frozen=True)
class Reading:
    """A card, and what this run spent on it; an answer from the cache costs a run nothing."""

    card: Card
    spent: Spent = NOTHING

    @cached_property
    def line(self) -> bytes:
        """The card as one line of UTF-8, without its end."""
        return self.card.to_json().encode()

    @property
    def cached(self) -> bool:
        """Whether the answer behind the card was there before."""
        return self.spent.calls == 0 and self.card.provenance.calls > 0


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked about one paper, and all that the answer depends on."""

    paper: Paper
    copy: ReadingCopy
    """What is read of it."""
    shown: Shown
    kind: type[BaseModel]
    """The answer type."""
    unasked: dict[str, Part]
    """Of the cache's key, how the endpoint is asked aside."""
    form: Form
    """How it is asked as things stand."""

    @property
    def parts(self) -> dict[str, Part]:
        """Of the cache's key."""
        return self.asked_as(self.form)

    @property
    def key(self) -> str:
        """Names the question wherever it is asked: the cache's key, 64 hex digits."""
        return key_of(self.parts)

    def asked_as(self, form: Form) -> dict[str, Part]:
        """The parts of the key of an answer that was asked for in a form."""
        return {**self.unasked, **form.parts()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What reading a paper would send."""

    calls: int
    characters: int
    """Of all prompts together."""
    most_completion_tokens: int


Found = tuple[Answer, Draft, Spent]
"""An answer, what it stands for, and what this run spent on it."""


class Reader(Protocol):
    """Makes cards."""

    @property
    def made_by(self) -> Mapping[str, Part]:
        """What its cards depend on beside the paper, by name; long parts as their hash, and no secrets."""
        ...

    def wants(self, paper: Paper) -> Wanted | None:
        """What reading it would send; None: nothing, since its card is free or its answer is in the cache."""
        ...

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper. Raises PaperFailed for this paper alone."""
        ...

    def stop(self) -> None:
        """Ask nothing any more: `read` finishes what was sent, and raises Stopped for the rest."""
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
        self.made_by: Mapping[str, Part] = {
            "model": BASELINE.name,
            "prompt": self._provenance.prompt,
            "taxonomy": taxonomy.version,
        }

    def wants(self, paper: Paper) -> Wanted | None:
        """Nothing."""
        return None

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper."""
        copy = reading_copy(paper)
        if copy.emptied:
            raise emptied(paper)
        return Reading(self._card(paper, copy))

    def card(self, paper: Paper) -> Card:
        """The card of a paper, without waiting for anybody; of its title where nothing else is left of it."""
        return self._card(paper, reading_copy(paper))

    def _card(self, paper: Paper, copy: ReadingCopy) -> Card:
        draft = copy.renumbered(self._tagger.tag(copy.paper))
        return evidence.build(paper, draft, self._provenance, withheld=copy.withheld)

    def stop(self) -> None:
        """Nobody is asked."""

    async def close(self) -> None:
        """Nothing was opened."""


class ModelReader:
    """Cards from one structured call a paper, every answer kept in the cache.

    `connect` gives the caller; it is awaited on the first cache miss, so that a run
    which the cache can serve starts no server and needs no key. `form` is how the endpoint is to be asked
    (None: as fits the model); what it refuses of that is learned, kept beside the answers, and found again by
    the next run. `repeat` numbers independent answers to the same question.
    """

    def __init__(
        self,
        model: Model,
        taxonomy: Taxonomy,
        connect: "Callable[[ModelReader], Awaitable[Caller]]",
        cache: Cache | None,
        *,
        endpoint: str,
        form: Form | None = None,
        offline: bool = False,
        repeat: int = 0,
    ) -> None:
        self.model = model
        form = form or Form.of(model, {})
        self._kinds: dict[int | None, tuple[type[BaseModel], str]] = {}
        self.prompt: Prompt = card_prompt(taxonomy, answer_type(taxonomy).model_json_schema())
        self._budget = _budget(model, self.prompt, form.answer_tokens)
        self._prefix_length = sum(len(message["content"]) for message in self.prompt.prefix)
        self._taxonomy = taxonomy
        self._connect = connect
        self._cache = cache
        self._once: AskOnce[Found] = AskOnce(Claims(cache.directory) if cache is not None else None)
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
        """How the endpoint is asked, and how it came to that: first as configured, last as now."""
        self._noted = list(self.forms)
        self.made_by: Mapping[str, Part] = {
            **self._parts,
            **form.parts(),
            "name": model.name,
            "context": model.context,
            "prompt": self.prompt.version,
            "taxonomy": taxonomy.version,
        }

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper, from the cache where it has the answer.

        Raises PaperFailed for this paper alone, EndpointError or StorageError where no paper can go on.
        """
        question = self.question(paper)
        if question.copy.emptied:
            raise emptied(paper)
        if (kept := self.kept(question)) is not None:
            return kept
        if self._offline:
            raise PaperFailed(
                "no answer in the cache", where=paper.where, next_step="Run it without --offline"
            )

        async def ask() -> Found:
            answer, draft, spent, form = await self._ask(question)
            if self._cache is not None:
                self._note(form)
                await self._cache.keep(question.asked_as(form), answer)
            return answer, draft, spent

        (answer, draft, spent), ours = await self._once.get(question.key, lambda: self._found(question), ask)
        return Reading(self._card(question, answer, draft), spent if ours else NOTHING)

    def wants(self, paper: Paper) -> Wanted | None:
        """One call, unless its answer is in the cache."""
        question = self.question(paper)
        if self.kept(question) is not None:
            return None
        schema = len(str(question.kind.model_json_schema()))
        most = question.form.answer_tokens
        return Wanted(1, self._prefix_length + schema + len(question.shown.content), most)

    def question(self, paper: Paper) -> Question:
        """What the model is asked about a paper."""
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
        """The card from the cache; None: the answer is not there."""
        found = self._found(question)
        return None if found is None else Reading(self._card(question, found[0], found[1]))

    async def accept(self, question: Question, reply: Reply) -> Reading:
        """The card from an answer that came another way, which is kept as if it had been asked for here.

        Raises PaperFailed where it is wrong in anything: nobody can ask it again with the reasons, as a
        live call does.
        """
        try:
            draft = self._parse(reply.text, question)
        except WrongAnswer as wrong:
            raise PaperFailed(
                f"the model's answer is wrong: {'; '.join(wrong.reasons) or wrong}",
                where=question.paper.where,
                attempts=reply.requests,
                spent=reply.spent,
            ) from wrong
        answer = _answer(reply)
        if self._cache is not None:
            await self._cache.keep(question.parts, answer)
        return Reading(self._card(question, answer, draft), reply.spent)

    def learned(self, form: Form) -> None:
        """The endpoint is asked in this form from now on; it is kept once that gave an answer."""
        self.forms.append(form)

    def _note(self, form: Form) -> None:
        """Keep for the runs to come in which form an answer came."""
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
        """Ask nothing any more."""
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
                self._caller = await self._connect(self)
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
        return _answer(reply), last, reply.spent, reply.form

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

    def _parse(self, text: str, question: Question) -> Draft:
        shown = question.shown
        try:
            return parse(text, question.kind, self._taxonomy, shown.source, shown.sentences)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            # Strangers write answers: what nobody thought of costs this paper, not the run.
            raise WrongAnswer([f"the answer cannot be read: {error}"[:200]], None, ()) from error

    def _card(self, question: Question, answer: Answer, draft: Draft) -> Card:
        draft = question.copy.renumbered(replace(draft, flags=draft.flags + question.shown.flags))
        return evidence.build(
            question.paper,
            draft,
            provenance(self.model, self.prompt.version, self._taxonomy, answer),
            withheld=question.copy.withheld,
        )


def emptied(paper: Paper) -> PaperFailed:
    """The error for a paper of which nothing is left to read."""
    return PaperFailed(
        "has no sentence that does not give orders to a model: nothing is left to read", where=paper.where
    )


def provenance(model: Model, prompt: str, taxonomy: Taxonomy, answer: Answer) -> Provenance:
    """What made a card from an answer; `prompt` is its version."""
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
    """Characters of a paper that fit beside the prefix; None: the context is not known."""
    if model.context is None:
        return None
    prefix = sum(len(message["content"]) for message in prompt.prefix)
    return max(1000, (model.context - answer_tokens) * CHARACTERS_PER_TOKEN - prefix)


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
        calls=reply.spent.calls,
        reasked=reply.spent.calls - 1,
        prompt_tokens=reply.spent.prompt_tokens,
        cached_prompt_tokens=reply.spent.cached_prompt_tokens,
        completion_tokens=reply.spent.completion_tokens,
        cost_usd=reply.spent.cost_usd,
        logprobs=reply.logprobs,
    )
