"""llama.cpp for one model file, in a child process that never outlives us.

A child, because a crash or a lack of memory in native code must not take the batch with it. It
listens on a loopback port that the system picks and answers only to a key made for this run, which
travels over the child's standard input: arguments and environments can be read from outside.

Knows nothing of chat, prompts or papers: it gives a base URL and a key.
"""

import importlib.util
import json
import math
import os
import queue
import re
import secrets
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

from ..errors import EndpointError, MissingExtra
from ..safety.child_process import NOWHERE, environment, python

_CLOSE_TIMEOUT_S = 5.0

FOR_DEVICES = ("CUDA_", "NVIDIA_", "HIP_", "ROCR_", "VK_", "GGML_", "OMP_")
"""Beginnings of variables that say on which devices to compute."""


class LocalServer:
    """A running llama.cpp server for one file. Close it, or use it as a context manager.

    It works on `slots` requests at a time, each with a context of `context_tokens`.
    With `hidden_states` it also gives the state of the last layer at each token
    (`Engine.hidden_states`), for texts that fit into one context.
    """

    def __init__(
        self,
        model: Path,
        *,
        context_tokens: int,
        model_id: str = "local",
        threads: int | None = None,
        slots: int = 1,
        hidden_states: bool = False,
        users: Path | None = None,
        start_timeout_s: float = 300.0,
    ) -> None:
        """Start the server and wait until it answers, some seconds for each gigabyte of the file.

        With `users` it outlives this object: it ends when no process locks that file, see `shared`.

        Raises MissingExtra if llama.cpp is not installed, EndpointError if it does not start.
        """
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtra("The embedded model", "local")
        self.api_key = secrets.token_urlsafe(32)
        """Good for this server only, and for as long as it runs."""
        self.threads = threads or physical_cores()
        # Without a name: nothing is left behind, however this process ends.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._model = model
        self._shared = users is not None
        config: dict[str, str | int] = {
            "model": str(model.absolute()),
            "model_id": model_id,
            "api_key": self.api_key,
            "context_tokens": context_tokens * slots,
            "slots": slots,
            "threads": self.threads,
            "hidden_states": hidden_states,
            "users": str(users.absolute()) if users is not None else "",
        }
        # A session of its own: Ctrl-C is for us, and papers in flight still need the server.
        self._process = subprocess.Popen(  # noqa: S603
            python(f"{__package__}.serve"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            env=environment(*FOR_DEVICES),
            cwd=NOWHERE,
        )
        try:
            self.base_url = f"{self._start(config, start_timeout_s)}/v1"
            """With the path that an OpenAI client expects."""
        except BaseException:
            self._shared = False
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def _start(self, config: dict[str, str | int], timeout_s: float) -> str:
        stdin = self._process.stdin
        assert stdin is not None  # it is a pipe; said for the type checker
        with suppress(BrokenPipeError):
            stdin.write(json.dumps(config).encode() + b"\n")
            stdin.flush()
        # A pipe cannot be waited for with a time limit on every system; a thread that reads it can.
        lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read_line, args=(lines,), daemon=True).start()
        try:
            line = lines.get(timeout=timeout_s)
        except queue.Empty:
            raise EndpointError(
                f"the embedded model did not load within {timeout_s:.0f} s",
                where=str(self._model),
            ) from None
        if not line:
            self._process.wait()
            raise EndpointError(
                f"the embedded model does not start: {self._complaint()}",
                where=str(self._model),
                next_step="Check the file with: papercards models list",
            )
        return str(json.loads(line)["address"])

    def _read_line(self, lines: "queue.Queue[bytes]") -> None:
        stdout = self._process.stdout
        assert stdout is not None  # it is a pipe; said for the type checker
        lines.put(stdout.readline())

    def _complaint(self) -> str:
        if self._process.returncode < 0:
            return f"it was killed by signal {-self._process.returncode}; is there enough memory?"
        self._log.seek(0)
        log = self._log.read().decode("utf-8", "replace")
        lines = [line.strip() for line in log.splitlines()]
        # llama.cpp names the cause in its first error line and only consequences after it; Python
        # ends with the cause.
        errors = [match[1] for line in lines if (match := re.match(r"[\d.]+ E (.+)", line))]
        last = next((line for line in reversed(lines) if line), "no reason given")
        return " ".join((errors[0] if errors else last).split())

    def close(self) -> None:
        """End the server, also in the middle of an answer; leave it to the others if it is shared.

        May be called twice.
        """
        process = self._process
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(0 if self._shared else _CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            if not self._shared:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def physical_cores() -> int:
    """How many threads compute fastest: cores that we may use, hyper-threads counted once.

    A second thread on a core slows matrix products down. Where the system does not tell (macOS), the
    number of logical processors.
    """
    try:
        allowed = os.sched_getaffinity(0)
        cores = _cores_of(Path("/proc/cpuinfo").read_text("utf-8"), allowed) or len(allowed)
    except (AttributeError, OSError):
        cores = os.cpu_count() or 1
    return max(1, min(cores, _quota() or cores))


def _cores_of(cpuinfo: str, allowed: set[int]) -> int:
    """How many different cores `/proc/cpuinfo` lists for `allowed`; 0 where it names none."""
    cores = set()
    for block in cpuinfo.split("\n\n"):
        fields = {
            key.strip(): value.strip()
            for key, _, value in (line.partition(":") for line in block.splitlines())
        }
        if "core id" in fields and int(fields.get("processor", "-1")) in allowed:
            cores.add((fields.get("physical id"), fields["core id"]))
    return len(cores)


def _quota() -> int | None:
    """Processors that a container may use on average, rounded up; None without a limit."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        return math.ceil(int(limit) / int(period))
    except (OSError, ValueError):
        return None
