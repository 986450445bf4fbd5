"""The processes of a benchmark: the stub endpoint, a client; each on its core, each ended in every case."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
CLIENT_LIMIT_S = 1800.0
"""A client that takes longer is killed."""


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that is deleted at the end."""
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def resident_kb(process: int | str, name: str = "VmRSS") -> int:
    """Memory of a process, or of `self`, in KiB: `VmRSS` now, `VmHWM` at most; 0 of one that has ended."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) if found else 0


def cores() -> tuple[int, int] | None:
    """The stub's core and the client's; None where they cannot be told apart or pinned."""
    if not hasattr(os, "sched_getaffinity") or shutil.which("taskset") is None:
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[-1]) if len(allowed) > 1 else None


def pinned(command: Sequence[str], role: int) -> list[str]:
    """The command on the core of its role: 0 the stub, 1 the client."""
    both = cores()
    return ["taskset", "-c", str(both[role]), *command] if both else list(command)


@dataclass(frozen=True)
class Ended:
    """What a client's whole life took."""

    code: int
    """Exit code; negative: the signal that ended it."""
    seconds: float
    cpu_s: float
    start_cpu_s: float
    """Of `cpu_s`, what was spent before the first request; 0: not known."""
    rss_mb: float
    """Peak resident memory, MiB."""
    stderr: str


PREFIX = "papercards-bench-"
"""What the name of the folder of all runs begins with."""


class Client:
    """A client that runs in a folder of its own, with nothing of the user's environment but PATH."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # All clients are one user: cards that another one finished are made again.
        home = next((one for one in folder.parents if one.name.startswith(PREFIX)), folder) / "home"
        home.mkdir(parents=True, exist_ok=True)
        self._log = folder / "stderr"
        variables = {"PATH": os.environ["PATH"], "HOME": str(home), "OPENAI_API_KEY": "x", "PYTHONUTF8": "1"}
        with self._log.open("wb") as log:
            self._begin = time.perf_counter()
            self._process = subprocess.Popen(
                pinned(command, 1),
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self._alarm = threading.Timer(CLIENT_LIMIT_S, self.kill)
        self._alarm.daemon = True
        self._alarm.start()

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet; does not reap it."""
        if self._process.returncode is not None:
            return False
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is None

    def cpu_s(self) -> float:
        """What it has used by now; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait(self, start_cpu_s: float = 0.0) -> Ended:
        """Its end, and what the system says that it used."""
        _, status, used = os.wait4(self._process.pid, 0)
        self._alarm.cancel()
        seconds = time.perf_counter() - self._begin
        self._process.returncode = os.waitstatus_to_exitcode(status)
        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        return Ended(
            code=self._process.returncode,
            seconds=seconds,
            cpu_s=used.ru_utime + used.ru_stime,
            start_cpu_s=start_cpu_s,
            rss_mb=used.ru_maxrss / unit,
            stderr=self._log.read_text(encoding="utf-8", errors="replace"),
        )

    def kill(self) -> None:
        """SIGKILL, to it and to what it started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._alarm.cancel()
        if self._process.returncode is None:
            self.kill()
            self._process.wait()


class Stub:
    """The loopback endpoint, running."""

    def __init__(self, *, latency_ms: float, faults: str = "", port: int = 0) -> None:
        settings = {"PORT": str(port), "LATENCY_MS": str(latency_ms), "FAULTS": faults}
        self._process = subprocess.Popen(
            pinned([sys.executable, str(HERE / "stub_server.py")], 0),
            env={"PATH": os.environ["PATH"], **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if not said:
            self.kill()
            raise RuntimeError("the stub endpoint did not start; its words are above")
        self.port = int(said.rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def stats(self) -> dict[str, Any]:
        """What it counted."""
        found: dict[str, Any] = self._call("/stats")
        return found

    def configure(self, **values: object) -> None:
        """Change its settings."""
        self._call("/config", values)

    def reset(self) -> None:
        """Count from zero."""
        self._call("/reset", {})

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _call(self, path: str, values: object = None) -> Any:
        body = None if values is None else json.dumps(values).encode()
        with _DIRECT.open(urllib.request.Request(self.url + path, body), timeout=30) as answer:
            return json.load(answer)


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Loopback is never asked through a proxy."""
