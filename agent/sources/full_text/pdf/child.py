"""The process that reads PDFs: a path and sections in, the content of the file out.

Run as `python -m papercards.sources.full_text.pdf.child`; ends when its input does.
"""

from ...confined import Answer, serve

MEMORY_BYTES = 1 << 30


def _answer(question: Answer) -> dict[str, object]:
    from .document import read_document

    return read_document(question["path"], question["sections"])


def _prepare() -> None:
    from . import document  # noqa: F401


if __name__ == "__main__":
    serve(_answer, MEMORY_BYTES, _prepare)
