"""Who is let in: one browser, from our own pages, under our own name."""

import asyncio
import socket

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from papercards.errors import UsageError
from papercards.pages.guard import Guard, new_token
from papercards.pages.reach import Reach, reached_by
from papercards.pages.serving import listen
from tests.pages.conftest import TOKEN, Served

READS = ("/", "/browse", "/browse/charts", "/browse/charts/tasks.svg", "/browse/status", "/assets/pages.css")


@pytest.mark.parametrize("path", READS)
def test_without_the_token_nothing_is_shown(seed_served: Served, path: str) -> None:
    answer, text = seed_served.ask(path, known=False)

    assert answer.status == 403
    assert "Xmodel" not in text


@pytest.mark.parametrize("path", READS)
def test_with_a_wrong_token_nothing_is_shown(seed_served: Served, path: str) -> None:
    by_address, _ = seed_served.ask(f"{path}?token=guess", known=False)
    by_cookie, _ = seed_served.ask(path, known=False, Cookie=f"papercards-{seed_served.port}=guess")
    other_port, _ = seed_served.ask(path, known=False, Cookie=f"papercards-1={TOKEN}")

    assert (by_address.status, by_cookie.status, other_port.status) == (403, 403, 403)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_under_another_name_nothing_is_shown_even_with_the_token(seed_served: Served, host: str) -> None:
    answer, text = seed_served.ask("/browse", Host=host.format(port=seed_served.port))

    assert answer.status == 400
    assert "Xmodel" not in text


def test_the_token_becomes_a_cookie_that_no_other_site_can_use(seed_served: Served) -> None:
    answer, text = seed_served.ask(f"/browse?q=graph&token={TOKEN}", known=False)

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"papercards-{seed_served.port}={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert 'content="0;url=/browse?q=graph"' in text
    assert TOKEN not in text


def test_a_token_cannot_lead_to_another_site(seed_served: Served) -> None:
    for path in ("//evil.example/", "/\\evil.example/", "///evil.example/"):
        _, text = seed_served.ask(f"{path}?token={TOKEN}", known=False)

        assert 'content="0;url=/evil.example/' in text or 'content="0;url=/%5Cevil.example/' in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site"},
        {},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_write_from_elsewhere_is_refused(seed_served: Served, headers: dict[str, str], method: str) -> None:
    sent = {name: value.format(port=seed_served.port) for name, value in headers.items()}

    answer, text = seed_served.ask("/browse", method, body="q=1", **sent)

    assert answer.status == 403
    assert "other sites" in text


def test_a_write_of_our_own_page_reaches_the_room(seed_served: Served) -> None:
    ours = {"Origin": seed_served.url, "Sec-Fetch-Site": "same-origin"}

    answer, _ = seed_served.ask("/browse", "POST", body="q=1", **ours)

    assert answer.status == 405  # the room takes no writes: it was not the guard that refused
    refused, _ = seed_served.ask("/browse", "POST", body="q=1", known=False, **ours)
    assert refused.status == 403


@pytest.mark.parametrize("path", [*READS, "/nowhere", "/browse/paper/nobody"])
def test_every_answer_has_the_policy(seed_served: Served, path: str) -> None:
    answer, _ = seed_served.ask(path)

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_is_long_and_new() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) >= 40


def test_no_answer_waits_for_the_browser_to_say_that_it_has_its_head() -> None:
    async def ask() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken = writer.get_extra_info("socket")
            found.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen(0) as server:
            async with await asyncio.start_server(answer, sock=server):
                _, writer = await asyncio.open_connection(*server.getsockname())
                delayed = await found
                writer.close()
        return delayed

    assert asyncio.run(ask()) == 1


HOME, OPEN = Reach(8765), Reach(8765, "0.0.0.0")
PROXY = Reach(8765, url="https://cards.example.org")
MACHINE = socket.gethostname().lower()


@pytest.mark.parametrize(
    ("reach", "host", "origin"),
    [
        (HOME, "127.0.0.1:8765", "http://127.0.0.1:8765"),
        (HOME, "[::1]:8765", "http://[::1]:8765"),
        (HOME, "192.168.1.5:8765", None),
        (HOME, f"{MACHINE}:8765", "http://localhost:8765" if MACHINE == "localhost" else None),
        (Reach(8765, "lab.example.org"), "lab.example.org:8765", "http://lab.example.org:8765"),
        (Reach(8765, "lab.example.org"), "www.lab.example.org:8765", None),
        (OPEN, "192.168.1.5:8765", "http://192.168.1.5:8765"),  # an address cannot be made to lead here
        (OPEN, "[fe80::1]:8765", "http://[fe80::1]:8765"),
        (OPEN, f"{MACHINE}:8765", f"http://{MACHINE}:8765"),
        (OPEN, "192.168.1.5", None),
        (OPEN, "evil.example:8765", None),
        (OPEN, "192.168.1.5.evil.example:8765", None),
        (OPEN, "a@192.168.1.5:8765", None),
        (OPEN, "192.168.1.5:8765/x", None),
        (OPEN, "[::1:8765", None),
        (PROXY, "cards.example.org", "https://cards.example.org"),
        (PROXY, "cards.example.org:8765", None),
        (PROXY, "127.0.0.1:8765", "http://127.0.0.1:8765"),
        (PROXY, "evil.example", None),
    ],
)
def test_only_names_that_lead_here_count(reach: Reach, host: str, origin: str | None) -> None:
    assert reach.origin(host) == origin


def test_behind_a_proxy_with_tls_the_cookie_is_secure_and_pages_can_write() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        await PlainTextResponse("in")(scope, receive, send)  # type: ignore[arg-type]

    client = TestClient(Guard(app, TOKEN, PROXY), base_url=PROXY.address)
    entered = client.get(f"/?token={TOKEN}")
    assert "Secure" in entered.headers["set-cookie"]
    assert entered.headers["referrer-policy"] == "no-referrer"
    assert client.post("/", headers={"origin": PROXY.address}).text == "in"
    assert client.post("/", headers={"origin": "http://cards.example.org"}).status_code == 403


@pytest.mark.parametrize(
    "url", ["cards.example.org", "ftp://a.example", "https://", "https://a.example/cards"]
)
def test_the_address_of_a_proxy_is_one_of_a_server(url: str) -> None:
    with pytest.raises(UsageError, match="not the address of a server"):
        reached_by(url)


def test_an_address_of_no_machine_is_refused_by_name() -> None:
    for host in ("192.0.2.1", "no.such.host.invalid", "a b"):
        with pytest.raises(UsageError, match=host):
            listen(None, host)
