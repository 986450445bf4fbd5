"""Keys, passwords and queries stand in no file and on no stream, whatever fails, also with --debug."""

import base64
import functools
import http.server
import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from papercards.model import transport
from papercards.model.retrying import RetryPolicy
from papercards.runs.provider_batch import service
from tests.conftest import Run

pytestmark = pytest.mark.slow

KEY = "sk-live-Zq7Jx0a9b8c7d6e5f4"
PASSWORD = "pass/Word-31337"
QUERY = "query-Secret-4711"
ASIDE = "hf_aside0123456789abcdef"
SECRETS = {
    "the key": KEY,
    "the password": PASSWORD,
    "the password, escaped": quote(PASSWORD, safe=""),
    "user and password in base64": base64.b64encode(f"someone:{PASSWORD}".encode()).decode(),
    "the query": QUERY,
    "another service's key": ASIDE,
}


class _Handler(http.server.BaseHTTPRequestHandler):
    """Says back all that it was told, in the way that the path asks for."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        how = self.path.split("/")[1]
        told = f"{self.headers} {self.path} Bearer {KEY} {PASSWORD} {QUERY}"
        told += f" http://someone:{quote(PASSWORD, safe='')}@host/?key={QUERY}"
        body = json.dumps({"error": {"message": told, "code": "x", "param": told}}).encode()
        if how == "html":
            body = f"<html>{told}</html>".encode()
        elif how == "well":
            body = json.dumps({"choices": [{"message": {"content": told}}], "usage": {}}).encode()
        elif how == "redirect":
            body = b""
        code = {"401": 401, "500": 500, "html": 502, "redirect": 307, "well": 200, "400": 400, "429": 429}[
            how
        ]
        self.send_response(code)
        if how == "redirect":
            self.send_header(
                "location", f"http://someone:{quote(PASSWORD, safe='')}@127.0.0.1:9/?k={QUERY}&b={KEY}"
            )
        self.send_header("content-type", "application/json")
        self.send_header("x-echo", KEY)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def _address(how: str, port: int) -> str:
    user = f"someone:{quote(PASSWORD, safe='')}@"
    if how == "refused":
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
    if how == "no-host":
        return f"http://{user}/v1?api_key={QUERY}"
    if how == "no-scheme":
        return f"{user}127.0.0.1:{port}/v1?api_key={QUERY}"
    if how == "bad-port":
        return f"http://{user}127.0.0.1:99999/v1?api_key={QUERY}"
    if how == "unknown-host":
        return f"http://{user}nowhere.invalid/v1?api_key={QUERY}"
    return f"http://{user}127.0.0.1:{port}/{how}/v1?api_key={QUERY}"


def _left(folder: Path) -> dict[str, bytes]:
    """Every file below, names included."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            found[f"{path} (its name)"] = str(path).encode()
            found[str(path)] = path.read_bytes()
    return found


COMMANDS = {
    "enrich": ["enrich", "p.jsonl", "-o", "cards.jsonl", "-o", "cards.db"],
    "summarize": ["summarize", "p.jsonl"],
    "eval run": ["eval", "run", "--limit", "2", "-o", "result.json"],
    "batch": ["enrich", "p.jsonl", "-o", "cards.jsonl", "--batch-api"],
    "doctor": ["models", "doctor"],
    "watch": ["watch", "p.jsonl", "-o", "cards.jsonl", "--once"],
}


PROCESSES = set(zip(COMMANDS, "400 401 redirect 400 500 401".split(), strict=True))
"""What runs in a process of its own, as all would for a user; the others differ in what they ask alone."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as ever, and a hundred times sooner."""
    soon = functools.partial(RetryPolicy, first_wait_s=0.01, max_wait_s=0.1)
    for module in (transport, service):
        monkeypatch.setattr(module, "RetryPolicy", soon)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "how",
    "401 500 html 400 429 well redirect refused no-host no-scheme bad-port unknown-host".split(),
)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_fails_tells_no_secret(
    tmp_path: Path, run: Run, run_process: Run, port: int, command: str, how: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    papers = [{"title": f"Counting {n}", "abstract": f"Paper {n} is about counting."} for n in range(2)]
    (here / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in papers))
    asked = [*COMMANDS[command], "--debug"]
    asked += ["-m", "openai/m", "--base-url", _address(how, port)]
    asked += ["--timeout", "2"] if command in ("enrich", "summarize", "eval run") else []
    done = (run_process if (command, how) in PROCESSES else run)(
        *asked,
        cwd=here,
        OPENAI_API_KEY=KEY,
        PAPERCARDS_API_KEY=KEY,
        HF_TOKEN=ASIDE,
        PAPERCARDS_CACHE_DIR=str(tmp_path / "cache"),
    )

    streams = {"standard output": done.stdout.encode(), "standard error": done.stderr.encode()}
    told = _left(tmp_path) | streams
    found = [
        f"{secret} in {place}: …{text[max(0, text.find(value.encode()) - 80) :][:200]!r}"
        for secret, value in SECRETS.items()
        for place, text in told.items()
        if value.encode() in text
    ]
    assert not found, "\n".join(found)
    # It got as far as the endpoint, or as its address.
    assert "No such option" not in done.stderr
    assert done.returncode != 0 or how == "well" or command == "watch", done.stderr
