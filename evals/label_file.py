"""Label files: JSONL as `evals/labels/README.md` describes, read and checked line by line.

A record has the id and title of a paper and one or more passes, each a complete annotation of the paper by
one annotator. With an `abstract` it contains the paper's text, so that no second file is needed. An error is
one line with the file and the line number.

Knows no models and no prompts.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from papercards.card import FieldValue, Status
from papercards.errors import BadInput, UsageError, readable
from papercards.paper import Paper
from papercards.sources import BadRecord, open_source
from papercards.taxonomy import LABEL_FIELDS, Taxonomy, parse

from ..text.wording import did_you_mean, first_fault

Split = Literal["train", "dev", "test"]

ARTIFACTS = ("code", "data", "weights")
FIELDS = (*LABEL_FIELDS, "claims", *ARTIFACTS)
"""The labelled and scored fields; the mean F1 is over these."""

_HERE = Path(__file__).parent
SEED_LABELS = _HERE / "labels" / "labels.jsonl"
"""Path of the label file shipped with papercards."""
ARXIV_TRAIN = _HERE / "labels" / "arxiv-train.jsonl"
"""Path of the labels of arXiv papers for fitting, without their texts; `label_texts` gets those."""
ARXIV_DEV = _HERE / "labels" / "arxiv-dev.jsonl"
"""Path of the labels of arXiv papers for trying things out; no paper of the seed corpus is in either."""
SEED_CORPUS = _HERE / "corpus" / "hf-papers-listing.txt"
"""Path of the titles and abstracts of the labelled papers."""


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim marked by an annotator; the span is half-open, in code points of the abstract."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One annotator's labels of one paper; lists have the main label first."""

    annotator: str
    tasks: tuple[str, ...]
    modalities: tuple[str, ...]
    contributions: tuple[str, ...]
    claims: tuple[LabelledClaim, ...]
    code: Status
    data: Status
    weights: Status
    tldr: str | None
    own: Mapping[str, FieldValue] = field(default_factory=dict, repr=False, hash=False)
    """Values of own fields by name, as in a card."""

    def labels(self, field: str) -> tuple[str, ...]:
        """The labels of one of `LABEL_FIELDS`."""
        found: tuple[str, ...] = getattr(self, field)
        return found

    def status(self, artifact: str) -> Status:
        """The status of `code`, `data` or `weights`."""
        found: Status = getattr(self, artifact)
        return found


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled paper."""

    id: str
    title: str
    split: Split
    readings: tuple[Reading, ...]
    """The passes, at least one."""
    abstract: str | None
    """The abstract; None if the paper comes from another source, see `join`."""
    where: str
    """Position in the file, such as `labels.jsonl:12`."""
    fields: tuple[str, ...] = FIELDS
    """The labelled fields, a subset of `FIELDS`; the others are not scored."""
    sha256: str | None = None
    """SHA-256 of the title and abstract that were labelled, see `text_hash`; None if unknown."""
    unordered: bool = False
    """Whether the order of labels has no meaning: of several, none is the main one."""

    @property
    def own_fields(self) -> tuple[str, ...]:
        """The own fields that every pass has labelled."""
        first, *others = self.readings or (None,)
        if first is None:
            return ()
        return tuple(name for name in first.own if all(name in one.own for one in others if one is not None))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ClaimRecord(_Strict):
    """A claim in a label file."""

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    kind: str


_Text = Annotated[str, Field(min_length=1)]
_FieldName = Literal["tasks", "modalities", "contributions", "claims", "code", "data", "weights"]


class MadeRecord(_Strict):
    """How a pass was made; not used in scoring."""

    how: Literal["blank", "corrected"]
    """From the paper alone (`blank`), or by correcting a card (`corrected`)."""
    saw: list[str] = Field(default_factory=list)
    """The models whose answers the annotator saw while labelling."""


class ReadingRecord(_Strict):
    """A pass in a label file."""

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
    own: dict[str, FieldValue] = Field(default_factory=dict)
    """Values of own fields by name, as in a card."""


class LabelRecord(_Strict):
    """A line of a label file."""

    id: _Text
    title: str = ""
    """Title of the paper; may be omitted if there is a `sha256`."""
    split: Split
    labels: list[ReadingRecord] = Field(min_length=1)
    abstract: str | None = None
    fields: list[_FieldName] | None = None
    """The labelled fields of the card's own; None for all of them, empty for labels of own fields alone."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of title and abstract, see `text_hash`."""
    unordered: bool = False
    """Whether the order of labels has no meaning."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.title and self.sha256 is None:
            raise ValueError("a record without a title needs a sha256")
        if self.fields == [] and not any(reading.own for reading in self.labels):
            raise ValueError("the record labels no field")
        for one in self.labels[1:]:
            for name in one.own.keys() & self.labels[0].own.keys():
                if one.own[name].type != self.labels[0].own[name].type:
                    raise ValueError(f"the passes have {name} in two types")
        return self


def check_split(split: str) -> None:
    """Raise UsageError for a split that there is not."""
    if split not in get_args(Split):
        raise UsageError(f'there is no split "{split}"', next_step="Use train, dev or test")


def read_labels(
    path: Path, *, split: str | None = None, taxonomy: Taxonomy | None = None
) -> tuple[Labelled, ...]:
    """The labelled papers of a file in order, all of them or those of one split.

    With a taxonomy, every label must be one of its ids. The whole file is checked either way. Raises BadInput
    with the line of a fault, also for a duplicate paper.
    """
    found: dict[str, Labelled] = {}
    for where, line in lines_of(path):
        item = _parse(line, where)
        if taxonomy is not None:
            _check_ids(item, taxonomy)
        if item.id in found:
            raise BadInput(
                f"duplicate of the paper {item.id} at {found[item.id].where}",
                where=item.where,
                next_step="Put all its passes into one record",
            )
        found[item.id] = item
    chosen = tuple(item for item in found.values() if split in (None, item.split))
    if not chosen:
        splits = ", ".join(sorted({item.split for item in found.values()})) or "no records"
        raise BadInput(
            f'no papers in the split "{split}"' if split else "no labels",
            where=str(path),
            next_step=f"The file has: {splits}",
        )
    return chosen


def lines_of(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a label file that are not empty, each with its position. Raises BadInput."""
    with readable(path, "the labels", BadInput):
        # Not splitlines, which also cuts at characters that JSON allows inside a text.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    return ((f"{path}:{number}", line) for number, line in enumerate(lines, start=1) if line.strip())


