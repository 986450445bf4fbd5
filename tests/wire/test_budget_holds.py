"""`--max-cost` is kept: over random endpoints, what they would bill never exceeds it.

Drawn are the papers' answers (right, wrong, cut off, refused, broken off, failed), whether and how tokens are
counted, latency, requests in flight, repeats and models. An answer without a count is billed at the most it
may have cost, half a token for each byte of the request and every token that it was allowed.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from papercards.cli.shared import wiring
from papercards.configuration.settings import Settings
from papercards.errors import BudgetSpent
from papercards.model import catalogue as models
from papercards.model import transport
from papercards.model.pricing import FREE, Price, parse
from papercards.model.retrying import RetryPolicy
from papercards.model.transport import BYTES_PER_TOKEN
from papercards.runs import resources
from papercards.runs.batch import Batch, Done, Failed, Outcome, Untouched
from papercards.runs.resources import Resources
from papercards.spent import Spent
from papercards.taxonomy import Taxonomy
from tests.conftest import make_paper
from tests.servers.answers import completion
from tests.servers.loopback import serving
from tests.servers.odd import paper_number

ANSWERS = (
    "right",
    "wrong",
    "cut off",
    "refused",
    "half",
    "no JSON",
    "error in 200",
    "429",
    "500",
    "400",
    "hang up",
)
COUNTS = ("told", "absent", "null", "zero", "nonsense")
BILLED = ("right", "wrong", "cut off", "refused", "half", "no JSON", "hang up")
"""Those that took the model's time."""


@dataclass(frozen=True)
class Behaviour:
    """How one request is answered."""

    answer: str
    count: str
    prompt: float
    """Tokens, as a part of the most that the request may have."""
    cached: float
    completion: float
    delay_ms: int


