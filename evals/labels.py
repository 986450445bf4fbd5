"""Label files: JSONL as `evals/labels/README.md` describes, read and checked line by line.

A record names a paper by id and title and carries one or more passes, each a whole reading of the paper by
one annotator. With an `abstract` it brings its paper along, so that anybody's own labels need no second
file. What is wrong is one line with the file and the line number.

Knows no models and no prompts.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from papercards.card import Status
from papercards.errors import BadInput
from papercards.paper import Paper
from papercards.sources import BadRecord, open_source
from papercards.taxonomy import LABEL_FIELDS, Taxonomy, parse

Split = Literal["train", "dev", "test"]

ARTIFACTS = ("code", "data", "weights")
FIELDS = (*LABEL_FIELDS, "claims", *ARTIFACTS)
"""What is labelled and scored; the mean F1 is over these."""

_HERE = Path(__file__).parent
SEED_LABELS = _HERE / "labels" / "labels.jsonl"
"""The labels that come with the package."""
ARXIV_TRAIN = _HERE / "labels" / "arxiv-train.jsonl"
"""Labels of arXiv papers for fitting, without their texts: `label_texts` gets those."""
ARXIV_DEV = _HERE / "labels" / "arxiv-dev.jsonl"
"""The same, for trying things out; no paper of the seed corpus is in either."""
SEED_CORPUS = _HERE / "corpus" / "hf-papers-listing.txt"
"""Titles and abstracts of the papers that they label."""


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim as an annotator marked it: code points of the abstract, half-open."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one annotator said of one paper; lists have the main label first."""

    annotator: str
    tasks: tuple[str, ...]
    modalities: tuple[str, ...]
    contributions: tuple[str, ...]
    claims: tuple[LabelledClaim, ...]
    code: Status
    data: Status
    weights: Status
    tldr: str | None

    def labels(self, field: str) -> tuple[str, ...]:
        """The labels of one of `LABEL_FIELDS`."""
        return {
            "tasks": self.tasks,
            "modalities": self.modalities,
            "contributions": self.contributions,
        }[field]

    def status(self, artifact: str) -> Status:
        """The status of `code`, `data` or `weights`."""
        return {"code": self.code, "data": self.data, "weights": self.weights}[artifact]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled paper."""

    id: str
    title: str
    split: Split
    readings: tuple[Reading, ...]
    """At least one."""
    abstract: str | None
    """None: the paper comes from elsewhere, see `join`."""
    where: str
    """`labels.jsonl:12`."""
    fields: tuple[str, ...] = FIELDS
    """Of `FIELDS`, what the readings say anything of; the others are not scored."""
    sha256: str | None = None
    """Of the title and abstract that were labelled, see `text_hash`; None: the record does not say."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ClaimRecord(_Strict):
    """A claim as the file has it."""

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    kind: str


_Text = Annotated[str, Field(min_length=1)]
_FieldName = Literal["tasks", "modalities", "contributions", "claims", "code", "data", "weights"]


class MadeRecord(_Strict):
    """How a pass was made; it is not scored."""

    how: Literal["blank", "corrected"]
    """From nothing but the paper, or by a person who corrected a card."""
    saw: list[str] = Field(default_factory=list)
    """The models whose answers the annotator had before them while labelling."""


class ReadingRecord(_Strict):
    """A pass as the file has it."""

    annotator: str = ""
    made: MadeRecord | None = None
    tasks: list[_Text]
    modalities: list[_Text]
    contributions: list[_Text]
    claims: list[ClaimRecord]
    code: Status
    data: Status
    weights: Status
    tldr: str | None = None


class LabelRecord(_Strict):
    """A line of a label file."""

    id: _Text
    title: str = ""
    """May be left out where `sha256` says which text was labelled."""
    split: Split
    labels: list[ReadingRecord] = Field(min_length=1)
    abstract: str | None = None
    fields: list[_FieldName] | None = Field(default=None, min_length=1)
    """What the passes say anything of; None: of everything."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """Of title and abstract, see `text_hash`."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.title and self.sha256 is None:
            raise ValueError("a record without a title needs a sha256")
        return self


def read_labels(
    path: Path, *, split: str | None = None, taxonomy: Taxonomy | None = None
) -> tuple[Labelled, ...]:
    """The labelled papers of a file, in its order, all of them or those of one split.

    With a taxonomy, every label must be one of its ids. The whole file is checked either way. Raises
    BadInput with the line that is wrong, also for a paper that is there twice.
    """
    try:
        # Not splitlines, which also cuts at characters that JSON allows inside a text.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise BadInput(f"cannot read the labels: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadInput("the labels are not UTF-8 text", where=str(path)) from error
    found: dict[str, Labelled] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        item = _parse(line, f"{path}:{number}")
        if taxonomy is not None:
            _check_ids(item, taxonomy)
        if item.id in found:
            raise BadInput(
                f"the paper {item.id} was labelled before, at {found[item.id].where}",
                where=item.where,
                next_step="Put all its passes into one record.",
            )
        found[item.id] = item
    chosen = tuple(item for item in found.values() if split in (None, item.split))
    if not chosen:
        splits = ", ".join(sorted({item.split for item in found.values()})) or "no record"
        raise BadInput(
            f'no paper of the split "{split}"' if split else "no labels",
            where=str(path),
            next_step=f"The file has: {splits}.",
        )
    return chosen


