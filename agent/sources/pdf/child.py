"""The process that reads PDFs: one line with a path and sections in, one line with the result out.

PDFium is written in C++ and reads untrusted files. In this process it can run out of memory, hang or crash
without harm: memory is bounded by the system, time by an alarm, and the parent notices the end.

Run as `python -m papercards.sources.pdf.child`; ends when its input does.
"""

import contextlib
import json
import os
import signal
import sys

MEMORY_BYTES = 1 << 30
SECONDS = 60
"""Maximum seconds for one file."""


def main() -> None:
    """Answer requests until the input ends."""
    bound_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: what is in flight shall finish
    # Whatever a library prints must not look like an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        alarm(SECONDS)
        try:
            answer = _answer(question["path"], question["sections"])
        except MemoryError:
            answer = {"error": "", "memory": True}
        alarm(0)
        print(json.dumps(answer), file=answers, flush=True)


def _answer(path: str, sections: list[str]) -> dict[str, object]:
    from .document import Unreadable, read_document

    try:
        return read_document(path, sections)
    except Unreadable as error:
        return {"error": str(error)}
    except MemoryError:
        raise
    except Exception as error:
        # Whatever a strange file brings about is said of this file, and the next one is read.
        what = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        return {"error": f"cannot read: {what}"[:200]}


def bound_memory() -> None:
    """Where the system can: it may take `MEMORY_BYTES` and no more."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def alarm(seconds: int) -> None:
    """End this process after some seconds, also inside PDFium and without a parent; 0: do not."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


if __name__ == "__main__":
    main()
