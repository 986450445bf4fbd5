"""On the wire: hangs are cut off, broken answers are asked for again, refusals shrink an adaptive window, and
money is counted as it may have been spent.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from papercards.errors import BudgetSpent, EndpointError, PaperFailed
from papercards.model.catalogue import resolve
from papercards.model.endpoint import Endpoint
from papercards.model.limits import Budget, Limiter
from papercards.model.pricing import Price
from papercards.model.retrying import RetryPolicy
from papercards.model.transport import Outgoing, Patience, Sent, Transport
from tests.clocks import beside, run_driven, skip_when
from tests.conftest import KEY
from tests.stub import Fault, Stub, answer, error

BODY = b'{"model": "stub", "messages": [{"role": "user", "content": "A paper."}]}'
QUICK = RetryPolicy(first_wait_s=0.01)
HANG_S = 120.0
"""Longer than the slowest machine takes for the rest; a call may take twice as long."""
LEAST_S = 30.0
"""An answer that is not to be cut off has this long by the true clock."""
PRICE = Price(1.0, 10.0)


def endpoint(stub: Stub, timeout_s: float = 5.0, *, impatient: bool = False) -> Endpoint:
    model = resolve("openai/stub", base_url=stub.url)
    return Endpoint(model, stub.url, KEY, timeout_s, 100, impatient)


def send(
    transport: Transport, count: int = 1, together: int = 1, *others: Coroutine[Any, Any, None]
) -> list[Sent]:
    """Send so many requests; `others` run beside them and may set the clock forward."""

    async def all_of_them() -> list[Sent]:
        found: list[Sent] = []
        for _ in range(count // together):
            found += await asyncio.gather(*(transport.send(Outgoing(BODY)) for _ in range(together)))
        return found

    async def go() -> list[Sent]:
        try:
            return await beside(all_of_them(), *others)
        finally:
            await transport.close()

    return run_driven(go())


def test_a_hang_is_cut_off_by_how_long_the_others_took(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "_LEAST_S", LEAST_S)
    stub.script = [None] * 40 + [Fault(delay_s=HANG_S)]
    limiter = Limiter(8)
    transport = Transport(endpoint(stub, 2 * HANG_S, impatient=True), QUICK, limiter=limiter)
    hangs = skip_when(lambda: limiter.answers == 47, lambda: transport.patience.seconds(0))
    begin = time.monotonic()
    sent = send(transport, 48, 8, hangs)

    assert time.monotonic() - begin < HANG_S
    assert sum(one.requests for one in sent) == 49


def test_a_hang_among_the_first_is_cut_off_as_soon_as_the_others_tell(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Patience, "_LEAST_S", LEAST_S)
    stub.script = [Fault(delay_s=HANG_S)]
    limiter = Limiter(8)
    transport = Transport(endpoint(stub, 2 * HANG_S, impatient=True), QUICK, limiter=limiter)
    hangs = skip_when(lambda: limiter.answers == 24, lambda: transport.patience.seconds(0))
    begin = time.monotonic()

    async def go() -> list[Sent]:
        async def rest() -> list[Sent]:
            # Which of two requests meets the hang is else a matter of chance.
            while not stub.bodies:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            found = []
            for _ in range(24):
                found.append(await transport.send(Outgoing(BODY)))
            return found

        first, others = await beside(asyncio.gather(transport.send(Outgoing(BODY)), rest()), hangs)
        await transport.close()
        return [first, *others]

    sent = run_driven(go())
    assert time.monotonic() - begin < HANG_S
    assert sum(one.requests for one in sent) == 26


def test_patience_grows_for_what_was_cut_off_and_stays_under_the_time_out() -> None:
    patience = Patience(60.0)
    assert patience.seconds(0) == 60
    for _ in range(20):
        patience.answered(2.0)
    assert [patience.seconds(n) for n in range(4)] == [10, 20, 40, 60]
    quick = Patience(60.0)
    for _ in range(20):
        quick.answered(0.1)
    assert quick.seconds(0) == 5


def test_an_answer_that_broke_on_the_way_is_asked_for_again(stub: Stub) -> None:
    stub.script = [None, Fault(200, b'{"id": "x", "choi'), Fault(200, b'{"error": {"message": "busy"}}')]

    assert [one.requests for one in send(Transport(endpoint(stub), QUICK), 2)] == [1, 3]


def test_an_endpoint_that_never_gave_a_completion_is_the_wrong_one(stub: Stub) -> None:
    stub.script = [Fault(200, b"<html>welcome</html>")]

    with pytest.raises(EndpointError, match="an HTML page instead of a chat completion"):
        send(Transport(endpoint(stub), QUICK))
    assert len(stub.bodies) == 1


def test_refusals_shrink_the_window_and_errors_of_the_server_do_not(stub: Stub) -> None:
    limiter = Limiter(64, adaptive=True)
    stub.script = [error(500), error(500), error(502)]
    send(Transport(endpoint(stub), QUICK, limiter=limiter), 8, 8)
    assert limiter.window >= 8
    before = limiter.window
    stub.script = [error(429), error(429), error(429)]
    send(Transport(endpoint(stub), QUICK, limiter=limiter), 8, 8)

    assert before / 2 <= limiter.window < before
    assert limiter.busy == 0


def test_usage_is_what_the_endpoint_says(stub: Stub) -> None:
    (sent,) = send(Transport(endpoint(stub)))

    spent = sent.spent
    assert (spent.prompt_tokens, spent.cached_prompt_tokens, spent.completion_tokens) == (100, 40, 10)
    assert 0 < sent.seconds < 5


def test_money_in_flight_is_counted_at_its_worst_and_settled_at_what_it_was(stub: Stub) -> None:
    # The worst: 36 prompt tokens and 100 of completion, $0.001036; what comes: 100 and 10, $0.0002.
    budget = Budget(0.0025)
    transport = Transport(endpoint(stub), QUICK, budget=budget, price=PRICE)
    send(transport, 6, 3)

    assert stub.most <= 2
    assert budget.spent_usd == pytest.approx(6 * 0.0002)
    with pytest.raises(BudgetSpent):
        send(Transport(endpoint(stub), QUICK, budget=budget, price=PRICE), 20)
    assert budget.spent_usd <= 0.0025
    assert len(stub.bodies) < 20


def test_a_request_nobody_waited_for_counts_in_full(stub: Stub) -> None:
    stub.script = [Fault(delay_s=HANG_S)]
    budget = Budget(1.0)
    hangs = skip_when(lambda: len(stub.bodies) == 1, lambda: LEAST_S)
    send(Transport(endpoint(stub, LEAST_S), QUICK, budget=budget, price=PRICE), 1, 1, hangs)
    assert budget.spent_usd == pytest.approx(0.001036 + 0.0002)
    stub.script = [error(500)]
    send(Transport(endpoint(stub), QUICK, budget=budget, price=PRICE))
    assert budget.spent_usd == pytest.approx(0.001036 + 2 * 0.0002)
    stub.script = [None, Fault(200, b'{"id": "x", "choi')]
    send(Transport(endpoint(stub), QUICK, budget=budget, price=PRICE), 2)
    assert budget.spent_usd == pytest.approx(2 * 0.001036 + 4 * 0.0002)


def test_a_request_that_is_never_answered_says_so(stub: Stub) -> None:
    stub.script = [Fault(delay_s=HANG_S)] * 3
    hangs = [skip_when(lambda n=n: len(stub.bodies) == n, lambda: LEAST_S) for n in (1, 2)]

    with pytest.raises(PaperFailed, match=r"no answer within 30 s, several times.*--timeout") as caught:
        send(Transport(endpoint(stub, LEAST_S), RetryPolicy(attempts=2, first_wait_s=0.01)), 1, 1, *hangs)
    assert caught.value.attempts == 2


def test_a_completion_without_usage_is_one_of_unknown_cost_and_counts_at_its_worst(stub: Stub) -> None:
    stub.script = [Fault(200, answer("yes").body.replace(b'"usage"', b'"abusage"'))]
    budget = Budget(1.0)

    (sent,) = send(Transport(endpoint(stub), budget=budget, price=PRICE))
    assert (sent.spent.calls, sent.spent.unpriced, sent.spent.cost_usd) == (1, 1, None)
    assert budget.spent_usd == pytest.approx(0.001036)


def test_each_header_is_sent_once(stub: Stub) -> None:
    # FastAPI servers (vLLM, SGLang, LiteLLM) refuse "application/json, application/json".
    send(Transport(endpoint(stub)))

    names = [name.lower() for name, _ in stub.headers[0]]
    assert len(names) == len(set(names))
    sent = {name.lower(): value for name, value in stub.headers[0]}
    assert sent["content-type"] == "application/json"
