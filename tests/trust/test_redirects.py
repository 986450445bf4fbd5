"""What an endpoint redirects to gets neither papers nor keys."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from papercards import EndpointError, PaperFailed, Session
from tests.conftest import KEY


@contextmanager
def server(status: int, location: str = "") -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers every POST alike; its address and the bodies it was sent."""
    got: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}/v1", got
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_prompt_is_sent_where_an_endpoint_redirects(status: int) -> None:
    with (
        server(200) as (elsewhere, stolen),
        server(status, f"{elsewhere}/chat/completions") as (url, asked),
        Session("vllm/m", base_url=url, api_key=KEY, cache=False) as papers,
        pytest.raises((EndpointError, PaperFailed)) as told,
    ):
        papers.read(title="Deep Sets", abstract="We study models for sets. We show that they decompose.")
    assert asked and not stolen
    assert str(status) in str(told.value) and KEY not in str(told.value)
