"""Splits a card into rows of tables: `papers` for an overview, and one table each for repeated or long data.

`papers.number` counts the cards from 1; the other tables refer to it, since a file may have two cards of one
paper. `cards.card` is the full card as JSON, from which cards are read back.

Knows no database.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..card import Artifact, Card, Claim, FieldRow, FieldValue, Scalar, shown
from ..fields.spec import ARTIFACTS as KINDS
from ..paper import Paper
from ..publication import columns
from ..taxonomy import LABEL_FIELDS

Cell = str | int | float | list[str] | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `list` has several texts."""

    name: str
    kind: Literal["text", "integer", "real", "list"]
    about: str
    """Description of the column."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. All tables except `papers` refer to `papers` by their first column, `paper`."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Names of the columns of the unique key."""


_PAPER = Column("paper", "integer", "papers.number")
_POSITION = Column("position", "integer", "Number from 1, in the order of the card")
_CONFIDENCE = Column("confidence", "real", "Calibrated probability; null if unknown")
_SPAN = (
    Column("start_char", "integer", "Offset of the first character, in code points of the abstract from 0"),
    Column("end_char", "integer", "Offset after the last character"),
)
_PLACE = (
    Column("section", "text", "Section that the offsets refer to; empty for the abstract"),
    Column("page", "integer", "Page on which it begins, if there are pages"),
)
_EVIDENCE = (
    Column("text", "text", "The sentence that states it, exactly as in the paper"),
    Column("sentence", "integer", "Number of the sentence, from 1"),
    *_SPAN,
    *_PLACE,
)


def _labels_table(name: str, one: str) -> Table:
    columns = (_PAPER, _POSITION, Column("label", "text", "Id of the taxonomy"), _CONFIDENCE)
    return Table(name, f"The {one} labels of the papers, the main one first", columns, ("paper", "position"))


