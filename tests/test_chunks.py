"""A source in chunks: all of it, in order, never held up, and errors in their place."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from papercards.runs.read_ahead import ReadAhead
from tests.clocks import PATIENCE_S


async def drain(chunks: ReadAhead[int], most: int) -> list[list[int]]:
    taken = []
    while chunk := await chunks.next(most):
        taken.append(chunk)
    return taken


def test_everything_comes_once_and_in_order() -> None:
    async def go() -> None:
        taken = await drain(ReadAhead(range(1000)), 64)

        assert [n for chunk in taken for n in chunk] == list(range(1000))
        assert max(map(len, taken)) == 64

    asyncio.run(go())


def test_what_has_come_in_is_handed_out_though_the_chunk_is_not_full() -> None:
    go_on = threading.Event()

    def slow() -> Iterator[int]:
        yield from (1, 2, 3)
        go_on.wait()
        yield 4

    async def go() -> None:
        chunks = ReadAhead(slow())
        early = await asyncio.wait_for(chunks.next(256), PATIENCE_S)
        while len(early) < 3:
            early += await asyncio.wait_for(chunks.next(256), PATIENCE_S)
        go_on.set()

        assert early == [1, 2, 3]
        assert await drain(chunks, 256) == [[4]]

    asyncio.run(go())


def test_the_loop_goes_on_while_the_source_blocks() -> None:
    go_on = threading.Event()

    def blocked() -> Iterator[int]:
        go_on.wait()
        yield 1

    async def go() -> list[int]:
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        return await asyncio.wait_for(ReadAhead(blocked()).next(1), PATIENCE_S)

    assert asyncio.run(go()) == [1]


def test_it_reads_no_further_than_it_was_asked() -> None:
    given = []

    def counted() -> Iterator[int]:
        for n in range(100):
            given.append(n)
            yield n

    async def go() -> None:
        chunks = ReadAhead(counted())
        await chunks.next(8)
        await asyncio.sleep(0.05)
        chunks.close()

    asyncio.run(go())
    assert len(given) <= 8


def test_an_error_comes_after_what_came_before_it() -> None:
    def broken() -> Iterator[int]:
        yield from (1, 2)
        raise OSError("gone")

    async def go() -> None:
        chunks = ReadAhead(broken())
        assert await chunks.next(10) == [1, 2]
        with pytest.raises(OSError, match="gone"):
            await chunks.next(10)

    asyncio.run(go())


def test_closing_ends_a_wait_for_a_source_that_says_nothing() -> None:
    never = threading.Event()

    def silent() -> Iterator[int]:
        never.wait()
        yield 1

    async def go() -> list[int]:
        chunks = ReadAhead(silent())
        asyncio.get_running_loop().call_later(0.05, chunks.close)
        return await chunks.next(1)

    try:
        assert asyncio.run(asyncio.wait_for(go(), PATIENCE_S)) == []
    finally:
        never.set()
