"""A loopback server that speaks as arXiv, Hugging Face, OpenAlex and Semantic Scholar do on the wire.

The forms are those of the public descriptions. It holds a few papers, pages as the services page, and
writes down what it was asked. `faults` are used up from the front before anything is answered; a `gate` says
for each request whether it is let in, as the services throttle, by a clock that the test drives.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from papercards.paper import Paper
from papercards.sources import Options, open_source
from papercards.sources.patience import Clock
from tests.stub import Fault


class Time:
    """A clock that stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.begin = self.now = time.time()
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)

    @property
    def passed(self) -> float:
        return self.now - self.begin


Gate = Callable[[dict[str, str]], Fault | None]
"""From the headers of a request (names in lower case) to why it is not let in."""


def window(time: Time, requests: int, seconds: float, refuse: Callable[[float], Fault]) -> Gate:
    """So many requests in so many seconds; `refuse` gets the seconds until the next window."""
    begin, used = time.now, 0

    def gate(_headers: dict[str, str]) -> Fault | None:
        nonlocal begin, used
        if time.now - begin >= seconds:
            begin, used = time.now, 0
        used += 1
        return refuse(begin + seconds - time.now) if used > requests else None

    return gate


def closed(time: Time, seconds: float, fault: Fault) -> Gate:
    """The same answer to everybody for so long."""
    return lambda _headers: fault if time.passed < seconds else None


@dataclass(frozen=True)
class Work:
    """A paper as any of the services has it."""

    id: str
    """Of arXiv, without a version."""
    title: str
    abstract: str | None
    categories: str = "cs.LG stat.ML"
    versions: int = 1
    doi: str | None = None


def works(count: int) -> list[Work]:
    return [
        Work(f"2401.{n:05d}", f"Paper {n}", f"  We count to {n}\nwith care. It works.\n")
        for n in range(count)
    ]


