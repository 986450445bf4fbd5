"""Processes that share a cache: each question is asked by one of them, and a dead one holds nobody up."""

import asyncio
import errno
import os
import signal
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from papercards.errors import StorageError
from papercards.model.in_flight import LOOK_S, InFlight
from tests.clocks import PATIENCE_S, until
from tests.processes import PROCESSES


def ask(directory: Path, keys: list[str], asked: Path, all_there: Barrier) -> None:
    """Ask each question that is ours, once all are there; an answer is a file of its name."""
    claims = InFlight(directory)

    async def one(key: str) -> None:
        answer = directory / f"{key}.answer"
        if await claims.ask_once(key, lambda: answer.read_text() if answer.exists() else None) is None:
            with asked.open("a") as log:
                log.write(f"{key}\n")
            await asyncio.sleep(0.5)
            answer.write_text(key)
            claims.settle(key)

    async def go() -> None:
        await asyncio.gather(*(one(key) for key in keys))

    claims._has_company()
    all_there.wait(PATIENCE_S)
    claims._looked = 0.0
    asyncio.run(go())
    claims.close()


def test_every_question_is_asked_by_one_of_many(tmp_path: Path) -> None:
    keys = [f"k{n}" for n in range(60)]
    all_there = PROCESSES.Barrier(4)
    arguments = (tmp_path, keys, tmp_path / "asked", all_there)
    children = [PROCESSES.Process(target=ask, args=arguments) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(PATIENCE_S)

    assert [child.exitcode for child in children] == [0, 0, 0, 0]
    assert sorted((tmp_path / "asked").read_text().split()) == sorted(keys)
    assert not list((tmp_path / "running").iterdir())


def hold(directory: Path, ready: Path) -> None:
    claims = InFlight(directory)
    claims._others, claims._looked = True, time.monotonic() + 60
    claims._show()

    async def go() -> None:
        assert await claims.ask_once("k", lambda: None) is None
        ready.touch()  # noqa: ASYNC240  (nothing else runs here)
        await asyncio.sleep(60)

    asyncio.run(go())


def test_a_dead_process_lets_go(tmp_path: Path) -> None:
    child = PROCESSES.Process(target=hold, args=(tmp_path, tmp_path / "ready"))
    child.start()
    until((tmp_path / "ready").exists)
    claims = InFlight(tmp_path)
    looks = 0

    def look_up() -> str | None:
        nonlocal looks
        looks += 1
        if looks == 2:
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)
            child.join()
        return None

    async def go() -> None:
        assert await asyncio.wait_for(claims.ask_once("k", look_up), PATIENCE_S) is None

    asyncio.run(go())
    assert looks >= 2
    claims.close()


def test_who_is_alone_writes_nothing_down(tmp_path: Path) -> None:
    claims = InFlight(tmp_path)

    async def go() -> None:
        for n in range(100):
            assert await claims.ask_once(f"k{n}", lambda: "not looked up") is None
            claims.settle(f"k{n}")

    asyncio.run(go())
    assert not (tmp_path / "asking").exists()
    assert len(list((tmp_path / "running").iterdir())) == 1
    claims.close()
    assert not list((tmp_path / "running").iterdir())


def test_who_was_cancelled_while_it_waited_does_not_let_go_of_anothers_key(tmp_path: Path) -> None:
    first, second, third = (InFlight(tmp_path) for _ in range(3))
    for one in (first, second, third):
        one._show()

    async def go() -> None:
        assert await first.ask_once("k", lambda: None) is None
        waiting = asyncio.create_task(second.ask_once("k", lambda: None))
        await asyncio.sleep(LOOK_S / 2)
        waiting.cancel()
        second.settle("k")
        await asyncio.sleep(LOOK_S / 2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(third.ask_once("k", lambda: None), 3 * LOOK_S)
        first.settle("k")
        assert await asyncio.wait_for(third.ask_once("k", lambda: None), PATIENCE_S) is None

    asyncio.run(go())
    for one in (first, second, third):
        one.close()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_everybody_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(fd: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)
    claims = InFlight(tmp_path)

    async def go() -> None:
        for _ in range(2):
            assert await claims.ask_once("k", lambda: "not looked up") is None
            claims.settle("k")

    asyncio.run(go())
    claims.close()
    assert not list((tmp_path / "running").iterdir())


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "running").write_text("")
    claims = InFlight(tmp_path)

    with pytest.raises(StorageError, match="cannot lock the cache"):
        asyncio.run(claims.ask_once("k", lambda: None))


def test_files_of_another_user_hold_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("running/1-a", "asking/k"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    opened = os.open

    def refuse(path: Path, *how: int) -> int:
        if path.name in ("1-a", "k"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, *how)

    monkeypatch.setattr("os.open", refuse)
    claims, other = InFlight(tmp_path), InFlight(tmp_path)
    other._show()
    assert asyncio.run(claims.ask_once("k", lambda: None)) is None
    claims.settle("k")
    claims.close()
    other.close()
    assert (tmp_path / "asking" / "k").exists()
