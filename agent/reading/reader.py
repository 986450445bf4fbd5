"""Makes the card of a paper: prompt, cache, request, check, card.

`batch` runs a reader over many papers and `summarize` over one. `ModelReader` makes one model call per paper;
`BaselineReader` makes none. Both end in a `Draft` that `evidence` turns into a card.

Knows no files and no other papers.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ..card import Card
from ..errors import PaperFailed
from ..fields.spec import NO_OWN, FieldSet
from ..model.ask_once import AskOnce
from ..model.cache import NAMES, Answer, Cache, Part, key_of
from ..model.call import Caller
from ..model.catalogue import Model
from ..model.form import Form
from ..model.reply import Reply
from ..paper import Paper
from ..publication import json_of, with_publication
from ..spent import NOTHING, Spent
from ..taxonomy import Taxonomy
from ..text.spans import digest
from . import evidence
from .answers import Parts, WrongAnswer, give_up, parse
from .asking import Askings, Notebook
from .kept import not_kept
from .prompting import Prompt
from .question import Piece, Question, answer_of, assembled, chances, drafted
from .reading_copy import reading_copy
from .token_chances import with_chances

if TYPE_CHECKING:
    from .confidence import Confidences

CHARACTERS_PER_TOKEN = 3
"""Characters per token, a low estimate so that prompts fit the context."""
_MORE_TOKENS, _MORE_TOKENS_LIST = 80, 1000
"""What an own field adds to the longest answer."""


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
class Wanted:
    """Size of the requests for a paper."""

    calls: int
    characters: int
    """Characters of all prompts together."""
    most_completion_tokens: int


Found = tuple[Piece, Spent]
"""An answer, and its cost in this run."""


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


def names_of(reader: Reader, paper: Paper) -> dict[str, str]:
    """What an answer is called in the cache: its paper, and the model, prompt and taxonomy that gave it."""
    made = reader.made_by
    said = {"id": paper.id, "model": made.get("name"), **{name: made.get(name) for name in NAMES[2:]}}
    return {name: text for name, text in said.items() if isinstance(text, str)}


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
        fields: FieldSet = NO_OWN,
        fit: "Confidences | None" = None,
    ) -> None:
        self.model = model
        form = form or Form.of(model, {})
        self._fit = fit
        self._fields = fields
        self._askings = Askings(taxonomy, fields)
        self.prompt: Prompt = self._askings.whole.prompt
        """The prompt for all fields; papers with earlier answers are asked less."""
        self._version = self.prompt.version + (f"+{fit.version}" if fit is not None else "")
        self._budget = _budget(model, self.prompt, form.answer_tokens)
        self._taxonomy = taxonomy
        self._types = {one.name: one.type for one in fields.own}
        self._connect = connect
        self._cache = cache
        self._once: AskOnce[Found] = AskOnce(cache.in_flight() if cache is not None else None)
        self._offline = offline
        self._caller: Caller | None = None
        self._connecting = asyncio.Lock()
        self._parts: dict[str, Part] = {
            "endpoint": endpoint,
            "model_sha256": model.file.sha256 if model.file else None,
            "repeat": repeat,
        }
        self._notebook = Notebook(cache, endpoint, model.name, read_only=offline)
        self._forms_note = key_of({"endpoint": endpoint, "forms": form.to_json()})
        self.forms = [form, *self._learned_before()]
        """Forms of requests so far: first as configured, last the current one."""
        if fields.own and form.most_tokens is None:
            # Answers that hold lists are longer; those without own fields keep the form that they had.
            more = sum(_MORE_TOKENS_LIST if one.type == "list" else _MORE_TOKENS for one in fields.own)
            self.forms.append(replace(self.forms[-1], answer_tokens=self.forms[-1].answer_tokens + more))
        self._noted = list(self.forms)
        self.made_by: Mapping[str, Part] = {
            **self._parts,
            **form.parts(),
            "prefix": self.prompt.prefix_digest,
            "name": model.name,
            "context": model.context,
            "prompt": self._version,
            "taxonomy": taxonomy.version,
            **({"fields": fields.version} if fields.version else {}),
        }

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper, from the cache if possible.

        Raises PaperFailed for this paper only, EndpointError or StorageError if no paper can be processed.
        """
        question = self.question(paper)
        question.copy.not_emptied()
        if (kept := self.kept(question)) is not None:
            return kept
        if self._offline:
            raise not_kept(paper.where)
        question = self.rest(question)

        async def ask() -> Found:
            piece, spent, form = await self._ask(question)
            if self._cache is not None:
                self._note(form)
                await self._cache.keep(question.asked_as(form), piece.answer, names_of(self, paper))
            return piece, spent

        def look_up() -> Found | None:
            piece = self._piece(question)
            return None if piece is None else (piece, NOTHING)

        (piece, spent), ours = await self._once.get(question.key, look_up, ask)
        return Reading(self._card(question, [*question.known, piece]), spent if ours else NOTHING)

    def wants(self, paper: Paper) -> Wanted | None:
        """One call, unless the answer is in the cache."""
        question = self.question(paper)
        if self.kept(question) is not None:
            return None
        question = self.rest(question)
        schema = len(str(question.kind.model_json_schema()))
        shared = sum(len(message["content"]) for message in question.prefix)
        return Wanted(1, shared + schema + len(question.content), question.form.answer_tokens)

    def question(self, paper: Paper) -> Question:
        """The request for a paper, for all fields."""
        copy = reading_copy(paper)
        shown = self.prompt.show(copy.paper, self._budget)
        # There is one schema for all papers, so that hosted endpoints compile it once; on the local server,
        # one per number of sentences.
        count = shown.sentences if self.model.file is not None else None
        unasked = {**self._parts, "paper": digest(shown.content)}
        return self._asked(Question(paper, copy, shown, self._askings.whole, count, unasked, self.forms[-1]))

    def rest(self, question: Question) -> Question:
        """The request for the fields that `kept` found no answer to."""
        missing = self._missing(question.known)
        if missing in ((), question.asking.names):
            return question
        return self._asked(replace(question, asking=self._askings.of(missing)))

    @staticmethod
    def _asked(question: Question) -> Question:
        asking = question.asking
        names = {"prefix": asking.prompt.prefix_digest, "schema": asking.kind(question.count)[1]}
        return replace(question, unasked={**question.unasked, **names})

    def key_parts(self, paper: Paper) -> Mapping[str, Part]:
        """What the answer to the request for a paper is stored under."""
        return self.question(paper).parts

    def kept(self, question: Question) -> Reading | None:
        """The card from the cache; None if answers to some fields are missing."""
        if (whole := self._piece(question)) is not None:
            self._notebook.add(question.asking.noted(question.count, question.form.answer_tokens))
            return Reading(self._card(question, [whole]))
        question.known[:] = self._pieces(question)
        missing = self._missing(question.known)
        return None if missing or not question.known else Reading(self._card(question, question.known))

    async def accept(self, question: Question, reply: Reply) -> Reading:
        """The card from an answer that came another way, which is cached like a live one.

        Raises PaperFailed if it is invalid, since it cannot be re-asked like a live call.
        """
        try:
            parts = self._parse(reply.text, question)
        except WrongAnswer as wrong:
            # Own fields that are not borne out say so themselves.
            if wrong.parts is None or wrong.flags:
                raise PaperFailed(
                    f"the model's answer is invalid: {'; '.join(wrong.reasons) or wrong}",
                    where=question.paper.where,
                    attempts=reply.requests,
                    spent=reply.spent,
                ) from wrong
            parts = wrong.parts
        answer = answer_of(reply)
        if self._cache is not None:
            await self._cache.keep(question.parts, answer, names_of(self, question.paper))
            self._notebook.add(question.asking.noted(question.count, question.form.answer_tokens))
        piece = self._taken(question, answer, key_of(question.parts), parts)
        return Reading(self._card(question, [*question.known, piece]), reply.spent)

    @property
    def specs(self) -> Mapping[str, str]:
        """The spec of each field of this run, by name."""
        return self._askings.specs

    def specs_of(self, prompt: str) -> Mapping[str, str] | None:
        """The specs of the fields that a version of the prompt asked; None if it was never used here."""
        return next((noted.specs for noted in self._notebook if noted.prompt == prompt), None)

    def characters_for(self, names: Sequence[str]) -> int:
        """Characters of a request for some fields, without the paper."""
        asking = self._askings.of(names)
        shared = sum(len(message["content"]) for message in asking.prompt.prefix)
        return shared + len(asking.prompt.tail) + len(str(asking.kind(None)[0].model_json_schema()))

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

    def _missing(self, known: Sequence[Piece]) -> tuple[str, ...]:
        """The fields that are to be asked beside these answers."""
        there = {name for piece in known for name in piece.specs}
        only = self._fields.only
        return tuple(
            name for name in self._fields.asked if name not in there and (only is None or name in only)
        )

    def _piece(self, question: Question) -> Piece | None:
        """The cached answer to a request."""
        if (found := self._row(question.unasked)) is None:
            return None
        with suppress(WrongAnswer):
            return self._taken(question, *found, *self._understood(found[0].text, question))
        return None

    def _row(self, unasked: Mapping[str, Part], tokens: int | None = None) -> tuple[Answer, str] | None:
        if self._cache is None:
            return None
        # Answers that came before the endpoint's last refusal were asked for in an earlier form.
        for form in reversed(self.forms):
            for most in {form.answer_tokens: None, tokens or form.answer_tokens: None}:
                parts = {**unasked, **form.parts(), "max_tokens": most}
                if (answer := self._cache.get(parts)) is not None:
                    return answer, key_of(parts)
        return None

    def _pieces(self, question: Question) -> list[Piece]:
        """Cached answers to requests for other sets of fields, newest first, for fields with the same spec.

        Fields that may not be asked in this run are also taken with an older spec.
        """
        if self._cache is None:
            return []
        only = self._fields.only
        wanted = dict(self._askings.specs)
        pieces = self._matching(question, wanted, lambda name, spec: wanted[name] == spec)
        if only is not None:
            there = {name for piece in pieces for name in piece.specs}
            older = [name for name in wanted if name not in only and name not in there]
            pieces += self._matching(question, older, lambda name, spec: True)
        return pieces

    def _matching(
        self, question: Question, wanted: Iterable[str], is_good: Callable[[str, str], bool]
    ) -> list[Piece]:
        pieces: list[Piece] = []
        left = set(wanted)
        for noted in self._notebook:
            specs = {name: spec for name, spec in noted.specs.items() if name in left and is_good(name, spec)}
            if not specs or noted.sentences != question.count:
                continue
            unasked = {**question.unasked, "prefix": noted.prefix, "schema": noted.schema}
            if unasked == question.unasked and noted.answer_tokens == question.form.answer_tokens:
                continue  # looked up before
            if (found := self._row(unasked, noted.answer_tokens)) is None:
                continue
            asked = replace(question, asking=self._askings.of(tuple(specs)))
            with suppress(WrongAnswer):
                said = self._understood(found[0].text, asked)
                pieces.append(Piece(*found, noted.prompt, specs, *said))
                left -= specs.keys()
        return pieces

    @staticmethod
    def _taken(
        question: Question, answer: Answer, key: str, parts: Parts, flags: tuple[str, ...] = ()
    ) -> Piece:
        asking = question.asking
        return Piece(answer, key, asking.prompt.version, asking.specs, parts, flags)

    async def _ask(self, question: Question) -> tuple[Piece, Spent, Form]:
        async with self._connecting:
            if self._caller is None:
                self._caller = await self._connect(self.forms[-1], self.learned)
        where = question.paper.where

        def check(text: str) -> str | None:
            try:
                self._parse(text, question)
            except WrongAnswer as wrong:
                return str(wrong)
            return None

        try:
            reply = await self._caller.ask(question.kind, question.prefix, question.content, check)
            said = self._understood(reply.text, question)
        except PaperFailed as error:
            error.where = error.where or where
            raise
        except WrongAnswer as wrong:
            raise give_up(wrong, where=where, attempts=reply.requests, spent=reply.spent) from None
        self._notebook.add(question.asking.noted(question.count, reply.form.answer_tokens))
        piece = self._taken(question, answer_of(reply), key_of(question.asked_as(reply.form)), *said)
        return piece, reply.spent, reply.form

    def _understood(self, text: str, question: Question) -> tuple[Parts, tuple[str, ...]]:
        """What an answer says, and the flags of what is wrong with it.

        Raises WrongAnswer if so much is wrong that it cannot be kept.
        """
        try:
            return self._parse(text, question), ()
        except WrongAnswer as wrong:
            if wrong.parts is None:
                raise
            return wrong.parts, wrong.flags

    def _parse(self, text: str, question: Question) -> Parts:
        shown, asking = question.shown, question.asking
        try:
            return parse(
                text,
                question.kind,
                self._taxonomy,
                shown.source,
                shown.sentences,
                own=asking.own,
                shown=self._askings.text(question.copy.paper, shown.sentences) if asking.own else None,
            )
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            # Strangers write answers: what nobody thought of costs this paper, not the run.
            raise WrongAnswer([f"cannot read the answer: {error}"[:200]], None, ()) from error

    def _card(self, question: Question, pieces: Sequence[Piece]) -> Card:
        # In one order, so that a rerun gives the same bytes.
        pieces = sorted(pieces, key=lambda piece: (piece.answer.created, piece.key))
        draft = drafted(pieces, self._fields, question.shown.flags)
        if self._fit is not None:
            draft = self._fit.of_answer(with_chances(draft, chances(pieces, self._taxonomy)))
        return evidence.build(
            question.paper,
            question.copy.renumbered(draft),
            assembled(self.model, self._version, self._taxonomy, pieces, self._fields),
            withheld=question.copy.withheld,
            types=self._types,
        )


def _budget(model: Model, prompt: Prompt, answer_tokens: int) -> int | None:
    """Maximum characters of a paper beside the prefix; None if the context size is unknown."""
    if model.context is None:
        return None
    prefix = sum(len(message["content"]) for message in prompt.prefix)
    return max(1000, (model.context - answer_tokens) * CHARACTERS_PER_TOKEN - prefix)
