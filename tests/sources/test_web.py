"""GETs against a real server that is slow, busy, wrong or gone; and what is kept on disk."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from papercards.errors import BadInput, StorageError
from papercards.sources import Options
from papercards.sources.services import transfer, web
from papercards.sources.services.service import Service
from papercards.sources.services.web import Refused, Web
from tests.services import Shelf, Time, serving
from tests.stub import Fault

KEY = "key-0123456789"
GOOD = Fault(200, b'{"a": 1}')


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serving(Shelf([])) as one:
        yield one


def service(shelf: Shelf, interval_s: float = 0.0) -> Service:
    return Service(
        "t",
        "Tester",
        shelf.url,
        interval_s,
        key_header="x-api-key: {}",
        key_variables=("TESTER_KEY",),
        key_hint="Set TESTER_KEY",
    )


def always(seconds: float) -> "web.Keep":
    return lambda body: seconds


def test_waits_as_long_as_the_server_asks_and_says_who_we_are(shelf: Shelf, tmp_path: Path) -> None:
    shelf.faults = [Fault(429, headers={"retry-after": "7"}), Fault(503), Fault(drop=True), GOOD]
    time = Time()
    asking = Web(service(shelf), Options(cache_dir=tmp_path, clock=time.clock))

    assert asking.get(shelf.url + "/x", always(60)) == b'{"a": 1}'
    assert len(shelf.asked) == 4
    assert time.naps[0] == 7.0 and all(0 <= nap <= 4 for nap in time.naps[1:])
    assert shelf.headers[0]["user-agent"].startswith("papercards/")


def test_gives_up_in_one_line_after_five_requests_or_when_asked_to_wait_too_long(shelf: Shelf) -> None:
    asking = Web(service(shelf), Options(clock=Time().clock))

    shelf.faults = [Fault(500)] * 9
    with pytest.raises(BadInput, match=r"/x: Tester answers 500\. Try again later$"):
        asking.get(shelf.url + "/x?q=words", always(60))
    assert len(shelf.asked) == 5

    shelf.faults = [Fault(429, headers={"retry-after": "3600"})]
    with pytest.raises(BadInput, match=r"429 and asks to wait 3,600 s.*Set TESTER_KEY"):
        asking.get(shelf.url + "/x", always(60))
    assert len(shelf.asked) == 6


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_repeated_and_says_what_would_help(shelf: Shelf, status: int) -> None:
    shelf.faults = [Fault(status)]

    with pytest.raises(BadInput, match=rf"denied access \({status}\)\. Set TESTER_KEY"):
        Web(service(shelf), Options()).get(shelf.url + "/x", always(60))
    assert len(shelf.asked) == 1
    shelf.faults = [Fault(status)]
    with pytest.raises(
        BadInput, match=rf"rejected the API key \({status}\): .* expired\. Check TESTER_KEY, or unset"
    ):
        Web(service(shelf), Options(keys={"t": KEY})).get(shelf.url + "/x", always(60))


def test_a_question_that_is_not_understood_comes_with_what_the_server_said(shelf: Shelf) -> None:
    shelf.faults = [Fault(400, b'{"error": "Invalid filter", "message": "Unknown\\n field"}')]

    with pytest.raises(Refused, match=r"rejected the request \(400\): Unknown field"):
        Web(service(shelf), Options()).get(shelf.url + "/x", always(60))


def test_nobody_there_is_a_line_that_names_the_address(shelf: Shelf) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(BadInput, match=f"{url}/x: Tester cannot be reached") as caught:
        Web(service(shelf), Options(clock=Time().clock)).get(url + "/x", always(60))
    assert "\n" not in str(caught.value)


def test_what_was_fetched_is_kept_until_it_is_old_and_offline_however_old(
    shelf: Shelf, tmp_path: Path
) -> None:
    shelf.faults = [GOOD, Fault(200, b'{"a": 2}')]
    url = shelf.url + "/x"
    asking, offline = (Web(service(shelf), Options(cache_dir=tmp_path, offline=o)) for o in (False, True))

    assert asking.get(url, always(60)) == asking.get(url, always(60)) == b'{"a": 1}'
    assert len(shelf.asked) == 1
    (kept,) = [path for path in (tmp_path / "fetched").rglob("*") if path.is_file()]
    head, body = kept.read_bytes().split(b"\n")
    assert json.loads(head)["status"] == 200 and body == b'{"a": 1}'
    kept.write_bytes(head + b"\n" + body[:-1])  # torn
    assert asking.get(url, always(60)) == b'{"a": 2}'
    long_ago = json.loads(head) | {"fetched": time.time() - 61, "size": 3}
    kept.write_bytes(json.dumps(long_ago).encode() + b"\n[1]")
    assert offline.get(url, always(60)) == b"[1]"
    shelf.faults = [GOOD]
    assert asking.get(url, always(60)) == b'{"a": 1}'
    with pytest.raises(BadInput, match=r"is not in the cache\. Run without --offline"):
        offline.get(shelf.url + "/y", always(60))
    assert oct((tmp_path / "fetched").stat().st_mode)[-3:] == "700"


def test_that_nothing_is_there_is_known_offline_too_and_forgotten_with_the_queries(
    shelf: Shelf, tmp_path: Path
) -> None:
    options = Options(cache_dir=tmp_path)
    url = shelf.url + "/none"

    assert Web(service(shelf), options).get(url, always(1e9)) is None
    assert Web(service(shelf), Options(cache_dir=tmp_path, offline=True)).get(url, always(1e9)) is None
    assert Web(service(shelf), options).get(url, always(1e9)) is None and len(shelf.asked) == 1
    eager = Options(cache_dir=tmp_path, max_age_s=0.0)
    assert Web(service(shelf), eager).get(url, always(1e9)) is None and len(shelf.asked) == 2


def test_a_key_travels_in_a_header_alone_and_to_no_other_host(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password other-secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    options = Options(cache_dir=tmp_path / "cache", keys={"t": KEY})
    with serving(Shelf([])) as other:
        there = {"location": f"{other.url}/steal"}
        shelf.faults = [GOOD, Fault(302, headers=there), Fault(301, headers={"location": "/moved"}), GOOD]
        asking = Web(service(shelf), options)

        asking.get(shelf.url + "/x", always(60))
        with pytest.raises(BadInput, match="redirects to another host, which is not followed"):
            asking.get(shelf.url + "/y", always(60))
        assert other.asked == []
        assert asking.get(shelf.url + "/z", always(60)) == b'{"a": 1}' and shelf.asked[-1] == "/moved"
    assert {headers["x-api-key"] for headers in shelf.headers} == {KEY}
    assert not any("authorization" in headers for headers in shelf.headers)
    assert KEY not in repr(options)
    assert not any(KEY.encode() in f.read_bytes() for f in (tmp_path / "cache").rglob("*") if f.is_file())


def test_more_than_the_bound_is_not_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MAX_BYTES", 1 << 20)
    shelf.faults = [Fault(200, b" " * (3 << 20))]

    with pytest.raises(BadInput, match="Tester sends more than 1 MB"):
        Web(service(shelf), Options()).get(shelf.url + "/x", always(60))


def test_an_answer_that_is_none_is_asked_for_again_and_never_kept(shelf: Shelf, tmp_path: Path) -> None:
    shelf.faults = [Fault(200, b"<html>busy</html>"), GOOD]
    asking = Web(service(shelf), Options(cache_dir=tmp_path, clock=Time().clock))

    assert asking.json(shelf.url + "/x", 60) == {"a": 1}
    assert len(shelf.asked) == 2
    shelf.faults = [Fault(200, b'{"a": ')]
    with pytest.raises(BadInput, match="did not return JSON"):
        asking.json(shelf.url + "/y", 60)


@pytest.mark.parametrize("shared", [True, False])
def test_a_public_service_is_not_asked_too_often_and_a_mirror_as_often_as_one_likes(
    shelf: Shelf, tmp_path: Path, shared: bool
) -> None:
    shelf.faults = [GOOD] * 4
    time = Time()
    options = Options(cache_dir=tmp_path if shared else None, clock=time.clock)
    for number in range(3):  # each a program of its own, as far as the disk knows
        Web(service(shelf, 3000.0), options).get(f"{shelf.url}/{number}", always(60))
    assert len(time.naps) == 2 and all(2000 < nap <= 3000 for nap in time.naps)

    mirror = Options(endpoints={"t": shelf.url}, clock=time.clock)
    Web(service(shelf, 3000.0), mirror).get(f"{shelf.url}/4", always(60))
    assert len(time.naps) == 2


def test_a_cache_that_cannot_be_written_is_one_line(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "fetched").write_text("a file stands here")
    shelf.faults = [GOOD]

    with pytest.raises(StorageError, match=r"cannot store fetched data: .* --cache-dir"):
        Web(service(shelf), Options(cache_dir=tmp_path)).get(shelf.url + "/x", always(60))
