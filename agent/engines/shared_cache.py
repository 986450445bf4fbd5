"""The answers of a run as a worker sees them: with the keepers, asked and told in small batches.

`SharedCache` stands where a cache folder stands in one process. Readers look answers up at once, so what a
paper may want is fetched before (`Fetching`); of what no one has, the keepers say whose turn it is to ask.

Knows keys and readers. Knows no engine but by the calls of its actors.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

from ..errors import PapercardsError
from ..model.cache import Answer, Cache, Kept, Part, Parts, decode, key_of
from ..paper import Paper
from ..reading.reader import Reader, Reading, Wanted
from .buckets import SHELVES
from .place import Place

T = TypeVar("T")

TOGETHER_S = 0.005
"""Seconds that a call waits for others to the same keeper."""
LOOK_S = 0.2
"""Seconds between looks for an answer that another worker is asking for."""
_HELD = 4096
"""Answers at hand, for papers that are being read."""


class _Together:
    """Calls to one keeper: those that come within a few milliseconds are one."""

    def __init__(self, send: Callable[[list[Any]], Awaitable[Any]]) -> None:
        self._send = send
        self._waiting: list[tuple[Any, asyncio.Future[Any]]] = []
        self._calls: set[asyncio.Task[None]] = set()

    async def call(self, what: Any) -> Any:
        """What the keeper answers to the call that this is in. Raises what it raises."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((what, answer))
        if len(self._waiting) == 1:
            task = asyncio.get_running_loop().create_task(self._soon())
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
        return await answer

    async def _soon(self) -> None:
        await asyncio.sleep(TOGETHER_S)
        waiting, self._waiting = self._waiting, []
        try:
            found = await self._send([what for what, _ in waiting])
        except Exception as error:
            # What an actor raises comes inside an error of the engine.
            cause = getattr(error, "cause", None)
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(cause if isinstance(cause, PapercardsError) else error)
            return
        for _, answer in waiting:
            if not answer.done():
                answer.set_result(found)


class Keepers:
    """The keepers of a run, as one worker calls them."""

    def __init__(self, actors: Sequence[Any], worker: str) -> None:
        """`actors` are handles of `Keeper` actors; `worker` is any name that is this worker's own."""
        self._actors = actors
        self._worker = worker
        self._looks = [_Together(partial(self._ask, actor)) for actor in actors]
        self._puts = [_Together(partial(self._put, actor)) for actor in actors]

    def _of(self, key: str) -> int:
        return SHELVES.index(key[0]) * len(self._actors) // len(SHELVES)

    async def _ask(self, actor: Any, calls: list[tuple[str, bool]]) -> Any:
        looks, claims = ([key for key, claims in calls if claims is wanted] for wanted in (False, True))
        return await actor.ask.remote(self._worker, looks, claims)

    async def _put(self, actor: Any, rows: list[tuple[str, str]]) -> None:
        await actor.put.remote(self._worker, dict(rows))

    async def fetch(self, key: str) -> str | None:
        """The answer to a key, if it is there."""
        found, _ = await self._looks[self._of(key)].call((key, False))
        text: str | None = found.get(key)
        return text

    async def claim(self, key: str) -> str | None:
        """The answer to a key, waiting for it if another worker is asking; None if this one must ask."""
        while True:
            found, theirs = await self._looks[self._of(key)].call((key, True))
            if key not in theirs:
                text: str | None = found.get(key)
                return text
            await asyncio.sleep(LOOK_S)

    async def keep(self, key: str, text: str) -> None:
        """Keep an answer; it is on disk when this returns."""
        await self._puts[self._of(key)].call((key, text))

    def let_go(self, key: str) -> None:
        """Give up a claim."""
        self._actors[self._of(key)].let_go.remote(self._worker, [key])

    async def beat(self) -> None:
        """Tell all that this worker lives."""
        await asyncio.gather(*(actor.beat.remote(self._worker) for actor in self._actors))

    async def known(self) -> bool:
        """Whether any has answers of earlier runs."""
        return any(await asyncio.gather(*(actor.known.remote() for actor in self._actors)))


class SharedCache(Cache):
    """The answers of all workers, in place of a folder."""

    def __init__(self, keepers: Keepers, notes: Place) -> None:
        self._keepers = keepers
        self._notes = notes
        self._held: OrderedDict[str, str] = OrderedDict()
        self.missed: deque[str] = deque(maxlen=_HELD)
        """Keys that were looked up and are not at hand."""

    def in_flight(self) -> "InTurn":
        """The questions that the workers are asking."""
        return InTurn(self._keepers, self)

    def hold(self, key: str, text: str) -> None:
        """Have an answer at hand."""
        self._held[key] = text
        if len(self._held) > _HELD:
            self._held.popitem(last=False)

    def has(self, key: str) -> bool:
        """Whether an answer is at hand."""
        return key in self._held

    def get(self, parts: Parts) -> Answer | None:
        """The answer to a request, if it is at hand."""
        key = key_of(parts)
        text = self._held.get(key)
        if text is None:
            self.missed.append(key)
            return None
        return decode(key, text)

    async def keep(self, parts: Parts, answer: Answer, names: Mapping[str, str] | None = None) -> None:
        """Keep an answer; it is on disk when this returns."""
        row = Kept(parts, answer, names or {})
        key, text = row.key, row.to_json()
        await self._keepers.keep(key, text)
        self.hold(key, text)

    def note(self, name: str) -> str | None:
        """A text stored beside the answers."""
        content = self._notes.read(_file(name))
        return content.decode("utf-8", "replace") if content is not None else None

    def keep_note(self, name: str, text: str) -> None:
        """Keep a text beside the answers."""
        self._notes.write(_file(name), text.encode())

    def __len__(self) -> int:
        return len(self._held)

    def close(self) -> None:
        """Nothing is open."""


def _file(note: str) -> str:
    return f"{sha256(note.encode()).hexdigest()}.json"


class InTurn:
    """Lets one worker of a run ask a question, and the others wait for the answer."""

    def __init__(self, keepers: Keepers, cache: SharedCache) -> None:
        self._keepers = keepers
        self._cache = cache

    async def ask_once(self, key: str, look_up: Callable[[], T | None]) -> T | None:
        """The answer that another worker got; None if this one must send the request."""
        text = await self._keepers.claim(key)
        if text is None:
            return None
        self._cache.hold(key, text)
        return look_up()

    def settle(self, key: str) -> None:
        """Release a question."""
        if not self._cache.has(key):
            self._keepers.let_go(key)

    def close(self) -> None:
        """What was claimed lapses by itself."""


class Fetching:
    """A reader that has the answers fetched which a paper may want."""

    def __init__(self, reader: Reader, keepers: Keepers, cache: SharedCache) -> None:
        self._reader, self._keepers, self._cache = reader, keepers, cache

    @property
    def made_by(self) -> Mapping[str, Part]:
        """As the reader has it."""
        return self._reader.made_by

    def wants(self, paper: Paper) -> Wanted | None:
        """As the reader says."""
        return self._reader.wants(paper)

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper, from what any worker has been answered if possible."""
        self._cache.missed.clear()
        with suppress(PapercardsError):
            self._reader.wants(paper)
        missed = list(dict.fromkeys(self._cache.missed))
        for key, text in zip(missed, await asyncio.gather(*map(self._keepers.fetch, missed)), strict=True):
            if text is not None:
                self._cache.hold(key, text)
        return await self._reader.read(paper)

    def stop(self) -> None:
        """Send no more requests."""
        self._reader.stop()

    async def close(self) -> None:
        """Close the reader."""
        await self._reader.close()
