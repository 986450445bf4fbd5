"""A loopback server that speaks chat completions and does what the test tells it, faults included.

It answers a JSON schema or a tool with a valid instance, and writes down what it was sent. A script is a
list of `Fault`s, used up from the front: one request meets one entry, `None` is a good answer; an empty
script answers well.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One answer that is not a good one."""

    status: int = 200
    body: bytes = b'{"error": {"message": "scripted"}}'
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drop: bool = False
    """Close the connection without a word."""


def error(status: int, message: str = "scripted", code: str | None = None, **headers: str) -> Fault:
    body = json.dumps({"error": {"message": message, "code": code}}).encode()
    return Fault(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def completion(content: str, **changes: Any) -> dict[str, Any]:
    """A chat completion with that text."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content},
        "finish_reason": "stop",
        "logprobs": None,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "stub-model",
        "choices": [choice | changes],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "total_tokens": 110,
            "prompt_tokens_details": {"cached_tokens": 40},
        },
    }


def answer(content: str, **changes: Any) -> Fault:
    """A scripted completion with that text."""
    return Fault(200, json.dumps(completion(content, **changes)).encode())


def instance(schema: dict[str, Any], name: str = "") -> Any:
    """Something that fits the schema."""
    if "enum" in schema:
        return "not-stated" if "not-stated" in schema["enum"] else schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    match schema.get("type"):
        case "object":
            return {key: instance(value, key) for key, value in schema["properties"].items()}
        case "array":
            return [instance(schema["items"])]
        case "integer":
            return 0 if name.endswith("_sentence") else 1
        case _:
            return "The paper says what it does and what came out."


def good(body: dict[str, Any], reply: Callable[[dict[str, Any], str], str] | None = None) -> dict[str, Any]:
    """The completion for a request: an instance of its schema, as `Stub.reply` changes it."""
    if "tools" in body:
        function = body["tools"][0]["function"]
        record = instance(function["parameters"])
        call = {
            "id": "call_1",
            "type": "function",
            "function": {"name": function["name"], "arguments": json.dumps(record)},
        }
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return completion("", message=message)
    if "response_format" not in body:
        return completion("Yes, it does.")
    record = instance(body["response_format"]["json_schema"]["schema"])
    last = body["messages"][-1]["content"]
    return completion(reply(record, last) if reply else json.dumps(record))


@dataclass
class Stub:
    script: list[Fault | None] = field(default_factory=list)
    latency_s: float = 0.0
    reply: Callable[[dict[str, Any], str], str] | None = None
    """From the record that would be sent, and the last message, to the text that is."""
    judge: Callable[[dict[str, Any]], str | None] = lambda body: None
    """From a request to why it is refused with 400; None: it is taken."""
    answer: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """From a request to the completion; None: a good one."""
    other: Callable[[str, dict[str, Any]], "Fault | dict[str, Any] | None"] = lambda path, body: None
    """From another path and a request to its answer; None: there is no such path."""
    pages: dict[str, Any] = field(default_factory=dict)
    """Other paths and the JSON that stands there."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    headers: list[list[tuple[str, str]]] = field(default_factory=list)
    """Of every request, as they came."""
    url: str = ""
    busy: int = 0
    most: int = 0
    """Requests that were in flight at once, at most."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def papers(self) -> list[str]:
        """The last message of every request."""
        return [body["messages"][-1]["content"] for body in self.bodies]


def serve(stub: Stub, port: int = 0) -> ThreadingHTTPServer:
    """Start it in a thread; `stub.url` is where."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            chat = self.path.partition("?")[0].endswith("/chat/completions")
            said = None if chat else stub.other(self.path, body)
            if not chat and said is None:
                self._page({})
                return
            with stub.lock:
                stub.busy += 1
                stub.most = max(stub.most, stub.busy)
                stub.bodies.append(body)
                stub.paths.append(self.path)
                stub.headers.append(list(self.headers.items()))
                stub.keys.append(self.headers.get("authorization", ""))
                fault = stub.script.pop(0) if stub.script else None
            try:
                time.sleep(stub.latency_s + (fault.delay_s if fault else 0.0))
            finally:
                with stub.lock:
                    stub.busy -= 1
            if isinstance(said, Fault):
                fault = fault or said
            if fault is None and chat and (why := stub.judge(body)) is not None:
                fault = error(400, why)
            if fault is None:
                if chat:
                    said = stub.answer(body) if stub.answer is not None else good(body, stub.reply)
                self._send(200, json.dumps(said).encode(), {})
            elif fault.drop:
                self.close_connection = True
            else:
                self._send(fault.status, fault.body, fault.headers)

        def do_GET(self) -> None:
            models = {"object": "list", "data": [{"id": "stub-model", "object": "model"}]}
            self._page({"/v1/models": models})

        def _page(self, usual: dict[str, Any]) -> None:
            pages = usual | stub.pages
            known = self.path in pages
            self._send(200 if known else 404, json.dumps(pages.get(self.path, {})).encode(), {})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            try:
                self.send_response(status)
                html = body.lstrip().startswith(b"<")
                self.send_header("content-type", "text/html" if html else "application/json")
                self.send_header("content-length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that ended its run
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    return server
