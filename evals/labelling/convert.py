"""Converts tables of labels and exports of annotation tools to label files.

Each row, or annotation of a tool, is one person's labels of one paper. Rows of a paper that label other
fields are put together; rows that label the same fields are its passes. A row that is wrong is set aside
with its position, and the others are converted.

Knows no models and no cards.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from papercards.card import NOT_STATED, FieldValue
from papercards.errors import BadInput
from papercards.fields.spec import Field
from papercards.paper import paper_id
from papercards.sinks.files import write_lines
from papercards.sources import BadRecord, Row, open_rows
from papercards.taxonomy import STATUSES, Taxonomy

from ...text.wording import counted
from ..label_file import ARTIFACTS, LabelledClaim, Split
from .annotation_tools import Annotated, annotations
from .label_columns import MIXED, Plan, plan
from .label_spans import Text, claims_of, placed, role_marks, text_of
from .label_words import LabelWords
from .marks import Mark, Word, is_empty, texts_of, words_and_marks
from .own_cells import chosen, is_not_stated, value_of
from .passes import Pass, add, fields_of, record_of

_SPLITS: Mapping[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "val", "valid", "validation", "development"), "dev"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation", "holdout"), "test"),
}


_MOST_UNKNOWN = 50


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user says of the tables."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Columns by our names, such as `task`; the others are guessed."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Labels by the words that mean them; empty for none."""
    separator: str | None = None
    """What stands between labels in a cell; None to guess."""
    split: Split = "dev"
    """The split of rows that name none."""
    lenient: bool = False
    """Whether words that are no labels are left out, and not their rows set aside."""
    table: str | None = None
    """Sheet, or table of a database."""
    own: tuple[Field, ...] = ()
    """Own fields that the tables label."""


