"""An endpoint that sends without end, drips, or sends a bomb costs its paper and nothing else."""

import functools
import gzip
import http.server
import json
import re
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.answers import completion

_Send = Callable[[http.server.BaseHTTPRequestHandler], None]


def _begin(handler: http.server.BaseHTTPRequestHandler, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
    _begin(handler)
    handler.wfile.write(b'{"choices": [{"x": "')
    while True:
        handler.wfile.write(b"a" * 1_000_000)


def endless_refusal(handler: http.server.BaseHTTPRequestHandler) -> None:
    _begin(handler, 400)
    while True:
        handler.wfile.write(b"no " * 300_000)


def endless_lines(handler: http.server.BaseHTTPRequestHandler) -> None:
    _begin(handler)
    while True:
        handler.wfile.write(b"\n" * 1_000_000)


def bomb(handler: http.server.BaseHTTPRequestHandler) -> None:
    body = _bomb()
    _begin(handler, content_encoding="gzip", content_length=str(len(body)))
    handler.wfile.write(body)


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    _begin(handler)
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def dripping_headers(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"x-more: yes\r\n")
        handler.wfile.flush()
        time.sleep(0.1)


def silent(handler: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(60)


@functools.cache
def _bomb() -> bytes:
    return gzip.compress(b" " * (200 << 20))


@contextmanager
def serving(odd: _Send, number: int) -> Iterator[str]:
    """An endpoint that answers well but for the paper of that number."""
    _bomb()  # now, since to make it takes longer than the client waits

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                if re.findall(r"Paper (\d+) ", json.dumps(asked["messages"]))[-1] == str(number):
                    odd(self)
                else:
                    body = completion(asked).model_dump_json().encode()
                    _begin(self, content_length=str(len(body)))
                    self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


_RUN = """
import functools, re, sys
from papercards.cli.app import main
from papercards.model import transport
# As often as ever, and sooner.
transport.RetryPolicy = functools.partial(transport.RetryPolicy, first_wait_s=0.1, max_wait_s=1)
try:
    main()
finally:
    status = open("/proc/self/status").read()
    print("peak", int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) >> 10, file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc")
@pytest.mark.parametrize("number", [0, 3])
@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (endless, "more than 8 MB"),
        pytest.param(endless_refusal, "more than 8 MB"),
        pytest.param(endless_lines, "more than 8 MB"),
        (bomb, "more than 8 MB"),
        pytest.param(drip, "no answer within"),
        pytest.param(dripping_headers, "no answer within|broke off"),
        pytest.param(silent, "no answer within"),
    ],
)
def test_the_other_papers_have_their_cards(
    tmp_path: Path, environment: dict[str, str], odd: _Send, said: str, number: int
) -> None:
    papers = [{"title": f"Counting {n}", "abstract": f"Paper {n} is about counting."} for n in range(6)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in papers))
    with serving(odd, number) as url:
        command = "enrich p.jsonl -o cards.jsonl -m m -j 1 --timeout 1 --base-url"
        done = subprocess.run(
            [sys.executable, "-c", _RUN, *command.split(), url],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert done.returncode == 1, done.stderr
    assert "internal error" not in done.stderr
    assert len((tmp_path / "cards.jsonl").read_text().splitlines()) == 5
    (error,) = map(json.loads, (tmp_path / "cards.errors.jsonl").read_text().splitlines())
    assert error["where"] == f"p.jsonl:{number + 1}"
    assert re.search(said, error["message"]), error["message"]
    peak = int(done.stderr.rpartition("peak ")[2])
    assert peak < 250, f"{peak} MB"
