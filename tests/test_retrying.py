"""Which errors are tried again, how often, after how long, and before which others."""

import asyncio
from collections.abc import Callable

import pytest

from papercards.errors import EndpointError, PaperFailed
from papercards.model.call import Caller
from papercards.model.catalogue import resolve
from papercards.model.endpoint import Endpoint
from papercards.model.limits import Limiter
from papercards.model.retrying import RetryPolicy
from papercards.model.transport import Transport
from papercards.reading.answers import answer_type
from papercards.taxonomy import Taxonomy
from tests.clocks import PATIENCE_S, beside, run_driven, skip_when
from tests.conftest import KEY
from tests.stub import Fault, Stub, error

TIMEOUT_S = 60.0


class Naps(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def ask(
    stub: Stub,
    taxonomy: Taxonomy,
    naps: Naps,
    policy: RetryPolicy | None = None,
    say: Callable[[str], None] = print,
    hangs_at: int | None = None,
) -> str:
    """An answer's text; the clock is set forward to the time-out once the stub has `hangs_at` requests."""
    model = resolve("openai/stub", base_url=stub.url)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await naps(seconds)

    async def go() -> str:
        endpoint = Endpoint(model, stub.url, KEY, timeout_s=TIMEOUT_S, max_tokens=900)
        limiter = Limiter(8, clock=lambda: 1000.0 + sum(slept), sleep=sleep)
        caller = Caller(Transport(endpoint, policy or RetryPolicy(), limiter=limiter, say=say))
        try:
            asked = caller.ask(answer_type(taxonomy), [], "A paper.", lambda text: None)
            hang = skip_when(lambda: len(stub.bodies) == hangs_at, lambda: TIMEOUT_S)
            return (await beside(asked, hang)).text
        finally:
            await caller.close()

    return run_driven(go())


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_a_passing_fault_is_tried_again(stub: Stub, taxonomy: Taxonomy, status: int) -> None:
    stub.script = [error(status), error(status)]
    naps = Naps()

    assert ask(stub, taxonomy, naps).startswith("{")
    assert len(stub.bodies) == 3
    assert len(naps) == 2


def test_a_dropped_connection_and_a_hang_are_tried_again(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [Fault(drop=True), Fault(delay_s=PATIENCE_S)]

    assert ask(stub, taxonomy, Naps(), hangs_at=2).startswith("{")
    assert len(stub.bodies) == 3


def test_waits_as_long_as_the_server_asks(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(429, retry_after="7"), error(429, retry_after_ms="1500")]
    naps, said = Naps(), list[str]()

    ask(stub, taxonomy, naps, say=said.append)
    assert naps == [7.0, 1.5]
    assert said == ["127.0.0.1 asks to wait 7 s"]


def test_a_wait_in_words_or_in_the_error_is_a_wait(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [
        error(429, "Rate limit reached. Please try again in 1m30s."),
        Fault(429, b'{"error": {"code": 429, "details": [{"retryDelay": "20s"}]}}'),
        Fault(200, b'{"error": {"message": "slow down, retry in 9s", "code": 429}}'),
    ]
    naps = Naps()

    ask(stub, taxonomy, naps)
    assert naps == [90.0, 20.0, 9.0]


def test_waiting_as_asked_costs_no_attempt(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(429, retry_after="60")] * 10
    naps = Naps()

    assert ask(stub, taxonomy, naps, RetryPolicy(attempts=2)).startswith("{")
    assert sum(naps) == 600


def test_a_server_that_asks_for_no_wait_is_not_hammered(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(429, retry_after="0")] * 5
    naps = Naps()

    ask(stub, taxonomy, naps)
    assert naps == [0.5, 1.0, 1.5, 2.0, 2.5]


def test_a_model_that_is_loading_is_waited_for(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [
        error(503, "Loading model"),
        Fault(503, b'{"error": "Model x is currently loading", "estimated_time": 20.0}'),
        *[error(503, "the model is warming up")] * 12,
    ]
    naps, said = Naps(), list[str]()

    ask(stub, taxonomy, naps, say=said.append)
    assert naps == [5.0, 20.0, *[5.0] * 12]
    assert said[0] == "127.0.0.1 is loading its model; waiting for it"


def test_nobody_waits_for_ever(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(503, "Loading model")] * 1000
    naps = Naps()

    with pytest.raises(PaperFailed, match="503: Loading model"):
        ask(stub, taxonomy, naps)
    assert sum(naps) < 1200


@pytest.mark.parametrize(
    "fault",
    [
        error(429, retry_after="3600"),
        error(429, "Limit of requests per day reached. Please try again in 1h0m0s"),
        error(503, "maintenance", retry_after="3600"),
    ],
)
def test_a_run_ends_rather_than_wait_for_an_hour(stub: Stub, taxonomy: Taxonomy, fault: Fault) -> None:
    stub.script = [fault]
    naps = Naps()

    with pytest.raises(EndpointError, match="asks to wait 1 h 0 min"):
        ask(stub, taxonomy, naps)
    assert (naps, len(stub.bodies)) == ([], 1)


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
        (error(400, "no", "context_length_exceeded"), PaperFailed, "too long"),
        (error(401, f"wrong key {KEY}"), EndpointError, r"rejected the API key \(401\): wrong key \*\*\*"),
        (error(403), EndpointError, "rejected the API key"),
        (Fault(403, b"<html>blocked</html>"), EndpointError, "denies access .403.: an HTML page"),
        (error(403, "your input was flagged for violence"), PaperFailed, "rejects this text"),
        (error(402, "Insufficient credits"), EndpointError, "no credit left"),
        (
            Fault(429, b'{"error": {"type": "insufficient_quota", "code": null, "message": "empty"}}'),
            EndpointError,
            "no credit left",
        ),
        (Fault(200, b'{"error": {"message": "Input was flagged", "code": 403}}'), PaperFailed, "was flagged"),
        (
            Fault(307, b"", {"location": "http://other.example/v1"}),
            EndpointError,
            "redirects to http://other",
        ),
        (error(400, "the tool needs a context", "invalid_value"), PaperFailed, "answered 400: the tool"),
        (error(404), EndpointError, "does not know the model stub"),
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

    with pytest.raises(EndpointError, match="cannot reach the endpoint"):
        ask(stub, taxonomy, naps)
    assert len(naps) == 2


def test_the_client_itself_does_not_retry(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [error(500)]

    with pytest.raises(PaperFailed):
        ask(stub, taxonomy, Naps(), RetryPolicy(attempts=1))
    assert len(stub.bodies) == 1


@pytest.mark.parametrize("refused", [True, False], ids=["refused once", "wrong once"])
def test_a_paper_is_asked_about_again_before_new_ones(stub: Stub, taxonomy: Taxonomy, refused: bool) -> None:
    stub.script = [error(500)] * refused
    model = resolve("openai/stub", base_url=stub.url)

    async def sleep(_: float) -> None:
        pass

    async def go() -> None:
        endpoint = Endpoint(model, stub.url, KEY, timeout_s=TIMEOUT_S, max_tokens=900)
        caller = Caller(Transport(endpoint, limiter=Limiter(1, sleep=sleep)))
        wrong = iter(["wrong"] * (not refused))
        papers = [
            caller.ask(answer_type(taxonomy), [], f"Paper {n}.", lambda text: next(wrong, None))
            for n in range(4)
        ]
        await asyncio.gather(*papers)
        await caller.close()

    asyncio.run(go())
    asked = [next(n for n in range(4) if f"Paper {n}." in str(body["messages"])) for body in stub.bodies]
    # The next one was let in the moment that the answer came.
    assert asked == [0, 1, 0, 2, 3]
