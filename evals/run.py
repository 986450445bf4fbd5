"""One run: the cards that a model made of labelled papers, what they scored, and what made them.

A result is self-contained JSON: every paper with its labels, every card and every count is in it, so a later
comparison, report or bootstrap needs neither the model nor the corpus again. Figures are computed from the
counts when asked for.

Knows cards, labels and scores; knows neither models nor the terminal.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from papercards.card import Card
from papercards.errors import BadInput

from .labels import Labelled
from .score import Figures, PaperScore, Values, all_figures, all_values, mean_f1, score
from .sentences import class_pairs, kappa

RESULT_VERSION = 2


@dataclass(frozen=True, slots=True)
class PaperResult:
    """One labelled paper of a run."""

    labelled: Labelled
    """With the abstract that was read, so that the result needs no corpus."""
    card: Card | None
    """None: the paper failed."""
    failure: str | None
    """Why, in one line."""
    score: PaperScore
    again: tuple[Card | None, ...] = ()
    """What the model said when it was asked again, see `RunResult.repeats`; figures are of `card` alone."""

    @property
    def id(self) -> str:
        """As the labels name it."""
        return self.labelled.id

    @property
    def title(self) -> str:
        """As the labels have it."""
        return self.labelled.title


@dataclass(frozen=True, slots=True)
class RunResult:
    """All of a run."""

    model: str
    split: str
    prompt: str
    """Version of the prompt; as the cards have it, and so for the taxonomy."""
    taxonomy: str
    labels: str
    """Version of the labels, see `labels_version`."""
    papers: tuple[PaperResult, ...]
    """In the order of the labels."""
    repeats: int = 1
    """How often every paper was really read."""
    floor: Values = field(default_factory=dict)
    """The figures of the baseline over the same papers; empty for the baseline itself."""
    unanswered: Mapping[str, str] = field(default_factory=dict)
    """Why the endpoint answered nothing, by the id of the paper. These papers are not in `papers`."""
    version: int = RESULT_VERSION

    @property
    def scores(self) -> tuple[PaperScore, ...]:
        """The counts of all papers, failed ones too."""
        return tuple(paper.score for paper in self.papers)

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards there are."""
        return tuple(paper.card for paper in self.papers if paper.card is not None)

    @property
    def judged(self) -> list[tuple[Card | None, Labelled]]:
        """Each paper's card, None if it failed, with its labels."""
        return [(paper.card, paper.labelled) for paper in self.papers]

    def without(self, ids: Collection[str]) -> "RunResult":
        """The same run over fewer papers."""
        return replace(self, papers=tuple(paper for paper in self.papers if paper.id not in ids))

    def figures(self) -> dict[str, Figures]:
        """Every field of `FIELDS`."""
        return all_figures(self.scores)

    def values(self) -> Values:
        """Every figure that is meant for its field, and the mean F1 as `["mean"]["f1"]`."""
        pairs = [pair for paper in self.papers for pair in class_pairs(paper.card, paper.labelled)]
        values = all_values(self.scores)
        return {**values, "claims": {**values["claims"], "kappa": kappa(pairs)}}

    def mean_f1(self) -> float | None:
        """The mean of the fields' F1."""
        return mean_f1(self.figures())


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
) -> RunResult:
    """Score what a model made of the labelled papers.

    `cards` and `failed` (with the reason) go by the id of the label record, and so does each of `again`, what
    the model said when it was asked anew. A paper that is in neither was not run: it counts as failed,
    because leaving it out would flatter the model. One in `unanswered` (with the reason) is left out of all
    figures: its endpoint failed, not the model. `floor` is the baseline's run over the same papers. Raises
    ValueError for a card or failure that no label asks for.
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
    )


_ADAPTER: TypeAdapter[RunResult] = TypeAdapter(RunResult)


def to_json(result: RunResult, figures: Mapping[str, object]) -> str:
    """The result as indented JSON, with figures that were computed from it for whoever reads the file by eye.

    The same result gives the same text.
    """
    body = _ADAPTER.dump_python(result, mode="json", by_alias=True)
    papers = body.pop("papers")
    return json.dumps({**body, "figures": figures, "papers": papers}, ensure_ascii=False, indent=1) + "\n"


def read_result(path: Path) -> RunResult:
    """A result that `to_json` wrote. Its figures are computed anew. Raises BadInput for anything else."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read the result: {error.strerror}", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not JSON: {error}", where=str(path)) from error
    if not isinstance(body, dict) or body.get("version") != RESULT_VERSION:
        raise BadInput(
            "not an evaluation result of this version",
            where=str(path),
            next_step="Make it again with: papercards eval run",
        )
    body.pop("figures", None)
    try:
        return _ADAPTER.validate_json(json.dumps(body))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise BadInput(f"not an evaluation result: {place}: {fault['msg']}", where=str(path)) from error
