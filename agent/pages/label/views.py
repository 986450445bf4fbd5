"""The data for the templates of the Label room.

Knows papers, passes, taxonomies and the guidelines. Knows no requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from markdown_it import MarkdownIt
from markupsafe import Markup

from ...card import Card
from ...paper import Paper
from ...review.edits import ARTIFACTS
from ...review.passes import Passes, Save, Statement, Work, missing
from ...taxonomy import LABEL_FIELDS, Taxonomy
from ...text.wording import label_words

FIELD_TITLES = {field: field.capitalize() for field in LABEL_FIELDS}
FIELD_KEYS = {"tasks": "t", "modalities": "m", "contributions": "c"}
"""Keyboard shortcut of each field."""
GROUP_TITLES = {**FIELD_TITLES, "claim_kinds": "Kinds of claims", "artifact_status": "Code, data, weights"}
AGREEMENT = "agreement"
"""Marks that an annotator saw the comparison with other passes; later changes are not blind."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A paper of the list."""

    paper: Paper
    state: str
    """Progress: `done`, `begun` or `new`."""
    stale: bool
    """Whether there is work on a different version of its text."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A model's answer for the paper, shown because the annotator asked."""

    model: str
    labels: Sequence[tuple[str, Sequence[str]]]
    claims: Mapping[int, str]
    statements: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LabelPage:
    """A paper to label."""

    paper: Paper
    number: int
    count: int
    work: Work
    save: Save | None
    sentences: Sequence[tuple[int, str, str | None]]
    """Number, text and kind of claim of each sentence."""
    statements: Sequence[tuple[str, Statement]]
    missing: Sequence[str]
    stale: bool
    shown: Shown | None


def listed(passes: Passes, papers: Sequence[Paper], by: str) -> list[Listed]:
    """All papers with the progress of this annotator."""
    made = []
    for paper in papers:
        save = passes.work(by, paper)
        state = "new" if save is None else "done" if save.done else "begun"
        made.append(Listed(paper, state, passes.stale(by, paper)))
    return made


def label_page(
    passes: Passes,
    papers: Sequence[Paper],
    number: int,
    by: str,
    taxonomy: Taxonomy,
    shown: Card | None,
) -> LabelPage:
    """The page of paper `number` (from 1), with the work of this annotator only."""
    paper = papers[number - 1]
    save = passes.work(by, paper)
    work = save.work if save else Work()
    kinds = {mark.sentence: mark.kind for mark in work.claims}
    return LabelPage(
        paper=paper,
        number=number,
        count=len(papers),
        work=work,
        save=save,
        sentences=[(n, paper.sentence_text(n), kinds.get(n)) for n in range(1, len(paper.sentences) + 1)],
        statements=[(name, getattr(work, name)) for name in ARTIFACTS],
        missing=list(missing(work, taxonomy)),
        stale=passes.stale(by, paper),
        shown=_shown(shown) if shown is not None else None,
    )


def _shown(card: Card) -> Shown:
    held = card.reproducibility
    said = []
    for name in ARTIFACTS:
        artifact = getattr(held, name)
        where = f", sentence {artifact.evidence.sentence}" if artifact.evidence else ""
        said.append((name, label_words(artifact.status) + where))
    return Shown(
        card.provenance.model,
        [(FIELD_TITLES[field], [one.label for one in getattr(card, field)]) for field in LABEL_FIELDS],
        {one.evidence.sentence: one.kind for one in card.claims},
        said,
    )


@cache
def guidelines() -> Markup:
    """The labelling guidelines as HTML."""
    text = resources.files("papercards.evals").joinpath("labels/GUIDELINES.md").read_text("utf-8")
    # One level down: the page has the first heading.
    lines = [f"#{line}" if line.startswith("#") else line for line in text.split("\n")]
    html: str = MarkdownIt("commonmark", {"html": False}).render("\n".join(lines))
    return Markup(html)  # noqa: S704  (our own words, with raw HTML off)
