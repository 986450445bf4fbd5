"""Reads plain text with one paper: the title, a blank line, the abstract.

Line ends become line feeds; the abstract's offsets count from its first letter. A `#` before the title, as
Markdown has it, is removed, and so are the words "Title:" and "Abstract". Text that looks like several
papers, or like another kind of file, is refused: it would become a meaningless card.
"""

import re

from ...errors import BadInput
from ...paper import Paper
from ..bounds import MAX_RECORD_BYTES
from ..columns import BadRecord, Columns
from ..interface import Format, Input, Records
from ..lines import BOM, text_of

_MAX_TITLE = 400
"""Characters: a first paragraph beyond this is a title line with the abstract right below."""
_SEVERAL = (
    (
        re.compile(r"^(?:PMID: \d+|DOI: 10\.\S+[ \t]*$)", re.MULTILINE),
        2,
        "PubMed's abstracts as text",
        "Save them from PubMed in the format PubMed, as a .nbib file",
    ),
    (
        re.compile(r"^#{0,6}[ \t]*\**+title\**+[ \t]*+:", re.MULTILINE | re.IGNORECASE),
        2,
        "several papers",
        "Save them as CSV or JSONL, or each in its own file",
    ),
    (
        re.compile(
            r"^#{0,6}[ \t]*+\**+abstract\**+[ \t]*+[:.]?[ \t]*+\**+[ \t]*+$|^abstract:",
            re.MULTILINE | re.IGNORECASE,
        ),
        2,
        "several papers",
        "Save them as CSV or JSONL, or each in its own file",
    ),
    (
        re.compile(r"^[ \t]*+(?:\[\d{1,4}\]|\d{1,4}[.)]|[-*+\u2022])[ \t]++\S.{10,}$", re.MULTILINE),
        2,
        "a list of papers without abstracts",
        "Give their arXiv ids, DOIs or links, one per line",
    ),
    (
        re.compile(r"^[ \t]*+(?:PMID:?[ \t]*+)?\d{5,9}[ \t]*$|^[ \t]*+PMC\d{4,9}[ \t]*$", re.MULTILINE),
        1,
        "a list of PubMed ids, which cannot be fetched",
        "Save these papers from PubMed in the format PubMed, as a .nbib file",
    ),
    (
        re.compile(r"^(?:TY|PMID|AN|TI|AU|AB|SO)\s{0,3}[-:] ", re.MULTILINE),
        4,
        "a tagged export of an unknown kind",
        "Export it as RIS or BibTeX",
    ),
)
"""Patterns, the number of matches needed, what the file is, and what to do."""
_TITLE = re.compile(r"^(?:#{1,6}\s+|\**title\**\s*:\s*\**)+", re.IGNORECASE)
_ABSTRACT = re.compile(r"^#{0,6}\s*\**abstract\**\s*(?:[:.\u2014-]|\n)\s*\**", re.IGNORECASE)


def read(source: Input) -> Records:
    """The one paper of a text file. Raises BadInput for a text that is something else."""
    data = source.stream.read(MAX_RECORD_BYTES + 1).removeprefix(BOM)
    if len(data) > MAX_RECORD_BYTES:
        raise BadInput(
            "is longer than 16 MB, too long for the title and abstract of one paper", where=source.name
        )
    return iter([_paper(source.name, data)])


def _paper(name: str, data: bytes) -> BadRecord | Paper:
    text = text_of(data)
    if text is None:
        line = data.count(b"\n", 0, _bad_byte(data)) + 1
        return BadRecord(f"{name}:{line}", "is not valid UTF-8; save it as UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    _refuse(name, text)
    parts = re.split(r"\n[ \t]*\n", text, maxsplit=1)
    if len(parts) == 1 or len(parts[0]) > _MAX_TITLE:
        parts = text.split("\n", maxsplit=1)
    if len(parts) == 1:
        return BadRecord(f"{name}:1", "has no abstract: it needs the title, a blank line, then the abstract")
    title = _TITLE.sub("", parts[0], count=1)
    abstract = _ABSTRACT.sub("", parts[1].strip(), count=1)
    return Columns().paper({"title": title, "abstract": abstract.strip()}, f"{name}:1")


def _bad_byte(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _refuse(name: str, text: str) -> None:
    if re.match(r"<(?:!doctype|html|\?xml|[a-z]+[ >])", text, re.IGNORECASE):
        raise BadInput(
            "is HTML or XML of an unsupported kind",
            where=name,
            next_step="Save it as text: the title, a blank line, the abstract",
        )
    lines = sum(bool(line.strip()) for line in text.split("\n"))
    for sign, fewest, what, step in _SEVERAL:
        found = len(sign.findall(text))
        # A list may stand within an abstract; where it is the file, it has most of the lines.
        is_list = what.startswith("a list")
        if found >= fewest and (not is_list or 2 * found >= lines):
            raise BadInput(f"looks like {what}, not like one title and abstract", where=name, next_step=step)


def looks_like(head: bytes) -> bool:
    """Any text may be a title and an abstract: asked last."""
    return bool(head)


FORMAT = Format("plain text", (".txt", ".md", ".text"), read, looks_like)
