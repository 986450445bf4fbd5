"""One question is asked once, however many want its answer at the same time.

An answer comes from the cache, from a twin that is asking in this process, from another process that is
asking, and only then from the model.

Knows keys. Knows no questions and no answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from .claims import Claims

T = TypeVar("T")


class AskOnce(Generic[T]):
    """The questions that are being asked."""

    def __init__(self, others: Claims | None) -> None:
        """`others`: what other processes are asking; None: nobody shares the answers."""
        self._others = others
        self._asking: dict[str, asyncio.Future[T]] = {}

    async def get(
        self, key: str, look_up: Callable[[], T | None], ask: Callable[[], Awaitable[T]]
    ) -> tuple[T, bool]:
        """The answer, and whether it was asked for here.

        `look_up` gives the answer that is there by now, `ask` asks for it and keeps it. Raises what `ask`
        raises, for a twin as well.
        """
        if (twin := self._asking.get(key)) is not None:
            return await asyncio.shield(twin), False
        promise: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asking[key] = promise
        try:
            theirs = await self._others.ask_once(key, look_up) if self._others is not None else None
            answer = theirs if theirs is not None else await ask()
            promise.set_result(answer)
            return answer, theirs is None
        except BaseException as error:
            promise.set_exception(error)
            promise.exception()  # marked as seen: most of the time nobody waits for it
            raise
        finally:
            del self._asking[key]
            if self._others is not None:
                self._others.settle(key)

    def close(self) -> None:
        """Let other processes ask."""
        if self._others is not None:
            self._others.close()
