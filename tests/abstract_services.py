"""A loopback server that answers as five services with abstracts and texts do, each at its own folder.

The forms are those of the public descriptions of OpenAlex, Semantic Scholar, arXiv, Crossref and Europe PMC.
Each service holds works of its own, and can be down, or answer the next requests with faults.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.services import atom
from tests.stub import Fault

NAMES = ("openalex", "semanticscholar", "arxiv", "crossref", "europepmc")
Answer = tuple[int, str, bytes]


@dataclass(frozen=True)
class Held:
    """A work as a service has it."""

    title: str
    abstract: str | None
    authors: tuple[tuple[str, str], ...] = ()
    """Given and family names."""
    year: int | None = None
    doi: str | None = None
    arxiv: str | None = None
    pmid: str | None = None
    pmcid: str | None = None


@dataclass
class Services:
    """What the services have, and what they were asked."""

    works: dict[str, list[Held]] = field(default_factory=lambda: {name: [] for name in NAMES})
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Media type and body of the texts, by their paths."""
    faults: dict[str, list[Fault | None]] = field(default_factory=lambda: {name: [] for name in NAMES})
    """Answers to the next requests, by service; None for the usual one."""
    down: dict[str, Fault] = field(default_factory=dict)
    """The answer to every request, by service."""
    by_path: dict[str, Fault] = field(default_factory=dict)
    """The answer to requests whose path begins so."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Services and paths with their queries, decoded."""
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def endpoints(self) -> dict[str, str]:
        return {name: f"{self.url}/{name}" for name in NAMES}

    def environment(self) -> dict[str, str]:
        return {f"PAPERCARDS_{name.upper()}_URL": url for name, url in self.endpoints().items()}

    def count(self, name: str) -> int:
        return sum(service == name for service, _ in self.asked)

    def answer(self, name: str, path: str, query: dict[str, str], posted: Any) -> Answer:
        if path in self.files:
            return 200, *self.files[path]
        works = self.works[name]
        if name == "openalex":
            return _openalex(works, path, query)
        if name == "semanticscholar":
            return _semantic_scholar(works, path, query, posted)
        if name == "arxiv" and path == "/api/query":
            return _arxiv(works, query)
        if name == "crossref":
            return _crossref(works, path, query)
        if name == "europepmc" and path.endswith("/search"):
            return _europe_pmc(works, query["query"], int(query["pageSize"]))
        return 404, "text/html", b"<html>No such page</html>"


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _has(work: Held, searched: str) -> bool:
    """As search engines find titles: all words are there, in any order, beside others."""
    return set(words(searched)) <= set(words(work.title))


def _alike(work: Held, searched: str) -> int:
    """Words in common; of two titles, the shorter one is closer."""
    return 100 * len(set(words(searched)) & set(words(work.title))) - len(words(work.title))


def _json(record: object, status: int = 200) -> Answer:
    return status, "application/json", json.dumps(record).encode()


def _openalex(works: list[Held], path: str, query: dict[str, str]) -> Answer:
    def record(work: Held) -> dict[str, Any]:
        index: dict[str, list[int]] = {}
        for at, word in enumerate((work.abstract or "").split()):
            index.setdefault(word, []).append(at)
        return {
            "id": f"https://openalex.org/W{works.index(work) + 1}",
            "doi": f"https://doi.org/{work.doi}" if work.doi else None,
            "title": work.title,
            "display_name": work.title,
            "abstract_inverted_index": index or None,
            "authorships": [{"author": {"display_name": f"{a} {b}"}} for a, b in work.authors],
            "publication_year": work.year,
        }

    if path.startswith("/works/doi:"):
        found = [one for one in works if one.doi == path.removeprefix("/works/doi:")]
        return _json(record(found[0])) if found else (404, "text/html", b"<html>404</html>")
    kind, _, value = query["filter"].partition(":")
    values = value.split("|")
    if "," in value or kind not in ("doi", "title.search"):
        return _json({"error": "Invalid query parameters error.", "message": "bad filter"}, 403)
    if kind == "doi":
        found = [one for one in works if one.doi in values]
    else:
        found = [one for one in works if any(_has(one, title) for title in values)]
    return _json({"meta": {"count": len(found)}, "results": [record(one) for one in found]})


def _semantic_scholar(works: list[Held], path: str, query: dict[str, str], posted: Any) -> Answer:
    def record(work: Held) -> dict[str, Any]:
        ids = {"ArXiv": work.arxiv, "DOI": work.doi, "PubMed": work.pmid}
        return {
            "paperId": f"{works.index(work):040x}",
            "externalIds": {name: value for name, value in ids.items() if value},
            "title": work.title,
            "abstract": work.abstract,
            "year": work.year,
            "authors": [{"authorId": "1", "name": f"{a} {b}"} for a, b in work.authors],
        }

    def known(name: str) -> Held | None:
        kind, _, value = name.partition(":")
        field = {"ARXIV": "arxiv", "DOI": "doi", "PMID": "pmid", "PMCID": "pmcid"}[kind]
        value = f"PMC{value}" if kind == "PMCID" else value
        return next((one for one in works if getattr(one, field) == value), None)

    if path.endswith("/paper/batch"):
        found = [record(one) if (one := known(name)) else None for name in posted["ids"]]
        return _json(found) if any(found) else _json({"error": "No valid paper ids given"}, 400)
    if path.endswith("/search/match"):
        best = max(works, key=lambda one: _alike(one, query["query"]), default=None)
        if best is None or _alike(best, query["query"]) < 150:
            return _json({"error": "Title match not found"}, 404)
        return _json({"data": [{**record(best), "matchScore": 174.2}]})
    one = known(path.partition("/paper/")[2])
    return _json(record(one)) if one else _json({"error": "Paper not found"}, 404)


