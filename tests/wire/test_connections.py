"""Where no connection comes about, or none that holds, the cause is in the message."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from papercards.model import transport
from papercards.model.retrying import RetryPolicy
from tests.servers import odd
from tests.servers.loopback import Served, serving
from tests.servers.odd import RIGHT, Raw
from tests.wire.conftest import Program

Papers = Callable[[int], str]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "RetryPolicy", lambda: RetryPolicy(first_wait_s=0.005))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def good() -> Iterator[Served]:
    with serving(odd.answering(lambda body, n: RIGHT)) as served:
        yield served


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("address", "variables", "says"),
    [
        pytest.param("http://127.0.0.1:{closed}/v1", {}, "refused|connect call failed", id="nobody there"),
        pytest.param(
            "http://no-such-host.invalid/v1", {}, "no such host: no-such-host.invalid", id="no host"
        ),
        pytest.param("localhost:11434/v1", {}, "http://", id="no scheme"),
        pytest.param("htp://localhost/v1", {}, "http://", id="a scheme with a slip"),
        pytest.param("http://127.0.0.1:99999/v1", {}, "port", id="no such port"),
        pytest.param("http:///v1", {}, "address|host", id="no host at all"),
        pytest.param("https://127.0.0.1:{good}/v1", {}, "ssl|tls|https", id="TLS to a plain port"),
        pytest.param("{url}", {"HTTP_PROXY": "http://127.0.0.1:{closed}"}, "http_proxy", id="HTTP proxy"),
        pytest.param("{url}", {"ALL_PROXY": "socks5://127.0.0.1:{closed}"}, "all_proxy|socks", id="SOCKS"),
        pytest.param("{url}", {"all_proxy": "socks://127.0.0.1:{closed}/"}, "all_proxy|socks", id="socks://"),
        pytest.param("{url}", {"http_proxy": "127.0.0.1:{closed}"}, "http_proxy", id="proxy without scheme"),
        pytest.param(
            "https://127.0.0.1:{good}/v1",
            {"SSL_CERT_FILE": "/no/such.pem"},
            "ssl_cert_file",
            id="no such CA file",
        ),
    ],
)
def test_the_cause_is_told(
    program: Program, papers: Papers, good: Served, address: str, variables: dict[str, str], says: str
) -> None:
    known = {"closed": closed_port(), "good": good.root.rpartition(":")[2], "url": good.url}
    url = address.format(**known)
    ran = program(
        *("enrich", papers(2), "-o", "cards.jsonl", "-m", "m", "--base-url", url),
        **{name: value.format(**known) for name, value in variables.items()},
    )

    # A proxy may be left aside for loopback; then there are cards.
    assert ran.code == 2 or (variables and ran.code == 0), ran.stderr
    last = ran.stderr.lower().splitlines()[-1].replace(url, "")
    if ran.code == 2:
        assert any(word in last for word in says.split("|")), last


def test_a_certificate_that_nobody_trusts_is_told(program: Program, papers: Papers, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                key,
                "-out",
                certificate,
            ),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    with serving(odd.answering(lambda body, n: RIGHT), (certificate, key)) as served:
        arguments = ("enrich", papers(2), "-o", "cards.jsonl", "-m", "m", "--base-url", served.url)
        ran = program(*arguments)
        assert ran.code == 2
        assert "certificate is not trusted" in ran.stderr and "SSL_CERT_FILE" in ran.stderr
        trusted = program(*arguments, SSL_CERT_FILE=str(certificate))
    assert trusted.code == 0, trusted.stderr


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(Raw(b"not gzip", 200, {"content-encoding": "gzip"}), "decode", id="no gzip"),
        pytest.param(Raw(b'{"a":', breaks=True), "broke off", id="ends early"),
        pytest.param(
            Raw(b"", 302, {"location": "https://example.org/login"}), "redirects to", id="a redirect"
        ),
    ],
)
def test_an_endpoint_that_nobody_can_read_ends_the_run(
    program: Program, papers: Papers, answer: Raw, says: str
) -> None:
    with serving(odd.answering(lambda body, n: answer)) as served:
        ran = program(
            *("enrich", papers(40), "-o", "cards.jsonl", "-m", "m", "--base-url", served.url, "-j", "5")
        )

    assert ran.code == 2
    assert says in ran.stderr
    assert len(served.chats) <= 5 * 6 + 5 * 6
