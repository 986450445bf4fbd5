"""What two runs can be compared on: the papers and fields for which both have the same labels.

Scores against different labels say nothing about the models. Where the labels differ, both runs are narrowed
to what is labelled alike, and scored again on that.

Knows results of runs; knows no figures.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from papercards.errors import UsageError
from papercards.taxonomy import LABEL_FIELDS

from ...text.wording import counted
from ..label_file import ARTIFACTS, FIELDS, Labelled, folded
from .run import PaperResult, RunResult
from .score import score


@dataclass(frozen=True, slots=True)
class Shared:
    """The papers of two runs, each scored in the fields that both have the same labels for."""

    pairs: tuple[tuple[PaperResult, PaperResult], ...]
    fields: tuple[str, ...]
    """Fields that are compared in at least one paper."""
    narrowed: str
    """What is compared, in one line; empty if the labels of all shared papers are the same."""


def shared(first: RunResult, second: RunResult) -> Shared:
    """The papers of both runs, narrowed to the same labels. Raises UsageError if nothing is left."""
    theirs = {paper.id: paper for paper in second.papers}
    both = [(paper, theirs[paper.id]) for paper in first.papers if paper.id in theirs]
    if not both:
        raise UsageError(
            "the two runs have no paper in common",
            next_step="Compare runs over the same split of the same labels",
        )
    alike = [_fields(one.labelled, other.labelled) for one, other in both]
    papers = Counter(field for fields in alike for field in fields)
    if not papers:
        raise UsageError(
            f"nothing to compare: the runs were scored on different labels ({_scored(first)} against "
            f"{_scored(second)}), and in no paper do both have the same labels of a field",
            next_step="Score both with the same label file",
        )
    pairs = tuple(
        (_narrowed(one, fields), _narrowed(other, fields))
        for (one, other), fields in zip(both, alike, strict=True)
        if fields
    )
    return Shared(pairs, _in_order(papers), _told(both, papers))


def _fields(one: Labelled, other: Labelled) -> tuple[str, ...]:
    """The fields that both label alike; none if they are not of the same text."""
    if one.abstract is not None and other.abstract is not None:
        if folded(one.abstract) != folded(other.abstract):
            return ()
        same_text = one.abstract == other.abstract
    else:
        same_text = True
    own = tuple(
        name
        for name in one.own_fields
        if name in other.own_fields
        and [r.own[name] for r in one.readings] == [r.own[name] for r in other.readings]
    )
    return own + tuple(
        field
        for field in FIELDS
        if field in one.fields and field in other.fields
        if _labels(one, field) == _labels(other, field) and (same_text or field != "claims")
    )


def _labels(item: Labelled, field: str) -> list[object]:
    if field in LABEL_FIELDS:
        return [reading.labels(field) for reading in item.readings]
    if field in ARTIFACTS:
        return [reading.status(field) for reading in item.readings]
    return [reading.claims for reading in item.readings]


def _narrowed(paper: PaperResult, fields: tuple[str, ...]) -> PaperResult:
    if set(fields) == set(_every(paper.labelled)):
        return paper
    labelled = replace(
        paper.labelled,
        fields=tuple(field for field in fields if field in FIELDS),
        readings=tuple(
            replace(one, own={name: value for name, value in one.own.items() if name in fields})
            for one in paper.labelled.readings
        ),
    )
    return replace(paper, labelled=labelled, score=score(paper.card, labelled))


def _every(item: Labelled) -> tuple[str, ...]:
    return (*item.fields, *item.own_fields)


def _scored(run: RunResult) -> str:
    return ", ".join(_in_order({field for paper in run.papers for field in _every(paper.labelled)}))


def _in_order(fields: Iterable[str]) -> tuple[str, ...]:
    """The shipped fields in their order, then the own ones."""
    every = list(dict.fromkeys(fields))
    return (*(field for field in FIELDS if field in every), *sorted(set(every) - {*FIELDS}))


def _told(both: Sequence[tuple[PaperResult, PaperResult]], papers: Counter[str]) -> str:
    alike = sum(papers.values())
    if all(sum(len(_every(pair[side].labelled)) for pair in both) == alike for side in (0, 1)):
        return ""
    told = ", ".join(f"{field} in {counted(papers[field], 'paper')}" for field in _in_order(papers))
    return f"the labels of the two runs differ; compared only where they are the same: {told}"
