"""Exports of Label Studio, doccano and Prodigy as rows of a table: a row for each annotation of a text.

The columns are the keys of the imported data and the names of the controls. Exports that are tables already
(JSON-MIN of Label Studio, JSONL of doccano 1.3 and later) pass through; only the tool's own numbers are
dropped, which are no ids of papers. Formats: labelstud.io/guide/export, doccano's data_export/pipeline,
prodigy.ai/docs/api-interfaces.

Knows records. Knows no labels and no files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ANNOTATOR = "annotator"
"""Column of who annotated."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """One annotation of a text, by one person."""

    cells: Mapping[str, object]
    tool: bool = True
    """Whether a tool wrote it: labels are in an order of no meaning, and no span means no claim."""
    joins: bool = False
    """Whether it is one of several answers that make one annotation: a label is accepted at a time."""
    skipped: str = ""
    """Why the tool does not count it, such as `rejected`; empty if it does."""


_SKIPPED = {"reject": "rejected", "ignore": "ignored"}


def annotations(record: Mapping[str, Any]) -> Iterator[Annotated]:
    """The annotations in a record of a tool; one, the record itself, if it is a row of a table."""
    listed = record.get("annotations", record.get("completions"))
    if isinstance(listed, list) and isinstance(record.get("data"), dict):
        yield from _label_studio(record["data"], listed)
    elif isinstance(listed, list) and "text" in record:
        yield from _old_doccano(record, listed)
    elif record.get("answer") in ("accept", "reject", "ignore") or "_task_hash" in record:
        yield _prodigy(record)
    elif {"annotation_id", "lead_time"} <= record.keys() or _is_doccano(record):
        yield Annotated({name: cell for name, cell in record.items() if name != "id" or not _number(cell)})
    else:
        yield Annotated(record, tool=False)


def _is_doccano(record: Mapping[str, Any]) -> bool:
    if "text" not in record or not _number(record.get("id")):
        return False
    listed = any(isinstance(record.get(name), list) for name in ("label", "labels", "entities", "cats"))
    return listed or ("label" in record and "Comments" in record)


def _number(cell: object) -> bool:
    return isinstance(cell, int) or (isinstance(cell, str) and cell.isdigit())


def _label_studio(data: Mapping[str, Any], listed: list[Any]) -> Iterator[Annotated]:
    if not listed:
        yield Annotated(data, skipped="not annotated")
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("result"), list):
            yield Annotated(data, skipped="without a result")
            continue
        if one.get("was_cancelled") or one.get("skipped"):
            yield Annotated(data, skipped="cancelled")
            continue
        controls: dict[str, list[object]] = {}
        for result in one["result"]:
            if isinstance(result, dict) and isinstance(result.get("value"), dict):
                controls.setdefault(str(result.get("from_name")), []).append(result["value"])
        who = one.get("completed_by")
        if isinstance(who, dict):
            who = who.get("email") or who.get("id")
        yield Annotated({**data, **controls, ANNOTATOR: who})


def _old_doccano(record: Mapping[str, Any], listed: list[Any]) -> Iterator[Annotated]:
    """Doccano before 1.3: annotations of all users, each with the name or only the number of its label."""
    rest = {name: cell for name, cell in record.items() if name not in ("id", "annotations", "meta")}
    rest |= record["meta"] if isinstance(record.get("meta"), dict) else {}
    if not listed:
        yield Annotated(rest, skipped="not annotated")
    users: dict[object, list[object]] = {}
    for one in listed:
        if isinstance(one, dict):
            label = one.get("label_name", one.get("label"))
            users.setdefault(one.get("user_name", one.get("user")), []).append({**one, "label": label})
    for user, labels in users.items():
        yield Annotated({**rest, "label": labels, ANNOTATOR: user})


_OF_PRODIGY = tuple("tokens options accept answer config meta score priority versions html".split())


def _prodigy(record: Mapping[str, Any]) -> Annotated:
    meta = record["meta"] if isinstance(record.get("meta"), dict) else {}
    cells = {name: cell for name, cell in meta.items() if name not in ("score", "pattern")}
    cells |= {
        name: cell for name, cell in record.items() if name not in _OF_PRODIGY and not name.startswith("_")
    }
    cells[ANNOTATOR] = record.get("_annotator_id", record.get("_session_id"))
    accepted = record.get("accept")
    if accepted is not None:
        chosen = accepted if isinstance(accepted, list) else [accepted]
        cells["label"] = {"taxonomy": [_option(record, one) for one in chosen]}
    one_label = accepted is None and isinstance(record.get("label"), str)
    if one_label:
        # Spans beside a single label are what a pattern matched.
        cells.pop("spans", None)
    skipped = _SKIPPED.get(str(record.get("answer")), "")
    return Annotated(cells, joins=one_label, skipped=skipped)


def _option(record: Mapping[str, Any], chosen: object) -> list[object]:
    """The text of an option and its id, either of which may be the label."""
    for option in record.get("options") or ():
        if isinstance(option, dict) and option.get("id") == chosen:
            return [option.get("text", ""), chosen]
    return [chosen]
