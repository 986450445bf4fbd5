"""Reads lists of papers: ids or addresses one per line, or links in the items of a reading list.

In a list of ids every line is one; a bullet before it, a Markdown link and a comment after `#` are allowed. A
text is a reading list if most of its lines, except headings, name a paper among other words. arXiv ids are
requested from arXiv, DOIs from OpenAlex, Anthology ids from Semantic Scholar, a hundred at a time; papers
come in the order of the list.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import BinaryIO

from ...paper import Paper
from ...text import identifiers
from ..columns import BadRecord
from ..interface import Format, Input, Options, Records
from ..lines import BOM, raw_lines, text_of
from ..services import arxiv_api, openalex, semantic_scholar
from ..services.ids import Asker
from ..texts import with_sections

_AT_ONCE = 100
_COMMENT = re.compile(r"(?:^|\s)#(?!\S*\))")
_BULLET = re.compile(r"(?:[-*+\u2022]|\d{1,4}[.)])\s+")
_LINK = re.compile(r"\[[^\[\]]{0,500}\]\(([^()\s]{1,500}(?:\([^()\s]{1,200}\)[^()\s]{0,200})?)\)")
_MENTION = re.compile(
    r"(?:https?://)?(?:www\.|export\.)?(?:arxiv\.org/(?:abs|pdf|html)/|alphaxiv\.org/abs/|huggingface\.co/papers/|arxiv:\s*)"
    r"(?P<arxiv>\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)"
    r"|(?P<bare>(?<![\w./])\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}(?:v\d+)?(?![\w.]))"
    r"|(?:https?://(?:dx\.)?doi\.org/|doi:\s*|(?<![\w/.]))(?P<doi>10\.\d{4,9}/[^\s\"<>\])},;]+)"
    r"|(?:https?://)?openalex\.org/(?:works/)?(?P<openalex>W\d+)|\bopenalex:(?P<work>W\d+)"
    r"|https?://www\.semanticscholar\.org/paper/(?:[^\s/]{1,300}/)?(?P<s2>[0-9a-f]{40})",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s*(?:#|//|=+\s*$|-{3,}|\*{3,}|$)")
_ITEM = re.compile(r"\s*(?:[-*+\u2022]|\[?\d{1,3}[\].)])\s")
_LONGEST = 600
"""Maximum characters of a line of a reading list; a longer one is text with a link in it."""
_SCHEMES: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "arxiv": ("arxiv", identifiers.arxiv_id),
    "bare": ("arxiv", identifiers.arxiv_id),
    "doi": ("doi", identifiers.doi),
    "openalex": ("openalex", str.upper),
    "work": ("openalex", str.upper),
    "s2": ("s2", str.lower),
}
"""What the groups of a mention are ids of, and their usual form."""
_ASKERS: dict[str, Callable[[Options], Asker]] = {
    "arxiv": arxiv_api.asker,
    "doi": openalex.asker,
    "openalex": openalex.asker,
    "acl": semantic_scholar.asker,
    "s2": semantic_scholar.asker,
}

_Names = Callable[[BinaryIO], Iterator[tuple[int, str, str]]]
"""The names of papers in a list: line, scheme and id; a scheme without an asker for an invalid line."""


def _read(names: _Names, source: Input) -> Records:
    return with_sections(_papers(source, names(source.stream)), source.options)


def _papers(source: Input, names: Iterator[tuple[int, str, str]]) -> Records:
    askers: dict[str, Asker] = {}
    while some := list(islice(names, _AT_ONCE)):
        found: dict[tuple[int, str, str], Paper | BadRecord | None] = {}
        for scheme in dict.fromkeys(scheme for _, scheme, _ in some):
            if scheme not in askers:
                askers[scheme] = _ASKERS.get(scheme, _nobody)(source.options)
            wanted = [one for one in some if one[1] == scheme]
            asked = askers[scheme]([(f"{source.name}:{number}", id_) for number, _, id_ in wanted])
            found |= zip(wanted, asked, strict=True)
        yield from (record for one in some if (record := found[one]) is not None)


def _nobody(_options: Options) -> Asker:
    why = "is not an arXiv id, a DOI or an address of one"
    return lambda ids: [BadRecord(where, why) for where, _ in ids]


def _count(names: _Names, stream: BinaryIO) -> int:
    return sum(1 for _ in names(stream))


def ids(stream: BinaryIO) -> Iterator[tuple[int, str, str]]:
    """Line, scheme and id for each line of a list of ids."""
    for number, line in enumerate(raw_lines(stream), start=1):
        if word := _word(line or b""):
            yield (number, *_known(word))


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


def is_of_ids(head: bytes) -> bool:
    """Whether every line is an id or a comment, with at least one id."""
    *lines, last = head.removeprefix(BOM).split(b"\n")
    # The head may end within a line.
    if not lines or not re.fullmatch(rb"\S{0,99}", last):
        lines.append(last)
    words = [word for line in lines if (word := _word(line))]
    return bool(words) and all(_known(word)[0] in _ASKERS for word in words)


def mentions(stream: BinaryIO) -> Iterator[tuple[int, str, str]]:
    """Line, scheme and id for each paper that a reading list names, the first time."""
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(raw_lines(stream), start=1):
        for one in _in_line(text_of(line or b"") or ""):
            if one not in seen:
                seen.add(one)
                yield (number, *one)


def _in_line(line: str) -> list[tuple[str, str]]:
    """Schemes and ids of the papers on a line; a DOI beside an arXiv id is the same paper's."""
    found: dict[str, list[tuple[str, str]]] = {}
    for match in _MENTION.finditer(line[:_LONGEST]):
        scheme, usual = _SCHEMES[match.lastgroup or ""]
        known = usual(match[match.lastgroup or 0].rstrip(".,)"))
        found.setdefault(scheme, []).append((scheme, known) if known else ("", match[0]))
    if "arxiv" in found:
        found.pop("doi", None)
    return list(dict.fromkeys(one for some in found.values() for one in some))


def is_reading_list(head: bytes) -> bool:
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


FORMATS = tuple(
    Format(name, extensions, partial(_read, names), looks_like, partial(_count, names), extra="sources")
    for name, extensions, names, looks_like in (
        ("list of papers' ids", (".txt",), ids, is_of_ids),
        ("list of papers", (), mentions, is_reading_list),
    )
)
