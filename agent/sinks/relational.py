"""A card as rows of tables: `papers` to look at, and what a paper has several of or much of, a table each.

`papers.number` counts the cards from 1 and is what the other tables refer to, since a file may hold two
cards of one paper. `cards.card` is the whole card as JSON: what cards are read back from.

Knows no database.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..card import Card, Evidence, Label
from ..paper import Paper, page_of

Cell = str | int | float | list[str] | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `list` holds several texts."""

    name: str
    kind: Literal["text", "integer", "real", "list"]
    about: str
    """What is in it, for people."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table. All but `papers` refer to it by their first column, `paper`."""

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """The names of the columns that no two rows have alike."""


_PAPER = Column("paper", "integer", "papers.number")
_POSITION = Column("position", "integer", "From 1, in the order of the card")
_CONFIDENCE = Column("confidence", "real", "Calibrated probability; null: none known")
_SPAN = (
    Column("start_char", "integer", "First character, counted in code points of the abstract from 0"),
    Column("end_char", "integer", "One past the last"),
)
_PLACE = (
    Column("section", "text", "The section that is counted in; empty: the abstract"),
    Column("page", "integer", "Page on which it begins, where there are pages"),
)
_EVIDENCE = (
    Column("text", "text", "The sentence that says so, letter for letter"),
    Column("sentence", "integer", "Its number in what was read, from 1"),
    *_SPAN,
    *_PLACE,
)


def _labels_table(name: str, one: str) -> Table:
    columns = (_PAPER, _POSITION, Column("label", "text", "Id of the taxonomy"), _CONFIDENCE)
    return Table(name, f"The {one} labels of the papers, the main one first", columns, ("paper", "position"))


PAPERS = Table(
    "papers",
    "A row for each card",
    (
        Column("number", "integer", "Counts the cards from 1; the other tables refer to it"),
        Column("title", "text", "As its source has it"),
        Column("tldr", "text", "One sentence"),
        Column("tasks", "list", "Labels, the main one first"),
        Column("modalities", "list", "Labels, the main one first"),
        Column("contributions", "list", "Labels, the main one first"),
        Column("code", "text", "released, promised or not-stated"),
        Column("data", "text", "released, promised or not-stated"),
        Column("weights", "text", "released, promised or not-stated"),
        Column("flags", "list", "What a reader should know of the card"),
        Column("main_task", "text", "The first of its tasks; uncertain: none is sure, see candidates"),
        Column("main_task_confidence", "real", "Calibrated probability; null: none known"),
        Column("id", "text", "arxiv:…, doi:… or sha256:…"),
        Column("url", "text", "Where the paper is to be read"),
        Column("model", "text", "What made the card"),
    ),
    ("number",),
)
TASKS = _labels_table("tasks", "task")
MODALITIES = _labels_table("modalities", "modality")
CONTRIBUTIONS = _labels_table("contributions", "contribution")
CANDIDATES = Table(
    "candidates",
    "The likeliest labels where none is sure enough to be given",
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
    "What the authors claim, each with its sentence",
    (_PAPER, _POSITION, Column("kind", "text", "Id of the taxonomy's claim kinds"), _CONFIDENCE, *_EVIDENCE),
    ("paper", "position"),
)
ARTIFACTS = Table(
    "artifacts",
    "Whether code, data and weights are to be had",
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
        Column("url", "text", "As the text has it"),
        Column("kind", "text", "code, data, weights or other"),
        *_SPAN,
        *_PLACE,
    ),
    ("paper", "position"),
)
PROVENANCE = Table(
    "provenance",
    "What made the cards",
    (
        _PAPER,
        Column("model", "text", "What made the card"),
        Column("model_sha256", "text", "Of its weights, where they are a local file"),
        Column("prompt", "text", "Name and hash of all that the model was told"),
        Column("taxonomy", "text", "Name and hash of the labels"),
        Column("schema", "integer", "Version of the card's own format"),
        Column("created", "text", "When the answer was made, UTC; empty where no model was asked"),
        Column("calls", "integer", "Calls behind the card"),
        Column("reasked", "integer", "Of those, how many asked again"),
        Column("prompt_tokens", "integer", "Tokens sent"),
        Column("cached_prompt_tokens", "integer", "Of those, found in the endpoint's own cache"),
        Column("completion_tokens", "integer", "Tokens that came back"),
        Column("cost_usd", "real", "Null: the price is not known"),
        Column("seconds", "real", "Wall time of the calls"),
    ),
    ("paper",),
)
ABSTRACTS = Table(
    "abstracts",
    "The abstracts of the papers that were at hand",
    (_PAPER, Column("abstract", "text", "As its source has it")),
    ("paper",),
)
CARDS = Table(
    "cards",
    "The whole cards as JSON",
    (_PAPER, Column("card", "text", "As a line of a JSONL file has it")),
    ("paper",),
)
TABLES = (
    PAPERS, TASKS, MODALITIES, CONTRIBUTIONS, CANDIDATES, CLAIMS, ARTIFACTS, LINKS, PROVENANCE, ABSTRACTS,
    CARDS,
)  # fmt: skip

