"""Sends each request only once, even if several papers or processes want its answer at the same time.

An answer comes from the cache, from the same request in flight in this process or in another one, and only
then from the model.

Knows keys. Knows no questions and no answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Others(Protocol):
    """The requests of other processes, as `InFlight` has them."""

    async def ask_once(self, key: str, look_up: Callable[[], T | None]) -> T | None:
        """The answer that another process got in the meantime; None if this one must send the request."""
        ...

    def settle(self, key: str) -> None:
        """Release the lock on a key."""
        ...

    def close(self) -> None:
        """Release all locks."""
        ...


class AskOnce(Generic[T]):
    """The requests in flight."""

    def __init__(self, others: Others | None) -> None:
        """`others`: the requests of other processes; None if no other process shares the cache."""
        self._others = others
        self._asking: dict[str, asyncio.Future[T]] = {}

    async def get(
        self, key: str, look_up: Callable[[], T | None], ask: Callable[[], Awaitable[T]]
    ) -> tuple[T, bool]:
        """The answer, and whether the request was sent by this call.

        `look_up` returns the cached answer, `ask` requests and caches it. Raises what `ask` raises, also to
        callers that wait for the same request.
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
        """Release all requests for other processes."""
        if self._others is not None:
            self._others.close()