def seed_papers() -> Iterator[Paper]:
    """The papers of `SEED_CORPUS`."""
    for paper in open_source(str(SEED_CORPUS)):
        if isinstance(paper, BadRecord):
            raise BadInput(paper.reason, where=paper.where)
        yield paper


def seed_taxonomy() -> Taxonomy:
    """The taxonomy that `SEED_LABELS` was labelled with."""
    shipped = resources.files("papercards.prompts") / "taxonomies" / "ml-papers.yaml"
    return parse(shipped.read_text(encoding="utf-8"), name="ml-papers", where="ml-papers")


def _parse(line: str, where: str) -> Labelled:
    try:
        record = LabelRecord.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise BadInput(
            f"not a label record: {place + ': ' if place else ''}{fault['msg']}",
            where=where,
            next_step="evals/labels/README.md describes the format.",
        ) from error
    readings = []
    for given in record.labels:
        for claim in given.claims:
            _check_span(claim, record.abstract, where)
        readings.append(
            Reading(
                annotator=given.annotator,
                tasks=tuple(given.tasks),
                modalities=tuple(given.modalities),
                contributions=tuple(given.contributions),
                claims=tuple(LabelledClaim(c.start, c.end, c.kind) for c in given.claims),
                code=given.code,
                data=given.data,
                weights=given.weights,
                tldr=given.tldr,
            )
        )
    return Labelled(
        id=record.id,
        title=record.title,
        split=record.split,
        readings=tuple(readings),
        abstract=record.abstract,
        where=where,
        fields=tuple(record.fields) if record.fields else FIELDS,
        sha256=record.sha256,
    )


def _check_span(claim: ClaimRecord | LabelledClaim, abstract: str | None, where: str) -> None:
    if claim.start >= claim.end:
        raise BadInput(f"the claim {claim.start}-{claim.end} is empty", where=where)
    if abstract is not None and claim.end > len(abstract):
        raise BadInput(
            f"the claim {claim.start}-{claim.end} ends after the abstract, "
            f"which has {len(abstract)} characters",
            where=where,
        )


def _check_ids(item: Labelled, taxonomy: Taxonomy) -> None:
    for reading in item.readings:
        used = [(field, label) for field in LABEL_FIELDS for label in reading.labels(field)]
        used += [("claim_kinds", claim.kind) for claim in reading.claims]
        for group, label in used:
            if label not in taxonomy.labels[group]:
                raise BadInput(
                    f'"{label}" is no id of {group} in the taxonomy {taxonomy.name}',
                    where=item.where,
                )


def join(labelled: Iterable[Labelled], papers: Iterable[Paper]) -> list[tuple[Labelled, Paper]]:
    """Each labelled paper with its text, in the order of the labels.

    A record's own abstract comes first; else the paper of the same id, else the one of the same title (case
    and white space aside). Raises BadInput for a record without a paper, and for a claim that ends beyond
    the abstract.
    """
    by_id: dict[str, Paper] = {}
    by_title: dict[str, Paper] = {}
    for paper in papers:
        by_id.setdefault(paper.id, paper)
        by_title.setdefault(fold(paper.title), paper)
    pairs = []
    for item in labelled:
        paper_found: Paper | None
        if item.abstract is not None:
            paper_found = Paper(item.id, item.title, item.abstract, where=item.where)
        else:
            paper_found = by_id.get(item.id) or (by_title.get(fold(item.title)) if item.title else None)
        if paper_found is None:
            raise BadInput(
                f"no paper has the id {item.id}" + (f' or the title "{item.title}"' if item.title else ""),
                where=item.where,
                next_step='Give the source that has it, or an "abstract" in the record.'
                if item.sha256 is None
                else f"Get the texts first: papercards eval labels fetch {item.where.rpartition(':')[0]}",
            )
        if item.sha256 is not None and text_hash(paper_found.title, paper_found.abstract) != item.sha256:
            raise BadInput(f"the text of {item.id} is not the one that was labelled", where=item.where)
        for reading in item.readings:
            for claim in reading.claims:
                _check_span(claim, paper_found.abstract, item.where)
        pairs.append((item, paper_found))
    return pairs


def text_hash(title: str, abstract: str) -> str:
    """SHA-256, in hex, of title and abstract with their white space folded, a line end between them."""
    return hashlib.sha256(f"{folded(title)}\n{folded(abstract)}".encode()).hexdigest()


def folded(text: str) -> str:
    """A text with each run of white space as one space."""
    return " ".join(text.split())


def fold(title: str) -> str:
    """A title without case and extra white space, for comparing."""
    return folded(title.casefold())


def _narrowed(item: Labelled) -> tuple[tuple[str, ...], ...]:
    return () if item.fields == FIELDS else (item.fields,)


def labels_version(path: Path, labelled: Sequence[Labelled]) -> str:
    """The name of a measurement's truth: `labels.jsonl@` and eight hex digits of what the records say."""
    state = hashlib.sha256(
        "\0".join(repr((i.id, i.split, i.readings, *_narrowed(i))) for i in labelled).encode()
    )
    return f"{path.name}@{state.hexdigest()[:8]}"