INDEXED = (
    ("papers", "id"), ("papers", "main_task"), ("tasks", "label"), ("modalities", "label"),
    ("contributions", "label"), ("claims", "kind"), ("artifacts", "status"), ("links", "kind"),
)  # fmt: skip
"""What people look for."""

SEARCHED = ("title", "tldr", "claims", "abstract")
"""The columns of the view `texts` in which words are looked for."""

TEXTS = """
CREATE VIEW texts AS
SELECT number, id, url, title, tldr,
  (SELECT group_concat(text, ' | ') FROM
    (SELECT text FROM claims WHERE paper = number ORDER BY position)) AS claims,
  (SELECT abstract FROM abstracts WHERE paper = number) AS abstract
FROM papers
"""
"""What is to be read of a paper, in one row."""


def rows(number: int, card: Card, paper: Paper | None) -> list[tuple[Table, list[Row]]]:
    """The rows of one card, table by table."""
    made, there = card.provenance, card.reproducibility
    main = card.tasks[0] if card.tasks else None
    return [
        (
            PAPERS,
            [
                (
                    number,
                    card.title,
                    card.tldr,
                    [one.label for one in card.tasks],
                    [one.label for one in card.modalities],
                    [one.label for one in card.contributions],
                    there.code.status,
                    there.data.status,
                    there.weights.status,
                    list(card.flags),
                    card.main_task,
                    main.confidence if main else None,
                    card.id,
                    page_of(card.id, paper.url if paper else None),
                    made.model,
                )
            ],
        ),
        (TASKS, _labels(number, card.tasks)),
        (MODALITIES, _labels(number, card.modalities)),
        (CONTRIBUTIONS, _labels(number, card.contributions)),
        (
            CANDIDATES,
            [
                (number, n, one.field, one.label, one.confidence)
                for n, one in enumerate(card.candidates, start=1)
            ],
        ),
        (
            CLAIMS,
            [
                (number, n, one.kind, one.confidence, *_evidence(one.evidence))
                for n, one in enumerate(card.claims, start=1)
            ],
        ),
        (
            ARTIFACTS,
            [
                (number, kind, one.status, one.confidence, *_evidence(one.evidence))
                for kind, one in (("code", there.code), ("data", there.data), ("weights", there.weights))
            ],
        ),
        (
            LINKS,
            [
                (number, n, one.url, one.kind, one.start, one.end, one.section, one.page)
                for n, one in enumerate(there.links, start=1)
            ],
        ),
        (
            PROVENANCE,
            [
                (
                    number,
                    made.model,
                    made.model_sha256,
                    made.prompt,
                    made.taxonomy,
                    made.schema_version,
                    made.created,
                    made.calls,
                    made.reasked,
                    made.tokens.prompt,
                    made.tokens.cached_prompt,
                    made.tokens.completion,
                    made.cost_usd,
                    made.seconds,
                )
            ],
        ),
        (ABSTRACTS, [(number, paper.abstract)] if paper else []),
        (CARDS, [(number, card.to_json())]),
    ]


def _labels(number: int, labels: Iterable[Label]) -> list[Row]:
    return [(number, n, one.label, one.confidence) for n, one in enumerate(labels, start=1)]


def _evidence(said: Evidence | None) -> Row:
    if said is None:
        return (None,) * len(_EVIDENCE)
    return (said.text, said.sentence, said.start, said.end, said.section, said.page)
