"""The cache keeps answers for several processes, and runs nothing that it finds."""

import asyncio
import errno
import os
import pickle
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from papercards.errors import StorageError
from papercards.model.cache import Answer, Cache, Part, key_of
from tests.processes import PROCESSES


def answer(text: str = "{}") -> Answer:
    return Answer(text, "m", "stop", "2026-01-01T00:00:00Z", 1.5, 1, 10, 4, 3, ((("a", -0.5),),))


def parts(n: int) -> dict[str, Part]:
    return {"model": "m", "paper": f"p{n}", "repeat": 0}


def test_gives_back_what_was_put(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    cache.put(parts(1), answer("ä 🙂"))
    cache.close()

    again = Cache(tmp_path / "c")
    assert again.get(parts(1)) == answer("ä 🙂")
    assert again.get(parts(2)) is None
    assert len(again) == 1


def test_the_key_follows_every_part_and_not_their_order() -> None:
    one = parts(1)

    assert key_of(one) == key_of(dict(reversed(one.items())))
    assert all(key_of(one | {name: "x"}) != key_of(one) for name in one)


class Bomb:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, (self.path,))


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
@pytest.mark.parametrize("in_file", [False, True])
def test_a_planted_pickle_never_runs(tmp_path: Path, mode: int, in_file: bool) -> None:
    cache = Cache(tmp_path / "c")
    cache.put(parts(1), answer())
    cache.close()
    pwned = tmp_path / "pwned"
    bomb = pickle.dumps(Bomb(str(pwned)))
    store = tmp_path / "c" / "answers"
    (store / "bomb.val").write_bytes(bomb)
    with sqlite3.connect(store / "cache.db") as table:
        if in_file:
            table.execute("UPDATE Cache SET mode=?, filename='bomb.val', value=NULL", (mode,))
        else:
            table.execute("UPDATE Cache SET mode=?, value=?", (mode, bomb))

    again = Cache(tmp_path / "c")
    assert again.get(parts(1)) is None
    assert not pwned.exists()


def test_a_planted_key_never_runs(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    cache.put(parts(1), answer())
    cache.close()
    pwned = tmp_path / "pwned"
    with sqlite3.connect(tmp_path / "c" / "answers" / "cache.db") as table:
        table.execute("UPDATE Cache SET raw=0, key=?", (pickle.dumps(Bomb(str(pwned))),))

    again = Cache(tmp_path / "c")
    assert again.get(parts(1)) is None
    again.put(parts(1), answer())
    assert again.get(parts(1)) == answer()
    assert not pwned.exists()


def _write(directory: Path, first: int) -> None:
    cache = Cache(directory)
    for n in range(first, first + 50):
        cache.put(parts(n % 200), answer(str(n % 200)))
    cache.close()


def test_eight_processes_write_at_once(tmp_path: Path) -> None:
    writers = [PROCESSES.Process(target=_write, args=(tmp_path / "c", 25 * n)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    assert [writer.exitcode for writer in writers] == [0] * 8
    cache = Cache(tmp_path / "c")
    assert len(cache) == 200
    assert all((found := cache.get(parts(n))) and found.text == str(n) for n in range(200))


def test_nobody_else_may_look_in(tmp_path: Path) -> None:
    Cache(tmp_path / "c")

    assert stat.S_IMODE((tmp_path / "c" / "answers").stat().st_mode) == 0o700


def test_a_file_in_its_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("")

    with pytest.raises(StorageError, match="the cache directory is a file"):
        Cache(tmp_path / "c")


def test_answers_that_come_together_are_kept_together(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    async def go() -> None:
        await asyncio.gather(*(cache.keep({"n": n}, answer()) for n in range(50)))

    asyncio.run(go())
    again = Cache(tmp_path)
    assert [again.get({"n": n}) for n in range(50)] == [answer()] * 50


def test_who_cannot_keep_an_answer_is_told(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.close()
    (tmp_path / "answers" / "cache.db").unlink()
    (tmp_path / "answers" / "cache.db").mkdir()

    async def go() -> list[BaseException | None]:
        waiting = (cache.keep({"n": n}, answer()) for n in range(3))
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(error) for error in asyncio.run(go())] == [StorageError] * 3


def test_a_cache_that_cannot_be_written_is_read_where_that_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Cache(tmp_path / "c")
    first.put(parts(1), answer("kept"))
    first.keep_note("forms", "[1]")
    first.close()

    def refuse(path: Path, mode: int) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(StorageError, match="--offline"):
        Cache(tmp_path / "c")
    cache = Cache(tmp_path / "c", read_only=True)
    found = cache.get(parts(1))
    assert found is not None and found.text == "kept"
    assert cache.get(parts(2)) is None
    assert (cache.note("forms"), cache.note("other")) == ("[1]", None)
    cache.close()


def test_a_read_only_cache_has_its_notes_and_what_a_killed_run_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed run leaves is in the log beside the table, which a copy of the folder has too."""
    cache = Cache(tmp_path / "c")
    cache.put(parts(1), answer(text="kept"))
    cache.keep_note("n", "a note")
    shutil.copytree(tmp_path / "c", tmp_path / "killed")
    cache.close()
    assert (tmp_path / "killed" / "answers" / "cache.db-wal").stat().st_size

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "chmod", refuse)
    for folder in ("c", "killed"):
        read = Cache(tmp_path / folder, read_only=True)
        found = read.get(parts(1))
        assert found is not None and found.text == "kept"
        assert (read.note("n"), read.note("other")) == ("a note", None)
        read.close()
