"""Plain text, one paper: the title, a blank line, the abstract.

Line ends become line feeds; the abstract's offsets count from its first letter. A `#` before the title,
as Markdown has it, is taken off.
"""

import re

from ..errors import BadInput
from ..paper import Paper
from .columns import BadRecord, Columns
from .interface import Format, Input, Records
from .lines import BOM, MAX_LINE_BYTES

_MAX_TITLE = 400
"""Characters: a first paragraph beyond this is a title line with the abstract right below."""


def read(source: Input) -> Records:
    """The one paper of a text file."""
    data = source.stream.read(MAX_LINE_BYTES + 1).removeprefix(BOM)
    if len(data) > MAX_LINE_BYTES:
        raise BadInput("is longer than 16 MB: not the title and abstract of one paper", where=source.name)
    return iter([_paper(source.name, data)])


def _paper(name: str, data: bytes) -> BadRecord | Paper:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return BadRecord(f"{name}:{line}", "is not valid UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    parts = re.split(r"\n[ \t]*\n", text, maxsplit=1)
    if len(parts) == 1 or len(parts[0]) > _MAX_TITLE:
        parts = text.split("\n", maxsplit=1)
    if len(parts) == 1:
        return BadRecord(f"{name}:1", "has no abstract: write the title, a blank line, then the abstract")
    title = re.sub(r"^#{1,6}\s+", "", parts[0])
    return Columns().paper({"title": title, "abstract": parts[1].strip()}, f"{name}:1")


def looks_like(head: bytes) -> bool:
    """Any text may be a title and an abstract: asked last."""
    return bool(head)


FORMAT = Format("plain text", (".txt", ".md", ".text"), read, looks_like)