@dataclass
class World:
    """The endpoint, and what it would bill."""

    price: Price = FREE
    plans: dict[int, list[Behaviour]] = field(default_factory=dict)
    measured_usd: float = 0.0
    """Billed by counts that the client was told."""
    unmeasured: int = 0
    """Requests that were billed and that the client cannot know the cost of."""
    unmeasured_usd: float = 0.0

    def app(self) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            raw = await Request(scope, receive).body()
            body = json.loads(raw)
            plan = self.plans.get(paper_number(body))
            how = plan.pop(0) if plan else Behaviour("right", "told", 0.5, 0.5, 0.2, 0)
            prompt_most, completion_most = len(raw) // BYTES_PER_TOKEN, body["max_tokens"]
            usage = {
                "prompt_tokens": max(1, int(how.prompt * prompt_most)),
                "completion_tokens": max(1, int(how.completion * completion_most)),
            }
            cached = int(how.cached * usage["prompt_tokens"])
            if how.answer in BILLED:
                if how.count == "told" and how.answer in ("right", "wrong", "cut off", "refused"):
                    self.measured_usd += self.price.cost(
                        usage["prompt_tokens"], cached, usage["completion_tokens"]
                    )
                else:
                    self.unmeasured += 1
                    self.unmeasured_usd += self.price.cost(prompt_most, 0, completion_most)
            await asyncio.sleep(how.delay_ms / 1000)
            made = self._body(how, body, usage | {"prompt_tokens_details": {"cached_tokens": cached}})
            response = Response(*made, media_type="application/json")
            if how.answer == "hang up":
                response.headers["content-length"] = str(len(made[0]) + 1)
            await response(scope, receive, send)

        return answer

    def _body(self, how: Behaviour, body: dict[str, Any], told: dict[str, Any]) -> tuple[bytes, int]:
        if how.answer in ("429", "500", "400"):
            return b'{"error": {"message": "scripted"}}', int(how.answer)
        if how.answer == "error in 200":
            return b'{"error": {"message": "scripted", "code": 500}}', 200
        text = {"wrong": "no", "cut off": '{"tldr"'}.get(how.answer)
        whole = completion(
            body, text, finish_reason="length" if how.answer == "cut off" else None
        ).model_dump()
        if how.answer == "refused":
            whole["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "No."}
        nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        whole["usage"] = {"told": told, "null": None, "zero": nothing, "nonsense": "n/a"}.get(how.count)
        if how.count == "absent":
            del whole["usage"]
        raw = json.dumps(whole).encode()
        return {"half": raw[:-30], "no JSON": b"<html>Wait</html>"}.get(how.answer, raw), 200


behaviours = st.builds(
    Behaviour,
    # Mostly right, so that runs get somewhere.
    answer=st.sampled_from(ANSWERS + ("right",) * 8),
    count=st.sampled_from(COUNTS + ("told",) * 5),
    prompt=st.floats(0.0, 1.0),
    cached=st.floats(0.0, 1.0),
    completion=st.floats(0.0, 1.0),
    delay_ms=st.sampled_from([0, 0, 0, 1, 3]),
)


@pytest.fixture(scope="module")
def world(taxonomy: Taxonomy) -> Iterator[tuple[World, str]]:
    """The endpoint and where it is; retries take no time, and a taxonomy is parsed once."""
    endpoint = World()
    with pytest.MonkeyPatch.context() as patch, serving(endpoint.app()) as served:
        patch.setattr(transport, "RetryPolicy", lambda: RetryPolicy(first_wait_s=0.0005, max_wait_s=0.001))
        patch.setattr(resources, "load_taxonomy", lambda chosen: taxonomy)
        patch.setenv("OPENAI_API_KEY", "none")
        yield endpoint, served.url


@settings(max_examples=40, phases=[Phase.generate])
@given(
    plans=st.lists(st.lists(behaviours, max_size=4), min_size=1, max_size=8),
    dollars=st.floats(0.5, 12.0),
    price=st.sampled_from(["1000/2000", "1000/100/2000", "0/3000", "500/0"]),
    in_flight=st.sampled_from(["1", "2", "5", "16", "auto"]),
    model_names=st.sampled_from([["a"], ["a", "b"]]),
    repeats=st.integers(1, 2),
)
def test_no_endpoint_bills_more_than_the_limit(
    world: tuple[World, str],
    plans: list[list[Behaviour]],
    dollars: float,
    price: str,
    in_flight: str,
    model_names: list[str],
    repeats: int,
) -> None:
    endpoint, url = world
    endpoint.price, endpoint.plans = parse(price), dict(enumerate(map(list, plans)))
    endpoint.measured_usd = endpoint.unmeasured_usd = 0.0
    endpoint.unmeasured = 0
    chosen = Settings(
        base_url=url, max_cost=dollars, price=price, concurrency=in_flight, cache=False, timeout_s=30
    )
    outcomes: list[Outcome] = []
    with wiring.resources(chosen) as session:
        for name in model_names:
            entry = models.resolve(name, base_url=url)
            for repeat in range(repeats):
                outcomes += asyncio.run(_run(session, entry, len(plans), repeat))

    bill = endpoint.measured_usd + endpoint.unmeasured_usd
    assert bill <= dollars + 1e-9
    spent = sum((_spent(one) for one in outcomes), Spent())
    # What the user is told is what was billed, whatever became of the papers.
    assert spent.known_usd == pytest.approx(endpoint.measured_usd)
    free = endpoint.price.prompt == endpoint.price.completion == 0
    assert spent.unpriced == (0 if free else endpoint.unmeasured)


async def _run(session: "Resources", entry: models.Model, count: int, repeat: int) -> list[Outcome]:
    reader = session.reader(entry, repeat=repeat)
    batch = Batch(reader, session.concurrency(entry))
    papers = [
        make_paper(f"Counting, part {n}", f"Paper {n} is about counting. We count.", f"p.jsonl:{n + 1}")
        for n in range(count)
    ]
    try:
        found = [one async for several in batch.run(papers) for one in several]
    finally:
        await reader.close()
    # A page that comes before any answer means that the address is wrong.
    ends = ("in the same way", "answered with an HTML page")
    assert (
        batch.ended is None
        or isinstance(batch.ended, BudgetSpent)
        or any(why in str(batch.ended) for why in ends)
    )
    return found


def _spent(outcome: Outcome) -> Spent:
    if isinstance(outcome, Done):
        return outcome.reading.spent
    return outcome.spent if isinstance(outcome, (Failed, Untouched)) else Spent()
