"""A loopback server that speaks Zotero's API, version 3: reading, writing with versions, leave to write.

It is the local program (`/api/users/0`, and from Zotero 10 on a `Zotero-Server-ID` and keys that its user
grants) or zotero.org (`/users/7`, `/keys/current`), and writes down what it was asked.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

WEB_KEY = "P9NiFoyLeZu2bZNvvuQPDWsd"


@dataclass
class ZoteroStub:
    """A library and how its server behaves."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    """`data` by key."""
    collections: dict[str, list[str]] = field(default_factory=dict)
    writable: bool = True
    """Zotero 10 or later."""
    consent: bool = True
    lasting: bool = False
    enabled: bool = True
    busy: int = 0
    """So many requests are first told to wait."""
    version: int = 100
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path with query."""
    keys: list[str] = field(default_factory=list)
    """What each writing request had for a key."""
    url: str = ""
    granted: set[str] = field(default_factory=set)

    def add(self, key: str, title: str, abstract: str, **more: Any) -> None:
        self.items[key] = {
            "key": key,
            "version": self.version,
            "itemType": "preprint",
            "title": title,
            "abstractNote": abstract,
            "tags": [],
            "extra": "",
        } | more

    def write(self, changes: list[dict[str, Any]]) -> dict[str, Any]:
        answer: dict[str, dict[str, Any]] = {"successful": {}, "success": {}, "unchanged": {}, "failed": {}}
        for index, change in enumerate(changes):
            data = self.items.get(change["key"])
            if data is None or data["version"] != change["version"]:
                message = {"key": change["key"], "code": 412, "message": "Item has been modified"}
                answer["failed"][str(index)] = message
                continue
            self.version += 1
            data.update(change | {"version": self.version})
            answer["success"][str(index)] = change["key"]
        return answer


@contextmanager
def serving(stub: ZoteroStub, *, web: bool = False) -> Iterator[ZoteroStub]:
    """Serve it until the block ends."""
    base = "" if web else "/api"
    library = "/users/7" if web else "/api/users/0"

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self, status: int, content: object, **headers: str) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            if not web and stub.writable:
                self.send_header("Zotero-Server-ID", "srv1")
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def refused(self) -> bool:
            stub.asked.append((self.command, self.path))
            if stub.busy:
                stub.busy -= 1
                self.answer(429, "slow down", Retry_After="0.01")
            elif not web and not stub.enabled:
                self.answer(403, "Local API is not enabled")
            elif web and self.headers["Zotero-API-Key"] != WEB_KEY:
                self.answer(403, "Forbidden")
            else:
                return False
            return True

        def do_GET(self) -> None:
            if self.refused():
                return
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == f"{base}/keys/current" and web:
                self.answer(200, {"key": WEB_KEY, "userID": 7, "username": "u"})
                return
            if parts.path == "/api/":
                self.answer(200, "")
                return
            found: list[dict[str, Any]] | None = None
            collection = parts.path.removeprefix(f"{library}/collections/").removesuffix("/items/top")
            if parts.path in (f"{library}/items/top", f"{library}/items"):
                found = list(stub.items.values())
            elif collection in stub.collections:
                found = [stub.items[key] for key in stub.collections[collection]]
            if found is None:
                self.answer(404, "Not found")
                return
            if tag := query.get("tag"):
                found = [one for one in found if tag in [each["tag"] for each in one["tags"]]]
            if keys := query.get("itemKey"):
                found = [one for one in found if one["key"] in keys.split(",")]
            start, limit = int(query.get("start", 0)), int(query.get("limit", 25))
            page = [
                {"key": one["key"], "version": one["version"], "library": {}, "meta": {}, "data": one}
                for one in found[start : start + limit]
            ]
            self.answer(200, page, Total_Results=str(len(found)))

        def do_POST(self) -> None:
            if self.refused():
                return
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Zotero-API-Key"]
            if not web:
                if not stub.writable:
                    self.answer(400, "Endpoint does not support method")
                    return
                if self.headers["Zotero-Server-ID"] != "srv1":
                    self.answer(428, "Zotero-Server-ID required")
                    return
                if self.path == "/api/local/authorize":
                    if not stub.consent:
                        self.answer(403, "Denied")
                        return
                    granted = f"leave{len(stub.asked)}"
                    stub.granted.add(granted)
                    self.answer(200, {"key": granted, "remember": stub.lasting})
                    return
                if key not in stub.granted:
                    self.answer(401, "Local API key required")
                    return
                if not stub.lasting:
                    stub.granted.discard(key)
            stub.keys.append(key)
            assert len(content) <= 50
            self.answer(200, stub.write(content))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    stub.url = f"http://127.0.0.1:{server.server_port}{base}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
