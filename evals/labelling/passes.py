"""One person's labels of a paper, and how they become a record of a label file.

Knows labels. Knows no tables and no files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from papercards.card import FieldValue
from papercards.taxonomy import LABEL_FIELDS

from ..label_file import ARTIFACTS, FIELDS, LabelledClaim, Split, text_hash


@dataclass(slots=True)
class Pass:
    """One person's labels of one paper."""

    where: str
    annotator: str
    title: str
    abstract: str | None
    split: Split
    labels: dict[str, Any]
    """Lists of labels, claims, statuses, a summary and values of own fields; only what was labelled."""
    unordered: bool
    joins: bool


def add(passes: list[Pass], read: Pass) -> None:
    """Put a row to the pass that it belongs to, or make it the next; ValueError for another text."""
    for one in passes:
        if one.split != read.split or None is not one.abstract != read.abstract is not None:
            raise ValueError(f"duplicate of the paper at {one.where} with a different text or split")
    for one in passes:
        both = one.labels.keys() & read.labels.keys()
        same = one.annotator == read.annotator
        if (same and one.joins and read.joins) or (
            not both and (same or not one.annotator or not read.annotator)
        ):
            for name, value in read.labels.items():
                is_list = name in both and isinstance(value, list)
                one.labels[name] = [*one.labels[name], *value] if is_list else value
            one.annotator = one.annotator or read.annotator
            one.abstract = read.abstract if one.abstract is None else one.abstract
            one.unordered = one.unordered or read.unordered
            return
    passes.append(read)


def fields_of(passes: Sequence[Pass]) -> tuple[list[str], list[str]]:
    """The fields that every pass labels, and those that only some do."""
    own = [name for one in passes for name, value in one.labels.items() if isinstance(value, FieldValue)]
    names = [name for name in dict.fromkeys((*FIELDS, *own)) if any(name in one.labels for one in passes)]
    shared = [name for name in names if all(name in one.labels for one in passes)]
    return shared, [name for name in names if name not in shared]


def record_of(name: str, passes: Sequence[Pass], fields: Sequence[str]) -> dict[str, Any]:
    """The record of a paper, with the labels of these fields."""
    abstract = next((one.abstract for one in passes if one.abstract is not None), None)
    title = passes[0].title
    record: dict[str, Any] = {"id": name, "title": title, "split": passes[0].split}
    record["fields"] = [field for field in fields if field in FIELDS]
    if abstract is not None:
        record["abstract"] = abstract
        if not title:
            record["sha256"] = text_hash("", abstract)
    if any(one.unordered and len(one.labels.get(f, ())) > 1 for one in passes for f in LABEL_FIELDS):
        record["unordered"] = True
    return record | {"labels": [_reading(one, fields) for one in passes]}


def _reading(one: Pass, fields: Sequence[str]) -> dict[str, Any]:
    values = {name: value for name, value in one.labels.items() if isinstance(value, FieldValue)}
    own = {name: value.model_dump(mode="json") for name, value in values.items() if name in fields}
    claims: list[LabelledClaim] = one.labels.get("claims", [])
    return {
        "annotator": one.annotator,
        **{field: one.labels.get(field, []) for field in LABEL_FIELDS},
        "claims": [{"start": claim.start, "end": claim.end, "kind": claim.kind} for claim in claims],
        **{name: one.labels.get(name, ["not-stated"])[0] for name in ARTIFACTS},
        "tldr": one.labels.get("tldr"),
        **({"own": own} if own else {}),
    }
