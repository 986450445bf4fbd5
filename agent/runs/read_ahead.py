"""Reads a source ahead in chunks, in a thread beside the event loop.

Reading a file or a pipe would block the event loop. So a thread reads ahead by at most one chunk and then
waits; the two rarely run at the same time, so the GIL costs little. Items are handed out after a moment even
if the chunk is not full, so a slow pipe delays nothing.

Knows no papers.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

HOLD_S = 0.02
"""Maximum seconds that an item waits for its chunk to fill."""

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """The items of an iterable, in order, in chunks of what is available."""

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
        """Up to `most` items; empty at the end, or after `close`.

        Raises what the iterable raised, after all items before it were handed out.
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
        """Stop reading."""
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
