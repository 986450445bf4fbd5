"""Makes cards from decisions: questions, cache, requests, scores, card; and the summary by a chat call.

Each request is cached by itself, so that what was answered is kept where another request fails, and what does
not change is not asked again.

Knows no files and no other papers.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from ...card import NOT_ANSWERED, NOT_ASKED, NOT_IN_TEXT, Answered, Card
from ...errors import PapercardsError
from ...fields.spec import NO_OWN, SHIPPED, FieldSet
from ...fields.values import Value
from ...model.cache import Answer, Cache, Part, key_of
from ...model.call import Caller
from ...model.catalogue import Model
from ...model.decider import Decider
from ...model.decisions import Question
from ...model.form import Form
from ...paper import Paper
from ...spent import NOTHING
from ...taxonomy import Taxonomy
from ...text.spans import digest
from .. import evidence
from ..answers import summary_flags
from ..asking import NOTHING_ASKED, Askings
from ..baseline import Scores, drafted, summarized
from ..confidence import Confidences
from ..draft import Draft, settled
from ..kept import Answers, Bill, Named, answered, free, together
from ..prompting import Message, Shown
from ..question import made_by, provenance
from ..reader import Reading, Wanted, names_of
from ..reading_copy import ReadingCopy, reading_copy
from .own import ANSWERED, own_questions, own_value
from .questions import MAIN, questions, requests, unasked, words
from .scoring import Cuts, scores
from .summary import summarize, tldr_in

_CHANCES: TypeAdapter[dict[str, dict[str, float]]] = TypeAdapter(dict[str, dict[str, float]])


@dataclass(frozen=True, slots=True)
class Bench:
    """What asks; made for the first paper that the cache does not know."""

    decider: Decider
    writer: Caller | None
    """Writes summaries; None if they are not wanted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold."""

    questions: int
    options: int


class DecideReader:
    """Cards from a decision model, all answers cached.

    `connect` is awaited at the first cache miss. `repeat` numbers independent answers to the same request.
    """

    def __init__(
        self,
        model: Model,
        taxonomy: Taxonomy,
        connect: Callable[[], Awaitable[Bench]],
        cache: Cache | None,
        *,
        endpoint: str,
        form: Form,
        limits: Limits,
        summary: bool = True,
        offline: bool = False,
        repeat: int = 0,
        fit: Confidences | None = None,
        fields: FieldSet = NO_OWN,
    ) -> None:
        """`form` is that of the call for the summary (default: a sentence of the abstract)."""
        self._model = model
        self._taxonomy = taxonomy
        self._connect = connect
        self._answers = Answers(cache, offline=offline)
        self.limits = limits
        """What one request may hold."""
        self._fields = fields
        self._places = Askings(taxonomy, fields)
        self._types = {one.name: one.type for one in fields.own}
        self._writes = summary and "tldr" in fields.shipped
        self._fit = fit
        self._cuts = Cuts.of(fit)
        self._known: Mapping[str, frozenset[str]] = {field: frozenset() for field in taxonomy.sizes}
        self._bench: Bench | None = None
        self._connecting = asyncio.Lock()
        self._prefix = (Message(role="system", content=words().sections["summary"]),)
        self._parts: dict[str, Part] = {
            "endpoint": endpoint,
            "plan": "decide",
            "model_id": model.model_id,
            "repeat": repeat,
        }
        self._summary_parts: dict[str, Part] = {
            **self._parts,
            **form.parts(),
            "prefix": digest(self._prefix[0]["content"]),
        }
        self.prompt = words().state.version + (f"+{fit.version}" if fit is not None else "")
        """Version of the words, and of the fit."""
        self.made_by: Mapping[str, Part] = {
            **(self._summary_parts if summary else self._parts),
            "name": model.name,
            "prompt": self.prompt,
            "taxonomy": taxonomy.version,
            "summary": summary,
            "options": limits.options,
            **({"fields": fields.version} if fields.version else {}),
        }

    @property
    def specs(self) -> Mapping[str, str]:
        """The spec of each own field that such an endpoint answers, by name."""
        return {one.name: one.spec for one in self._fields.own if one.type in ANSWERED}

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper, from the cache as far as it was asked before.

        Raises PaperFailed for this paper only, EndpointError or StorageError if no paper can be processed.
        """
        copy = reading_copy(paper).not_emptied()
        shown = words().state.show(copy.paper)
        bill = Bill()
        try:
            found = await self._scores(paper, copy, shown, bill)
            draft = drafted(found, self._cuts, self._known, self._taxonomy)
            unasked = [name for name in SHIPPED if name not in self._fields.shipped]
            draft = replace(draft, **{name: NOTHING_ASKED[name] for name in unasked})
            if unasked:
                candidates = {name: one for name, one in draft.candidates.items() if name not in unasked}
                said = (f"{NOT_ASKED}:{','.join(unasked)}",)
                draft = replace(draft, candidates=candidates, flags=said)
            values, own = await self._own(paper, copy, shown, bill)
            parts = {name: getattr(draft, name) for name in SHIPPED}
            draft = replace(draft, own=settled(self._fields.own, {**parts, **values}))
            if self._writes:
                about = self._about_summary(shown)
                answer = await self._answers.get(
                    about, _has_summary, lambda: self._summarize(shown), self._named(paper), bill
                )
                tldr = tldr_in(answer.text) or ""
                draft = replace(draft, tldr=tldr, flags=draft.flags + summary_flags(tldr, shown.source))
            elif "tldr" in self._fields.shipped:
                draft = summarized(draft, copy.paper)
        except PapercardsError as error:
            error.spent = bill.spent + (error.spent or NOTHING)
            raise
        draft = replace(draft, flags=draft.flags + shown.flags)
        return Reading(self._card(paper, copy, draft, bill, own), bill.spent)

    async def scores(self, paper: Paper) -> Scores:
        """The probabilities of everything that a card may say of a paper."""
        copy = reading_copy(paper).not_emptied()
        return await self._scores(paper, copy, words().state.show(copy.paper), Bill())

    def wants(self, paper: Paper) -> Wanted | None:
        """A call for each request that is not in the cache, and one for the summary."""
        copy = reading_copy(paper)
        shown = words().state.show(copy.paper)
        calls = characters = most = 0
        groups = [
            one for one in self._own_questions(copy.paper, shown).values() if not self._kept(shown, one)
        ]
        for asked in (*self._requests(copy.paper, shown), *requests(groups, self.limits.questions)):
            if self._kept(shown, asked) is None:
                calls += 1
                characters += len(shown.content) + sum(len(str(question)) for question in asked)
        if self._writes and self._answers.found(self._about_summary(shown), _has_summary) is None:
            calls += 1
            characters += len(shown.content) + len(self._prefix[0]["content"])
            most += int(self._summary_parts["max_tokens"] or 0)
        return Wanted(calls, characters, most) if calls else None

    def keys(self, paper: Paper | None) -> dict[str, Mapping[str, Part]]:
        """What answers about a paper are stored under, by their fields; without one what all have."""
        if paper is None:
            return {"": self._parts}
        copy = reading_copy(paper)
        shown = words().state.show(copy.paper)
        found: dict[str, Mapping[str, Part]] = {}
        for asked in self._requests(copy.paper, shown):
            names = (one.id.removeprefix(f"{MAIN}.").partition(".")[0] for one in asked)
            found[", ".join(dict.fromkeys(names)).replace("sentence", "claims")] = self._about(shown, asked)
        for name, own in self._own_questions(copy.paper, shown).items():
            found[name] = self._about(shown, own)
        return found | ({"tldr": self._about_summary(shown)} if self._writes else {})

    def size_of(self, names: Sequence[str]) -> tuple[int, int]:
        """Calls for some fields of a paper of ten sentences, and the characters of their questions."""
        paper = Paper("", "", "It is so. " * 10)
        shown = words().state.show(paper)
        own = [asked for name, asked in self._own_questions(paper, shown).items() if name in names]
        groups = questions(self._taxonomy, paper, shown.sentences, self.limits.options, names)
        dealt = [*requests(groups, self.limits.questions), *requests(own, self.limits.questions)]
        more = int(self._writes and "tldr" in names)
        return len(dealt) + more, sum(len(str(one)) for asked in dealt for one in asked)

    def stop(self) -> None:
        """Send no more requests."""
        if self._bench is not None:
            self._bench.decider.stop()
            if self._bench.writer is not None:
                self._bench.writer.stop()

    async def close(self) -> None:
        """Close the connections."""
        self._answers.close()
        if self._bench is not None:
            await self._bench.decider.close()
            if self._bench.writer is not None:
                await self._bench.writer.close()

    async def _scores(self, paper: Paper, copy: ReadingCopy, shown: Shown, bill: Bill) -> Scores:
        groups = questions(self._taxonomy, copy.paper, shown.sentences, self.limits.options)
        decided: dict[str, dict[str, float]] = {one.id: unasked(one) for group in groups for one in group}
        for asked in self._requests(copy.paper, shown):
            decided |= _chances(await self._answered(paper, shown, asked, bill))
        return scores(decided, self._taxonomy, shown.sentences, self._fit)

    def _requests(self, paper: Paper, shown: Shown) -> list[list[Question]]:
        shipped = self._fields.shipped
        groups = questions(self._taxonomy, paper, shown.sentences, self.limits.options, shipped)
        return requests(groups, self.limits.questions)

    def _about(self, shown: Shown, asked: Sequence[Question]) -> dict[str, Part]:
        plain = [(one.id, one.instructions, one.options and list(one.options.items())) for one in asked]
        return {**self._parts, "state": digest(shown.content), "questions": digest(json.dumps(plain))}

    def _about_summary(self, shown: Shown) -> dict[str, Part]:
        return {**self._summary_parts, "state": digest(shown.content)}

    async def _own(
        self, paper: Paper, copy: ReadingCopy, shown: Shown, bill: Bill
    ) -> tuple[dict[str, Value], tuple[Answered, ...]]:
        """The values of own fields, and what made them; what is not in the cache is asked together."""
        wanted = self._own_questions(copy.paper, shown)
        rows = {name: row for name, asked in wanted.items() if (row := self._kept(shown, asked)) is not None}
        missing = {name: asked for name, asked in wanted.items() if name not in rows}
        start = len(bill.answers)
        for asked in requests(missing.values(), self.limits.questions):
            await self._answered(paper, shown, asked, bill)
        fresh = bill.answers[start:]
        del bill.answers[start:]
        decided = {name: chances for answer in fresh for name, chances in _chances(answer).items()}
        for name, asked in missing.items():
            # A row for each field, so that any other set of fields finds it; the first bears the cost.
            cost = free(fresh[0]) if rows.keys() & missing.keys() else together(fresh)
            rows[name] = replace(cost, text=json.dumps({one.id: decided[one.id] for one in asked}))
            if len(missing) > 1 or len(fresh) > 1:
                await self._answers.keep(self._about(shown, asked), rows[name], names_of(self, paper))
        bill.answers += (rows[name] for name in wanted)
        values = {
            one.name: own_value(one, _chances(rows[one.name]))
            if one.name in rows
            else Value(missing=NOT_IN_TEXT if one.type in ANSWERED else NOT_ANSWERED)
            for one in self._fields.own
        }
        made = (
            made_by(
                key_of(self._about(shown, asked)),
                self.prompt,
                {name: self.specs[name]},
                rows[name].created,
            )
            for name, asked in wanted.items()
        )
        return values, tuple(made)

    def _own_questions(self, paper: Paper, shown: Shown) -> dict[str, list[Question]]:
        """The questions of own fields that can be answered from what is shown, by field."""
        text = self._places.text(paper, shown.sentences) if self._fields.own else None
        found = {}
        for one in self._fields.own:
            allowed = text.allowed(one) if text is not None else None
            numbers = sorted(allowed) if allowed is not None else list(range(1, shown.sentences + 1))
            if one.type in ANSWERED and numbers:
                found[one.name] = own_questions(one, numbers, self.limits.options)
        return found

    def _kept(self, shown: Shown, asked: Sequence[Question]) -> Answer | None:
        return self._answers.found(self._about(shown, asked), _answers(asked))

    async def _answered(self, paper: Paper, shown: Shown, asked: Sequence[Question], bill: Bill) -> Answer:
        return await self._answers.get(
            self._about(shown, asked),
            _answers(asked),
            lambda: self._decide(shown, asked),
            self._named(paper),
            bill,
        )

    def _named(self, paper: Paper) -> Named:
        return Named(paper.where, names_of(self, paper))

    async def _opened(self) -> Bench:
        async with self._connecting:
            if self._bench is None:
                self._bench = await self._connect()
        return self._bench

    async def _decide(self, shown: Shown, asked: Sequence[Question]) -> Answer:
        decided = await (await self._opened()).decider.ask(shown.content, asked)
        text = json.dumps({name: dict(chances) for name, chances in decided.chances.items()})
        return answered(text, decided.model, decided.spent, decided.seconds)

    async def _summarize(self, shown: Shown) -> Answer:
        writer = (await self._opened()).writer
        assert writer is not None
        return await summarize(writer, self._prefix, shown)

    def _card(
        self, paper: Paper, copy: ReadingCopy, draft: Draft, bill: Bill, own: tuple[Answered, ...]
    ) -> Card:
        return evidence.build(
            paper,
            copy.renumbered(draft),
            provenance(self._model, self.prompt, self._taxonomy, together(bill.answers), own),
            withheld=copy.withheld,
            types=self._types,
        )


def _chances(answer: Answer) -> dict[str, dict[str, float]]:
    return _CHANCES.validate_json(answer.text)


def _answers(asked: Sequence[Question]) -> Callable[[Answer], bool]:
    """Whether an answer has every option of these questions."""
    wanted = {question.id: set(question.names) for question in asked}

    def good(answer: Answer) -> bool:
        with suppress(ValueError):
            found = _chances(answer)
            sound = all(0 <= value <= 1 for chances in found.values() for value in chances.values())
            return sound and {name: set(chances) for name, chances in found.items()} == wanted
        return False

    return good


def _has_summary(answer: Answer) -> bool:
    return tldr_in(answer.text) is not None
