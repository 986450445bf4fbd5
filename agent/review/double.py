"""Merges the work of several annotators into one label file, and measures their agreement.

Knows passes and label files. Knows no web.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..card import Status
from ..evals.label_file import (
    ClaimRecord,
    Labelled,
    LabelRecord,
    MadeRecord,
    ReadingRecord,
    Split,
    reading_of,
)
from ..evals.labelling.agreement import Agreement, agree
from ..paper import Paper
from ..taxonomy import LABEL_FIELDS
from ..text.wording import label_words
from .edits import ARTIFACTS
from .passes import Passes, Save, Work


def finished(passes: Passes, papers: Sequence[Paper]) -> list[str]:
    """The annotators who have finished all the papers; empty if there are no papers."""

    def is_done(by: str, paper: Paper) -> bool:
        save = passes.work(by, paper)
        return save is not None and save.done

    return [by for by in passes.annotators if papers and all(is_done(by, paper) for paper in papers)]


def agreement(passes: Passes, papers: Sequence[Paper], people: Sequence[str]) -> tuple[Agreement, ...]:
    """The agreement of annotators who have finished these papers. Raises MissingExtra without NLTK."""
    labelled = []
    for paper in papers:
        saves = [save for by in people if (save := passes.work(by, paper)) is not None]
        readings = tuple(reading_of(_record(save)) for save in saves)
        labelled.append(Labelled(paper.id, paper.title, "dev", readings, paper.abstract, where=""))
    return agree(labelled, ())


@dataclass(frozen=True, slots=True)
class Difference:
    """A paper and a field on which annotators disagree."""

    paper: Paper
    field: str
    answers: Mapping[str, str]
    """The answer of each annotator, as text for display."""


def differences(passes: Passes, papers: Sequence[Paper], people: Sequence[str]) -> Iterator[Difference]:
    """All disagreements, paper by paper; for labels, only the first place in the order counts."""
    for paper in papers:
        works = {by: save.work for by in people if (save := passes.work(by, paper)) is not None}
        for field in (*LABEL_FIELDS, "claims", *ARTIFACTS):
            said = {by: _answer(work, field) for by, work in works.items()}
            if len({key for key, _ in said.values()}) > 1:
                yield Difference(paper, field, {by: words for by, (_, words) in said.items()})


def records(
    passes: Passes, split: Split, papers: Mapping[str, Paper] | None, only: Sequence[str] = ()
) -> tuple[list[LabelRecord], list[str]]:
    """Label records of the papers that all annotators have finished, and the reasons for papers left out.

    `only` names the annotators to include; empty for all. `papers` provide the abstracts, which must be the
    labelled texts.
    """
    people = [by for by in passes.annotators if not only or by in only]
    saves = {by: passes.saves(by) for by in people}
    made, left_out = [], []
    for name in dict.fromkeys(name for by in people for name in saves[by]):
        mine = {by: saves[by][name] for by in people if name in saves[by]}
        undone = [by for by in people if by not in mine or not mine[by].done]
        if undone:
            left_out.append(f"{name}: not finished by {', '.join(undone)}")
            continue
        if len({save.version for save in mine.values()}) > 1:
            left_out.append(f"{name}: the annotators labelled different texts")
            continue
        first = next(iter(mine.values()))
        paper = (papers or {}).get(name)
        if papers is not None and (paper is None or passes.stale(first.by, paper)):
            left_out.append(f"{name}: the source has a different text than the labelled one")
            continue
        made.append(
            LabelRecord(
                id=name,
                title=first.title,
                split=split,
                abstract=paper.abstract if paper else None,
                labels=[_record(save) for save in mine.values()],
            )
        )
    return made, left_out


def _record(save: Save) -> ReadingRecord:
    work = save.work
    return ReadingRecord(
        annotator=save.by,
        made=MadeRecord(how="blank", saw=list(save.saw)),
        tasks=list(work.tasks),
        modalities=list(work.modalities),
        contributions=list(work.contributions),
        claims=[ClaimRecord(start=one.start, end=one.end, kind=one.kind) for one in work.claims],
        code=_status(work, "code"),
        data=_status(work, "data"),
        weights=_status(work, "weights"),
        tldr=work.tldr.strip() or None,
    )


def _status(work: Work, name: str) -> Status:
    status: Status | None = getattr(work, name).status
    return status or "not-stated"


def _answer(work: Work, field: str) -> tuple[object, str]:
    """The answer to compare, and as text for display."""
    if field in LABEL_FIELDS:
        labels: tuple[str, ...] = getattr(work, field)
        words = ", ".join(label_words(label) for label in labels)
        return (labels[:1], frozenset(labels)), words or "none"
    if field == "claims":
        marks = [(one.sentence, one.kind) for one in work.claims]
        return tuple(marks), ", ".join(f"{number} {kind}" for number, kind in marks) or "none"
    status = _status(work, field)
    return status, label_words(status)
