"""The work of annotators who label papers by themselves, saved as they go.

Every save is a line with all that one annotator has said of one paper so far, so the last one holds. Nobody's
lines are read into another's work: what a pass is asked for is its own.

Knows papers and taxonomies. Knows no label files and no web.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from ..card import Record, Status
from ..errors import BadInput
from ..paper import Paper
from ..taxonomy import LABEL_FIELDS, Taxonomy
from ..text import digest
from .edits import ARTIFACTS
from .line_log import LineLog, now


class Mark(Record):
    """A sentence that is a claim."""

    sentence: int = Field(ge=1)
    kind: str
    start: int = Field(ge=0)
    """Code points of the abstract, half-open."""
    end: int


class Statement(Record):
    """What the paper says of its code, data or weights."""

    status: Status | None = None
    """None: not yet decided."""
    sentence: int | None = Field(default=None, ge=1)
    """That says so."""

    @model_validator(mode="after")
    def _sentence_fits(self) -> Self:
        if self.sentence is not None and self.status in (None, "not-stated"):
            raise ValueError("a sentence needs a status that it states")
        return self


class Work(Record):
    """All that an annotator has said of a paper so far."""

    tasks: tuple[str, ...] = ()
    """The main one first; so for modalities and contributions."""
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
    """Its name, made at random."""
    at: str
    by: str = Field(min_length=1)
    paper: str
    """The id."""
    title: str
    version: str
    """Of the paper's text, see `version_of`."""
    work: Work = Work()
    done: bool = False
    saw: tuple[str, ...] = ()
    """The models whose answers were shown, because the annotator asked for them."""
    after: str = ""
    """The save that the window had seen; empty: none."""


def version_of(paper: Paper) -> str:
    """What the sentence numbers belong to, in 16 hex digits."""
    return digest(paper.title, paper.abstract)[:16]


class Overtaken(Exception):
    """The same annotator has saved in another window; nothing was written."""

    def __init__(self, theirs: Save | None) -> None:
        super().__init__("saved in another window")
        self.theirs = theirs


class Passes:
    """The work file. Every method may be called from any thread and raises StorageError."""

    def __init__(self, path: Path) -> None:
        """Raises BadInput where the file is something else."""
        self.path = path
        self._log = LineLog(path, lambda line: isinstance(_read(line), Save))
        self._last: dict[str, dict[str, Save]] = {}
        self.changes = 0
        """Grows with every line."""
        self.refresh()

    def refresh(self) -> None:
        """Take in what others have written."""
        with self._log.held():
            self._take(*self._log.read())

    def work(self, by: str, paper: Paper) -> Save | None:
        """What this annotator has said of the paper; None: nothing, or of another text of it."""
        found = self._last.get(by, {}).get(paper.id)
        return found if found is not None and found.version == version_of(paper) else None

    def stale(self, by: str, paper: Paper) -> bool:
        """Whether there is work of this annotator on another text of the paper."""
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
        """Write down the work. Raises Overtaken where it was saved by another window since `seen`."""
        made: list[Save] = []

        def lines(anew: bool, news: list[bytes]) -> list[bytes]:
            self._take(anew, news)
            now_there = self.work(by, paper)
            if (now_there.save if now_there else "") != seen:
                raise Overtaken(now_there)
            # What was once seen stays seen.
            shown = (*(now_there.saw if now_there else ()), *saw)
            made.append(
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
            )
            return [made[0].model_dump_json().encode()]

        with self._log.held():
            self._log.append(lines)
            self._add(made[0])
        return made[0]

    @property
    def annotators(self) -> list[str]:
        """Who has saved anything, in alphabetical order."""
        return sorted(self._last)

    def saves(self, by: str) -> Mapping[str, Save]:
        """The last save of each paper of one annotator, by its id."""
        return dict(self._last.get(by, {}))

    def _take(self, anew: bool, lines: Sequence[bytes]) -> None:
        if anew:
            self._last = {}
            self.changes += 1
        first = self._log.lines - len(lines) + 1
        for number, line in enumerate(lines, start=first):
            if not line.strip():
                continue
            save = _read(line)
            if not isinstance(save, Save):
                raise BadInput(
                    save,
                    where=f"{self.path}:{number}",
                    next_step="Name a file for the work alone; `papercards label export` makes labels of it",
                )
            self._add(save)

    def _add(self, save: Save) -> None:
        self.changes += 1
        self._last.setdefault(save.by, {})[save.paper] = save


def work_on(
    paper: Paper,
    taxonomy: Taxonomy,
    labels: Mapping[str, Sequence[str]],
    claims: Mapping[int, str],
    statements: Mapping[str, Statement],
    tldr: str,
) -> Work:
    """The work that somebody means, claims as sentence number to kind.

    Raises BadInput for what the taxonomy or the paper does not have.
    """
    for field in LABEL_FIELDS:
        given = labels.get(field, ())
        if len(set(given)) != len(given) or len(given) > taxonomy.sizes[field].most:
            raise BadInput(f"{field}: at most {taxonomy.sizes[field].most}, each once")
        for label in given:
            if label not in taxonomy.labels[field]:
                raise BadInput(f'"{label[:60]}" is none of the {field}')
    marks = []
    for number, kind in sorted(claims.items()):
        if not 1 <= number <= len(paper.sentences):
            raise BadInput(f"the paper has no sentence {number}")
        if kind not in taxonomy.labels["claim_kinds"]:
            raise BadInput(f'"{kind[:60]}" is no kind of claim')
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
    """What must still be said before a paper is done, a phrase each."""
    for field in LABEL_FIELDS:
        least = taxonomy.sizes[field].least
        if len(getattr(work, field)) < least:
            yield f"{field}: at least {least}"
    for name in ARTIFACTS:
        statement = getattr(work, name)
        if statement.status is None:
            yield f"{name}: a status"
        elif statement.status != "not-stated" and statement.sentence is None:
            yield f"{name}: the sentence that says it"


def _read(line: bytes) -> Save | str:
    try:
        return Save.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in fault["loc"])
        return f"not a record of labelling work: {field + ': ' if field else ''}{fault['msg']}"
