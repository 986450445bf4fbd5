"""A text file that names papers, one a line: arXiv ids, DOIs, pages of the ACL Anthology, addresses of them.

A bullet before a name, a Markdown link and a comment behind `#` are allowed. arXiv ids are asked of arXiv,
DOIs of OpenAlex, the Anthology's of Semantic Scholar, a hundred lines at a time; papers come in the order of
the lines.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from .. import identifiers
from ..paper import Paper
from . import arxiv_api, openalex, semantic_scholar
from .columns import BadRecord
from .interface import Format, Input, Options, Records
from .lines import BOM, raw_lines

_LINES_AT_ONCE = 100
_COMMENT = re.compile(r"(?:^|\s)#(?!\S*\))")
_BULLET = re.compile(r"(?:[-*+\u2022]|\d{1,4}[.)])\s+")
_LINK = re.compile(r"\[[^\[\]]{0,500}\]\(([^()\s]{1,500}(?:\([^()\s]{1,200}\)[^()\s]{0,200})?)\)")

Asker = Callable[[Sequence[tuple[str, str]]], list[Paper | BadRecord | None]]

_ASKERS: dict[str, Callable[[Options], Asker]] = {
    "arxiv": arxiv_api.asker,
    "doi": openalex.asker,
    "acl": semantic_scholar.asker,
}


def read(source: Input) -> Records:
    """The papers of the lines; `where` is the line. Raises MissingExtra without a library that is needed."""
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
                    where: BadRecord(where, "is no arXiv id, no DOI and no address of one")
                    for where, _ in ids
                }
                continue
            if scheme not in askers:
                askers[scheme] = _ASKERS[scheme](source.options)
            found |= zip((where for where, _ in ids), askers[scheme](ids), strict=True)
        yield from (record for where, _, _ in some if (record := found[where]) is not None)


def count(stream: BinaryIO) -> int:
    """How many papers a file names, without asking for any."""
    return sum(1 for line in raw_lines(stream) if _word(line or b""))


def _names(source: Input) -> Iterator[tuple[str, str, str]]:
    """Place, scheme and id of each line; no scheme for a line that names no paper."""
    for number, line in enumerate(raw_lines(source.stream), start=1):
        if word := _word(line or b""):
            yield (f"{source.name}:{number}", *_known(word))


def _known(word: str) -> tuple[str, str]:
    """The scheme and the id that a word is; of arXiv with its version."""
    if arxiv := identifiers.arxiv_id(word):
        return "arxiv", arxiv
    scheme, _, id_ = (identifiers.name(word) or "").partition(":")
    return scheme, id_


def _word(line: bytes) -> str:
    """What a line says, comment, bullet and link around it left out."""
    text = line.decode("utf-8", "replace").strip()
    text = _COMMENT.split(text, maxsplit=1)[0].strip()
    text = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    link = _LINK.fullmatch(text)
    return link[1] if link else text


def looks_like(head: bytes) -> bool:
    """Whether every line is the name of a paper, or a comment, and one at least is no comment."""
    *lines, last = head.removeprefix(BOM).split(b"\n")
    # The head may end within a line.
    if not lines or not re.fullmatch(rb"\S{0,99}", last):
        lines.append(last)
    words = [word for line in lines if (word := _word(line))]
    return bool(words) and all(_known(word)[0] in _ASKERS for word in words)


FORMAT = Format("list of papers' ids", (".txt",), read, looks_like, count, extra="sources")
