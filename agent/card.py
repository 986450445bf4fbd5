"""The card: what is written about a paper.

Its field names are the contract with every reader of a card file.

One JSON object a line. Offsets are code points of the abstract, or of the section that the evidence names,
0-based and half-open: `abstract[evidence.start:evidence.end] == evidence.text`. `confidence` is a
calibrated probability, or null where nothing was there to compute it from. Knows nothing of how a card is
made.
"""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .errors import BadInput

SCHEMA_VERSION = 1

Status = Literal["released", "promised", "not-stated"]

UNCERTAIN = "uncertain"
"""What stands for the main label where no label is sure enough to be given."""


class Record(BaseModel):
    """Frozen, and closed to fields that nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _absent(value: object) -> bool:
    return value is None


def _empty(value: object) -> bool:
    return value == ()


class Located(Record):
    """Where something stands in a full text; of cards of abstracts alone, nothing is written."""

    section: str | None = Field(default=None, exclude_if=_absent)
    """The section that the offsets count in, as `Paper.sections` names it; None: the abstract."""
    page: int | None = Field(default=None, ge=1, exclude_if=_absent)
    """Page on which it begins, from 1; None: the abstract, or a text without pages."""

    @property
    def place(self) -> str:
        """For people: `Conclusion, p. 9`; empty for the abstract."""
        if self.section is None:
            return ""
        return self.section if self.page is None else f"{self.section}, p. {self.page}"


class Evidence(Located):
    """The sentence that says it."""

    start: int = Field(ge=0)
    """First character."""
    end: int
    """One past the last."""
    sentence: int = Field(ge=1)
    """Number of the sentence in what was read, from 1: the abstract's come first, then the sections'."""
    text: str = Field(min_length=1)
    """Letter for letter as the abstract or the section has it."""

    @model_validator(mode="after")
    def _length_fits(self) -> Self:
        if self.end - self.start != len(self.text):
            raise ValueError(
                f"span {self.start}-{self.end} is {self.end - self.start} characters, "
                f"the text has {len(self.text)}"
            )
        return self


class Label(Record):
    """One tag, an id of the taxonomy."""

    label: str
    confidence: float | None = Field(default=None, ge=0, le=1)


class Candidate(Label):
    """A label that may fit, of a field whose answer is not sure."""

    field: str
    """`tasks`, `modalities` or `contributions`."""

    @property
    def shown(self) -> str:
        """For people: `image-generation 0.29`."""
        return self.label if self.confidence is None else f"{self.label} {self.confidence:.2f}"


class Claim(Record):
    """One thing the authors say of their own results."""

    kind: str
    """An id of the taxonomy's claim kinds."""
    confidence: float | None = Field(default=None, ge=0, le=1)
    evidence: Evidence


class Artifact(Record):
    """Whether code, data or weights are to be had. `not-stated` is an answer, and is not "no"."""

    status: Status
    confidence: float | None = Field(default=None, ge=0, le=1)
    evidence: Evidence | None = None


class CardLink(Located):
    """A URL of the text and what stands behind it."""

    url: str
    kind: Literal["code", "data", "weights", "other"]
    start: int = Field(ge=0)
    end: int


class Reproducibility(Record):
    """What a reader needs to repeat the work."""

    code: Artifact
    data: Artifact
    weights: Artifact
    links: tuple[CardLink, ...] = ()

    def artifact(self, name: str) -> Artifact:
        """What is said of `code`, `data` or `weights`."""
        found: Artifact = {"code": self.code, "data": self.data, "weights": self.weights}[name]
        return found


class Tokens(Record):
    """Tokens of all calls behind the card, retries and re-asked answers included."""

    prompt: int = 0
    cached_prompt: int = 0
    """The part of `prompt` that the endpoint had in its own cache."""
    completion: int = 0


class Provenance(Record):
    """What made the card. The same for every run that reads the same answers from the cache."""

    model: str
    """As the user named it."""
    answered_by: str | None = Field(default=None, exclude_if=_absent)
    """The model that answered, where the endpoint names another one, as a router does."""
    model_sha256: str | None = None
    """Of the weights, where they are a local file."""
    prompt: str
    """`name@` and eight hex digits over all the words that a model is sent, the paper aside."""
    taxonomy: str
    schema_version: int = Field(default=SCHEMA_VERSION, alias="schema")
    created: str
    """When the answer was made, UTC, ISO 8601; empty where no model was asked."""
    calls: int = 0
    """Calls answered for this card, re-asked ones included."""
    reasked: int = 0
    """Of those, how many asked again because an answer was wrong."""
    tokens: Tokens = Tokens()
    cost_usd: float | None = None
    """None: the price is not known."""
    seconds: float = 0.0
    """Wall time of the calls."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Card(Record):
    """What papercards says about one paper."""

    id: str
    title: str
    status: Literal["ok"] = "ok"
    tldr: str
    """One sentence, at most 30 words unless the flag `summary-too-long` says otherwise."""
    tasks: tuple[Label, ...]
    """The main one first; so for modalities and contributions."""
    modalities: tuple[Label, ...]
    contributions: tuple[Label, ...]
    candidates: tuple[Candidate, ...] = Field(default=(), exclude_if=_empty)
    """Where a field has fewer labels than a paper should have, since no other is likely enough: the likeliest
    of those that were not given, by field."""
    claims: tuple[Claim, ...]
    """In the order of the text."""
    reproducibility: Reproducibility
    flags: tuple[str, ...] = ()
    """What a reader should know: `number-not-in-source`, `summary-too-long`, `hidden-characters`, …"""
    provenance: Provenance

    def labels(self, field: str) -> tuple[Label, ...]:
        """The labels of one field: `tasks`, `modalities` or `contributions`; the main one comes first."""
        found: tuple[Label, ...] = {
            "tasks": self.tasks,
            "modalities": self.modalities,
            "contributions": self.contributions,
        }[field]
        return found

    def unsure_of(self, field: str) -> tuple[Candidate, ...]:
        """The candidates of one of the label fields, the likeliest first."""
        return tuple(one for one in self.candidates if one.field == field)

    @property
    def main_task(self) -> str | None:
        """Its label, `UNCERTAIN` where there are candidates alone, None where there is nothing."""
        if self.tasks:
            return self.tasks[0].label
        return UNCERTAIN if self.unsure_of("tasks") else None

    @field_validator("candidates", mode="before")
    @classmethod
    def _none_are_none(cls, value: object) -> object:
        # In Parquet, what is not written of a card is null.
        return () if value is None else value

    def to_json(self) -> str:
        """The card on one line, non-ASCII characters as they are."""
        return self.model_dump_json(by_alias=True)


def json_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of one line of a card file."""
    schema = Card.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:papercards:card:{SCHEMA_VERSION}",
        **schema,
    }


def parse_card(card: str | bytes | dict[str, Any], where: str) -> Card:
    """A card from its JSON, or from what that means in Python. Raises BadInput for anything else."""
    try:
        return Card.model_validate(card) if isinstance(card, dict) else Card.model_validate_json(card)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        message = f"not a card: {field + ': ' if field else ''}{fault['msg']}"
        raise BadInput(message, where=where) from error
