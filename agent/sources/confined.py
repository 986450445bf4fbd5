"""A separate process for risky libraries: questions in, answers out, one line of JSON each.

Libraries in C++ and Rust read untrusted files. In a separate process they can run out of memory, hang or
crash without harm: memory is bounded by the system, time by an alarm and by the parent, and the parent
notices the end. The process has no keys in its environment, starts no process, writes no file and, where
Linux allows it, has no network.

Knows processes. Knows no format.
"""

import contextlib
import datetime
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..safety.child_process import NOWHERE, environment

SECONDS = 60
"""Maximum seconds for one question."""

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_ALARM = getattr(signal, "SIGALRM", 0)
Answer = dict[str, Any]


class Broken(Exception):
    """A file cannot be read, or not further; the message is without a subject: `cannot be …`."""


class Child:
    """The parent's side: starts the process at the first question, and again if it has ended."""

    def __init__(self, command: Sequence[str], memory_bytes: int, seconds: float = SECONDS + 5) -> None:
        """`memory_bytes` is the limit that the command sets itself, for messages.

        `seconds` is the time limit for one question if the process does not end itself.
        """
        self._command = command
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def ask(self, question: Mapping[str, object]) -> Answer:
        """The answer to a question about one file, or an `error`."""
        with self._lock:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None
            late = threading.Event()

            def end() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(self._seconds, end)
            timer.daemon = True
            timer.start()
            try:
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except OSError:
                line = ""
            except BaseException:
                # Its answer would be taken for that to the next question.
                self._end()
                raise
            finally:
                timer.cancel()
            answer: Answer = json.loads(line) if line.endswith("\n") else {}
            if answer and not answer.get("memory"):
                return answer
            code = self._end()
        if late.is_set() or code == -_ALARM:
            return {"error": f"takes longer than {SECONDS} s to read; the file is damaged or malicious"}
        return {
            "error": f"crashed its reader, which may use {self._memory_bytes >> 30} GB of memory; "
            "the file is damaged or malicious"
        }

    def get(self, question: Mapping[str, object]) -> Answer:
        """The answer to a question. Raises Broken if it is an `error`."""
        answer = self.ask(question)
        if "error" in answer:
            raise Broken(answer["error"])
        return answer

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(  # noqa: S603  a module of our own
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env=environment(),
                cwd=NOWHERE,
            )
        return self._process

    def _end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None and process.stdout is not None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            try:
                pipe.close()
            except OSError:
                continue
        return process.wait()


def serve(
    answer: Callable[[Answer], Mapping[str, object]],
    memory_bytes: int,
    prepare: Callable[[], None],
    *,
    threads: bool = False,
) -> None:
    """The child's side: answer questions until the input ends.

    Any error is reported for its file, and the next question is answered. `prepare` imports the libraries,
    since Python can store compiled modules only before writing files is forbidden.
    """
    leave_network()
    bound_memory(memory_bytes)
    with contextlib.suppress(ImportError):
        prepare()
    bound_deeds(threads=threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: what is in flight shall finish
    # Whatever a library prints must not look like an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        alarm(SECONDS)
        try:
            given = answer(json.loads(line))
        except MemoryError:
            given = {"error": "", "memory": True}
        except Broken as error:
            given = {"error": str(error)}
        except Exception as error:
            what = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            given = {"error": f"cannot read: {what}"[:200]}
        alarm(0)
        # Values that JSON cannot express, such as dates or bytes, are not part of a paper.
        print(json.dumps(given, default=_date), file=answers, flush=True)


def bound_memory(memory_bytes: int) -> None:
    """Limit the memory of this process, where the system supports it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def bound_deeds(*, threads: bool = False) -> None:
    """Forbid writing files and starting processes or threads, where the system supports it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        if not threads:
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def leave_network() -> None:
    """Give up all network access, loopback included, where Linux allows it."""
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None)
        # Only root can do it directly, and would lose rights over files the other way.
        if libc.unshare(_NEW_NETWORK):
            libc.unshare(_NEW_USER | _NEW_NETWORK)


def alarm(seconds: int) -> None:
    """End this process after some seconds, also inside a library and without a parent; 0 cancels it."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _date(value: object) -> str | None:
    """A date in JSON; what else JSON has no form for is left out."""
    return value.isoformat() if isinstance(value, datetime.date) else None
