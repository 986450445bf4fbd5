"""The card of a paper: its fields and their JSON form.

The field names are a public contract with readers of card files.

One JSON object a line. Offsets are code points of the abstract, or of the section that the evidence names,
0-based and half-open: `abstract[evidence.start:evidence.end] == evidence.text`. `confidence` is a calibrated
probability, or null if there was nothing to compute it from; that of a decision endpoint is calibrated as the
endpoint does it, unless it was tuned. Knows nothing of how a card is made.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from .errors import BadInput
from .paper import completed, page_of
from .publication import NOTHING, Publication, json_of, none_is_empty, with_publication
from .text.wording import first_fault

SCHEMA_VERSION = 2
"""Version of the card format; cards of version 1 have no `publication`, and are read as version 2."""

Status = Literal["released", "promised", "not-stated"]

FieldType = Literal["label", "labels", "boolean", "number", "quantity", "text", "date", "list"]
"""The types of own fields."""

NOT_STATED = "not-stated"
"""Why a value is null: the paper does not say. The next ones are further reasons."""
NOT_ANSWERED = "not-answered-by-this-model"
NOT_ASKED = "not-asked"
DOES_NOT_APPLY = "does-not-apply"
NOT_IN_TEXT = "not-in-text"
REFUSED = "refused"
REJECTED = "rejected"

UNCERTAIN = "uncertain"
"""Main label of a field in which no label is likely enough."""

MISSING = frozenset(
    {NOT_STATED, NOT_ANSWERED, NOT_ASKED, DOES_NOT_APPLY, NOT_IN_TEXT, REFUSED, REJECTED, UNCERTAIN}
)
"""All reasons."""


class Record(BaseModel):
    """Base of all records: frozen, and without undeclared fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _is_missing(value: object) -> bool:
    return value is None or value == () or value == {}


def _nothing(value: object) -> bool:
    return value == NOTHING


class Located(Record):
    """Position of something in a full text; not written for cards of abstracts."""

    section: str | None = Field(default=None, exclude_if=_is_missing)
    """Section that the offsets refer to, by its name in `Paper.sections`; None for the abstract."""
    page: int | None = Field(default=None, ge=1, exclude_if=_is_missing)
    """Page on which it begins, from 1; None for the abstract and for texts without pages."""

    @property
    def place(self) -> str:
        """Section and page for display, such as `Conclusion, p. 9`; empty for the abstract."""
        if self.section is None:
            return ""
        return self.section if self.page is None else f"{self.section}, p. {self.page}"


class Evidence(Located):
    """A sentence of the paper that supports a statement."""

    start: int = Field(ge=0)
    """Offset of the first character."""
    end: int
    """Offset after the last character."""
    sentence: int = Field(ge=1)
    """Number of the sentence, from 1: sentences of the abstract come first, then those of the sections."""
    text: str = Field(min_length=1)
    """Text of the sentence, exactly as in the abstract or section."""

    @model_validator(mode="after")
    def _length_fits(self) -> Self:
        if self.end - self.start != len(self.text):
            raise ValueError(
                f"span {self.start}-{self.end} is {self.end - self.start} characters, "
                f"the text has {len(self.text)}"
            )
        return self


class Label(Record):
    """A label, by its id in the taxonomy."""

    label: str
    """Id of the label in the taxonomy."""
    confidence: float | None = Field(default=None, ge=0, le=1)
    """Calibrated probability that the label is right; null if unknown."""


class Candidate(Label):
    """A label that may fit, in a field without a confident answer."""

    field: str
    """Label field: `tasks`, `modalities` or `contributions`."""

    @property
    def shown(self) -> str:
        """Text for display: `image-generation 0.29`."""
        return self.label if self.confidence is None else f"{self.label} {self.confidence:.2f}"


class Claim(Record):
    """One statement of the authors about their own results."""

    kind: str
    """Kind of claim, an id of the taxonomy's claim kinds."""
    confidence: float | None = Field(default=None, ge=0, le=1)
    """Calibrated probability that the sentence is a claim of this kind; null if unknown."""
    evidence: Evidence
    """Sentence that makes the claim."""


