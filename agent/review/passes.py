"""The work of annotators who label papers, saved continuously.

Every save is a line with all labels of one annotator for one paper so far, so the last one counts. The work
of one annotator is never mixed with another's.

Knows papers and taxonomies. Knows no label files and no web.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from ..card import Record, Status
from ..errors import BadInput
from ..paper import Paper
from ..taxonomy import LABEL_FIELDS, Taxonomy
from ..text.spans import digest
from .edits import ARTIFACTS
from .line_log import now
from .record_log import RecordLog


class Mark(Record):
    """A sentence marked as a claim."""

    sentence: int = Field(ge=1)
    kind: str
    start: int = Field(ge=0)
    """Start of the sentence in the abstract, in code points; the span is half-open."""
    end: int


class Statement(Record):
    """What the paper states about its code, data or weights."""

    status: Status | None = None
    """The status; None if not decided yet."""
    sentence: int | None = Field(default=None, ge=1)
    """Number of the sentence that states it."""

    @model_validator(mode="after")
    def _sentence_fits(self) -> Self:
        if self.sentence is not None and self.status in (None, "not-stated"):
            raise ValueError("a sentence needs a status")
        return self


class Work(Record):
    """All labels of an annotator for a paper so far."""

    tasks: tuple[str, ...] = ()
    """Task labels, the main one first; the same order applies to modalities and contributions."""
    modalities: tuple[str, ...] = ()
    contributions: tuple[str, ...] = ()
    claims: tuple[Mark, ...] = ()
    code: Statement = Statement()
    data: Statement = Statement()
    weights: Statement = Statement()
    tldr: str = ""


class Save(Record):
    """One line of a work file."""

    save: str = Field(min_length=1)
    """Random id of the save."""
    at: str
    by: str = Field(min_length=1)
    paper: str
    """Id of the paper."""
    title: str
    version: str
    """Version of the paper's text, see `version_of`."""
    work: Work = Work()
    done: bool = False
    saw: tuple[str, ...] = ()
    """Models whose answers the annotator asked to see."""
    after: str = ""
    """Id of the save that the window had loaded; empty for none."""


def version_of(paper: Paper) -> str:
    """A hash of the text that the sentence numbers refer to, in 16 hex digits."""
    return digest(paper.title, paper.abstract)[:16]


class Overtaken(Exception):
    """The same annotator has saved the paper in another window; nothing was written."""

    def __init__(self, theirs: Save | None) -> None:
        super().__init__("saved in another window")
        self.theirs = theirs


class Passes(RecordLog[Save]):
    """The work file."""

    def __init__(self, path: Path) -> None:
        """Raises BadInput if the file is something else."""
        step = "Use a separate file for the work; `papercards label export` makes a label file from it"
        super().__init__(path, Save, "a record of labelling work", step)

    def _forget(self) -> None:
        self._last: dict[str, dict[str, Save]] = {}

    def _take(self, record: Save) -> None:
        self._last.setdefault(record.by, {})[record.paper] = record

    def work(self, by: str, paper: Paper) -> Save | None:
        """The last save of this annotator for the paper; None if there is none, or only for another text."""
        found = self._last.get(by, {}).get(paper.id)
        return found if found is not None and found.version == version_of(paper) else None

    def stale(self, by: str, paper: Paper) -> bool:
        """Whether this annotator has labelled another text of the paper."""
        found = self._last.get(by, {}).get(paper.id)
        return found is not None and found.version != version_of(paper)

    def save(
        self,
        by: str,
        paper: Paper,
        work: Work,
        *,
        done: bool = False,
        saw: Sequence[str] = (),
        seen: str = "",
    ) -> Save:
        """Save the work. Raises Overtaken if another window has saved it since `seen`."""

        def decide() -> list[Save]:
            now_there = self.work(by, paper)
            if (now_there.save if now_there else "") != seen:
                raise Overtaken(now_there)
            # What was once seen stays seen.
            shown = (*(now_there.saw if now_there else ()), *saw)
            return [
                Save(
                    save=secrets.token_hex(8),
                    at=now(),
                    by=by,
                    paper=paper.id,
                    title=paper.title,
                    version=version_of(paper),
                    work=work,
                    done=done,
                    saw=tuple(dict.fromkeys(shown)),
                    after=seen,
                )
            ]

        return self._append(decide)[0]

    @property
    def annotators(self) -> list[str]:
        """The annotators with any saved work, in alphabetical order."""
        return sorted(self._last)

    def saves(self, by: str) -> Mapping[str, Save]:
        """The last save of one annotator for each paper, by paper id."""
        return dict(self._last.get(by, {}))


def work_on(
    paper: Paper,
    taxonomy: Taxonomy,
    labels: Mapping[str, Sequence[str]],
    claims: Mapping[int, str],
    statements: Mapping[str, Statement],
    tldr: str,
) -> Work:
    """The work from a page's data; claims map sentence numbers to kinds.

    Raises BadInput for labels or sentences that the taxonomy or the paper does not have.
    """
    for field in LABEL_FIELDS:
        given = labels.get(field, ())
        if len(set(given)) != len(given) or len(given) > taxonomy.sizes[field].most:
            raise BadInput(f"{field}: at most {taxonomy.sizes[field].most} labels, each once")
        for label in given:
            if label not in taxonomy.labels[field]:
                raise BadInput(f'"{label[:60]}" is not one of the {field}')
    marks = []
    for number, kind in sorted(claims.items()):
        if not 1 <= number <= len(paper.sentences):
            raise BadInput(f"the paper has no sentence {number}")
        if kind not in taxonomy.labels["claim_kinds"]:
            raise BadInput(f'"{kind[:60]}" is not a kind of claim')
        span = paper.sentences[number - 1]
        marks.append(Mark(sentence=number, kind=kind, start=span.start, end=span.end))
    for name in ARTIFACTS:
        sentence = statements[name].sentence
        if sentence is not None and sentence > len(paper.sentences):
            raise BadInput(f"the paper has no sentence {sentence}")
    return Work(
        tasks=tuple(labels.get("tasks", ())),
        modalities=tuple(labels.get("modalities", ())),
        contributions=tuple(labels.get("contributions", ())),
        claims=tuple(marks),
        code=statements["code"],
        data=statements["data"],
        weights=statements["weights"],
        tldr=tldr,
    )


def missing(work: Work, taxonomy: Taxonomy) -> Iterator[str]:
    """What is missing before the paper is done, one phrase each."""
    for field in LABEL_FIELDS:
        least = taxonomy.sizes[field].least
        if len(getattr(work, field)) < least:
            yield f"{field}: at least {least}"
    for name in ARTIFACTS:
        statement = getattr(work, name)
        if statement.status is None:
            yield f"{name}: a status"
        elif statement.status != "not-stated" and statement.sentence is None:
            yield f"{name}: the sentence that states it"
