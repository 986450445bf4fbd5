"""The parent's side of the process that reads PDFs: ask it, bound it, begin another where it ended.

One process serves all files of a source, since starting one takes as long as reading some ten papers.

Knows the process and its answers. Knows nothing of PDFs.
"""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .child import MEMORY_BYTES, SECONDS

_COMMAND = (sys.executable, "-m", "papercards.sources.pdf.child")
_ALARM = getattr(signal, "SIGALRM", 0)


class Child:
    """The process, started at the first question."""

    def __init__(self, command: Sequence[str] = _COMMAND, seconds: float = SECONDS + 5) -> None:
        """`seconds` is how long it may think about one file where it does not end itself."""
        self._command = command
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def ask(self, path: Path, sections: Sequence[str]) -> dict[str, Any]:
        """The content of a file, or an `error` about it."""
        question = json.dumps({"path": str(path.absolute()), "sections": list(sections)})
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
                process.stdin.write(question + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except OSError:
                line = ""
            finally:
                timer.cancel()
            answer: dict[str, Any] = json.loads(line) if line.endswith("\n") else {}
            if answer and not answer.get("memory"):
                return answer
            code = self._end()
        if late.is_set() or code == -_ALARM:
            return {"error": f"takes longer than {SECONDS} s to read; the file is damaged or malicious"}
        return {
            "error": f"crashed its reader, which may use {MEMORY_BYTES >> 30} GB of memory; the file is "
            "damaged or malicious"
        }

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
