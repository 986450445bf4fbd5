"""A source read in chunks, beside the event loop.

Reading a file or a pipe blocks, and an event loop that is blocked answers nobody. So a thread reads ahead by
at most one chunk and then waits to be asked again; the two hardly ever run at the same time, so they do not
quarrel over the interpreter. What has come in is handed out after a moment, chunk full or not: a slow pipe
holds nothing up.

Knows no papers.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

HOLD_S = 0.02
"""The longest that something read waits for its chunk to fill, in seconds."""

T = TypeVar("T")


class Chunks(Generic[T]):
    """The items of an iterable, in order, as many at a time as were asked for and are there."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = items
        self._ready: deque[T] = deque()
        self._most = 1
        self._over = False
        self._closed = False
        self._error: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._filled = asyncio.Event()
        self._wanted = threading.Event()
        # A daemon: a read that never returns must not keep the program from ending.
        self._thread = threading.Thread(target=self._read, name="source", daemon=True)

    async def next(self, most: int) -> list[T]:
        """Up to `most` items; none at the end, or after `close`.

        Raises what the iterable raised, once all items before it were handed out.
        """
        self._most = most
        self._filled.clear()
        self._wanted.set()
        if self._thread.ident is None:
            self._thread.start()
        while len(self._ready) < most and not self._over and not self._closed:
            try:
                await asyncio.wait_for(self._filled.wait(), HOLD_S)
            except TimeoutError:
                if self._ready:
                    break
            self._filled.clear()
        if self._closed:
            return []
        if not self._ready and self._error is not None:
            raise self._error
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def close(self) -> None:
        """Read no further."""
        self._closed = True
        self._wanted.set()
        self._filled.set()

    def _read(self) -> None:
        ready, wanted = self._ready, self._wanted
        try:
            for item in self._items:
                ready.append(item)
                if len(ready) >= self._most:
                    wanted.clear()
                    self._tell()
                    wanted.wait()
                if self._closed:
                    return
        except Exception as error:
            self._error = error
        self._over = True
        self._tell()

    def _tell(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._filled.set)
        except RuntimeError:
            self._closed = True  # the loop is gone: nobody will ask again