def _arxiv(works: list[Held], query: dict[str, str]) -> Answer:
    def entry(work: Held) -> str:
        authors = "".join(f"<author><name>{escape(f'{a} {b}')}</name></author>" for a, b in work.authors)
        year = work.year or 2024
        return (
            f"<entry><id>http://arxiv.org/abs/{work.arxiv}v1</id><updated>{year}-01-08T12:00:00Z</updated>"
            f"<published>{year}-01-08T12:00:00Z</published><title>{escape(work.title)}</title>"
            f"<summary>{escape(work.abstract or '')}</summary>{authors}"
            '<category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/></entry>'
        )

    if ids := query.get("id_list"):
        found = [one for one in works if one.arxiv in [name.partition("v")[0] for name in ids.split(",")]]
    else:
        titles = re.findall(r'ti:"([^"]*)"', query["search_query"])
        found = [
            one for one in works if any(title.casefold() in " ".join(words(one.title)) for title in titles)
        ]
    start, most = int(query["start"]), int(query["max_results"])
    return 200, "application/atom+xml", atom([entry(one) for one in found[start : start + most]], len(found))


def _crossref(works: list[Held], path: str, query: dict[str, str]) -> Answer:
    def record(work: Held) -> dict[str, Any]:
        head, _, rest = work.title.partition(": ")
        return {
            "DOI": (work.doi or "").upper(),
            "title": [head],
            **({"subtitle": [rest]} if rest else {}),
            **({"abstract": f"<jats:title>Abstract</jats:title><jats:p>{escape(work.abstract)}</jats:p>"}
               if work.abstract else {}),
            "author": [{"given": a, "family": b, "sequence": "first"} for a, b in work.authors],
            **({"issued": {"date-parts": [[work.year]]}} if work.year else {}),
        }  # fmt: skip

    if path.startswith("/works/"):
        found = [one for one in works if one.doi == path.removeprefix("/works/")]
        return (
            _json({"status": "ok", "message-type": "work", "message": record(found[0])})
            if found
            else (404, "text/plain", b"Resource not found.")
        )
    if "filter" in query:
        dois = [one.removeprefix("doi:").lower() for one in query["filter"].split(",")]
        found = [one for one in works if one.doi in dois]
    else:
        found = sorted(works, key=lambda one: -_alike(one, query["query.bibliographic"]))
    items = [record(one) for one in found[: int(query["rows"])]]
    return _json({"status": "ok", "message-type": "work-list", "message": {"items": items}})


def _headed(abstract: str) -> str:
    return ("<h4>Background</h4>" if len(abstract) > 80 else "") + escape(abstract)


def _europe_pmc(works: list[Held], query: str, most: int) -> Answer:
    def record(work: Held) -> dict[str, Any]:
        return {
            "id": work.pmid or work.pmcid,
            "source": "MED" if work.pmid else "PMC",
            **{name: getattr(work, name) for name in ("pmid", "pmcid", "doi") if getattr(work, name)},
            "title": f"{work.title}.",
            "authorList": {"author": [
                {"fullName": f"{b} {a[:1]}", "firstName": a, "lastName": b, "initials": a[:1]}
                for a, b in work.authors
            ]},
            "pubYear": str(work.year or ""),
            "license": "cc by",
            **({"abstractText": _headed(work.abstract)} if work.abstract else {}),
        }  # fmt: skip

    found = []
    for one in works:
        titles = re.findall(r'TITLE:"([^"]*)"', query)
        ids = (f"PMCID:{one.pmcid}", f"EXT_ID:{one.pmid} AND SRC:MED", f'DOI:"{one.doi}"')
        if any(name in query for name in ids) or any(_has(one, title) for title in titles):
            found.append(record(one))
    return _json({"hitCount": len(found), "resultList": {"result": found[:most]}})


@contextmanager
def serving(services: Services) -> Iterator[Services]:
    """Serve them; `services.url` is where."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        def do_GET(self) -> None:
            self.reply(None)

        def reply(self, posted: Any) -> None:
            parts = urlsplit(self.path)
            _, name, rest = unquote(parts.path).split("/", 2)
            services.asked.append((name, unquote(self.path.partition(name)[2])))
            services.headers.append({key.lower(): value for key, value in self.headers.items()})
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            fault = services.down.get(name) or next(
                (one for begin, one in services.by_path.items() if f"/{rest}".startswith(begin)), None
            )
            if fault is None and services.faults[name]:
                fault = services.faults[name].pop(0)
            if fault is not None:
                status, kind, body, headers = fault.status, "application/json", fault.body, fault.headers
            else:
                (status, kind, body), headers = services.answer(name, f"/{rest}", query, posted), {}
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    services.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    try:
        yield services
    finally:
        server.shutdown()
        server.server_close()
