"""The process that reads PDFs: a path and names of sections in, what the file says out.

Run as `python -m papercards.sources.pdf.child`; ends when its input does.
"""

from ..confined import Answer, serve

MEMORY_BYTES = 1 << 30


def _answer(question: Answer) -> dict[str, object]:
    from .document import Unreadable, read_document

    try:
        return read_document(question["path"], question["sections"])
    except Unreadable as error:
        return {"error": str(error)}


def _prepare() -> None:
    from . import document  # noqa: F401


if __name__ == "__main__":
    serve(_answer, MEMORY_BYTES, _prepare)
