"""A loopback server with files and batches as OpenAI's API has them, and chat completions beside.

A batch is checked when it is made, as the real one is: purpose, endpoint, window, lines, names, bounds. It
stays `validating` until the test says how far it gets (`finish`, `expire`, `advance`). The test names what
becomes of a line with `outcome`; without, it is answered well. Multipart and HTTP are parsed from the bytes.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.stub import completion, good

Line = dict[str, Any]
STATUSES = ["validating", "in_progress", "finalizing", "completed"]


def answered(body: dict[str, Any]) -> Line:
    """`response` and `error` of a line that went well."""
    return {"response": {"status_code": 200, "request_id": "req_1", "body": body}, "error": None}


def refused(status: int, message: str) -> Line:
    """`response` and `error` of a line that the endpoint answered with an error."""
    body = {"error": {"message": message, "type": "server_error", "code": None}}
    return {"response": {"status_code": status, "request_id": "req_1", "body": body}, "error": None}


def said(content: str, **changes: Any) -> Line:
    """A line whose completion has that text."""
    return answered(completion(content, **changes))


EXPIRED: Line = {
    "response": None,
    "error": {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window expired.",
    },
}


@dataclass
class BatchStub:
    outcome: Callable[[int, str], Line | None] | None = None
    """From the number of a request over all batches, and its last message, to what becomes of it."""
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    """In the order of their making."""
    live: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of chat completions that were asked for."""
    keys: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    """`POST /files`, in order."""
    faults: dict[str, list[int]] = field(default_factory=dict)
    """For `POST /batches` and its like: statuses that the next calls get, after the work was done; with
    `before` in front, the work is not done."""
    holds: dict[str, threading.Event] = field(default_factory=dict)
    """Calls that get no answer until the event, after the work was done; with `before` in front, the work is
    not done."""
    cuts: int = 0
    """Downloads that will break off in the middle."""
    refuses_metadata: bool = False
    slow_s: float = 0.0
    """Between two pieces of a download."""
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def sent(self) -> list[dict[str, Any]]:
        """The requests of all batches."""
        return [line for batch in self.batches.values() for line in self._lines(batch)]

    def advance(self, status: str, *, only: str | None = None) -> None:
        """Bring batches that have not ended to a status, by the way that leads there."""
        with self.lock:
            for batch in self.batches.values():
                if batch["status"] in STATUSES[:3] and only in (None, batch["id"]):
                    lines = len(self._lines(batch))
                    batch |= {"status": status, f"{status}_at": int(time.time())}
                    batch["request_counts"] = {"total": lines, "completed": 0, "failed": 0}

    def finish(self, *, only: str | None = None) -> None:
        """Answer all that was sent."""
        with self.lock:
            for batch in list(self.batches.values()):
                if batch["status"] in STATUSES[:3] and only in (None, batch["id"]):
                    self._end(batch, "completed", None)

    def expire(self, done: int) -> None:
        """Let the window pass when the first `done` requests of each batch are answered."""
        with self.lock:
            for batch in list(self.batches.values()):
                if batch["status"] in STATUSES[:3]:
                    self._end(batch, "expired", done)

    def _lines(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[batch["input_file_id"]].split(b"\n") if line]

    def _end(self, batch: dict[str, Any], status: str, done: int | None) -> None:
        output, errors = [], []
        before = 0
        for other in self.batches.values():
            if other is batch:
                break
            before += len(self._lines(other))
        for number, request in enumerate(self._lines(batch)):
            if done is not None and number >= done:
                line = EXPIRED
            else:
                last = request["body"]["messages"][-1]["content"]
                told = self.outcome(before + number, last) if self.outcome else None
                line = told or answered(good(request["body"]))
            response = line["response"]
            well = response is not None and response["status_code"] == 200
            whole = {"id": f"batch_req_{number}", "custom_id": request["custom_id"], **line}
            (output if well else errors).append(json.dumps(whole, ensure_ascii=False).encode() + b"\n")
        # Results come in no particular order.
        output.reverse()
        batch |= {"status": status, f"{status}_at": int(time.time())}
        batch["request_counts"] = {
            "total": len(output) + len(errors),
            "completed": len(output),
            "failed": len(errors),
        }
        for name, lines in (("output_file_id", output), ("error_file_id", errors)):
            if lines:
                batch[name] = self.keep(b"".join(lines))

    def keep(self, content: bytes) -> str:
        """A new file's id."""
        with self.lock:
            name = f"file-{len(self.files) + 1}"
            self.files[name] = content
            return name

    def make(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """POST /v1/batches."""
        wanted = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
        for name, value in wanted.items():
            if asked.get(name) != value:
                return 400, {"error": {"message": f"{name} must be {value}"}}
        if asked.get("input_file_id") not in self.files:
            return 400, {"error": {"message": "no such file"}}
        if self.refuses_metadata and "metadata" in asked:
            return 422, {"error": {"message": "metadata: Extra inputs are not permitted"}}
        metadata = asked.get("metadata") or {}
        if any(len(key) > 64 or len(value) > 512 for key, value in metadata.items()):
            return 400, {"error": {"message": "metadata too long"}}
        with self.lock:
            batch = {
                "id": f"batch_{len(self.batches) + 1}",
                "object": "batch",
                "errors": None,
                "status": "validating",
                "output_file_id": None,
                "error_file_id": None,
                "created_at": int(time.time()),
                "request_counts": {"total": 0, "completed": 0, "failed": 0},
                **asked,
            }
            if problems := self._problems(batch):
                batch |= {"status": "failed", "errors": {"object": "list", "data": problems}}
            self.batches[batch["id"]] = batch
        return 200, batch

    def _problems(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        content = self.files[batch["input_file_id"]]
        names = set()
        if len(content) > 200_000_000 or content.count(b"\n") > 50_000:
            return [{"code": "too_large", "message": "the file is too large", "line": None, "param": None}]
        for number, line in enumerate(content.splitlines(), start=1):
            request = json.loads(line)
            right = request["method"] == "POST" and request["url"] == batch["endpoint"]
            if not right or request["custom_id"] in names or len(request["custom_id"]) > 64:
                return [{"code": "invalid", "message": "a line is wrong", "line": number, "param": None}]
            names.add(request["custom_id"])
        return []

    def listed(self, after: str | None, limit: int) -> dict[str, Any]:
        """GET /v1/batches: the newest first."""
        every = list(reversed(self.batches.values()))
        start = next((n + 1 for n, batch in enumerate(every) if batch["id"] == after), 0)
        page = every[start : start + limit]
        return {"object": "list", "data": page, "has_more": start + limit < len(every)}


def serve_batches(stub: BatchStub) -> ThreadingHTTPServer:
    """Start it in a thread; `stub.url` is where."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self._body()
            match self._path():
                case ["files"]:
                    self._answer("POST /files", *self._upload(content))
                case ["batches"] if (hold := stub.holds.get("before POST /batches")) is not None:
                    hold.wait(20)
                    self.close_connection = True
                case ["batches"] if stub.faults.get("before POST /batches"):
                    self._answer("before POST /batches", 200, {})
                case ["batches"]:
                    self._answer("POST /batches", *stub.make(json.loads(content)))
                case ["chat", "completions"]:
                    body = json.loads(content)
                    with stub.lock:
                        stub.live.append(body)
                    self._answer("POST /chat/completions", 200, good(body))
                case _:
                    self._answer("POST", 404, {"error": {"message": "no such path"}})

        def do_GET(self) -> None:
            query = dict(pair.split("=") for pair in self.path.partition("?")[2].split("&") if pair)
            match self._path():
                case ["batches"]:
                    found = stub.listed(query.get("after"), int(query.get("limit", 20)))
                    self._answer("GET /batches", 200, found)
                case ["batches", name] if name in stub.batches:
                    self._answer("GET /batches/ID", 200, stub.batches[name])
                case ["files", name, "content"] if name in stub.files:
                    self._content(stub.files[name])
                case _:
                    self._answer("GET", 404, {"error": {"message": "no such thing"}})

        def _path(self) -> list[str]:
            return self.path.partition("?")[0].removeprefix("/v1/").split("/")

        def _body(self) -> bytes:
            stub.keys.add(self.headers.get("authorization", ""))
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers["content-length"]))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _upload(self, content: bytes) -> tuple[int, dict[str, Any]]:
            head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
            fields = {}
            for part in BytesParser(policy=HTTP).parsebytes(head + content).iter_parts():
                name = part.get_param("name", header="content-disposition")
                fields[name] = (part.get_filename(), part.get_payload(decode=True))
            if fields["purpose"][1] != b"batch":
                return 400, {"error": {"message": "the purpose must be batch"}}
            filename, kept = fields["file"]
            name = stub.keep(kept)
            return 200, {
                "id": name,
                "object": "file",
                "bytes": len(kept),
                "created_at": int(time.time()),
                "filename": filename,
                "purpose": "batch",
                "status": "processed",
            }

        def _answer(self, call: str, status: int, body: dict[str, Any]) -> None:
            with stub.lock:
                stub.calls.append(call)
                left = stub.faults.get(call)
                if left:
                    status, body = left.pop(0), {"error": {"message": "scripted"}}
                hold = stub.holds.get(call)
            if hold is not None:
                hold.wait(20)
            try:
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                self.close_connection = True

        def _content(self, content: bytes) -> None:
            with stub.lock:
                stub.calls.append("GET /files/ID/content")
                cut, stub.cuts = stub.cuts > 0, max(0, stub.cuts - 1)
            try:
                self.send_response(200)
                self.send_header("content-type", "application/octet-stream")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                end = len(content) // 2 if cut else len(content)
                for start in range(0, end, 4099):
                    self.wfile.write(content[start : min(end, start + 4099)])
                    time.sleep(stub.slow_s)
                self.close_connection = cut
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    return server
