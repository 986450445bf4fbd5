"""Connections to the endpoints of a run: address, key, limits, budget and price.

Knows settings and their meaning. Knows no papers and no environment: that is passed in `Surroundings`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..configuration.settings import Settings
from ..errors import UsageError
from ..model import catalogue as models
from ..model import keys
from ..model.providers import own_address

if TYPE_CHECKING:
    from ..local.shared import SharedServer
    from ..model.adapting import Lesson
    from ..model.call import Caller
    from ..model.endpoint import Endpoint
    from ..model.form import Form
    from ..model.leases import LeasedLimiter, Renew
    from ..model.limits import Budget, Limiter
    from ..model.pool import Sender, Share
    from ..model.pricing import Price
    from ..model.transport import Accept, Transport
    from ..reading.decide.reader import Bench

HOSTED_TIMEOUT_S = 60.0
LOCAL_TIMEOUT_S = 900.0
"""Default timeout of local models: the first prompt takes minutes on a slow machine."""

Progress = Callable[[int, int], None]
"""Called with the bytes downloaded so far and the total."""


@contextmanager
def _unseen(name: str, size: int) -> Iterator[Progress]:
    yield lambda done, whole: None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the surrounding program provides to a run."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """Values of keys and `OPENAI_BASE_URL`, by the names of environment variables."""
    say: Callable[[str], None] = logging.getLogger("papercards").info
    """Called with messages for the user."""
    argv: tuple[str, ...] = ()
    """Words of the command line, for the record of a run."""
    fetching: Callable[[str, int], AbstractContextManager[Progress]] = _unseen
    """Shows a download, given its name and size in bytes."""
    leases: "Renew | None" = None
    """`LeaseBook.renew` of the book that several workers share; None if the limits are this run's own."""