@dataclass(slots=True)
class Converted:
    """A converted label file, and what was left out."""

    records: list[dict[str, Any]] = field(default_factory=list)
    """The records of the label file."""
    aside: list[BadRecord] = field(default_factory=list)
    """Rows that are wrong, with position and reason."""
    papers: Counter[str] = field(default_factory=Counter)
    """Number of papers with labels of each field."""
    columns: list[str] = field(default_factory=list)
    """Columns of the labels of each table, in one line."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Numbers of rows and marks that are no labels, by the reason."""
    respelled: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Words that are not spelled as the label they were read as."""
    unknown: Counter[str] = field(default_factory=Counter)
    """Words that are no labels and were left out."""
    omit: tuple[str, ...] = ()
    """Figures that the labels do not support, such as `code.accuracy`."""

    def notes(self) -> Iterator[str]:
        """What was guessed and what was left out, a line each."""
        for columns in dict.fromkeys(self.columns):
            yield f"labels: {columns}"
        if self.respelled:
            (word, label), _ = self.respelled.most_common(1)[0]
            total = counted(self.respelled.total(), "label")
            yield f'{total} spelled otherwise, such as "{word}" for {label}'
        for reason, times in self.skipped.items():
            yield f"{reason} ({times:,})"
        for word, times in self.unknown.most_common(_MOST_UNKNOWN):
            yield f'no label, left out: "{word}" ({times})'
        if any("unordered" in record for record in self.records):
            yield "the order of labels means nothing there: of several, none is taken for the main label"
        if self.omit:
            yield f"these labels do not support some figures, so ignore them: {', '.join(self.omit)}"


def convert(sources: Sequence[Path], taxonomy: Taxonomy, wishes: Wishes) -> Converted:
    """Read tables and exports: CSV, TSV, spreadsheets, JSONL, JSON, Parquet and databases.

    Raises UsageError for wishes that do not fit a table, and BadInput if nothing can be read or nothing is
    labelled.
    """
    found = Converted()
    guesses, words = (LabelWords(taxonomy, wishes.values, wishes.separator, wishes.own) for _ in range(2))
    papers: dict[str, list[Pass]] = {}
    for source in sources:
        rows = list(_rows(source, wishes, found))
        if not rows:
            continue
        chosen = plan([one.cells for one, _ in rows], wishes.columns, guesses, str(source))
        found.columns.append(chosen.told())
        for name in chosen.ignored:
            found.skipped[f'column "{name}" has none of the labels that its name promises, skipped'] += 1
        reader = _Reader(chosen, [one for one, _ in rows], words, wishes, found)
        for annotated, where in rows:
            try:
                name, read = reader.read(annotated, where)
                if read is None:
                    found.skipped["rows without labels, skipped"] += 1
                else:
                    add(papers.setdefault(name, []), read)
            except ValueError as error:
                found.aside.append(BadRecord(where, str(error)))
    for name, passes in papers.items():
        fields, lost = fields_of(passes)
        if fields:
            found.papers.update(fields)
            found.records.append(record_of(name, passes, fields))
            for field_ in lost:
                found.skipped[f"papers with {field_} in some passes alone, left out of that field"] += 1
        elif passes:
            why = f"its {len(passes)} passes label different fields: {', '.join(lost)}"
            found.aside.append(BadRecord(passes[0].where, why))
    if not found.records:
        why = f" ({found.aside[0].where}: {found.aside[0].reason})" if found.aside else ""
        raise BadInput(f"has no rows with labels{why}", where=", ".join(map(str, sources)))
    found.unknown, found.respelled = words.unknown, words.respelled
    found.omit = tuple(_unsupported(found, words))
    return found


def write(converted: Converted, out: Path) -> None:
    """Write the records as a label file. Raises StorageError if that fails."""
    write_lines(out, (json.dumps(record, ensure_ascii=False) for record in converted.records))


def _rows(source: Path, wishes: Wishes, found: Converted) -> Iterable[tuple[Annotated, str]]:
    # Exports in JSON are often a single line, in which only the number of a record says where it is.
    by_number = source.suffix.lower() == ".json"
    for number, row in enumerate(open_rows(source, wishes.table), start=1):
        where = f"{row.where}, record {number}" if by_number else row.where
        if not isinstance(row, Row):
            found.aside.append(BadRecord(where, row.reason))
            continue
        for annotated in annotations(row.cells):
            if annotated.skipped:
                found.skipped[f"annotations {annotated.skipped}, skipped"] += 1
            else:
                yield annotated, where


class _Reader:
    """Reads the rows of one table."""

    def __init__(
        self,
        plan: Plan,
        rows: Sequence[Annotated],
        words: LabelWords,
        wishes: Wishes,
        found: Converted,
    ) -> None:
        self._plan = plan
        self._words = words
        self._wishes = wishes
        self._found = found
        self._has_marks = any(
            self._own_field(mark) is None
            for one in rows
            for name in plan.labels.values()
            for mark in _marks(one.cells.get(name))
        )

    def read(self, annotated: Annotated, where: str) -> tuple[str, Pass | None]:
        """The paper's id and what is said of it, None for nothing. Raises ValueError with what is wrong."""
        cells = annotated.cells
        plan = self._plan
        title, abstract = self._text(cells, plan.paper.title), self._text(cells, plan.paper.abstract)
        title = " ".join((title or "").split())
        marks: list[Mark] = []
        whole = self._text(cells, plan.others.get("text"))
        if "sentences" in plan.others and "roles" in plan.others:
            listed, roles = (texts_of(cells.get(plan.others[name])) for name in ("sentences", "roles"))
            whole, marks = role_marks(listed, roles, abstract)
        text = None
        if whole is not None or abstract is not None:
            text = text_of(whole if whole is not None else abstract or "", title, abstract)
            title, abstract = text.title, text.abstract
        given = {
            name: self._text(cells, getattr(plan.paper, name)) for name in ("id", "doi", "arxiv_id", "url")
        }
        if not title and abstract is None and not any(given.values()):
            raise ValueError("the row has neither an id nor a title")
        name = paper_id(
            title,
            abstract or "",
            given=given["id"],
            doi=given["doi"],
            arxiv_id=given["arxiv_id"],
            url=given["url"],
        )
        labels = self._labels(annotated, text, marks)
        if not labels:
            return name, None
        split = self._text(cells, plan.others.get("split"))
        if split is not None and split.casefold() not in _SPLITS:
            raise ValueError(f'"{split}" is not one of the splits train, dev, test')
        return name, Pass(
            where,
            self._text(cells, plan.others.get("annotator")) or "",
            title or ("" if abstract is not None else name),
            abstract,
            _SPLITS[split.casefold()] if split is not None else self._wishes.split,
            labels,
            annotated.tool,
            annotated.joins,
        )

    def _labels(self, annotated: Annotated, text: Text | None, marks: list[Mark]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        wrong = []
        has_claims = "roles" in self._plan.others or (annotated.tool and self._has_marks)
        for name, column in self._plan.labels.items():
            cell = annotated.cells.get(column)
            if is_empty(cell):
                continue
            try:
                if (value := self._own(name, cell)) is not None:
                    found[name] = value
                    continue
                said, marked = words_and_marks(cell)
                if name == "claims" and said:
                    raise ValueError(f'"{said[0][-1][:40]}" is not a span of the text')
                for one, labels in self._sorted(name, said).items():
                    found[one] = list(dict.fromkeys([*found.get(one, []), *labels]))
            except ValueError as error:
                wrong.append(f"{column}: {error}")
                continue
            marks = [*marks, *marked]
            has_claims = (
                has_claims
                or any(self._own_field(one) is None for one in marked)
                or (name == "claims" and not marked)
            )
        found = {name: labels for name, labels in found.items() if labels != []}
        wrong += [f"{one}: {' and '.join(found[one])}" for one in ARTIFACTS if len(found.get(one, "")) > 1]
        for own in self._words.own.values():
            if own.options and isinstance(found.get(own.name), list):
                try:
                    found[own.name] = chosen(own, found[own.name])
                except ValueError as error:
                    wrong.append(str(error))
        try:
            marks = self._without_own(marks, text, found)
        except ValueError as error:
            wrong.append(str(error))
        if marks and text is None:
            wrong.append("there are spans, but no text")
        elif has_claims:
            try:
                found["claims"] = self._claims(text, marks)
            except ValueError as error:
                wrong.append(f"claims: {error}")
        if wrong:
            raise ValueError("; ".join(wrong))
        if found and (tldr := self._text(annotated.cells, self._plan.others.get("tldr"))) is not None:
            found["tldr"] = tldr
        # An export has the texts that nobody has annotated, too.
        return {} if annotated.tool and found == {"claims": []} else found

    def _own_field(self, mark: Mark) -> Field | None:
        """The own field that a span gives the value of: its label is the name of the field."""
        names = (self._words.field(word[-1].replace(" ", "_")) for word in mark.labels)
        fields = (self._words.own[name] for name in names if name in self._words.own)
        return next((one for one in fields if not one.options and one.type != "list"), None)

    def _without_own(self, marks: list[Mark], text: Text | None, found: dict[str, Any]) -> list[Mark]:
        """The spans that are claims; the others become values. Raises ValueError with what is wrong."""
        left = []
        for mark in marks:
            own = self._own_field(mark)
            if own is None or text is None:
                left.append(mark)
            elif own.name in found:
                self._found.skipped[f"further spans of {own.name}, skipped"] += 1
            else:
                start, end = placed(text.whole, mark)
                found[own.name] = value_of(own, text.whole[start:end])
        return left

    def _own(self, name: str, cell: object) -> FieldValue | None:
        """The value of an own field; None for labels, which are read as all labels are."""
        own = self._words.own.get(name)
        if own is None:
            return None
        if not own.options:
            return value_of(own, cell)
        is_label = isinstance(cell, str) and self._words.label(name, cell) is not None
        return FieldValue(type=own.type, missing=NOT_STATED) if is_not_stated(cell) and not is_label else None

    def _sorted(self, name: str, said: list[Word]) -> dict[str, list[str]]:
        lenient = self._wishes.lenient
        if name == MIXED:
            return self._words.sorted(said, lenient=lenient)
        return {name: self._words.labels(name, said, lenient=lenient)}

    def _claims(self, text: Text | None, marks: list[Mark]) -> list[LabelledClaim]:
        if text is None:
            return []
        found = claims_of(text, marks, self._words, lenient=self._wishes.lenient)
        for count, what in (
            (found.partial, "spans of less than half a sentence, kept as they are"),
            (found.doubled, "spans on a sentence that is a claim already, skipped"),
            (found.outside, "spans outside of the abstract, skipped"),
        ):
            if count:
                self._found.skipped[what] += count
        return found.claims

    def _text(self, cells: Mapping[str, object], key: Any) -> str | None:
        value: object = cells.get(key) if isinstance(key, str) else None
        if isinstance(key, tuple):
            value = cells
            for step in key:
                value = value.get(step) if isinstance(value, Mapping) else None
        if is_empty(value) or value == "":
            return None
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return value if isinstance(value, str) else str(value)


def _marks(cell: object) -> list[Mark]:
    try:
        return words_and_marks(cell)[1]
    except ValueError:
        return []


def _unsupported(found: Converted, words: LabelWords) -> Iterator[str]:
    """Figures that would be an artefact of how the labels are written."""
    readings = [reading for record in found.records for reading in record["labels"]]
    yes_and_no = any(
        label in STATUSES and word.casefold().replace(" ", "-") not in STATUSES
        for word, label in words.respelled
    )
    for name in ARTIFACTS:
        if found.papers[name] and yes_and_no and all(one[name] != "promised" for one in readings):
            yield f"{name}.accuracy"
    if found.papers["claims"] and len({c["kind"] for one in readings for c in one["claims"]}) < 2:
        yield "claims.kind_accuracy"
