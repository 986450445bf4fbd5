"""Clocks that a test drives, and waits that no load on the machine reaches."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE_S = 120.0
"""How long a test waits for what must come; nothing but a fault takes so long."""


def until(true: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


class DrivenLoop(asyncio.SelectorEventLoop):
    """An event loop that works as ever, and whose clock can be set forward."""

    ahead_s = 0.0

    def time(self) -> float:
        """Seconds, those that were skipped included."""
        return super().time() + self.ahead_s


def run_driven(main: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run, with a clock for `skip_when`."""
    with asyncio.Runner(loop_factory=DrivenLoop) as runner:
        return runner.run(main)


async def skip_when(true: Callable[[], bool], seconds: Callable[[], float]) -> None:
    """Set the clock of `run_driven` forward as soon as something is true."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, DrivenLoop)
    while not true():  # noqa: ASYNC110  (another thread makes it true)
        await asyncio.sleep(0.005)
    loop.ahead_s += seconds()


async def beside(main: Awaitable[T], *others: Coroutine[Any, Any, None]) -> T:
    """What `main` gives; the others run meanwhile and end with it."""
    tasks = [asyncio.create_task(other) for other in others]
    try:
        return await main
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without waiting: when nothing is to be done, it is as late as the next thing is due."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        select = self._selector.select  # type: ignore[attr-defined]

        def skip(timeout: float | None) -> Any:
            self._now += timeout or 0.0
            return select(0)

        self._selector.select = skip  # type: ignore[attr-defined]

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._now


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run, in no time; for what speaks to nobody outside."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
