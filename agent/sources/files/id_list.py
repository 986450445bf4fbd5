"""Reads a text file of ids, one per line: arXiv ids, DOIs, pages of the ACL Anthology, or their addresses.

A bullet before an id, a Markdown link and a comment after `#` are allowed. arXiv ids are requested from
arXiv, DOIs from OpenAlex, Anthology ids from Semantic Scholar, a hundred lines at a time; papers come in the
order of the lines.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO

from ...paper import Paper
from ...text import identifiers
from ..columns import BadRecord
from ..interface import Format, Input, Options, Records
from ..lines import BOM, raw_lines
from ..services import arxiv_api, openalex, semantic_scholar
from ..services.ids import Asker
from ..texts import with_sections

_LINES_AT_ONCE = 100
_COMMENT = re.compile(r"(?:^|\s)#(?!\S*\))")
_BULLET = re.compile(r"(?:[-*+\u2022]|\d{1,4}[.)])\s+")
_LINK = re.compile(r"\[[^\[\]]{0,500}\]\(([^()\s]{1,500}(?:\([^()\s]{1,200}\)[^()\s]{0,200})?)\)")

_ASKERS: dict[str, Callable[[Options], Asker]] = {
    "arxiv": arxiv_api.asker,
    "doi": openalex.asker,
    "acl": semantic_scholar.asker,
}


def read(source: Input) -> Records:
    """The papers of the lines; `where` is the line. Raises MissingExtra without a library that is needed."""
    return with_sections(_papers(source), source.options)


def _papers(source: Input) -> Records:
    askers: dict[str, Asker] = {}
    lines = _names(source)
    while some := list(islice(lines, _LINES_AT_ONCE)):
        by_scheme: dict[str, list[tuple[str, str]]] = {}
        for where, scheme, id_ in some:
            by_scheme.setdefault(scheme, []).append((where, id_))
        found: dict[str, Paper | BadRecord | None] = {}
        for scheme, ids in by_scheme.items():
            if scheme not in _ASKERS:
                found |= {
                    where: BadRecord(where, "is not an arXiv id, a DOI or an address of one")
                    for where, _ in ids
                }
                continue
            if scheme not in askers:
                askers[scheme] = _ASKERS[scheme](source.options)
            found |= zip((where for where, _ in ids), askers[scheme](ids), strict=True)
        yield from (record for where, _, _ in some if (record := found[where]) is not None)


def count(stream: BinaryIO) -> int:
    """The number of ids in a file, without requesting them."""
    return sum(1 for line in raw_lines(stream) if _word(line or b""))


def _names(source: Input) -> Iterator[tuple[str, str, str]]:
    """Position, scheme and id of each line; an empty scheme for an invalid line."""
    for number, line in enumerate(raw_lines(source.stream), start=1):
        if word := _word(line or b""):
            yield (f"{source.name}:{number}", *_known(word))


def _known(word: str) -> tuple[str, str]:
    """Scheme and id of a word; arXiv ids keep their version."""
    if arxiv := identifiers.arxiv_id(word):
        return "arxiv", arxiv
    scheme, _, id_ = (identifiers.name(word) or "").partition(":")
    return scheme, id_


def _word(line: bytes) -> str:
    """The id on a line, without comment, bullet and link."""
    text = line.decode("utf-8", "replace").strip()
    text = _COMMENT.split(text, maxsplit=1)[0].strip()
    text = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    link = _LINK.fullmatch(text)
    return link[1] if link else text


def looks_like(head: bytes) -> bool:
    """Whether every line is an id or a comment, with at least one id."""
    *lines, last = head.removeprefix(BOM).split(b"\n")
    # The head may end within a line.
    if not lines or not re.fullmatch(rb"\S{0,99}", last):
        lines.append(last)
    words = [word for line in lines if (word := _word(line))]
    return bool(words) and all(_known(word)[0] in _ASKERS for word in words)


FORMAT = Format("list of papers' ids", (".txt",), read, looks_like, count, extra="sources")
