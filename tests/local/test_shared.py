"""One llama.cpp for several processes."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from papercards.local.server import LocalServer
from papercards.local.shared import SharedServer, is_ours
from tests.clocks import PATIENCE_S
from tests.local.test_server import ends_within, is_running

USER = """
import sys
from pathlib import Path
from papercards.local.server import LocalServer
from papercards.local.shared import SharedServer

def start(users):
    print("started", flush=True)
    return LocalServer(Path(sys.argv[1]), context_tokens=512, threads=1, slots=2, users=users)

with SharedServer("smollm", start, folder=Path(sys.argv[2])) as server:
    print(server.base_url, server.api_key, flush=True)
    sys.stdin.read()
"""


class User:
    """A process that uses the server until it is told to end."""

    def __init__(self, file: Path, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(file), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def said(self) -> list[str]:
        """Its next line, in words."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().split(maxsplit=2)

    def leave(self) -> None:
        self.process.communicate()


@contextmanager
def users(file: Path, folder: Path, number: int) -> Iterator[list[User]]:
    found = [User(file, folder) for _ in range(number)]
    try:
        yield found
    finally:
        for one in found:
            one.process.kill()
            one.process.communicate()


def server_pid(base_url: str, key: str) -> int:
    """The process that listens there, by the port in its table of sockets."""
    assert answers(base_url, key)
    port = f":{int(base_url.split(':')[2].split('/')[0]):04X}"
    (inode,) = {
        fields[9]
        for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[1].endswith(port) and fields[3] == "0A"
    }
    for place in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(place.readlink()) == f"socket:[{inode}]":
                return int(place.parts[2])
        except OSError:
            continue
    raise AssertionError("nobody listens there")


def answers(base_url: str, key: str) -> bool:
    try:
        found = httpx2.get(f"{base_url}/models", headers={"authorization": f"Bearer {key}"}, trust_env=False)
    except httpx2.HTTPError:
        return False
    return found.status_code == 200


def is_silent(base_url: str, key: str) -> bool:
    """Whether nobody answers there any more; waits for that."""
    deadline = time.monotonic() + PATIENCE_S
    while answers(base_url, key):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_the_second_process_uses_the_server_of_the_first(smollm_file: Path, tmp_path: Path) -> None:
    with users(smollm_file, tmp_path, 3) as three:
        said = []
        started = 0
        for one in three:
            words = one.said()
            if words == ["started"]:
                started += 1
                words = one.said()
            said.append(words)
        assert started == 1
        assert len({tuple(words[:2]) for words in said}) == 1
        pid = server_pid(*said[0][:2])

        three[0].leave()
        three[1].process.send_signal(signal.SIGKILL)
        time.sleep(1.5)
        assert is_running(pid) and answers(*said[0][:2])

        three[2].process.send_signal(signal.SIGKILL)
        assert ends_within(pid, PATIENCE_S)


def test_after_a_crash_of_the_server_another_is_started(smollm_file: Path, tmp_path: Path) -> None:
    with users(smollm_file, tmp_path, 1) as (first,):
        assert first.said() == ["started"]
        url, key = first.said()
        crashed = server_pid(url, key)
        subprocess.run(["/bin/kill", "-9", str(crashed)], check=True)
        assert ends_within(crashed, PATIENCE_S)
        # Its first thread can be gone while others still hold its socket and its lock.
        assert is_silent(url, key)

        with users(smollm_file, tmp_path, 1) as (second,):
            assert second.said() == ["started"]
            other = second.said()
            assert other[1] != key
            assert answers(*other[:2])


def test_an_address_that_a_crash_left_behind_is_not_asked(smollm_file: Path, tmp_path: Path) -> None:
    """Somebody else may listen there now, and would get the key and the papers."""
    with SharedServer("one", lambda users: started(smollm_file, users), folder=tmp_path) as server:
        (record,) = tmp_path.glob("*.json")
        assert record.stat().st_mode & 0o077 == 0
        assert json.loads(record.read_text())["base_url"] == server.base_url
    assert is_silent(server.base_url, server.api_key)
    record.write_text(json.dumps({"base_url": "http://127.0.0.1:9/v1", "api_key": "k"}))

    with SharedServer("one", lambda users: started(smollm_file, users), folder=tmp_path) as server:
        assert server.api_key != "k" and answers(server.base_url, server.api_key)


def started(file: Path, users: Path | None) -> LocalServer:
    return LocalServer(file, context_tokens=512, threads=1, slots=2, users=users)


def test_without_locks_every_process_has_its_own(
    smollm_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("papercards.local.shared.lock", lambda *_, **__: False)

    with SharedServer("one", lambda users: started(smollm_file, users), folder=tmp_path) as server:
        pid = server_pid(server.base_url, server.api_key)
    assert not is_running(pid)
    assert not list(tmp_path.glob("*.json"))


def test_a_folder_that_others_can_enter_or_replace_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    place = tmp_path / "above" / "papercards"
    place.mkdir(mode=0o700, parents=True)
    assert is_ours(place)

    place.chmod(0o750)
    assert not is_ours(place)
    place.chmod(0o700)
    place.parent.chmod(0o777)
    assert not is_ours(place)
    place.parent.chmod(0o1777)
    assert is_ours(place)
    (tmp_path / "link").symlink_to(place)
    assert not is_ours(tmp_path / "link")


def test_a_server_that_does_not_start_leaves_nothing(tmp_path: Path) -> None:
    def fails(users: Path | None) -> LocalServer:
        raise OSError("no memory")

    with pytest.raises(OSError, match="no memory"):
        SharedServer("one", fails, folder=tmp_path)
    assert not list(tmp_path.glob("*.json"))
