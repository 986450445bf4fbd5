"""The answers of a run as a worker sees them: with the keepers, asked and told in small batches.

`SharedCache` stands where a cache folder stands in one process. Readers look answers up at once, so what a
paper may want is fetched before (`Fetching`); of what no one has, the keepers say whose turn it is to ask.

Knows keys and readers. Knows no engine but by the calls of its actors.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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


class Keepers:
    """The keepers of a run, as one worker calls them."""

    def __init__(self, actors: Sequence[Any], worker: str) -> None:
        """`actors` are handles of `Keeper` actors; `worker` is any name that is this worker's own."""
        self._actors = actors
        self._worker = worker
        self._asked: dict[
            int, list[tuple[list[str], list[str], asyncio.Future[tuple[dict[str, str], list[str]]]]]
        ] = {}
        self._put: dict[int, list[tuple[str, str, asyncio.Future[None]]]] = {}
        self._calls: set[asyncio.Task[None]] = set()

    def _of(self, key: str) -> int:
        return SHELVES.index(key[0]) * len(self._actors) // len(SHELVES)

    async def fetch(self, keys: Sequence[str]) -> dict[str, str]:
        """The answers to some keys that are there."""
        by_keeper: dict[int, list[str]] = {}
        for key in keys:
            by_keeper.setdefault(self._of(key), []).append(key)
        found: dict[str, str] = {}
        for there, _ in await asyncio.gather(*(self._ask(of, some, []) for of, some in by_keeper.items())):
            found |= there
        return found

    async def claim(self, key: str) -> str | None:
        """The answer to a key, waiting for it if another worker is asking; None if this one must ask."""
        while True:
            found, theirs = await self._ask(self._of(key), [], [key])
            if key not in theirs:
                return found.get(key)
            await asyncio.sleep(LOOK_S)

    async def keep(self, key: str, text: str) -> None:
        """Keep an answer; it is on disk when this returns."""
        of, kept = self._of(key), asyncio.get_running_loop().create_future()
        waiting = self._put.setdefault(of, [])
        waiting.append((key, text, kept))
        if len(waiting) == 1:
            self._later(self._send_put(of))
        await kept

    def let_go(self, key: str) -> None:
        """Give up a claim."""
        self._actors[self._of(key)].let_go.remote(self._worker, [key])

    async def beat(self) -> None:
        """Tell all that this worker lives."""
        await asyncio.gather(*(actor.beat.remote(self._worker) for actor in self._actors))

    async def known(self) -> bool:
        """Whether any has answers of earlier runs."""
        return any(await asyncio.gather(*(actor.known.remote() for actor in self._actors)))

    async def _ask(self, of: int, looks: list[str], claims: list[str]) -> tuple[dict[str, str], list[str]]:
        answer: asyncio.Future[tuple[dict[str, str], list[str]]] = asyncio.get_running_loop().create_future()
        waiting = self._asked.setdefault(of, [])
        waiting.append((looks, claims, answer))
        if len(waiting) == 1:
            self._later(self._send_ask(of))
        return await answer

    def _later(self, call: Any) -> None:
        task = asyncio.get_running_loop().create_task(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _send_ask(self, of: int) -> None:
        await asyncio.sleep(TOGETHER_S)
        calls = self._asked.pop(of)
        looks = [key for some, _, _ in calls for key in some]
        claims = [key for _, some, _ in calls for key in some]
        try:
            found, theirs = await self._actors[of].ask.remote(self._worker, looks, claims)
        except Exception as error:
            _fail([answer for _, _, answer in calls], error)
            return
        for _, _, answer in calls:
            if not answer.done():
                answer.set_result((found, theirs))

    async def _send_put(self, of: int) -> None:
        await asyncio.sleep(TOGETHER_S)
        calls = self._put.pop(of)
        try:
            await self._actors[of].put.remote(self._worker, {key: text for key, text, _ in calls})
        except Exception as error:
            _fail([kept for _, _, kept in calls], error)
            return
        for _, _, kept in calls:
            if not kept.done():
                kept.set_result(None)


def _fail(waiting: Sequence["asyncio.Future[Any]"], error: Exception) -> None:
    # What an actor raises comes inside an error of the engine.
    cause = getattr(error, "cause", None)
    for one in waiting:
        if not one.done():
            one.set_exception(cause if isinstance(cause, PapercardsError) else error)


class SharedCache(Cache):
    """The answers of all workers, in place of a folder."""

    def __init__(self, keepers: Keepers, notes: Place) -> None:
        self._keepers = keepers
        self._notes = notes
        self._held: OrderedDict[str, str] = OrderedDict()
        self.missed: list[str] = []
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
        if missed := list(dict.fromkeys(self._cache.missed)):
            for key, text in (await self._keepers.fetch(missed)).items():
                self._cache.hold(key, text)
        return await self._reader.read(paper)

    def stop(self) -> None:
        """Send no more requests."""
        self._reader.stop()

    async def close(self) -> None:
        """Close the reader."""
        await self._reader.close()