def seed_papers() -> Iterator[Paper]:
    """The papers of `SEED_CORPUS`."""
    for paper in open_source(str(SEED_CORPUS)):
        if isinstance(paper, BadRecord):
            raise BadInput(paper.reason, where=paper.where)
        yield paper


def seed_taxonomy() -> Taxonomy:
    """The taxonomy used for `SEED_LABELS`."""
    shipped = resources.files("papercards.prompts") / "taxonomies" / "ml-papers.yaml"
    return parse(shipped.read_text(encoding="utf-8"), name="ml-papers", where="ml-papers")


def _parse(line: str, where: str) -> Labelled:
    try:
        record = LabelRecord.model_validate_json(line)
    except ValidationError as error:
        raise BadInput(
            f"not a label record: {first_fault(error)}",
            where=where,
            next_step="docs/evaluation.md shows the format. An export of an annotation tool: run papercards "
            f"eval labels convert {where.rsplit(':', 1)[0]} -o labels.jsonl",
        ) from error
    readings = []
    for given in record.labels:
        _check_spans(given.claims, record.abstract, where)
        readings.append(reading_of(given))
    return Labelled(
        id=record.id,
        title=record.title,
        split=record.split,
        readings=tuple(readings),
        abstract=record.abstract,
        where=where,
        fields=FIELDS if record.fields is None else tuple(record.fields),
        sha256=record.sha256,
        unordered=record.unordered,
    )


def reading_of(record: ReadingRecord) -> Reading:
    """A pass from its record."""
    return Reading(
        annotator=record.annotator,
        tasks=tuple(record.tasks),
        modalities=tuple(record.modalities),
        contributions=tuple(record.contributions),
        claims=tuple(LabelledClaim(one.start, one.end, one.kind) for one in record.claims),
        code=record.code,
        data=record.data,
        weights=record.weights,
        tldr=record.tldr,
        own=record.own,
    )


def _check_spans(claims: Iterable[ClaimRecord | LabelledClaim], abstract: str | None, where: str) -> None:
    for claim in claims:
        if why := span_fault(claim, abstract):
            raise BadInput(why, where=where)