class Artifact(Record):
    """Availability of code, data or weights. `not-stated` does not mean "no"."""

    status: Status
    """Whether it is released, promised, or not stated."""
    confidence: float | None = Field(default=None, ge=0, le=1)
    """Calibrated probability that the status is right; null if unknown."""
    evidence: Evidence | None = None
    """Sentence that states it; null for `not-stated`."""


class CardLink(Located):
    """A URL in the text and the kind of its target."""

    url: str
    """Address in the text."""
    kind: Literal["code", "data", "weights", "other"]
    """Usual kind of content on this host."""
    start: int = Field(ge=0)
    """Offset of the first character."""
    end: int
    """Offset after the last character."""


class Reproducibility(Record):
    """Availability of what is needed to reproduce the work."""

    code: Artifact
    """Availability of the code."""
    data: Artifact
    """Availability of the data."""
    weights: Artifact
    """Availability of the model weights."""
    links: tuple[CardLink, ...] = ()
    """Links in the text that was read."""

    def artifact(self, name: str) -> Artifact:
        """The statement on `code`, `data` or `weights`."""
        found: Artifact = {"code": self.code, "data": self.data, "weights": self.weights}[name]
        return found

    def link(self, kind: str) -> str | None:
        """The first link of a kind; None without one."""
        return next((one.url for one in self.links if one.kind == kind), None)


Scalar = bool | int | float | str | None
"""A single value of an own field."""


class FieldRow(Record):
    """One record of a field of type `list`."""

    values: Mapping[str, Scalar]
    """The parts by name; a part that is not stated is null."""
    model_words: tuple[str, ...] = Field(default=(), exclude_if=_is_missing)
    """Names of the parts whose text is not exactly in the paper."""
    evidence: Evidence | None = Field(default=None, exclude_if=_is_missing)
    """The sentence that states it."""

    @property
    def text(self) -> str:
        """The record for display: `dataset: Beans, value: 91.2 %`."""
        pairs = [
            (name, f"{shown(value)} {shown(self.values.get(f'{name}_unit'))}".strip())
            for name, value in self.values.items()
            if not (name.endswith("_unit") and name.removesuffix("_unit") in self.values)
        ]
        return ", ".join(f"{name.replace('_', ' ')}: {text}" for name, text in pairs if text)


class FieldValue(Record):
    """The value of an own field."""

    type: FieldType
    """Type of the field; the value of a `list` is in `rows`."""
    value: bool | int | float | str | tuple[str, ...] | None = None
    """A truth value, a number, a text, an option's id or a list of ids; dates are in ISO 8601 as far as they
    are known. Null if there is none, with the reason in `missing`."""
    unit: str | None = Field(default=None, exclude_if=_is_missing)
    """The unit of a `quantity`, as the paper writes it."""
    high: float | None = Field(default=None, exclude_if=_is_missing)
    """Upper end of a number that the paper gives as a range; `value` is the lower end."""
    rows: tuple[FieldRow, ...] = Field(default=(), exclude_if=_is_missing)
    """The records of a `list`."""
    missing: str | None = Field(default=None, exclude_if=_is_missing)
    """Why there is no value: `not-stated`, `does-not-apply`, `not-in-text` (the sections that it should come
    from were not read), `not-answered-by-this-model`, `uncertain`, `not-asked`,
    `refused`, or `rejected` by a person."""
    refused: tuple[str, ...] = Field(default=(), exclude_if=_is_missing)
    """What was wrong with an answer, or with records of a `list`, that the paper does not bear out."""
    confidence: float | None = Field(default=None, ge=0, le=1)
    """Calibrated probability that the value is right (of `labels`, the first one); null if unknown."""
    confidences: tuple[float | None, ...] = Field(default=(), exclude_if=_is_missing)
    """Probabilities of all `labels`, in their order."""
    words: Literal["paper", "model"] | None = Field(default=None, exclude_if=_is_missing)
    """Whether a `text` is exactly in the paper, or is the model's words."""
    evidence: Evidence | None = Field(default=None, exclude_if=_is_missing)
    """The sentence that states it."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """The options that were chosen, for `label` and `labels`."""
        if self.type == "label" and isinstance(self.value, str):
            return (Label(label=self.value, confidence=self.confidence),)
        if not isinstance(self.value, tuple):
            return ()
        chances = self.confidences or (None,) * len(self.value)
        return tuple(
            Label(label=one, confidence=chance) for one, chance in zip(self.value, chances, strict=True)
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The value as texts for display and filters: none, one, or one for each label or record."""
        if self.rows:
            return tuple(row.text for row in self.rows)
        if isinstance(self.value, tuple):
            return self.value
        if self.value is None:
            return ()
        high = "" if self.high is None else f"\u2013{shown(self.high)}"
        return (shown(self.value) + high + (f" {self.unit}" if self.unit else ""),)