class Connections:
    """The connections of one run; requests to one address share its limits."""

    def __init__(
        self,
        chosen: Settings,
        surroundings: Surroundings | None,
        serve: "Callable[[models.Model], SharedServer]",
    ) -> None:
        """`serve` gives the running server of an embedded model."""
        self.settings = chosen
        self.surroundings = surroundings or Surroundings()
        self._serve = serve
        self._budget: Budget | None = None
        self._limiters: dict[str, tuple[Limiter, Budget | LeasedLimiter | None]] = {}
        """The limits of requests to an address, and of their cost."""
        self._leased: list[LeasedLimiter] = []
        self.shares: dict[str, Share] = {}
        """What each endpoint of a pool did, by address."""

    def form(self, model: models.Model) -> "Form":
        """The request form for the model, as far as the settings define it."""
        from ..model.form import Form

        chosen = self.settings
        wishes = dict(chosen.endpoint)
        if chosen.answer_tokens is not None:
            wishes["answer_tokens"] = chosen.answer_tokens
        if chosen.reasoning_effort is not None:
            wishes["reasoning_effort"] = chosen.reasoning_effort
        return Form.of(model, wishes)

    def concurrency(self, model: models.Model) -> int:
        """Maximum number of papers in flight."""
        wanted = self.settings.concurrency or ("auto" if model.plan in ("one-call", "decide") else None)
        if wanted is None or (wanted == "auto" and model.file is not None):
            return model.concurrency
        from ..model.limits import MOST

        return MOST if wanted == "auto" else int(wanted)

    def price(self, model: models.Model) -> "Price | None":
        """The token price of the model; None if unknown."""
        from ..model import pricing

        if self.settings.price is not None and model.file is None:
            return pricing.parse(self.settings.price)
        return pricing.published(model, "" if model.file else self.url(model), self.surroundings.variables)

    async def bench(self, model: models.Model) -> "Bench":
        """What asks a decision model: for each form that it may take a transport, and one for summaries."""
        from ..model.decider import Decider
        from ..model.decisions import PATHS, decisions_in
        from ..reading.decide.reader import Bench

        endpoint = self.endpoint(model)
        known = model.provider.decisions if model.provider is not None else None
        price = self.price(model)
        price = replace(price, completion=0.0) if price is not None else None
        url = keys.decisions_url(model, endpoint.base_url, self.surroundings.variables)
        first = known.form if known is not None else "systemone"
        forms = sorted(PATHS, key=lambda form: form != first)
        if known is not None and not endpoint.own_address:
            forms = forms[:1]
        transports = [
            (form, self._sender(model, price, path=url or PATHS[form], accept=decisions_in)) for form in forms
        ]
        writes = self.settings.summary
        chat = replace(model, plan="one-call")
        writer = await self._connect(chat, self.form(model), lambda form: None) if writes else None
        return Bench(Decider(model.model_id, transports), writer)

    async def _connect(self, model: models.Model, form: "Form", keep: "Callable[[Form], None]") -> "Caller":
        import asyncio

        from ..model.call import Caller

        if model.file is not None:
            await asyncio.to_thread(self._serve, model)  # starting it takes seconds
        endpoint = self.endpoint(model)
        say = self.surroundings.say
        transport = self._sender(model, self.price(model))
        name = "each endpoint of the pool" if self.settings.pool else endpoint.host

        def learned(lesson: "Lesson") -> None:
            say(f"{name} {lesson.said}")
            keep(lesson.form)

        return Caller(transport, form, learned=learned)

    def _sender(
        self,
        model: models.Model,
        price: "Price | None",
        path: str | None = None,
        accept: "Accept | None" = None,
    ) -> "Sender":
        """What sends requests for a model: a transport, or a pool of them."""
        from ..model.pool import Pool, Share

        endpoints = self.endpoints(model)
        if path is not None:
            endpoints = [replace(one, path=path) for one in endpoints]
        if len(endpoints) == 1:
            return self._transport(endpoints[0], model, price, accept)
        members = []
        for one, table in zip(endpoints, self.settings.pool, strict=True):
            share = self.shares.setdefault(one.base_url, Share(one.shown_url, table.get("weight", 1.0)))
            members.append((self._transport(one, model, price, accept, table), share))
        return Pool(members, say=self.surroundings.say)

    def _transport(
        self,
        endpoint: "Endpoint",
        model: models.Model,
        price: "Price | None",
        accept: "Accept | None" = None,
        table: Mapping[str, Any] | None = None,
    ) -> "Transport":
        """A transport with the limiter that all requests to this address share.

        `table` are the settings of an endpoint of a pool.
        """
        from ..model.completion import chat_in
        from ..model.transport import Transport

        if endpoint.base_url not in self._limiters:
            self._limiters[endpoint.base_url] = self._limits(endpoint, model, table or {})
        limiter, budget = self._limiters[endpoint.base_url]
        limiter.open()
        return Transport(
            endpoint,
            limiter=limiter,
            budget=budget,
            price=price,
            say=self.surroundings.say,
            accept=accept or chat_in,
            name=endpoint.shown_url if table is not None else None,
        )

    def _limits(
        self, endpoint: "Endpoint", model: models.Model, table: Mapping[str, Any]
    ) -> "tuple[Limiter, Budget | LeasedLimiter | None]":
        from ..model.limits import START, Limiter

        chosen, budget = self.settings, self.budget(model)
        most = self.concurrency(model)
        start = None
        rpm, tpm = table.get("rpm", chosen.rpm), table.get("tpm", chosen.tpm)
        if model.file is None and chosen.concurrency in (None, "auto"):
            start = 1 if keys.is_near(endpoint.host) else START
        timeout_s = endpoint.timeout_s
        if self.surroundings.leases is None or model.file is not None:
            adaptive, first = start is not None, start or START
            return Limiter(
                most, adaptive=adaptive, start=first, timeout_s=timeout_s, rpm=rpm, tpm=tpm
            ), budget
        from ..model.leases import LeasedLimiter, worker_name

        shared = LeasedLimiter(
            self.surroundings.leases,
            worker_name(),
            endpoint.shown_url,
            most=most,
            start=start,
            rpm=rpm,
            tpm=tpm,
            max_cost_usd=chosen.max_cost,
            timeout_s=timeout_s,
        )
        self._leased.append(shared)
        return shared, shared if budget is not None else None

    def waits(self) -> str:
        """What requests wait for of limits that workers share; empty if for answers alone."""
        return ", ".join(filter(None, (shared.waits for shared in self._leased)))

    def endpoints(self, model: models.Model) -> "list[Endpoint]":
        """The endpoints of a model, those of its pool if it has one.

        Raises UsageError for an address that is not valid, or a key that is missing.
        """
        if model.file is not None or not self.settings.pool:
            return [self.endpoint(model)]
        return [
            self.endpoint(replace(model, base_url=table["base_url"]), table) for table in self.settings.pool
        ]

    def endpoint(self, model: models.Model, table: Mapping[str, Any] | None = None) -> "Endpoint":
        """The endpoint of a model, of a pool the first; the server of an embedded one is started first.

        `table` are the settings of an endpoint of a pool.
        """
        from ..model.endpoint import Endpoint
        from ..model.form import ANSWER_TOKENS

        wanted = self.settings.timeout_s
        if model.file is not None:
            server = self._serve(model)
            return Endpoint(model, server.base_url, server.api_key, wanted or LOCAL_TIMEOUT_S, ANSWER_TOKENS)
        url, insecure = self.url(model), self.settings.insecure
        variables = self.surroundings.variables
        if table is None and self.settings.pool:
            table = self.settings.pool[0]
        return Endpoint(
            model,
            url,
            keys.for_endpoint(model, url, variables, insecure=insecure, pooled=table),
            wanted or (LOCAL_TIMEOUT_S if keys.is_near(urlsplit(url).hostname or "") else HOSTED_TIMEOUT_S),
            ANSWER_TOKENS,
            impatient=wanted is None,
            own_address=url != own_address(model.provider, self.surroundings.variables, model.model_id),
            extra_headers=dict(self.settings.endpoint.get("extra_headers", {})),
        )

    def budget(self, model: models.Model) -> "Budget | None":
        """The budget of the run, shared by all its models; None without --max-cost.

        Raises UsageError if it cannot be enforced because no price is known.
        """
        from ..model.limits import Budget

        most = self.settings.max_cost
        if most is None or model.plan == "baseline":
            return None
        if self.price(model) is None:
            raise UsageError(
                f"the price of {model.name} is unknown, so --max-cost cannot be enforced",
                next_step="Give it with --price PROMPT/COMPLETION, in USD per million tokens",
            )
        if self._budget is None:
            self._budget = Budget(most)
        return self._budget

    def url(self, model: models.Model) -> str:
        """The address of a hosted model's endpoint. Raises UsageError if it is not a valid address."""
        return keys.endpoint_url(model, self.surroundings.variables)