PAPERS = Table(
    "papers",
    "One row per card",
    (
        Column("number", "integer", "Number of the card from 1; the other tables refer to it"),
        Column("title", "text", "As in the source"),
        Column("authors", "list", "Names, the family name first; see the table authors for their parts"),
        Column("year", "integer", "Year of publication"),
        Column("venue", "text", "Journal, conference or book, as in the source"),
        Column("tldr", "text", "One sentence"),
        Column("tasks", "list", "Labels, the main one first"),
        Column("modalities", "list", "Labels, the main one first"),
        Column("contributions", "list", "Labels, the main one first"),
        Column("code", "text", "released, promised or not-stated"),
        Column("data", "text", "released, promised or not-stated"),
        Column("weights", "text", "released, promised or not-stated"),
        Column("flags", "list", "Warnings for the reader"),
        Column("main_task", "text", "First task; uncertain if none is likely enough (see candidates)"),
        Column("main_task_confidence", "real", "Calibrated probability; null if unknown"),
        Column("id", "text", "arxiv:…, doi:… or sha256:…"),
        Column("url", "text", "Web address of the paper"),
        Column("model", "text", "How the card was made"),
        Column("date", "text", "Date of publication in ISO 8601, as far as it is known"),
        Column("arxiv_id", "text", "arXiv id without a version"),
        Column("doi", "text", "DOI in lower case"),
        Column("citation_key", "text", "Key of the entry in the library that it came from"),
        Column("categories", "list", "Categories of the archive, or fields of study"),
        Column("keywords", "list", "Keywords of the authors or of the database"),
        Column("pdf_url", "text", "Address of the PDF"),
        Column("source", "text", "Source and place of the paper"),
        Column("license", "text", "Licence of the text"),
        Column("abstract_source", "text", "Service that the abstract is from, if not the source"),
        Column("same_as", "text", "Id of the card that this one repeats, for a further record of one paper"),
    ),
    ("number",),
)
AUTHORS = Table(
    "authors",
    "Authors of the papers, in the order of the source",
    (
        _PAPER,
        _POSITION,
        Column("name", "text", "The name in reading order"),
        Column("family", "text", "Family name with its particles"),
        Column("given", "text", "Given names or initials"),
        Column("suffix", "text", "Suffix such as Jr"),
        Column("literal", "text", "The whole name if it has no parts, such as that of a group"),
    ),
    ("paper", "position"),
)
TASKS = _labels_table("tasks", "task")
MODALITIES = _labels_table("modalities", "modality")
CONTRIBUTIONS = _labels_table("contributions", "contribution")
CANDIDATES = Table(
    "candidates",
    "The most likely labels if none is likely enough to be given",
    (
        _PAPER,
        _POSITION,
        Column("field", "text", "tasks, modalities or contributions"),
        Column("label", "text", "Id of the taxonomy"),
        _CONFIDENCE,
    ),
    ("paper", "position"),
)
CLAIMS = Table(
    "claims",
    "Claims of the authors, each with its sentence",
    (_PAPER, _POSITION, Column("kind", "text", "Id of the taxonomy's claim kinds"), _CONFIDENCE, *_EVIDENCE),
    ("paper", "position"),
)
ARTIFACTS = Table(
    "artifacts",
    "Availability of code, data and weights",
    (
        _PAPER,
        Column("kind", "text", "code, data or weights"),
        Column("status", "text", "released, promised or not-stated"),
        _CONFIDENCE,
        *_EVIDENCE,
    ),
    ("paper", "kind"),
)
LINKS = Table(
    "links",
    "Addresses in the abstracts and sections",
    (
        _PAPER,
        _POSITION,
        Column("url", "text", "As in the text"),
        Column("kind", "text", "code, data, weights or other"),
        *_SPAN,
        *_PLACE,
    ),
    ("paper", "position"),
)
FIELDS = Table(
    "fields",
    "Values of own fields, one row for each; the table papers has a column for each field",
    (
        _PAPER,
        Column("field", "text", "Name of the field"),
        Column("type", "text", "label, labels, boolean, number, quantity, text, date or list"),
        Column("value", "text", "The value as text; labels and records are joined by semicolons"),
        Column("number", "real", "The value of a number"),
        Column("high", "real", "Upper end, where the paper gives a range"),
        Column("unit", "text", "Unit, as the paper writes it"),
        Column("missing", "text", "Why there is no value"),
        Column("words", "text", "Whose words a text is: paper or model"),
        _CONFIDENCE,
        *_EVIDENCE,
    ),
    ("paper", "field"),
)
RECORDS = Table(
    "records",
    "Records of own fields of type list, one row for each part of a record",
    (
        _PAPER,
        Column("field", "text", "Name of the field"),
        _POSITION,
        Column("part", "text", "Name of the part"),
        Column("value", "text", "The value as text"),
        Column("number", "real", "The value of a number"),
        *_EVIDENCE,
    ),
    ("paper", "field", "position", "part"),
)
PROVENANCE = Table(
    "provenance",
    "How the cards were made",
    (
        _PAPER,
        Column("model", "text", "How the card was made"),
        Column("model_sha256", "text", "SHA-256 of the weights, if they are a local file"),
        Column("prompt", "text", "Name and hash of the prompt"),
        Column("taxonomy", "text", "Name and hash of the labels"),
        Column("schema", "integer", "Version of the card format"),
        Column("created", "text", "Time of the answer in UTC; empty if no model was used"),
        Column("calls", "integer", "Number of calls for the card"),
        Column("reasked", "integer", "Number of calls that re-asked"),
        Column("prompt_tokens", "integer", "Tokens sent"),
        Column("cached_prompt_tokens", "integer", "Prompt tokens found in the endpoint's own cache"),
        Column("completion_tokens", "integer", "Completion tokens"),
        Column("cost_usd", "real", "Cost in USD; null if the price is unknown"),
        Column("seconds", "real", "Wall time of the calls in seconds"),
    ),
    ("paper",),
)
ABSTRACTS = Table(
    "abstracts",
    "Abstracts of the papers, as far as available",
    (_PAPER, Column("abstract", "text", "As in the source")),
    ("paper",),
)
CARDS = Table(
    "cards",
    "The full cards as JSON",
    (_PAPER, Column("card", "text", "The same as a line of a JSONL file")),
    ("paper",),
)
TABLES = (
    PAPERS, AUTHORS, TASKS, MODALITIES, CONTRIBUTIONS, CANDIDATES, CLAIMS, ARTIFACTS, LINKS, FIELDS,
    RECORDS, PROVENANCE, ABSTRACTS, CARDS,
)  # fmt: skip

INDEXED = (
    ("papers", "id"), ("papers", "main_task"), ("papers", "year"), ("papers", "venue"), ("papers", "doi"),
    ("papers", "citation_key"), ("authors", "family"), ("authors", "name"), ("tasks", "label"),
    ("modalities", "label"), ("contributions", "label"), ("claims", "kind"),
    ("artifacts", "status"), ("links", "kind"), ("fields", "value"), ("records", "value"),
)  # fmt: skip
"""Indexed columns."""