def shown(value: Scalar) -> str:
    """One value as text: `yes`, `12`, `0.5`, `1e-05`; empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


class Answered(Record):
    """One answer behind a card, and the fields that were taken from it."""

    answer: str
    """First 16 hex digits of its key in the cache; empty where no model was asked."""
    prompt: str
    """Version of the prompt."""
    fields: tuple[str, ...]
    """Each as `name@` and the eight hex digits of its spec: question, type and options."""
    created: str
    """Time of the answer in UTC; empty if no model was asked."""


class Tokens(Record):
    """Tokens of all calls behind the card, retries and re-asked answers included."""

    prompt: int = 0
    """Tokens sent."""
    cached_prompt: int = 0
    """Part of `prompt` that the endpoint had in its own cache."""
    completion: int = 0
    """Tokens received, reasoning included."""


class Provenance(Record):
    """How the card was made; the same for every run that uses the same cached answers."""

    model: str
    """Model, as named by the user."""
    answered_by: str | None = Field(default=None, exclude_if=_is_missing)
    """Model that answered, if the endpoint reports a different one, as routers do."""
    model_sha256: str | None = None
    """SHA-256 of the weights, if they are a local file."""
    prompt: str
    """Version of the prompt: `name@` and eight hex digits of a hash of its text, without the paper."""
    taxonomy: str
    """Version of the taxonomy: its name, `@` and eight hex digits of a hash."""
    schema_version: int = Field(default=SCHEMA_VERSION, alias="schema")
    """Version of the card format; that of an older card becomes the present one as it is read."""
    created: str
    """Time of the answer in UTC, ISO 8601; empty if no model was used."""
    calls: int = 0
    """Number of answered calls for this card, re-asked ones included."""
    reasked: int = 0
    """Number of calls that re-asked because an answer was invalid."""
    tokens: Tokens = Tokens()
    """Tokens of all calls."""
    cost_usd: float | None = None
    """Cost in USD; None if the price is unknown."""
    seconds: float = 0.0
    """Wall time of the calls in seconds."""
    answers: Annotated[tuple[Answered, ...], BeforeValidator(none_is_empty)] = Field(
        default=(), exclude_if=_is_missing
    )
    """Which answer made which field; absent if one answer to `prompt` made all, and there are no own fields.
    Calls, tokens, cost and seconds are then those of all these answers."""

    @property
    def specs(self) -> dict[str, str]:
        """The spec of each field with which it was answered, by name, as far as `answers` say."""
        pairs = (one.rpartition("@") for answer in self.answers for one in answer.fields)
        return {name: spec for name, _, spec in pairs}

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @field_validator("schema_version")
    @classmethod
    def _is_known(cls, value: int) -> int:
        if not 1 <= value <= SCHEMA_VERSION:
            raise ValueError(f"version {value} of the card format is not known; update papercards")
        return SCHEMA_VERSION


class Card(Record):
    """The card of one paper."""

    id: str
    """Id of the paper: `arxiv:…`, `doi:…`, the source's own id, or `sha256:` and 16 hex digits."""
    title: str
    """Title, as in the source."""
    status: Literal["ok"] = "ok"
    """Always `ok`; papers without a card are in the errors file."""
    tldr: str
    """Summary in one sentence, at most 30 words unless the flag `summary-too-long` is set."""
    tasks: tuple[Label, ...]
    """Task labels, the main one first; the same order applies to modalities and contributions."""
    modalities: tuple[Label, ...]
    """Kinds of data that the paper works with."""
    contributions: tuple[Label, ...]
    """Kinds of contributions, such as a method or a data set."""
    candidates: Annotated[tuple[Candidate, ...], BeforeValidator(none_is_empty)] = Field(
        default=(), exclude_if=_is_missing
    )
    """Labels that were too unlikely to be given, the most likely first, for fields with fewer labels than a
    paper should have."""
    claims: tuple[Claim, ...]
    """Claims in the order of the text."""
    reproducibility: Reproducibility
    """Availability of code, data and weights, and links."""
    flags: tuple[str, ...] = ()
    """Warnings for the reader: `number-not-in-source`, `summary-too-long`, `hidden-characters`, …"""
    provenance: Provenance
    """How the card was made."""
    fields: Mapping[str, FieldValue] = Field(default_factory=dict, exclude_if=_is_missing)
    """Own fields, by name; absent without any."""
    same_as: str | None = Field(default=None, exclude_if=_is_missing)
    """Id of the card that this one repeats: both are records of one paper, and only that one was asked about.
    Offsets count its abstract. Absent for all other cards."""
    publication: Publication = Field(default=NOTHING, exclude_if=_nothing)
    """Authors, date, venue, identifiers and more, from the source of the paper; no model reads or writes
    them. The last field of a card, absent if nothing is known."""

    @property
    def unasked(self) -> frozenset[str]:
        """The shipped fields that were not asked, so that nothing that the card says of them counts."""
        start = f"{NOT_ASKED}:"
        named = (flag.removeprefix(start).split(",") for flag in self.flags if flag.startswith(start))
        return frozenset(name for names in named for name in names)

    @property
    def about(self) -> Publication:
        """The publication, completed from the paper's id: cards of version 1 have nothing else."""
        return completed(self.publication, self.id)

    @property
    def page(self) -> str | None:
        """The web page of the paper."""
        return page_of(self.id, self.publication.url)

    def labels(self, field: str) -> tuple[Label, ...]:
        """The labels of one field, shipped or own; the main one comes first."""
        if field in self.fields:
            return self.fields[field].labels
        found: tuple[Label, ...] = {
            "tasks": self.tasks,
            "modalities": self.modalities,
            "contributions": self.contributions,
        }[field]
        return found

    def unsure_of(self, field: str) -> tuple[Candidate, ...]:
        """The candidates of one label field, the likeliest first."""
        return tuple(one for one in self.candidates if one.field == field)

    @property
    def main_task(self) -> str | None:
        """Label of the main task; `UNCERTAIN` if there are only candidates, None if there is nothing."""
        if self.tasks:
            return self.tasks[0].label
        return UNCERTAIN if self.unsure_of("tasks") else None

    @field_validator("fields", mode="before")
    @classmethod
    def _no_own_fields(cls, value: object) -> object:
        # Parquet has them as JSON text, since each has a type of its own.
        return json.loads(value) if isinstance(value, str) else {} if value is None else value

    @field_validator("publication", mode="before")
    @classmethod
    def _none_is_nothing(cls, value: object) -> object:
        return NOTHING if value is None else value

    def to_json(self) -> str:
        """The card on one line, non-ASCII characters as they are."""
        return with_publication(self.own_json().encode(), json_of(self.publication)).decode()

    def own_json(self) -> str:
        """The card on one line without its publication, which comes from the source and no model."""
        return self.model_dump_json(by_alias=True, exclude={"publication"})


def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of one line of a card file."""
    schema = Card.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:papercards:card:{SCHEMA_VERSION}",
        **schema,
    }


def parse_card(card: str | bytes | dict[str, Any], where: str) -> Card:
    """Parse a card from JSON or from its Python data. Raises BadInput for anything else."""
    try:
        return Card.model_validate(card) if isinstance(card, dict) else Card.model_validate_json(card)
    except ValidationError as error:
        raise BadInput(f"not a card: {first_fault(error)}", where=where) from error
