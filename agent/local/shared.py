"""One llama.cpp for all processes of a user that want the same model in the same way.

Two servers on the cores of one would slow each other down to a third. The first process starts a server and
leaves its address and key in a folder that only the user can enter; the others use it. Who uses it holds a
shared lock, which the system frees however a process ends; the server ends when nobody holds it any more. It
holds a lock of its own for as long as it lives, so an address that a crash left behind is not believed, and
the key goes to no stranger who listens there now.

Knows files and locks. Knows no prompts and no papers.
"""

import json
import os
import stat
import sys
import warnings
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, Self

from ..model.catalogue import Model
from ..safety.file_locks import lock
from ..safety.safe_files import open_derived, write_whole
from ..text.spans import digest
from .server import FOR_DEVICES, LocalServer, physical_cores

Start = Callable[[Path | None], LocalServer]
"""Starts a server: for this process alone, or for all who lock a file (`users` of `LocalServer`)."""


class SharedServer:
    """The address and the key of a server that others may use, too. Close it, or use it as a context manager.

    Where the system has no such locks or no folder of the user's own, it is a server for this process alone.
    """

    def __init__(self, what: str, start: Start, folder: Path | None = None) -> None:
        """`what` names the model and all settings of the server that `start` starts.

        Raises what `start` raises.
        """
        self._held = ExitStack()
        self._own: LocalServer | None = None
        place = folder or _folder()
        name = digest(what, _boot())[:16]
        with ExitStack() as attempt:
            attempt.callback(self.close)
            users = place / f"{name}.users" if place is not None and self._lock(place, name) else None
            if place is None or users is None:
                self._own = start(None)
                self.base_url, self.api_key = self._own.base_url, self._own.api_key
            else:
                self.base_url, self.api_key = self._join(place / f"{name}.json", users, start)
            attempt.pop_all()

    @classmethod
    def of(cls, model: Model, file: Path, say: Callable[[str], None]) -> Self:
        """The server of an embedded model whose weights are `file`; `say` is told when one is started."""
        context, hidden = model.context or 8192, model.plan == "stepwise"
        # Two processes may be between reading a paper and its summary, and neither text is read twice.
        slots = 2 * model.concurrency
        state = file.stat()

        def start(users: Path | None) -> LocalServer:
            say(f"starting {model.name} …")
            server = LocalServer(
                file,
                context_tokens=context,
                model_id=model.model_id,
                slots=slots,
                hidden_states=hidden,
                users=users,
            )
            say(f"{model.name} is ready")
            return server

        devices = sorted(pair for pair in os.environ.items() if pair[0].startswith(FOR_DEVICES))
        what = (file.resolve(), state.st_size, state.st_mtime_ns, model.model_id, context, slots, hidden)
        return cls(repr((what, physical_cores(), devices, sys.prefix)), start)

    def _lock(self, place: Path, name: str) -> bool:
        """Say that we use the server; waits while one that nobody used is ending."""
        with suppress(OSError):
            return lock(self._open(place / f"{name}.users"), place, shared=True)
        return False

    def _join(self, record: Path, users: Path, start: Start) -> tuple[str, str]:
        with os.fdopen(open_derived(record.with_suffix(".starting"), 0o600), "r+b") as starting:
            lock(starting, record)
            if (found := _running(record)) is not None:
                return found
            self._own = server = start(users)
            write_whole(record, json.dumps({"base_url": server.base_url, "api_key": server.api_key}).encode())
            return server.base_url, server.api_key

    def _open(self, path: Path) -> IO[bytes]:
        return self._held.enter_context(os.fdopen(open_derived(path, 0o600), "r+b"))

    def close(self) -> None:
        """Use it no longer: the server ends if nobody else does. May be called twice."""
        self._held.close()
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def hold(users: Path) -> IO[bytes]:
    """In the server: lock the file that says that it lives. Raises OSError."""
    file = os.fdopen(open_derived(_alive(users), 0o600), "r+b")
    lock(file, users)
    return file


def unused(users: Path) -> bool:
    """In the server: whether no process uses it. From then on none can, until this process has ended."""
    descriptor = open_derived(users, 0o600)
    try:
        lock(descriptor, users, wait=False)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True


def _alive(users: Path) -> Path:
    return users.with_suffix(".alive")


def _running(record: Path) -> tuple[str, str] | None:
    """Base URL and key of the server that was started last, if it lives."""
    with suppress(BlockingIOError), os.fdopen(open_derived(_alive(record), 0o600), "r+b") as alive:
        lock(alive, record, wait=False)
        return None
    with suppress(OSError, ValueError, KeyError, TypeError):
        found: Any = json.loads(record.read_bytes())
        return str(found["base_url"]), str(found["api_key"])
    return None


def _folder() -> Path | None:
    """A folder of this machine that nobody else can enter; None where there is none."""
    import platformdirs

    with suppress(OSError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that XDG_RUNTIME_DIR is not set
        place = platformdirs.user_runtime_path("papercards")
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place if is_ours(place) else None
    return None


def is_ours(place: Path) -> bool:
    """Whether a folder is open to this user alone, and nobody else can put another one at its path.

    Raises OSError.
    """
    state = place.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o077:
        return False
    for above in map(Path.lstat, place.absolute().parents):
        # In a folder as `/tmp`, which has the sticky bit, nobody renames what is another's.
        shut = not above.st_mode & 0o022 or above.st_mode & stat.S_ISVTX
        if not shut or above.st_uid not in (0, os.getuid()):
            return False
    return True


def _boot() -> str:
    """What tells this start of this machine from others that see the same folder."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return ""
