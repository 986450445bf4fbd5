"""One request that is bounded in seconds and bytes, and the words for why there is no answer."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from papercards.errors import BadInput, UsageError
from papercards.sources import Options
from papercards.sources.services import transfer
from papercards.sources.services.service import Service
from papercards.sources.services.web import Web
from tests.services import Shelf, Time, serving
from tests.stub import Fault

GOOD = Fault(200, b'{"a": 1}')
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serving(Shelf([])) as one:
        yield one


def web(url: str, **asked: object) -> Web:
    options = Options(clock=Time().clock, **asked)  # type: ignore[arg-type]
    return Web(Service("t", "Tester", url, 0.0, key_header="x-api-key: {}"), options)


def get(url: str, **asked: object) -> object:
    return web(url, **asked).json(f"{url}/x", 60)


@contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[float]]]:
    """A server that writes whatever it likes; gives its address and how long each client stayed."""
    stayed: list[float] = []

    def one(client: socket.socket) -> None:
        begin = time.monotonic()
        with client:
            try:
                client.recv(1 << 16)
                answer(client)
            except OSError:
                pass
        stayed.append(time.monotonic() - begin)

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(client,), daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", stayed
    finally:
        with suppress(OSError):  # else the thread would wait for ever
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def dripping(begin: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    def answer(client: socket.socket) -> None:
        client.sendall(begin)
        while True:
            client.sendall(drop)
            time.sleep(0.02)

    return answer


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (HEAD + b"content-length: 1000000\r\n\r\n{", b" "),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n \r\n"),
        (HEAD + b"connection: close\r\n\r\n{}", b" "),  # of no known length: cut, it would look whole
        (HEAD + b"content-encoding: gzip\r\ncontent-length: 1000000\r\n\r\n", b"\x1f"),
        (b"HTTP/1.1 200 OK\r\nx-slow: ", b"a"),
        (b"HTTP/1.1 200 OK\r\n", b"x-more: 1\r\n"),
        (b"", b"H"),
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 1000000\r\n\r\n", b" "),
    ],
    ids=["length", "chunks", "to the end", "gzip", "a header", "headers", "status", "an error"],
)
def test_an_answer_that_drips_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, begin: bytes, drop: bytes
) -> None:
    monkeypatch.setattr(transfer, "DEADLINE_S", 0.1)
    monkeypatch.setattr("papercards.sources.patience.ATTEMPTS", 2)

    with raw(dripping(begin, drop)) as (url, stayed):
        # A hundred headers are too many for the library, which ends it just as well.
        with pytest.raises(
            BadInput, match=r"does not respond in time|closed the connection|cannot be decompressed"
        ):
            get(url)
        while len(stayed) < 2:
            time.sleep(0.01)


def test_an_answer_that_comes_in_time_is_read_however_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(client: socket.socket) -> None:
        client.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        for byte in b'{"a": 1}':
            client.sendall(b"1\r\n%c\r\n" % byte)
        client.sendall(b"0\r\n\r\n")

    with raw(answer) as (url, _):
        assert get(url) == {"a": 1}


def test_a_small_answer_that_unpacks_to_a_large_one_is_not_unpacked(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tracemalloc

    monkeypatch.setattr(transfer, "MAX_BYTES", 1 << 20)
    shelf.faults = [Fault(200, gzip.compress(b" " * (128 << 20)), {"content-encoding": "gzip"})]

    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match="Tester sends more than 1 MB"):
            get(shelf.url)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_of_an_error_only_the_beginning_is_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MAX_BYTES", 1 << 20)
    shelf.faults = [Fault(400, b'{"error": "' + b"x" * (4 << 20)), Fault(404, b"x" * (4 << 20))]

    with pytest.raises(BadInput, match=r"rejected the request \(400\)"):
        get(shelf.url)
    assert get(shelf.url) is None


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_NONAME, socket.EAI_FAIL])
def test_without_a_network_one_line_comes_at_once(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    looked = []

    def nobody(host: str, *_: object, **__: object) -> object:
        looked.append(host)
        raise socket.gaierror(code, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(BadInput) as caught:
        get("https://export.arxiv.org")

    line = str(caught.value)
    assert "Tester cannot be found: you may be offline, or export.arxiv.org does not exist" in line
    assert "Check the network and, if you need one, HTTPS_PROXY" in line
    assert looked == ["export.arxiv.org"] and "\n" not in line


def test_a_network_that_goes_down_in_the_middle_is_given_some_tries(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.faults = [GOOD] * 2
    asking = web(shelf.url)
    assert asking.json(f"{shelf.url}/1", 60) == {"a": 1}
    asked: list[object] = []

    def sometimes(*_: object, **__: object) -> object:
        asked.append(1)
        if len(asked) < 3:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(shelf.url.rpartition(":")[2])))]

    monkeypatch.setattr(socket, "getaddrinfo", sometimes)
    asking._transfer._session.close()  # no open connection is left
    assert asking.json(f"{shelf.url}/2", 60) == {"a": 1} and len(asked) == 3


def test_a_connection_that_is_refused_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    time_ = Time()
    with pytest.raises(BadInput, match=r"Tester cannot be reached: connection refused\. Check the network"):
        Web(Service("t", "Tester", url, 0.0), Options(clock=time_.clock)).json(f"{url}/x", 60)
    assert time_.naps == []


def test_a_proxy_that_is_not_there_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret-word@127.0.0.1:9")

    with pytest.raises(
        BadInput, match=r"cannot be reached through the proxy of HTTPS_PROXY\. Check HTTPS_PROXY"
    ) as c:
        get("https://export.arxiv.org")
    assert "secret-word" not in str(c.value)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(UsageError, match=r"HTTPS_PROXY: a SOCKS proxy .* pip install 'requests\[socks\]'"):
        get("https://export.arxiv.org")


def test_certificates_that_are_not_there_or_not_trusted_are_a_line(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE: is not a certificate file"):
        get("https://127.0.0.1:9")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(BadInput, match="cannot speak TLS at this address"):
        get(shelf.url.replace("http:", "https:"))


@pytest.mark.parametrize("key", ["key\nX-Evil: 1", "k\u00e9y", "key\u2026", "key\u00a0"])
def test_a_key_that_can_be_none_is_said_before_anything_is_asked(shelf: Shelf, key: str) -> None:
    with pytest.raises(UsageError, match="has characters that are not allowed in a key") as caught:
        get(shelf.url, keys={"t": key})
    assert shelf.asked == [] and key not in str(caught.value)


@pytest.mark.parametrize(
    "there",
    [
        "http://user:word@127.0.0.1/x",
        "//127.0.0.2/x",
        "ftp://127.0.0.1/x",
        "https://example.org/",
        "http://[",
    ],
)
def test_nothing_is_followed_elsewhere(shelf: Shelf, there: str) -> None:
    shelf.faults = [Fault(302, headers={"location": there})]

    with pytest.raises((BadInput, UsageError)):
        get(shelf.url, keys={"t": "key-0123456789"})
    assert len(shelf.asked) == 1


def test_an_endless_ring_of_redirects_ends(shelf: Shelf) -> None:
    shelf.faults = [Fault(302, headers={"location": "/x"})] * 50

    with pytest.raises(BadInput, match="redirects to another host"):
        get(shelf.url)
    assert len(shelf.asked) == 5
