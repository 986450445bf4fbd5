"""Which errors are tried again, how often, and after how long."""

import asyncio
import email.utils

import pytest

from papercards.answers import answer_type
from papercards.call import Caller
from papercards.errors import EndpointError, PaperFailed
from papercards.models import resolve
from papercards.retrying import RetryPolicy, retry_after_s
from papercards.taxonomy import Taxonomy
from papercards.transport import Endpoint, Transport
from tests.conftest import KEY
from tests.stub import Fault, Stub, error


class Naps(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def ask(stub: Stub, taxonomy: Taxonomy, naps: Naps, policy: RetryPolicy | None = None) -> str:
    model = resolve("openai/stub", base_url=stub.url)

    class Quick(RetryPolicy):
        async def run(self, send, *, sleep=naps):  # type: ignore[no-untyped-def]
            return await super().run(send, sleep=sleep)

    policy = policy or RetryPolicy()
    quick = Quick(**{name: getattr(policy, name) for name in RetryPolicy.__slots__})

    async def go() -> str:
        endpoint = Endpoint(model, stub.url, KEY, timeout_s=1.0, max_tokens=900)
        caller = Caller(Transport(endpoint, quick))
        try:
            return (await caller.ask(answer_type(taxonomy), [], "A paper.", lambda text: None)).text
        finally:
            await caller.close()

    return asyncio.run(go())


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_a_passing_fault_is_tried_again(stub: Stub, taxonomy: Taxonomy, status: int) -> None:
    stub.script = [error(status), error(status)]
    naps = Naps()

    assert ask(stub, taxonomy, naps).startswith("{")
    assert len(stub.bodies) == 3
    assert len(naps) == 2


def test_a_dropped_connection_and_a_hang_are_tried_again(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [Fault(drop=True), Fault(delay_s=3)]

    assert ask(stub, taxonomy, Naps()).startswith("{")
    assert len(stub.bodies) == 3


def test_waits_as_long_as_the_server_asks(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(429, retry_after="7"), error(429, retry_after_ms="1500")]
    naps = Naps()

    ask(stub, taxonomy, naps)
    assert naps == [7.0, 1.5]


def test_does_not_wait_for_an_hour(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(429, retry_after="3600")]
    naps = Naps()

    with pytest.raises(PaperFailed, match="429") as caught:
        ask(stub, taxonomy, naps)
    assert naps == []
    assert caught.value.attempts == 1


def test_waits_grow_and_stay_under_their_bound(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(500)] * 9
    naps = Naps()

    ask(stub, taxonomy, naps, RetryPolicy(attempts=10, first_wait_s=1.0, max_wait_s=4.0))
    assert len(naps) == 9
    assert all(nap <= min(4.0, 2.0**n) for n, nap in enumerate(naps))
    assert len(set(naps)) > 1


def test_gives_up_after_so_many_requests(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(503)] * 20

    with pytest.raises(PaperFailed, match="503") as caught:
        ask(stub, taxonomy, Naps(), RetryPolicy(attempts=4))
    assert len(stub.bodies) == caught.value.attempts == 4


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (error(400, "bad"), PaperFailed, "answered 400: bad"),
        (error(400, "exceeds the context size"), PaperFailed, "too long"),
        (error(401, f"wrong key {KEY}"), EndpointError, r"refuses the key \(401\): wrong key \*\*\*"),
        (error(403), EndpointError, "refuses the key"),
        (error(404), EndpointError, "knows no stub"),
        (error(429, "empty", "insufficient_quota"), EndpointError, "no credit left"),
        (Fault(200, b"<html><body>hello</body></html>"), EndpointError, "an HTML page"),
        (Fault(404, b"<html>not here</html>"), EndpointError, "an HTML page"),
    ],
)
def test_does_not_repeat_what_cannot_succeed(
    stub: Stub, taxonomy: Taxonomy, fault: Fault, kind: type[Exception], says: str
) -> None:
    stub.script = [fault]

    with pytest.raises(kind, match=says) as caught:
        ask(stub, taxonomy, Naps())
    assert len(stub.bodies) == 1
    assert KEY not in str(caught.value)


def test_a_dead_port_is_found_out_soon(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.url = "http://127.0.0.1:9/v1"
    naps = Naps()

    with pytest.raises(EndpointError, match="cannot be reached"):
        ask(stub, taxonomy, naps)
    assert len(naps) == 2


def test_reads_seconds_and_dates() -> None:
    date = email.utils.formatdate(1010.0, usegmt=True)

    assert retry_after_s({"retry-after": "2.5"}, 0.0) == 2.5
    assert retry_after_s({"retry-after": date}, 1000.0) == 10.0
    assert retry_after_s({"retry-after": "soon"}, 0.0) is None
    assert retry_after_s({}, 0.0) is None


def test_the_client_itself_does_not_retry(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(500)]

    with pytest.raises(PaperFailed):
        ask(stub, taxonomy, Naps(), RetryPolicy(attempts=1))
    assert len(stub.bodies) == 1