@dataclass
class Shelf:
    """What the server holds and was asked."""

    works: list[Work]
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Paths with their queries."""
    headers: list[dict[str, str]] = field(default_factory=list)
    posted: list[Any] = field(default_factory=list)
    """The JSON of POSTs."""
    bad_ids: set[str] = field(default_factory=set)
    """Ids that arXiv does not understand."""
    gate: Gate | None = None
    url: str = ""

    def environment(self) -> dict[str, str]:
        """For the program, so that it asks this server."""
        names = ("ARXIV", "HUGGINGFACE", "OPENALEX", "SEMANTICSCHOLAR")
        return {f"PAPERCARDS_{name}_URL": self.url for name in names}

    def endpoints(self) -> dict[str, str]:
        return dict.fromkeys(("arxiv", "huggingface", "openalex", "semanticscholar"), self.url)

    def queries(self) -> list[dict[str, str]]:
        """The queries that were asked, decoded."""
        return [
            {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
            for path in self.asked
        ]

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if path == "/api/query":
            return self.arxiv(query)
        if path == "/api/daily_papers":
            at, size = int(query.get("p", 0)), int(query.get("limit", 50))
            return ok([daily(work) for work in self.works[at * size : (at + 1) * size]])
        if path.startswith("/api/papers/"):
            return self.one(path.rpartition("/")[2], lambda work: daily(work)["paper"])
        if path == "/works":
            return self.openalex_filter(query) if "filter" in query else self.openalex(query)
        if path.startswith("/works/"):
            name = unquote(path.removeprefix("/works/"))
            found = next((n for n, w in enumerate(self.works) if name in (f"W{n}", f"doi:{w.doi}")), None)
            return ok(openalex(self.works[found], found)) if found is not None else (404, b"<html>404</html>")
        if path.startswith("/graph/v1/paper/search"):
            return self.semantic_scholar(path, query)
        if path.startswith("/graph/v1/paper/"):
            return self.one(unquote(path.rpartition("/")[2]).removeprefix("ARXIV:"), semantic_scholar)
        return 404, b"{}"

    def one(self, name: str, form: Any) -> tuple[int, bytes]:
        found = next((work for work in self.works if work.id == name), None)
        return ok(form(found)) if found else (404, b'{"error": "Paper not found"}')

    def arxiv(self, query: dict[str, str]) -> tuple[int, bytes]:
        start, most = int(query["start"]), int(query["max_results"])
        if not query.get("id_list"):
            found = self.works
            return 200, atom([entry(w) for w in found[start : start + most]], len(found))
        ids = query["id_list"].split(",")
        if bad := next((one for one in ids if one in self.bad_ids), None):
            return 400, atom([arxiv_error(f"incorrect id format for {bad}")], 1)
        entries = []
        for one in ids:
            name, _, version = one.partition("v")
            work = next((w for w in self.works if w.id == name), None)
            if work and int(version or 1) <= work.versions:
                entries.append(entry(work, int(version or work.versions)))
        return 200, atom(entries[start : start + most], len(entries))

    def openalex(self, query: dict[str, str]) -> tuple[int, bytes]:
        at = 0 if query["cursor"] == "*" else int(query["cursor"])
        size = int(query["per-page"])
        results = [openalex(work, n) for n, work in enumerate(self.works)][at : at + size]
        after = str(at + size) if at + size < len(self.works) else None
        return ok({"meta": {"count": len(self.works), "next_cursor": after}, "results": results})

    def openalex_filter(self, query: dict[str, str]) -> tuple[int, bytes]:
        field, _, value = query["filter"].partition(":")
        values = value.lower().split("|")
        if field not in ("doi", "openalex_id") or len(values) > 100 or "," in value:
            return 400, b'{"error": "Invalid query parameters error.", "message": "bad filter"}'
        found = [
            openalex(work, n)
            for n, work in enumerate(self.works)
            if (work.doi.lower() if work.doi else None if field == "doi" else f"w{n}") in values
            or (field == "openalex_id" and f"w{n}" in values)
        ]
        return ok({"meta": {"count": len(found), "next_cursor": None}, "results": found[::-1]})

    def batch(self, ids: list[str]) -> tuple[int, bytes]:
        if len(ids) > 500:
            return 400, b'{"error": "Too many ids"}'
        if bad := next((one for one in ids if one.split(":")[-1] in self.bad_ids), None):
            return 400, json.dumps({"error": f"Unrecognized id or input format: {bad}"}).encode()
        known = {f"ARXIV:{work.id}": work for work in self.works}
        known |= {f"DOI:{work.doi}": work for work in self.works if work.doi}
        found = [semantic_scholar(known[one]) if one in known else None for one in ids]
        return ok(found) if any(found) else (400, b'{"error": "No valid paper ids given"}')

    def semantic_scholar(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if path.endswith("/bulk"):
            at = int(query.get("token", 0))
            page = self.works[at : at + 3]
            rest = {"token": str(at + 3)} if at + 3 < len(self.works) else {"token": None}
            return ok({"total": len(self.works), **rest, "data": [semantic_scholar(w) for w in page]})
        at, size = int(query["offset"]), int(query["limit"])
        if at + size >= 1000:
            return 400, b'{"error": "offset + limit must be < 1000"}'
        rest = {"next": at + size} if at + size < len(self.works) else {}
        page = self.works[at : at + size]
        return ok(
            {"total": len(self.works), "offset": at, **rest, "data": [semantic_scholar(w) for w in page]}
        )


def ok(record: object) -> tuple[int, bytes]:
    return 200, json.dumps(record).encode()


def read(shelf: Shelf | None, spec: object, tmp_path: Path | None = None, **asked: Any) -> list[Any]:
    """The records of a name, from this server alone and with a clock that does not wait."""
    endpoints = shelf.endpoints() if shelf else {}
    asked = {"clock": Time().clock} | asked
    return list(open_source(str(spec), Options(endpoints=endpoints, cache_dir=tmp_path, **asked)))


def ids(records: list[Any]) -> list[str]:
    """Their ids; of bad ones the place and the reason."""
    return [
        record.id if isinstance(record, Paper) else f"{record.where}: {record.reason}" for record in records
    ]


def atom(entries: list[str], total: int) -> bytes:
    """An answer of the arXiv API."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        "<title>ArXiv Query</title><id>http://arxiv.org/api/x</id><updated>2026-11-24T00:00:00-05:00</updated>"
        '<opensearch:totalResults xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"{total}</opensearch:totalResults>"
    )
    return f"{head}{''.join(entries)}</feed>".encode()