def span_fault(claim: ClaimRecord | LabelledClaim, abstract: str | None) -> str:
    """What is wrong with the span of a claim; empty if nothing is."""
    span = f"the claim {claim.start}-{claim.end}"
    if claim.start >= claim.end:
        return f"{span} is empty"
    if abstract is not None and claim.end > len(abstract):
        return f"{span} ends after the abstract, which has {len(abstract)} characters"
    return ""


def _check_ids(item: Labelled, taxonomy: Taxonomy) -> None:
    for reading in item.readings:
        used = {name: reading.labels(name) for name in LABEL_FIELDS}
        used["claim_kinds"] = tuple(claim.kind for claim in reading.claims)
        for group, labels in used.items():
            for why, near in unknown_labels(labels, group, taxonomy):
                raise BadInput(why, where=item.where, next_step=near)


def unknown_labels(labels: Iterable[str], group: str, taxonomy: Taxonomy) -> Iterator[tuple[str, str]]:
    """For each label that a taxonomy does not have: that it has none, and what may be meant."""
    for label in dict.fromkeys(labels):
        if label not in taxonomy.labels[group]:
            near = did_you_mean(label, taxonomy.ids(group))
            yield f'"{label}" is not one of the {group} of the taxonomy {taxonomy.name}', near


def join(labelled: Iterable[Labelled], papers: Iterable[Paper]) -> list[tuple[Labelled, Paper]]:
    """Each labelled paper with its text, in the order of the labels.

    A record's own abstract takes precedence, then the paper with the same id, then the one with the same
    title (ignoring case and white space). Raises BadInput for a record without a paper, and for a claim that
    ends after the abstract.
    """
    known = Known(papers)
    pairs = []
    for item in labelled:
        paper_found: Paper | None
        if item.abstract is not None:
            paper_found = Paper(item.id, item.title, item.abstract, where=item.where)
        else:
            paper_found = known.paper(item.id, item.title)
        if paper_found is None:
            raise BadInput(
                f"no paper has the id {item.id}" + (f' or the title "{item.title}"' if item.title else ""),
                where=item.where,
                next_step='Give its source, or add an "abstract" to the record'
                if item.sha256 is None
                else f"Fetch the texts first: papercards eval labels fetch {item.where.rpartition(':')[0]}",
            )
        if item.sha256 is not None and text_hash(paper_found.title, paper_found.abstract) != item.sha256:
            raise BadInput(f"the text of {item.id} has changed since it was labelled", where=item.where)
        for reading in item.readings:
            _check_spans(reading.claims, paper_found.abstract, item.where)
        pairs.append((item, paper_found))
    return pairs


class Known:
    """Papers by id and by title, ignoring case and white space; of several the first."""

    def __init__(self, papers: Iterable[Paper]) -> None:
        self._by_id: dict[str, Paper] = {}
        self._by_title: dict[str, Paper] = {}
        for paper in papers:
            self._by_id.setdefault(paper.id, paper)
            self._by_title.setdefault(fold(paper.title), paper)

    def paper(self, id: str, title: str) -> Paper | None:  # noqa: A002 - what labels call it
        """The paper of this id, else of this title; None if there is none."""
        return self._by_id.get(id) or (self._by_title.get(fold(title)) if title else None)


def text_hash(title: str, abstract: str) -> str:
    """SHA-256 in hex of title and abstract with normalized white space, separated by a line end."""
    return hashlib.sha256(f"{folded(title)}\n{folded(abstract)}".encode()).hexdigest()


def shuffled(seed: int, name: str) -> str:
    """What to sort by for a random order that is the same for the same seed."""
    return hashlib.sha256(f"{seed}\0{name}".encode()).hexdigest()


def folded(text: str) -> str:
    """The text with each run of white space replaced by one space."""
    return " ".join(text.split())


def fold(title: str) -> str:
    """A title in folded case without extra white space, for comparison."""
    return folded(title.casefold())


def _narrowed(item: Labelled) -> tuple[object, ...]:
    narrowed = () if item.fields == FIELDS else (item.fields,)
    own = tuple(sorted((name, repr(one)) for reading in item.readings for name, one in reading.own.items()))
    return (*narrowed, *(("unordered",) if item.unordered else ()), *own)


def labels_version(path: Path, labelled: Sequence[Labelled]) -> str:
    """The version of the labels: `labels.jsonl@` and eight hex digits of a hash of the records."""
    state = hashlib.sha256(
        "\0".join(repr((i.id, i.split, i.readings, *_narrowed(i))) for i in labelled).encode()
    )
    return f"{path.name}@{state.hexdigest()[:8]}"
