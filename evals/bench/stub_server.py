"""A loopback endpoint for benchmarks: chat completions with a fixed latency and a plan of faults.

Written for the comparison of peers in README.md. Standard library only; it uses uvloop and orjson where
they are installed. Set by the environment:

    HOST=127.0.0.1 PORT=8399     PORT=0: any free one; the first line on standard output says which
    LATENCY_MS=100               before every answer
    FAULTS="429:0.05,500:0.03"   fractions of the requests, see below
    RETRY_AFTER=1                seconds, a header of each 429; empty: no header
    HANG_S=30                    how long a hang takes

    POST /v1/chat/completions    an instance of the JSON schema that the request carries, as text or as the
                                 arguments of the tool; without a schema {"summary": ...}
    GET  /v1/models
    GET  /stats                  what was counted; see `Counted`
    GET  /last                   the last chat request as it came
    POST /reset                  counts from zero
    POST /config                 {"latency_ms": ..., "faults": ..., "retry_after": ..., "hang_s": ...}

Each text of an answer begins with the last `[doc N]` mark of the messages, so that a client can check that
each paper got its own answer.

Faults follow from the number k of the request, from 0 and zeroed by /reset: the fraction of k times the
golden ratio falls evenly in [0, 1), and the plan cuts [0, 1) in its order; so 5% are 5 in each 100.

    429, 500     that status
    malformed    200, the answer cut in half
    invalid      200, an answer that lacks the first field of the schema
    hang         a good answer after HANG_S
"""

import asyncio
import dataclasses
import json
import os
import re
import signal
import time
from dataclasses import dataclass, field
from typing import Any

from stub_answers import SUMMARY, completion, document, instance, refusal, wanted

try:
    from orjson import loads
except ImportError:
    from json import loads

GOLDEN = 0.6180339887498949
LIMITS = (
    "x-ratelimit-limit-requests: 1000000\r\nx-ratelimit-limit-tokens: 1000000000\r\n"
    "x-ratelimit-remaining-requests: 999999\r\nx-ratelimit-remaining-tokens: 999999999\r\n"
)
MODELS = {"object": "list", "data": [{"id": "stub", "object": "model", "created": 1, "owned_by": "stub"}]}
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 500: "Server Error"}


def fault_plan(text: str) -> list[tuple[float, str]]:
    """`"429:0.05,500:0.03"` as upper bounds in [0, 1), each with its fault."""
    plan, bound = [], 0.0
    for part in filter(None, text.split(",")):
        name, share = part.split(":")
        bound += float(share)
        plan.append((bound, name))
    return plan


@dataclass
class Config:
    """What can be set while it runs."""

    latency_s: float
    faults: list[tuple[float, str]]
    retry_after: str
    hang_s: float

    @classmethod
    def from_environment(cls) -> "Config":
        """As the head of this file says."""
        return cls(
            latency_s=float(os.environ.get("LATENCY_MS", "100")) / 1000,
            faults=fault_plan(os.environ.get("FAULTS", "")),
            retry_after=os.environ.get("RETRY_AFTER", "1"),
            hang_s=float(os.environ.get("HANG_S", "30")),
        )

    def change(self, values: dict[str, Any]) -> None:
        """Set what is named."""
        if "latency_ms" in values:
            self.latency_s = values["latency_ms"] / 1000
        if "faults" in values:
            self.faults = fault_plan(values["faults"])
        if "retry_after" in values:
            self.retry_after = str(values["retry_after"])
        if "hang_s" in values:
            self.hang_s = float(values["hang_s"])


@dataclass
class Counted:
    """What /stats gives, since the start or the last /reset."""

    requests: int = 0
    repeated: int = 0
    """Requests for a document that had been answered well before."""
    max_inflight: int = 0
    client_gone: int = 0
    """Answers that nobody waited for any more."""
    connections: int = 0
    bytes_in: int = 0
    """Of the requests' bodies."""
    first_request: float | None = None
    """Seconds since the epoch."""
    last_answer: float | None = None
    """Seconds since the epoch."""
    status: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    asked: dict[int, int] = field(default_factory=dict)
    """Requests by document; in /stats `documents` and `asked_again`, the requests beyond the first."""
    answered: set[int] = field(default_factory=set)
    """In /stats `answered_documents`."""
    cpu_at_start_s: float = field(default_factory=time.process_time)
    """In /stats `stub_cpu_s`, spent since then."""

    def summary(self, inflight: int) -> dict[str, Any]:
        """As JSON values."""
        values = dataclasses.asdict(self)
        asked, answered = values.pop("asked"), values.pop("answered")
        return values | {
            "inflight": inflight,
            "documents": len(asked),
            "asked_again": sum(asked.values()) - len(asked),
            "answered_documents": len(answered),
            "stub_cpu_s": round(time.process_time() - values.pop("cpu_at_start_s"), 3),
        }


