"""The process that reads PDFs: a line with a path and names of sections in, a line with what it says out.

PDFium is written in C++ and reads files that strangers made. Here it may run out of memory, hang or crash,
and take nothing with it: memory is bounded by the system, time by an alarm, and the parent sees an end. It
starts no process, writes no file, and, where Linux lets it, has no network.

Run as `python -m papercards.sources.pdf.child`; ends when its input does.
"""

import contextlib
import json
import os
import signal
import sys

MEMORY_BYTES = 1 << 30
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
SECONDS = 60
"""For one file."""


def main() -> None:
    """Answer until there are no more questions."""
    leave_network()
    bound_memory()
    with contextlib.suppress(ImportError):
        from . import document  # noqa: F401  (Python may keep what it compiles only before the next line)
    bound_deeds()
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
        return {"error": f"cannot be read: {what}"[:200]}


def bound_memory() -> None:
    """Where the system can: it may take `MEMORY_BYTES` and no more."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def bound_deeds() -> None:
    """Where the system can: no file is written and no process or thread begun from here on."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def leave_network() -> None:
    """Where Linux lets it: from here on there is no network, not even this machine's own."""
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None)
        # Only an administrator can do it as he is, and would lose rights over files the other way.
        if libc.unshare(_NEW_NETWORK):
            libc.unshare(_NEW_USER | _NEW_NETWORK)


def alarm(seconds: int) -> None:
    """End this process after some seconds, also inside PDFium and without a parent; 0: do not."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


if __name__ == "__main__":
    main()
