"""Reads title, abstract and sections of a PDF with PDFium, in a separate process.

A fault in a file is a bad record, so in a folder of PDFs the rest continues.
"""

import atexit
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ....errors import MissingExtra
from ....paper import Paper, Section
from ....safety.child_process import python
from ...columns import BadRecord, Columns
from ...interface import Format, Input, Records

if TYPE_CHECKING:
    from ...confined import Child

MAX_BYTES = 256 << 20
_COMMAND = tuple(python("papercards.sources.full_text.pdf.child"))
_TOO_LARGE = f"is larger than {MAX_BYTES >> 20} MB, too large for a paper"


def read(source: Input) -> Records:
    """The paper of a PDF. Raises MissingExtra if PDFium is not installed."""
    if importlib.util.find_spec("pypdfium2") is None:
        raise MissingExtra("reading PDF", "pdf")
    return _read(source)


def _read(source: Input) -> Iterator[Paper | BadRecord]:
    if source.path is not None:
        yield _record(source, source.path)
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paper.pdf"
        # PDFium goes to and fro in a file, which a pipe cannot.
        with path.open("wb") as file:
            left = MAX_BYTES + 1
            while left > 0 and (block := source.stream.read(min(left, 1 << 20))):
                file.write(block)
                left -= len(block)
        yield _record(source, path)


def _record(source: Input, path: Path) -> Paper | BadRecord:
    if path.stat().st_size > MAX_BYTES:
        return BadRecord(source.name, _TOO_LARGE)
    answer = _child().ask({"path": str(path.absolute()), "sections": source.options.sections})
    if error := answer.get("error"):
        return BadRecord(source.name, error)
    fields = {name: answer[name] for name in ("title", "abstract", "doi", "arxiv_id", "authors")}
    paper = Columns().paper(fields, source.name)
    if isinstance(paper, BadRecord):
        return paper
    return replace(
        paper,
        sections=tuple(_section(one) for one in answer["sections"]),
        flags=tuple(answer.get("flags", ())),
    )


def _section(record: dict[str, Any]) -> Section:
    pages = tuple((int(at), int(page)) for at, page in record["pages"])
    return Section(record["name"], record["text"], pages, record["whole"])


@cache
def _child() -> "Child":
    from ...confined import Child
    from .child import MEMORY_BYTES

    child = Child(_COMMAND, MEMORY_BYTES)
    atexit.register(child.close)
    return child


def looks_like(head: bytes) -> bool:
    """Whether the PDF mark is near the start, where readers look for it."""
    return b"%PDF-" in head[:1024]


def _one(_stream: BinaryIO) -> int:
    return 1


FORMAT = Format("PDF", (".pdf",), read, looks_like, count=_one, binary=True)
