"""Reads JSON: an array of records, bare or under a name like `papers`, or one or more records.

The text is held in memory, the records are not: they are decoded one after the other, which also gives their
lines. A syntax error ends the file; the papers before it are kept.
"""

import re
from collections.abc import Generator, Iterator

from ...errors import BadInput
from ...text.json_text import NoJson, after, decoded, elements, member, skipped
from ..bounds import MAX_RECORD_BYTES, TOO_LONG
from ..categories import Wanted
from ..columns import BadRecord, Columns, kind_of
from ..interface import Format, Input, Records
from ..lines import BOM
from ..service_records import paper

_MAX_BYTES = 1 << 30
_LISTS = tuple("papers data results items records entries works documents docs hits result".split())
_WRAPPERS = tuple(
    "message response resultList hits data feed search-results metadata _source attributes".split()
)
"""Fields that wrap a list of records, or one record: Crossref's `message`, Solr's `response`, …"""
_OBJECTS = re.compile(r"\[\s*[{\]]")


def read(source: Input) -> Records:
    """The papers of a JSON document. Raises BadInput if none can be decoded."""
    known = source.path.stat().st_size if source.path else 0
    data = b"" if known > _MAX_BYTES else source.stream.read(_MAX_BYTES + 1).removeprefix(BOM)
    if max(known, len(data)) > _MAX_BYTES:
        raise BadInput(
            "is a JSON document of more than 1 GB",
            where=source.name,
            next_step="Convert it to JSONL, one record per line, which is streamed",
        )
    # Bytes that are not UTF-8 become lone surrogates, which spoil their record and not the file.
    return _papers(source, data.decode("utf-8", "surrogateescape"))


def _papers(source: Input, text: str) -> Records:
    line, counted = 1, 0
    started = False
    wanted = Wanted(source.options.categories)
    try:
        for at, end, record in _records(text):
            line += text.count("\n", counted, at)
            counted = at
            started = True
            if end - at > MAX_RECORD_BYTES:
                yield BadRecord(f"{source.name}:{line}", TOO_LONG)
                continue
            for one in _unwrapped(record, source.columns):
                if wanted.has_record(one):
                    yield paper(source.columns, one, f"{source.name}:{line}")
    except NoJson as error:
        where = f"{source.name}:{1 + text.count(chr(10), 0, error.at)}"
        if not started:
            raise BadInput(f"is not valid JSON: {error}", where=where) from error
        yield BadRecord(where, f"is not valid JSON: {error}; the rest of the file was skipped")


def _unwrapped(record: object, columns: Columns) -> Iterator[object]:
    """The record, or the records in it if it only wraps others."""
    if isinstance(record, dict) and not any(key for key in _parts(record, columns)):
        for name in (*_WRAPPERS, *_LISTS):
            inner = record.get(name)
            if isinstance(inner, dict):
                yield from _unwrapped(inner, columns)
                return
            if isinstance(inner, list) and inner and isinstance(inner[0], dict):
                for one in inner:
                    yield from _unwrapped(one, columns)
                return
    yield record


def _parts(record: dict[str, object], columns: Columns) -> tuple[object, object]:
    if "abstract_inverted_index" in record or "paper" in record:
        return True, True
    choice = columns.choose(tuple(record))
    return choice.title, choice.abstract


def _records(text: str) -> Iterator[tuple[int, int, object]]:
    """Each record with where it begins and ends, of one document after the other."""
    at = skipped(text, 0)
    while True:
        end = yield from _document(text, at)
        at = skipped(text, end)
        # Objects may stand one behind another, with commas or without, as `jq` writes them.
        if text[at : at + 1] == ",":
            at = skipped(text, at + 1)
        if at >= len(text):
            return
        if text[at] not in "[{":
            raise NoJson("unexpected text after the document", at)


def _document(text: str, at: int) -> Generator[tuple[int, int, object], None, int]:
    """The records of the document that begins there, and where it ends.

    A list under a known name stands for its elements.
    """
    if text[at : at + 1] == "[":
        return (yield from elements(text, at))
    if text[at : at + 1] != "{":
        value, _ = decoded(text, at)
        raise NoJson(f"{kind_of(value)} is not a list of records", at)
    start, record, listed = at, dict[str, object](), False
    at = skipped(text, at + 1)
    while text[at : at + 1] != "}":
        name, _, at = member(text, at)
        if not listed and name in _LISTS and _OBJECTS.match(text, at):
            at = yield from elements(text, at)
            listed = True
        else:
            value, at = decoded(text, at)
            if not listed:
                record[name] = value
        at = after(text, at, "}")
    if not listed:
        yield start, at + 1, record
    return at + 1


def looks_like(head: bytes) -> bool:
    """Whether it starts like an array or an object."""
    return head.lstrip()[:1] in (b"[", b"{")


FORMAT = Format("JSON", (".json",), read, looks_like)
