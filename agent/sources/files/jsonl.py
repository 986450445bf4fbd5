"""Reads JSONL: one JSON object per line.

Each line is read on its own, so a bad line affects one record. Also used for the extension `.json`, as in the
arXiv metadata dump.
"""

import json
import re
from collections.abc import Callable
from typing import BinaryIO

from ..bounds import TOO_LONG
from ..categories import Wanted
from ..columns import BadRecord
from ..interface import Format, Input, Records
from ..lines import not_utf8, raw_lines
from ..service_records import paper

_WRAPPER = re.compile(rb'"(?:papers|data|results)"\s*:\s*\[\s*(?:\{|\])')


def read(source: Input) -> Records:
    """The papers of a JSONL file; blank lines are skipped."""
    from pydantic_core import from_json

    columns, name = source.columns, source.name
    wanted = Wanted(source.options.categories)
    for number, line in enumerate(raw_lines(source.stream), start=source.lines_before + 1):
        # Most lines of a large dump are not wanted, and need not be decoded to tell.
        if line is not None and wanted.rules_out(line):
            continue
        where = f"{name}:{number}"
        if line is None:
            yield BadRecord(where, TOO_LONG)
            continue
        if line.isspace():
            continue
        try:
            record = parsed(line, from_json)
        except UnicodeDecodeError as error:
            yield BadRecord(where, not_utf8(error))
        except json.JSONDecodeError as error:
            yield BadRecord(
                where, f"is not valid JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
            )
        except ValueError:
            yield BadRecord(where, "has a number with too many digits")
        except RecursionError:
            yield BadRecord(where, "is nested too deeply")
        else:
            if wanted.has_record(record):
                yield paper(columns, record, where)


def parsed(line: bytes, fast: Callable[[bytes], object]) -> object:
    """The value in a line of JSON. Raises what `json.loads` raises, and UnicodeDecodeError.

    `fast` is pydantic's parser, which takes half the time of the standard library's; that one has the better
    words for what is wrong, and reads what only it allows, such as halves of surrogate pairs.
    """
    try:
        return fast(line)
    except ValueError:
        return json.loads(line.decode())


def looks_like(head: bytes) -> bool:
    """Whether the first line is a complete object, and not one that wraps a list of papers."""
    first, newline, _ = head.lstrip().partition(b"\n")
    if not first.startswith(b"{") or _WRAPPER.search(head):
        return False
    # No line end within the head: one very long object, which only a line reader can bound.
    return first.rstrip().endswith(b"}") or (not newline and len(first) > 1024)


def count(stream: BinaryIO) -> int:
    """The number of lines that are not blank."""
    return sum(line is None or not line.isspace() for line in raw_lines(stream))


FORMAT = Format("JSONL", (".jsonl", ".ndjson", ".json"), read, looks_like, count)
