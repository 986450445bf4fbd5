"""Label files of other shapes, turned into ours by a small mapping file.

A mapping (YAML) names the shape, the columns and what the source's words mean here; docs/evaluation.md has
one for each shape. Rows of one paper become its passes.

Knows no models and no cards.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import yaml

from papercards.errors import BadInput, UsageError
from papercards.paper import paper_id
from papercards.sinks.files import write_lines
from papercards.taxonomy import Taxonomy

from .labels import Reading, Split
from .shapes import Reader, Row, choose, texts


@dataclass(frozen=True, slots=True)
class Converted:
    """A label file in our format, and what in it counts."""

    records: tuple[dict[str, Any], ...]
    """Lines of a label file."""
    scored: tuple[str, ...]
    omit: tuple[str, ...]
    unmapped: Mapping[str, int]
    """Words of the source that the mapping leaves out, with how often they came."""
    silent: int
    """Rows that say nothing that could be scored; they are left out."""


def convert(source: Path, mapping: Path, taxonomy: Taxonomy) -> Converted:
    """Read a source (CSV, TSV, JSONL or a JSON array) by a mapping file.

    Rows of one paper become its passes, in order. Raises UsageError for a fault of the mapping, and BadInput
    with the line for one of the source.
    """
    given = _mapping(mapping)
    columns = texts(given.get("columns", {}), "columns", str(mapping))
    unmapped: dict[str, int] = {}
    shape = choose(given, taxonomy, str(mapping), unmapped)
    records: dict[str, dict[str, Any]] = {}
    silent = 0
    for row, where in _rows(source):
        reader = Reader(row, columns, where)
        found = shape.read(reader)
        if found.silent:
            silent += 1
            continue
        abstract = found.abstract
        if abstract is None and reader.has("abstract"):
            # Offsets count the abstract as the row has it, so nothing is stripped here.
            abstract = str(row[columns["abstract"]])
        title = reader.text("title") if reader.has("title") else ""
        name = reader.text("id") if reader.has("id") else ""
        if not name and not title:
            raise BadInput("the row has neither an id nor a title", where=where)
        name = name or paper_id(title, abstract or "")
        record = _record(name, title or name, _split(reader, given, str(mapping)), abstract, shape.scored)
        before = records.setdefault(name, record)
        if (before["split"], before.get("abstract")) != (record["split"], record.get("abstract")):
            raise BadInput(f"the paper {name} was there before with another text or split", where=where)
        annotator = reader.text("annotator") if reader.has("annotator") else ""
        before["labels"].append(_pass(replace(found.reading, annotator=annotator)))
    if not records:
        raise BadInput("holds no rows that say anything", where=str(source))
    return Converted(tuple(records.values()), shape.scored, shape.omit, MappingProxyType(unmapped), silent)


def write(converted: Converted, out: Path) -> None:
    """Write the records as a label file. Raises StorageError if that fails."""
    lines = (json.dumps(record, ensure_ascii=False) for record in converted.records)
    write_lines(out, lines)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        # The base loader leaves every scalar as text: "yes" and "no" stay what the source says.
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except OSError as error:
        raise UsageError(f"cannot read the mapping: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise UsageError("the mapping is not UTF-8 text", where=str(path)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(f"not YAML: {getattr(error, 'problem', error)}", where=place) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise UsageError(f"not YAML: {error}", where=str(path)) from error
    if not isinstance(given, dict):
        raise UsageError("a mapping file maps names to values", where=str(path))
    roles = given.get("roles")
    if isinstance(roles, dict):
        given["roles"] = {k: None if v in ("null", "~", "", "none") else v for k, v in roles.items()}
    return given


def _split(row: Reader, given: Row, where: str) -> Split:
    word = row.text("split") if row.has("split") else str(given.get("split", "dev"))
    table = texts(given.get("splits", {}), "splits", where)
    word = table.get(word, word)
    for split in _SPLITS:
        if word == split:
            return split
    raise BadInput(
        f'"{word}" is none of the splits {", ".join(_SPLITS)}',
        where=row.where,
        next_step='Map it under "splits".',
    )


_SPLITS: tuple[Literal["train", "dev", "test"], ...] = get_args(Split)


def _record(
    name: str, title: str, split: Split, abstract: str | None, scored: tuple[str, ...]
) -> dict[str, Any]:
    record: dict[str, Any] = {"id": name, "title": title, "split": split, "fields": list(scored)}
    if abstract is not None:
        record["abstract"] = abstract
    return record | {"labels": []}


def _pass(reading: Reading) -> dict[str, Any]:
    return {
        "annotator": reading.annotator,
        "tasks": list(reading.tasks),
        "modalities": list(reading.modalities),
        "contributions": list(reading.contributions),
        "claims": [{"start": c.start, "end": c.end, "kind": c.kind} for c in reading.claims],
        "code": reading.code,
        "data": reading.data,
        "weights": reading.weights,
        "tldr": reading.tldr,
    }


def _rows(path: Path) -> Iterator[tuple[Row, str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadInput("is not UTF-8 text", where=str(path)) from error
    if path.suffix.lower() in (".csv", ".tsv"):
        table = csv.DictReader(
            io.StringIO(text, newline=""), delimiter="\t" if path.suffix.lower() == ".tsv" else ","
        )
        try:
            for row in table:
                yield row, f"{path}:{table.line_num}"
        except csv.Error as error:
            raise BadInput(f"not CSV: {error}", where=f"{path}:{table.line_num}") from error
        return
    if text.lstrip().startswith("["):
        whole = _json(text, str(path))
        for number, row in enumerate(whole, start=1):
            yield _object(row, f"{path}, record {number}"), f"{path}, record {number}"
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{path}:{number}"
            yield _object(_json(line, where), where), where


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"not JSON: {error.msg}", where=where) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not JSON: {error}", where=where) from error


def _object(value: object, where: str) -> Row:
    if not isinstance(value, dict):
        raise BadInput("no JSON object", where=where)
    return value
