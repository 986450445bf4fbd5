"""Finds all faults of a label file, each as one line with its position.

`read_labels` stops at the first fault, since nothing can be measured with a wrong file; a person who labels
wants to see them all. It also checks for missing passes, overlapping claims, and papers in two splits.

Knows no models.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from papercards.errors import BadInput, readable
from papercards.paper import Paper
from papercards.taxonomy import LABEL_FIELDS, Taxonomy

from ...text.wording import placed
from ..label_file import ClaimRecord, Known, LabelRecord, ReadingRecord, span_fault, unknown_labels
from .duplicates import THRESHOLD, near_duplicates

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    where: str
    """Position of the fault, such as `labels.jsonl:12`."""
    message: str
    severe: bool = True
    """Whether the file cannot be used; False for a note."""

    def __str__(self) -> str:
        return " ".join(f"{self.where}: {self.message}".split())


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    where: str
    record: LabelRecord
    abstract: str | None


def check(path: Path, taxonomy: Taxonomy | None = None, papers: Iterable[Paper] | None = None) -> list[Fault]:
    """All faults of a label file, in the order of its lines; an empty list for a good one.

    Without a taxonomy, ids are not checked. Offsets are checked against the record's own abstract, else that
    of the paper with its id or title among `papers`; without both, only against each other. Raises BadInput
    only if the file cannot be read at all.
    """
    with readable(path, "the labels", BadInput):
        raw = path.read_bytes()
    head = raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if head and head != b"{":
        raise BadInput(
            "is not a label file, which is JSON with one record per line",
            where=str(path),
            next_step="If it is a table or an export, run: "
            f"papercards eval labels convert {path} -o labels.jsonl",
        )
    known = Known(papers) if papers is not None else None
    numbered: list[tuple[int, Fault]] = []
    lines: list[_Line] = []
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        found, faults = _record(line, number, where, known)
        numbered += [(number, fault) for fault in faults]
        if found is not None:
            lines.append(found)
            numbered += [(number, Fault(where, text)) for text in _faults_within(found, taxonomy)]
    if not lines and not numbered:
        return [Fault(str(path), "no labels")]
    numbered += _faults_between(lines)
    return [fault for _, fault in sorted(numbered, key=lambda item: item[0])]


def _record(line: bytes, number: int, where: str, known: Known | None) -> tuple[_Line | None, list[Fault]]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, [Fault(where, f"not UTF-8 text: byte {error.start + 1} of the line")]
    try:
        record = LabelRecord.model_validate_json(text)
    except ValidationError as error:
        return None, [Fault(where, _worded(fault)) for fault in error.errors(include_url=False)]
    if record.abstract is not None or known is None:
        return _Line(number, where, record, record.abstract), []
    paper = known.paper(record.id, record.title)
    if paper is None:
        return _Line(number, where, record, None), [
            Fault(where, f'no paper has the id {record.id} or the title "{record.title}"')
        ]
    return _Line(number, where, record, paper.abstract), []


def _worded(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "json_invalid":
        # The parser counts lines within the one line that it was given.
        message = str(fault["msg"]).removeprefix("Invalid JSON: ")
        return "not JSON: " + re.sub(r" at line 1 column", " at column", message)
    return f"not a label record: {placed(fault)}"


def _name(place: int, reading: ReadingRecord) -> str:
    return f"pass {reading.annotator or _LETTERS[place % len(_LETTERS)]}"


def _faults_within(line: _Line, taxonomy: Taxonomy | None) -> list[str]:
    found = []
    for place, reading in enumerate(line.record.labels):
        name = _name(place, reading)
        for field in LABEL_FIELDS:
            labels: list[str] = getattr(reading, field)
            if line.record.fields is not None and field not in line.record.fields:
                continue
            found += [
                f'{name}: "{label}" is given twice in {field}'
                for label in sorted({label for label in labels if labels.count(label) > 1})
            ]
            if taxonomy is None:
                continue
            found += [f"{name}: {text}" for text in _unknown(labels, field, taxonomy)]
            size = taxonomy.sizes[field]
            if not size.least <= len(labels) <= size.most:
                found.append(f"{name}: {len(labels)} {field}, not {size.least} to {size.most}")
        if taxonomy is not None:
            kinds = [claim.kind for claim in reading.claims]
            found += [f"{name}: {text}" for text in _unknown(kinds, "claim_kinds", taxonomy)]
        found += [f"{name}: {text}" for text in _span_faults(reading.claims, line.abstract)]
    return found


def _unknown(labels: Sequence[str], group: str, taxonomy: Taxonomy) -> list[str]:
    return [f"{why} ({near})" if near else why for why, near in unknown_labels(labels, group, taxonomy)]


def _span_faults(claims: Sequence[ClaimRecord], abstract: str | None) -> list[str]:
    found = [why for claim in claims if (why := span_fault(claim, abstract))]
    for one, other in itertools.combinations(claims, 2):
        if max(one.start, other.start) < min(one.end, other.end):
            found.append(f"the claims {one.start}-{one.end} and {other.start}-{other.end} overlap")
    return found


def _faults_between(lines: Sequence[_Line]) -> list[tuple[int, Fault]]:
    found: list[tuple[int, Fault]] = []
    seen: dict[str, _Line] = {}
    for line in lines:
        before = seen.setdefault(line.record.id, line)
        if before is line:
            continue
        if before.record.split == line.record.split:
            text = f"duplicate of the paper {line.record.id} on line {before.number}"
        else:
            text = (
                f"the paper {line.record.id} is in two splits: {line.record.split} here, "
                f"{before.record.split} on line {before.number}"
            )
        found.append((line.number, Fault(line.where, text)))
    most = max((len(line.record.labels) for line in lines), default=0)
    for line in lines:
        count = len(line.record.labels)
        if count < most:
            text = f"only {count} of the {most} passes that other papers have"
            found.append((line.number, Fault(line.where, text)))
    if most == 1:
        text = "every paper has only one pass: agreement and ceiling cannot be computed"
        found.append((lines[0].number, Fault(lines[0].where, text, severe=False)))
    for pair in near_duplicates([(line.record.title, line.abstract) for line in lines]):
        one, other = lines[pair.first], lines[pair.second]
        if one.record.id == other.record.id:
            continue
        if one.record.split != other.record.split:
            text = (
                f"{other.record.id} ({other.record.split}) is a near-duplicate of {one.record.id} "
                f"({one.record.split}) on line {one.number}: {pair.reason}"
            )
        elif pair.overlap is not None and pair.overlap >= THRESHOLD:
            text = (
                f"{other.record.id} is labelled twice, also as {one.record.id} "
                f"on line {one.number}: {pair.reason}"
            )
        else:
            continue
        found.append((other.number, Fault(other.where, text)))
    return found
