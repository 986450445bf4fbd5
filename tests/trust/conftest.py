"""A program in this process, in an empty folder, with a home of its own and keys that must stay secret."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from papercards.cli.app import main

KEYS = {
    name: f"sk-{name.lower()}-0123456789abcdef"
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "GROQ_API_KEY", "MISTRAL_API_KEY")
}


@dataclass
class Host:
    """A host that writes down who asked it and with what, and serves nobody."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    """Request lines, with the headers and the body."""

    @property
    def got(self) -> str:
        return "\n".join(self.asked)


@pytest.fixture
def host() -> Iterator[Host]:
    one = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            one.asked.append(f"{self.requestline}\n{self.headers}\n{body.decode('utf-8', 'replace')}")
            self.send_response(404)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    one.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    yield one
    server.shutdown()
    server.server_close()


@dataclass
class Ran:
    code: int
    out: str
    err: str


Program = Callable[..., Ran]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Program:
    """`program("enrich", "p.jsonl", ...)`, in `work/`, which also holds the paper `p.jsonl`."""
    for name in ("BASE_URL", "MODEL", "CACHE_DIR", "MODELS", "MAX_COST", "API_KEY", "INSECURE", "TAXONOMY"):
        monkeypatch.delenv(f"PAPERCARDS_{name}", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / "home" / name.lower()))
    work = tmp_path / "work"
    work.mkdir()
    paper = {
        "title": "A paper about sets",
        "abstract": "We study sets with care. It is 12% better than before.",
    }
    (work / "p.jsonl").write_text(json.dumps(paper) + "\n")
    monkeypatch.chdir(work)

    def go(*arguments: object, **variables: str) -> Ran:
        with monkeypatch.context() as inner:
            inner.setattr(sys, "argv", ["papercards", *map(str, arguments)])
            for name, value in variables.items():
                inner.setenv(name, value)
            capfd.readouterr()
            try:
                main()
                code = 0
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
        out, err = capfd.readouterr()
        assert not any(key in out + err for key in KEYS.values())
        return Ran(code, out, err)

    return go


def refused(ran: Ran, *words: str) -> None:
    """Assert that a command ended with exit code 2 and one line that has these words."""
    lines = [line for line in ran.err.splitlines() if line.startswith("papercards:")]
    assert ran.code == 2 and len(lines) == 1, ran
    for word in words:
        assert word in lines[0], lines[0]
    assert "internal error" not in ran.err
