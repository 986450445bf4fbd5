"""Who is let in: one browser, from our own pages, under our own name."""

import asyncio
import socket

import pytest

from papercards.pages.guard import new_token
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