@dataclass(frozen=True)
class Answer:
    """What is sent, and when."""

    delay_s: float
    status: int
    raw: bytes
    document: int | None = None
    good: bool = False


class Endpoint:
    """One endpoint with its counts."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.counted = Counted()
        self.inflight = 0
        self.last = b""

    def chat(self, body: bytes) -> Answer:
        """The answer to a chat request, by the plan of faults."""
        number = self.counted.requests
        self.counted.requests += 1
        self.counted.bytes_in += len(body)
        self.last = body
        try:
            request = loads(body)
        except ValueError:
            return Answer(0, 400, response(400, refusal("bad JSON", "invalid_request_error")))
        place = number * GOLDEN % 1.0
        fault = next((name for bound, name in self.config.faults if place < bound), None)
        doc = document(request)
        if doc is not None:
            self.counted.asked[doc] = self.counted.asked.get(doc, 0) + 1
            self.counted.repeated += doc in self.counted.answered
        if fault is not None:
            self.counted.faults[fault] = self.counted.faults.get(fault, 0) + 1
        if fault == "429":
            header = f"Retry-After: {self.config.retry_after}\r\n" if self.config.retry_after else ""
            refused = response(429, refusal("rate limit reached", "rate_limit_exceeded"), header)
            return Answer(self.config.latency_s, 429, refused, doc)
        if fault == "500":
            return Answer(self.config.latency_s, 500, response(500, refusal("broken", "server_error")), doc)
        schema, tool = wanted(request)
        record = instance(schema, f"[doc {doc}] {SUMMARY}", schema)
        if fault == "invalid":
            record.pop(next(iter(record)))
        text = json.dumps(record)
        if fault == "malformed":
            text = text[: len(text) // 2]
        raw = response(200, completion(number, request.get("model", "stub"), text, tool, len(body) // 4))
        delay = self.config.hang_s if fault == "hang" else self.config.latency_s
        return Answer(delay, 200, raw, doc, good=fault in (None, "hang"))

    def other(self, method: bytes, path: str, body: bytes) -> bytes:
        """The answer to everything else."""
        match method, path:
            case b"GET", "/stats":
                return response(200, self.counted.summary(self.inflight))
            case b"GET", "/last":
                return response(200, loads(self.last or b"null"))
            case b"POST", "/reset":
                self.counted = Counted()
                return response(200, {})
            case b"POST", "/config":
                self.config.change(loads(body))
                return response(200, {})
            case b"GET", _ if path.endswith("/models"):
                return response(200, MODELS)
        return response(404, refusal("no such path", "invalid_request_error"))


def response(status: int, values: Any, headers: str = "") -> bytes:
    """An HTTP response with a JSON body."""
    body = json.dumps(values).encode()
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{LIMITS}{headers}\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection that is kept alive; bodies come with their length, not in chunks."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._pending: set[asyncio.TimerHandle] = set()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._endpoint.counted.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Answer nothing more."""
        for timer in self._pending:
            timer.cancel()
        self._endpoint.inflight -= len(self._pending)
        self._endpoint.counted.client_gone += len(self._pending)
        self._pending.clear()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            body_end = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < body_end:
                return
            body, self._buffer = self._buffer[end + 4 : body_end], self._buffer[body_end:]
            method, path, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
            self._handle(method, path.decode(), body)

    def _handle(self, method: bytes, path: str, body: bytes) -> None:
        endpoint = self._endpoint
        if method != b"POST" or not path.endswith("/chat/completions"):
            self._transport.write(endpoint.other(method, path, body))
            return
        counted = endpoint.counted
        counted.first_request = counted.first_request or time.time()
        endpoint.inflight += 1
        counted.max_inflight = max(counted.max_inflight, endpoint.inflight)
        answer = endpoint.chat(body)

        def send() -> None:
            self._pending.discard(timer)
            endpoint.inflight -= 1
            status = str(answer.status)
            counted.status[status] = counted.status.get(status, 0) + 1
            counted.last_answer = time.time()
            if answer.good and answer.document is not None:
                counted.answered.add(answer.document)
            self._transport.write(answer.raw)

        timer = asyncio.get_running_loop().call_later(answer.delay_s, send)
        self._pending.add(timer)


async def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    endpoint = Endpoint(Config.from_environment())
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8399"))
    server = await loop.create_server(
        lambda: Connection(endpoint), host, port, backlog=4096, reuse_address=True
    )
    print(f"stub on {host}:{server.sockets[0].getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
