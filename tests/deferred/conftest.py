"""An endpoint with batches, and the pieces that send to it and collect from it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from papercards.model.cache import Cache
from papercards.model.call import Caller
from papercards.model.catalogue import resolve
from papercards.model.endpoint import Endpoint
from papercards.model.pricing import Price
from papercards.model.retrying import RetryPolicy
from papercards.model.transport import Transport
from papercards.reading.reader import ModelReader
from papercards.runs.provider_batch.service import Service
from papercards.taxonomy import Taxonomy
from tests.batch_stub import BatchStub, serve_batches
from tests.conftest import KEY

T = TypeVar("T")


@pytest.fixture
def batches() -> Iterator[BatchStub]:
    """An endpoint that has a batch API."""
    one = BatchStub()
    server = serve_batches(one)
    yield one
    server.shutdown()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def endpoint(stub: BatchStub) -> Endpoint:
    return Endpoint(resolve("openai/stub", base_url=stub.url), stub.url, KEY, 5.0, 900)


@pytest.fixture
def caller(batches: BatchStub) -> Caller:
    return Caller(Transport(endpoint(batches), RetryPolicy(attempts=1), price=Price(0.5, 5.0)))


@pytest.fixture
def reader(batches: BatchStub, caller: Caller, taxonomy: Taxonomy, cache: Cache) -> ModelReader:
    async def connect(*_: object) -> Caller:
        return caller

    return ModelReader(endpoint(batches).model, taxonomy, connect, cache, endpoint=batches.url)


def served(
    stub: BatchStub,
    work: Callable[[Service], Awaitable[T]],
    say: Callable[[str], None] = lambda text: None,
) -> T:
    """What `work` gives with the service of an endpoint, retries hurried."""

    async def go() -> T:
        async with Service(endpoint(stub), RetryPolicy(attempts=4, first_wait_s=0.01), say) as service:
            return await work(service)

    return asyncio.run(go())
