"""The program in the test's process: its own arguments, folder, environment and streams, nothing left behind.

A process of its own costs half a second of imports for each run. What a process would forget at its end is
put back or forgotten here. What only a process can show (signals, kills, closed streams, encodings, the time
that starting takes, `PYTHON...` variables) is not for this; the fixture `run_process` starts one.
"""

import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, TextIO

import papercards.__main__
from papercards import sinks
from papercards.cli.app import main
from papercards.safety import file_locks
from papercards.sources import registry
from papercards.sources.services import fetched

_FORGOTTEN: tuple[Callable[[], object], ...] = (
    registry._plugged.cache_clear,
    sinks._plugged.cache_clear,
    fetched._last.clear,
    file_locks._said.clear,
)
"""What modules remember of the environment, of other hosts, or of what they have said."""


def call(
    arguments: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    input: str | None = None,
    encoding: str = "utf-8",
) -> "subprocess.CompletedProcess[str]":
    """Run the program to its end, as `subprocess.run` with captured text would.

    Raises ValueError for a variable that Python itself reads when it starts.
    """
    for name, value in environment.items():
        if name.startswith("PYTHON") and value != {"PYTHONUTF8": "1"}.get(name, os.environ.get(name)):
            raise ValueError(f"{name} is read when a process starts: use run_process")
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        given.write((input or "").encode())
        given.seek(0)
        with _streams(given, out, said, encoding), _place(cwd, environment), _hearing_nobody_else():
            code = _code(arguments)
        return subprocess.CompletedProcess(list(arguments), code, _text(out, encoding), _text(said, encoding))


def _code(arguments: Sequence[str]) -> int:
    """The exit code of `main`; what it raises is printed, as Python does at its end."""
    sys.argv[:] = [papercards.__main__.__file__, *arguments]
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
            return 1
        return ended.code or 0
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return 1
    return 0


def _text(stream: BinaryIO, encoding: str) -> str:
    stream.seek(0)
    return stream.read().decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


@contextlib.contextmanager
def _streams(given: BinaryIO, out: BinaryIO, said: BinaryIO, encoding: str) -> Iterator[None]:
    """Standard streams on real files, since the program asks for their numbers."""
    streams = {
        "stdin": _opened(given, "rb", encoding),
        "stdout": _opened(out, "wb", encoding, "surrogateescape" if encoding == "utf-8" else "strict"),
        "stderr": _opened(said, "wb", encoding, "backslashreplace"),
    }
    before = {name: getattr(sys, name) for name in streams}
    for name, stream in streams.items():
        setattr(sys, name, stream)
    try:
        yield
    finally:
        for name, stream in streams.items():
            setattr(sys, name, before[name])
            stream.close()


def _opened(file: BinaryIO, mode: Literal["rb", "wb"], encoding: str, errors: str = "strict") -> TextIO:
    binary = os.fdopen(os.dup(file.fileno()), mode)
    return io.TextIOWrapper(
        binary, encoding=encoding, errors=errors, line_buffering=errors == "backslashreplace"
    )


@contextlib.contextmanager
def _place(cwd: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """The folder, the variables, the program's name and its signals."""
    folder, variables, argv = Path.cwd(), dict(os.environ), list(sys.argv)
    program, handlers = sys.modules["__main__"], {number: signal.getsignal(number) for number in _SIGNALS}
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.modules["__main__"] = papercards.__main__
    for forget in _FORGOTTEN:
        forget()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        sys.modules["__main__"] = program
        sys.argv[:] = argv
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(folder)
        for forget in _FORGOTTEN:
            forget()


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def _hearing_nobody_else() -> Iterator[None]:
    """Warnings and log lines go to standard error as in a new process, not to what pytest collects."""
    root = logging.getLogger()
    handlers, root.handlers[:] = list(root.handlers), []

    def show(message: Warning | str, *place: object) -> None:
        sys.stderr.write(warnings.formatwarning(message, *place[:3]))  # type: ignore[arg-type]

    try:
        with warnings.catch_warnings():
            warnings.resetwarnings()
            for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
                warnings.simplefilter("ignore", kind)
            warnings.showwarning = show
            yield
    finally:
        root.handlers[:] = handlers
