"""One run: the cards that a model made of labelled papers, what they scored, and what made them.

A result is self-contained JSON: every card and every count is in it, so a later comparison, report or
bootstrap needs neither the model nor the corpus again. Figures are computed from the counts when asked for
and written beside them for whoever reads the file by eye.

Knows cards, labels and scores; knows neither models nor the terminal.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from papercards.card import Card
from papercards.errors import BadInput

from .labels import Labelled
from .metrics import quantile
from .score import FIELDS, Figures, PaperScore, all_figures, mean_f1, score

RESULT_VERSION = 1


@dataclass(frozen=True, slots=True)
class PaperResult:
    """One labelled paper of a run."""

    id: str
    """As the labels name it."""
    title: str
    card: Card | None
    """None: the paper failed."""
    failure: str | None
    """Why, in one line."""
    score: PaperScore


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
    version: int = RESULT_VERSION

    @property
    def scores(self) -> tuple[PaperScore, ...]:
        """The counts of all papers, failed ones too."""
        return tuple(paper.score for paper in self.papers)

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards there are."""
        return tuple(paper.card for paper in self.papers if paper.card is not None)

    def figures(self) -> dict[str, Figures]:
        """Every field of `FIELDS`."""
        return all_figures(self.scores)

    def mean_f1(self) -> float | None:
        """The mean of the fields' F1."""
        return mean_f1(self.figures())

    def cost(self) -> "Cost":
        """What the cards cost to make."""
        seconds = [card.provenance.seconds for card in self.cards]
        usd = [card.provenance.cost_usd for card in self.cards]
        known = [value for value in usd if value is not None]
        return Cost(
            papers=len(self.papers),
            failed=sum(paper.card is None for paper in self.papers),
            flagged=sum(bool(card.flags) for card in self.cards),
            calls=sum(card.provenance.calls for card in self.cards),
            prompt_tokens=sum(card.provenance.tokens.prompt for card in self.cards),
            cached_prompt_tokens=sum(card.provenance.tokens.cached_prompt for card in self.cards),
            completion_tokens=sum(card.provenance.tokens.completion for card in self.cards),
            cost_usd=sum(known) if known and len(known) == len(usd) else None,
            seconds_median=quantile(seconds, 0.5),
            seconds_p90=quantile(seconds, 0.9),
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """Sums over the cards of a run; failed papers have no card and so no part in calls and tokens."""

    papers: int
    failed: int
    flagged: int
    """Cards with at least one flag."""
    calls: int
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where the price of any card is not known."""
    seconds_median: float | None
    """Wall time of a card's calls when they were made, also where the answer is cached by now."""
    seconds_p90: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a field, or the mean of all."""

    field: str
    n: int | None
    precision: float | None
    recall: float | None
    f1: float | None
    extra: tuple[tuple[str, float | None], ...]
    """Further figures that belong to the field, by their short names."""
    baseline_f1: float | None
    """The same field's F1 of the run it is compared with."""


def score_run(
    cards: Mapping[str, Card],
    failed: Mapping[str, str],
    labelled: Sequence[Labelled],
    *,
    model: str,
    split: str,
    labels: str,
) -> RunResult:
    """Score what a model made of the labelled papers.

    `cards` and `failed` (with the reason) go by the id of the label record. A paper that is in neither was
    not run: it counts as failed, because leaving it out would flatter the model. Raises ValueError for a card
    or failure that no label asks for.
    """
    strangers = (cards.keys() | failed.keys()) - {item.id for item in labelled}
    if strangers:
        raise ValueError(f"no label for {', '.join(sorted(strangers))}")
    papers = []
    for item in labelled:
        card = cards.get(item.id)
        failure = None if card else failed.get(item.id, "was not run")
        papers.append(PaperResult(item.id, item.title, card, failure, score(card, item)))
    made = [paper.card.provenance for paper in papers if paper.card is not None]
    return RunResult(
        model=model,
        split=split,
        prompt=", ".join(sorted({provenance.prompt for provenance in made})),
        taxonomy=", ".join(sorted({provenance.taxonomy for provenance in made})),
        labels=labels,
        papers=tuple(papers),
    )


_ADAPTER: TypeAdapter[RunResult] = TypeAdapter(RunResult)


def to_json(result: RunResult, baseline: RunResult | None = None) -> str:
    """The result as indented JSON, with its figures, and the baseline's beside them.

    The same result gives the same text.
    """
    figures: dict[str, object] = {
        "mean_f1": result.mean_f1(),
        "fields": {field: asdict(figure) for field, figure in result.figures().items()},
        "cost": asdict(result.cost()),
    }
    if baseline is not None:
        figures["baseline"] = {
            "mean_f1": baseline.mean_f1(),
            "fields": {field: asdict(figure) for field, figure in baseline.figures().items()},
        }
    body = {
        **_ADAPTER.dump_python(result, mode="json", by_alias=True, exclude={"papers"}),
        "figures": figures,
        "papers": _ADAPTER.dump_python(result, mode="json", by_alias=True)["papers"],
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def read_result(path: Path) -> RunResult:
    """A result that `to_json` wrote. Its figures are computed anew. Raises BadInput for anything else."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read the result: {error.strerror}", where=str(path)) from error
    except ValueError as error:
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


_EXTRAS = (
    ("main", "main_accuracy"),
    ("exact", "exact_accuracy"),
    ("kind", "kind_accuracy"),
    ("accuracy", "accuracy"),
)


def rows(result: RunResult, baseline: RunResult | None = None) -> list[Row]:
    """The table: a row for each of `FIELDS`, and at the end the mean F1."""
    table = result.figures()
    floor = baseline.figures() if baseline is not None else None
    found = []
    for field in FIELDS:
        figure = table[field]
        named = asdict(figure)
        found.append(
            Row(
                field=field,
                n=figure.n,
                precision=figure.precision,
                recall=figure.recall,
                f1=figure.f1,
                extra=tuple((name, named[key]) for name, key in _EXTRAS if named[key] is not None),
                baseline_f1=floor[field].f1 if floor else None,
            )
        )
    found.append(
        Row(
            field="mean",
            n=None,
            precision=None,
            recall=None,
            f1=result.mean_f1(),
            extra=(),
            baseline_f1=baseline.mean_f1() if baseline is not None else None,
        )
    )
    return found
