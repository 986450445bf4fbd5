"""An evaluation run: the cards of labelled papers, their scores, and how they were made.

A result is self-contained JSON with every paper, label, card and count, so a later comparison, report or
bootstrap needs neither the model nor the corpus. Figures are computed from the counts on demand.

Knows cards, labels and scores; knows neither models nor the terminal.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from papercards.card import Card
from papercards.errors import BadInput, readable
from papercards.reading.home import Distance
from papercards.text.wording import first_fault

from ..label_file import Labelled
from .score import PaperScore, Values, all_values, score
from .sentences import class_pairs, kappa

RESULT_VERSION = 2


@dataclass(frozen=True, slots=True)
class PaperResult:
    """One labelled paper of a run."""

    labelled: Labelled
    """The labelled paper with its abstract, so that the result needs no corpus."""
    card: Card | None
    """The card; None if the paper failed."""
    failure: str | None
    """Reason of the failure in one line."""
    score: PaperScore
    again: tuple[Card | None, ...] = ()
    """Cards from repeated queries, see `RunResult.repeats`; figures use only `card`."""

    @property
    def id(self) -> str:
        """Id of the paper in the labels."""
        return self.labelled.id

    @property
    def title(self) -> str:
        """Title of the paper in the labels."""
        return self.labelled.title


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run."""

    model: str
    split: str
    prompt: str
    """Version of the prompt, as in the cards; the same holds for the taxonomy."""
    taxonomy: str
    labels: str
    """Version of the labels, see `labels_version`."""
    papers: tuple[PaperResult, ...]
    """Results in the order of the labels."""
    repeats: int = 1
    """Number of queries per paper."""
    floor: Values = field(default_factory=dict)
    """The figures of the baseline over the same papers; empty for the baseline itself."""
    unanswered: Mapping[str, str] = field(default_factory=dict)
    """Reasons why the endpoint gave no answer, by paper id. These papers are not in `papers`."""
    distance: Distance | None = None
    """How far the papers are from those that the tagger was fitted on; None for hosted models."""
    version: int = RESULT_VERSION

    @property
    def scores(self) -> tuple[PaperScore, ...]:
        """The counts of all papers, failed ones included."""
        return tuple(paper.score for paper in self.papers)

    @property
    def cards(self) -> tuple[Card, ...]:
        """All cards."""
        return tuple(paper.card for paper in self.papers if paper.card is not None)

    @property
    def judged(self) -> list[tuple[Card | None, Labelled]]:
        """The card of each paper (None if it failed) with its labels."""
        return [(paper.card, paper.labelled) for paper in self.papers]

    def without(self, ids: Collection[str]) -> "RunResult":
        """The same run over fewer papers."""
        return replace(self, papers=tuple(paper for paper in self.papers if paper.id not in ids))

    def values(self) -> Values:
        """All figures that apply to each field, and the mean F1 as `["mean"]["f1"]`."""
        pairs = [pair for paper in self.papers for pair in class_pairs(paper.card, paper.labelled)]
        values = all_values(self.scores)
        return {**values, "claims": {**values["claims"], "kappa": kappa(pairs)}}


def score_run(
    cards: Mapping[str, Card],
    failed: Mapping[str, str],
    labelled: Sequence[Labelled],
    *,
    model: str,
    split: str,
    labels: str,
    again: Sequence[Mapping[str, Card]] = (),
    floor: "RunResult | None" = None,
    unanswered: Mapping[str, str] | None = None,
    distance: Distance | None = None,
) -> RunResult:
    """Score a model's cards of labelled papers.

    `cards` and `failed` (with the reason) are by the id of the label record, and so is each of `again`, the
    cards of repeated queries. A paper in neither was not run: it counts as failed, because leaving it out
    would make the model look better. One in `unanswered` (with the reason) is left out of all figures: the
    endpoint failed, not the model. `floor` is the baseline's run over the same papers. Raises ValueError for
    a card or failure that no label asks for.
    """
    lost = unanswered or {}
    strangers = (cards.keys() | failed.keys()) - {item.id for item in labelled}
    if strangers:
        raise ValueError(f"no label for {', '.join(sorted(strangers))}")
    papers = []
    for item in labelled:
        if item.id in lost:
            continue
        card = cards.get(item.id)
        failure = None if card else failed.get(item.id, "was not run")
        others = tuple(repeat.get(item.id) for repeat in again)
        # The place in somebody's label file says nothing to who reads the result elsewhere.
        kept = replace(item, where="")
        papers.append(PaperResult(kept, card, failure, score(card, item), others))
    made = [paper.card.provenance for paper in papers if paper.card is not None]
    return RunResult(
        model=model,
        split=split,
        prompt=", ".join(sorted({provenance.prompt for provenance in made})),
        taxonomy=", ".join(sorted({provenance.taxonomy for provenance in made})),
        labels=labels,
        papers=tuple(papers),
        repeats=1 + len(again),
        floor=floor.without(lost).values() if floor is not None else {},
        unanswered=dict(lost),
        distance=distance,
    )


_ADAPTER: TypeAdapter[RunResult] = TypeAdapter(RunResult)


def to_json(result: RunResult, figures: Mapping[str, object]) -> str:
    """The result as indented JSON, with its figures for people who read the file.

    The same result gives the same text.
    """
    body = _ADAPTER.dump_python(result, mode="json", by_alias=True)
    papers = body.pop("papers")
    return json.dumps({**body, "figures": figures, "papers": papers}, ensure_ascii=False, indent=1) + "\n"


def read_result(path: Path) -> RunResult:
    """Read a result written by `to_json`; figures are recomputed. Raises BadInput for anything else."""
    with readable(path, "the result", BadInput):
        text = path.read_text(encoding="utf-8")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not JSON: {error}", where=str(path)) from error
    if not isinstance(body, dict) or body.get("version") != RESULT_VERSION:
        raise BadInput(
            "not an evaluation result of this version",
            where=str(path),
            next_step="Create it again with: papercards eval run",
        )
    body.pop("figures", None)
    try:
        return _ADAPTER.validate_json(json.dumps(body))
    except ValidationError as error:
        raise BadInput(f"not an evaluation result: {first_fault(error)}", where=str(path)) from error