def entry(work: Work, version: int = 1) -> str:
    doi = f'<arxiv:doi xmlns:arxiv="http://arxiv.org/schemas/atom">{work.doi}</arxiv:doi>' if work.doi else ""
    terms = "".join(
        f'<category term="{term}" scheme="http://arxiv.org/schemas/atom"/>'
        for term in work.categories.split()
    )
    return (
        f"<entry><id>http://arxiv.org/abs/{work.id}v{version}</id><updated>2024-01-08T12:00:00Z</updated>"
        f"<published>2024-01-08T12:00:00Z</published><title>{escape(work.title)}</title>"
        f"<summary>{escape(work.abstract or '')}</summary><author><name>A. Author</name></author>{doi}"
        f'<link title="pdf" href="http://arxiv.org/pdf/{work.id}v{version}" rel="related"/>{terms}</entry>\n'
    )


def arxiv_error(message: str) -> str:
    return (
        "<entry><id>http://arxiv.org/api/errors#x</id><title>Error</title>"
        f"<summary>{message}</summary><updated>2026-11-24T00:00:00-05:00</updated></entry>"
    )


def daily(work: Work) -> dict[str, Any]:
    """An element of Hugging Face's list of daily papers."""
    paper = {
        "id": work.id,
        "authors": [{"_id": "1", "name": "A. Author", "hidden": False}],
        "publishedAt": "2024-01-08T12:00:00.000Z",
        "title": work.title,
        "summary": work.abstract,
        "upvotes": 7,
    }
    return {"paper": paper, "publishedAt": "2024-01-09", "title": work.title, "numComments": 1}


def openalex(work: Work, number: int) -> dict[str, Any]:
    index: dict[str, list[int]] = {}
    for at, word in enumerate((work.abstract or "").split()):
        index.setdefault(word, []).append(at)
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/{work.doi}" if work.doi else None,
        "title": work.title,
        "display_name": work.title,
        "abstract_inverted_index": index or None,
    }


def semantic_scholar(work: Work) -> dict[str, Any]:
    return {
        "paperId": work.id.replace(".", "").rjust(40, "0"),
        "externalIds": {"ArXiv": work.id, "CorpusId": 1, **({"DOI": work.doi} if work.doi else {})},
        "url": "https://www.semanticscholar.org/paper/x",
        "title": work.title,
        "abstract": work.abstract,
    }


@contextmanager
def serving(shelf: Shelf) -> Iterator[Shelf]:
    """Serve it; `shelf.url` is where."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            shelf.posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.do_GET()

        def do_GET(self) -> None:
            shelf.asked.append(self.path)
            shelf.headers.append({name.lower(): value for name, value in self.headers.items()})
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            fault = shelf.gate(shelf.headers[-1]) if shelf.gate else None
            if fault is None and shelf.faults:
                fault = shelf.faults.pop(0)
            if fault is not None:
                if fault.drop:
                    self.close_connection = True
                    return
                status, body, headers = fault.status, fault.body, fault.headers
            else:
                post = self.command == "POST" and parts.path == "/graph/v1/paper/batch"
                status, body = (
                    shelf.batch(shelf.posted[-1]["ids"]) if post else shelf.answer(parts.path, query)
                )
                headers = {}
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that has read enough
    shelf.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()
