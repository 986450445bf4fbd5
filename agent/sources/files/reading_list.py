"""Reads a list of links, DOIs or arXiv ids, one per line or in the items of a Markdown list.

The papers are requested from the matching services, in the order of the list. A text is such a list if most
of its lines, except headings, name a paper.
"""

import re
from collections.abc import Iterator

from ..columns import BadRecord
from ..interface import Format, Input, Records
from ..lines import raw_lines, text_of

_AT_ONCE = 100
_NAME = re.compile(
    r"(?:https?://)?(?:www\.|export\.)?(?:arxiv\.org/(?:abs|pdf|html)/|alphaxiv\.org/abs/|huggingface\.co/papers/|arxiv:\s*)"
    r"(?P<arxiv>\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)"
    r"|(?P<bare>(?<![\w./])\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}(?:v\d+)?(?![\w.]))"
    r"|(?:https?://(?:dx\.)?doi\.org/|doi:\s*|(?<![\w/.]))(?P<doi>10\.\d{4,9}/[^\s\"<>\])},;]+)"
    r"|(?:https?://)?openalex\.org/(?:works/)?(?P<openalex>W\d+)|\bopenalex:(?P<work>W\d+)"
    r"|(?P<s2>https?://www\.semanticscholar\.org/paper/(?:[^\s/]{1,300}/)?[0-9a-f]{40})",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s*(?:#|//|=+\s*$|-{3,}|\*{3,}|$)")
_ITEM = re.compile(r"\s*(?:[-*+\u2022]|\[?\d{1,3}[\].)])\s")
_LONGEST = 600
"""Maximum characters of a line of the list; a longer one is text with a link in it."""


def read(source: Input) -> Records:
    """The papers of a list, requested together for each service."""
    waiting: list[tuple[str, str]] = []
    seen: set[str] = set()
    for number, name in _names(source):
        if name in seen:
            continue
        seen.add(name)
        if waiting and (
            waiting[-1][1].partition(":")[0] != name.partition(":")[0] or len(waiting) == _AT_ONCE
        ):
            yield from _asked(source, waiting)
            waiting = []
        waiting.append((f"{source.name}:{number}", name))
    if waiting:
        yield from _asked(source, waiting)


def _names(source: Input) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(raw_lines(source.stream), start=1):
        line = text_of(raw or b"") or ""
        for one in _in_line(line):
            yield number, one


def _in_line(line: str) -> list[str]:
    """The names of the papers on a line; a DOI beside an arXiv id is the same paper's."""
    found: dict[str, list[str]] = {}
    for match in _NAME.finditer(line[:_LONGEST]):
        kind = match.lastgroup or ""
        value = match[kind].rstrip(".,)")
        name = {"arxiv": "arxiv", "bare": "arxiv", "work": "openalex"}.get(kind, kind)
        found.setdefault(name, []).append(value if name == "s2" else f"{name}:{value}")
    if "arxiv" in found:
        found.pop("doi", None)
    return list(dict.fromkeys(name for names in found.values() for name in names))


def _asked(source: Input, names: list[tuple[str, str]]) -> Records:
    if source.named is None:
        yield from (
            BadRecord(where, f"{name} is the id of a paper; give it as a source") for where, name in names
        )
        return
    scheme = names[0][1].partition(":")[0]
    if scheme in ("arxiv", "openalex"):
        ids = ",".join(name.partition(":")[2] for _, name in names)
        yield from source.named(f"{scheme}:{ids}", source.options)
        return
    for _, name in names:
        yield from source.named(name, source.options)


def looks_like(head: bytes) -> bool:
    """Whether most of its lines, headings aside, name a paper, none of them in running text."""
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if not _HEADING.match(line)]
    named = [line for line in lines if len(line) < _LONGEST and _in_line(line)]
    items = [line for line in lines if _ITEM.match(line)]
    if not named:
        return False
    if len(named) == len(lines):
        return all(len(line) < 300 for line in lines)
    rest = max((len(line) for line in lines if line not in named), default=0)
    # An item may go on below its link: authors, a note.
    return len(named) >= 2 and rest < 200 and (2 * len(named) >= len(lines) or 2 * len(items) >= len(lines))


FORMAT = Format("list of papers", (), read, looks_like, extra="sources")