SEARCHED = ("title", "authors", "venue", "tldr", "claims", "abstract")
"""Columns of the view `texts` with full-text search."""

TEXTS = """
CREATE VIEW texts AS
SELECT number, id, url, title, year, venue,
  (SELECT group_concat(name, ' | ') FROM
    (SELECT name FROM authors WHERE paper = number ORDER BY position)) AS authors,
  tldr,
  (SELECT group_concat(text, ' | ') FROM
    (SELECT text FROM claims WHERE paper = number ORDER BY position)) AS claims,
  (SELECT abstract FROM abstracts WHERE paper = number) AS abstract
FROM papers
"""
"""A view with all texts of a paper in one row."""


def overview(card: Card) -> dict[str, Cell]:
    """What there is to say of a whole card, by the columns of `papers` and `provenance`."""
    made, there = card.provenance, card.reproducibility
    return {
        **{name: list(one) if isinstance(one, tuple) else one for name, one in columns(card.about).items()},
        **{name: getattr(card, name) for name in ("id", "title", "tldr", "main_task", "same_as")},
        **{name: [one.label for one in getattr(card, name)] for name in LABEL_FIELDS},
        **{kind: None if kind in card.unasked else there.artifact(kind).status for kind in KINDS},
        **{name: getattr(made, name) for name in _MADE},
        "main_task_confidence": card.tasks[0].confidence if card.tasks else None,
        "url": card.page,
        "flags": list(card.flags),
        "schema": made.schema_version,
        "prompt_tokens": made.tokens.prompt,
        "cached_prompt_tokens": made.tokens.cached_prompt,
        "completion_tokens": made.tokens.completion,
    }


_MADE = "model model_sha256 prompt taxonomy created calls reasked cost_usd seconds".split()


def rows(number: int, card: Card, paper: Paper | None) -> list[tuple[Table, list[Row]]]:
    """The rows of one card, table by table."""
    whole = {"number": number, "paper": number, **overview(card)}
    statements = [(kind, card.reproducibility.artifact(kind)) for kind in KINDS if kind not in card.unasked]
    own = card.fields.items()
    return [
        (PAPERS, [tuple(whole[one.name] for one in PAPERS.columns)]),
        (AUTHORS, _listed(number, card.publication.authors, "name family given suffix literal")),
        (TASKS, _listed(number, card.tasks, "label confidence")),
        (MODALITIES, _listed(number, card.modalities, "label confidence")),
        (CONTRIBUTIONS, _listed(number, card.contributions, "label confidence")),
        (CANDIDATES, _listed(number, card.candidates, "field label confidence")),
        (CLAIMS, _listed(number, card.claims, "kind confidence")),
        (
            ARTIFACTS,
            [(number, kind, one.status, one.confidence, *_evidence(one)) for kind, one in statements],
        ),
        (LINKS, _listed(number, card.reproducibility.links, "url kind start end section page")),
        (FIELDS, [_field(number, name, value) for name, value in own]),
        (
            RECORDS,
            [
                (number, name, n, part, shown(one), _real(one), *_evidence(record))
                for name, value in own
                for n, record in enumerate(value.rows, start=1)
                for part, one in record.values.items()
            ],
        ),
        (PROVENANCE, [tuple(whole[one.name] for one in PROVENANCE.columns)]),
        (ABSTRACTS, [(number, paper.abstract)] if paper else []),
        (CARDS, [(number, card.to_json())]),
    ]


def _listed(number: int, records: Iterable[object], names: str) -> list[Row]:
    """A row for each record, numbered from 1, with the evidence of a claim behind its attributes."""
    return [
        (
            number,
            n,
            *(getattr(one, name) for name in names.split()),
            *(_evidence(one) if type(one) is Claim else ()),
        )
        for n, one in enumerate(records, start=1)
    ]


def _field(number: int, name: str, value: FieldValue) -> Row:
    real = value.value if not isinstance(value.value, tuple) else None
    return (
        *(number, name, value.type, "; ".join(value.texts) or None, _real(real), value.high, value.unit),
        *(value.missing, value.words, value.confidence, *_evidence(value)),
    )


def _real(value: Scalar) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _evidence(of: Claim | Artifact | FieldValue | FieldRow) -> Row:
    said = of.evidence
    if said is None:
        return (None,) * len(_EVIDENCE)
    return (said.text, said.sentence, said.start, said.end, said.section, said.page)
