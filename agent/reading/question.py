"""The request for one paper, the answers that come of it, and what a card says of them.

Knows no cache and no connection.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from ..card import NOT_ASKED, Answered, Provenance, Tokens
from ..fields.spec import SHIPPED, FieldSet
from ..fields.values import Value
from ..model.cache import Answer, Part, key_of
from ..model.catalogue import Model, other_model
from ..model.form import Form
from ..model.reply import Reply
from ..paper import Paper
from ..taxonomy import Taxonomy
from .answers import Parts
from .asking import NOTHING_ASKED, Asking
from .draft import Draft, settled
from .kept import answered, together
from .prompting import Message, Shown
from .reading_copy import ReadingCopy
from .token_chances import TokenChances, needed, token_chances


@dataclass(frozen=True, slots=True)
class Piece:
    """An answer, and what it says of the fields that are taken from it."""

    answer: Answer
    key: str
    """Its key in the cache."""
    prompt: str
    """Version of the prompt that it answers."""
    specs: Mapping[str, str]
    """Spec of each field that is taken, by name."""
    parts: Parts
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """The request for one paper, with everything the answer depends on."""

    paper: Paper
    copy: ReadingCopy
    """The copy of the paper that is read."""
    shown: Shown
    asking: Asking
    """The fields that are asked."""
    count: int | None
    """Number of sentences that the schema is made for; None if there is one schema for all papers."""
    unasked: dict[str, Part]
    """Parts of the cache key, without the form of the request."""
    form: Form
    """The current form of the request."""
    known: list[Piece] = field(default_factory=list)
    """Earlier answers to other fields of this paper."""

    @property
    def kind(self) -> type[BaseModel]:
        """The answer type."""
        return self.asking.kind(self.count)[0]

    @property
    def prefix(self) -> Sequence[Message]:
        """All messages except the last, shared by all papers."""
        return self.asking.prompt.prefix

    @property
    def content(self) -> str:
        """Content of the last message."""
        return self.shown.content + self.asking.prompt.tail

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


def provenance(
    model: Model, prompt: str, taxonomy: Taxonomy, answer: Answer, answers: Iterable[Answered] = ()
) -> Provenance:
    """The provenance of a card from an answer; `prompt` is the version of the prompt.

    `answers` are those that it was put together from, where a card says so.
    """
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
        answers=tuple(answers),
    )


def assembled(
    model: Model, prompt: str, taxonomy: Taxonomy, pieces: Sequence[Piece], fields: FieldSet
) -> Provenance:
    """The provenance of a card from several answers; `prompt` is that of a request for all fields."""
    answers = [piece.answer for piece in pieces]
    if len(pieces) == 1 and not fields.version:
        return provenance(model, prompt, taxonomy, answers[0])
    newest = max(answers, key=lambda answer: answer.created)
    each = (made_by(one.key, one.prompt, one.specs, one.answer.created) for one in pieces)
    return provenance(model, prompt, taxonomy, replace(together(answers), model=newest.model), each)


def made_by(key: str, prompt: str, specs: Mapping[str, str], created: str) -> Answered:
    """What a card says of one of its answers: its key, and the specs of the fields that are from it."""
    fields = tuple(f"{name}@{spec}" for name, spec in specs.items())
    return Answered(answer=key[:16], prompt=prompt, fields=fields, created=created)


def drafted(pieces: Sequence[Piece], fields: FieldSet, shown: tuple[str, ...]) -> Draft:
    """What the answers say together; `shown` are the flags of the text that was read."""
    parts: Parts = {**NOTHING_ASKED}
    flags: list[str] = []
    for piece in pieces:
        parts |= piece.parts
        flags += piece.flags
    there = {name for piece in pieces for name in piece.specs}
    if unasked := [name for name in SHIPPED if name not in there]:
        flags.append(f"{NOT_ASKED}:{','.join(unasked)}")
    own = {one.name: Value(missing=NOT_ASKED) for one in fields.own} | settled(fields.own, parts)
    return Draft(**{name: parts[name] for name in SHIPPED}, own=own, flags=(*flags, *shown))


def chances(pieces: Sequence[Piece], taxonomy: Taxonomy) -> TokenChances:
    """The probabilities of what the answers say, each for the fields that are taken from it."""
    found = TokenChances()
    for piece in pieces:
        said = token_chances(piece.answer.logprobs, taxonomy)
        found.labels.update({key: chance for key, chance in said.labels.items() if key[0] in piece.specs})
        found.statuses.update({name: one for name, one in said.statuses.items() if name in piece.specs})
        if "claims" in piece.specs:
            found.kinds.update(said.kinds)
    return found


def answer_of(reply: Reply) -> Answer:
    """A reply as it is kept in the cache."""
    return answered(
        reply.text,
        reply.model,
        reply.spent,
        reply.seconds,
        finish_reason=reply.finish_reason,
        logprobs=needed(reply.logprobs),
    )
