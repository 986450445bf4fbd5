"""The token of `serve` is in no process list, and what is handed to the browser is good once."""

import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from papercards.pages.forwarding import forwarding
from papercards.pages.guard import Guard, new_token
from papercards.pages.reach import Reach


def test_the_browser_is_given_a_file_that_only_the_user_reads() -> None:
    with forwarding("http://127.0.0.1:9/?token=hush-hush") as address:
        path = Path(url2pathname(urlsplit(address).path))
        assert "hush-hush" not in address and address.startswith("file:")
        assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
        assert 'content="0;url=http://127.0.0.1:9/?token=hush-hush"' in path.read_text()
    assert not path.parent.exists()


def test_what_serve_hands_to_the_browser_has_no_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from papercards.cli import serve
    from tests.conftest import SEED

    handed: list[str] = []
    monkeypatch.setattr(serve, "_open", handed.append)
    monkeypatch.setattr("papercards.pages.serving.serve", lambda app, server: None)
    monkeypatch.chdir(tmp_path)
    serve.serve(label=tmp_path / "work.jsonl", source=[str(SEED)], no_cache=True, limit=2)
    assert len(handed) == 1 and handed[0].startswith("file:") and "token" not in handed[0]


def client(token: str, once: str) -> TestClient:
    async def app(scope: object, receive: object, send: object) -> None:
        await PlainTextResponse("in")(scope, receive, send)  # type: ignore[arg-type]

    return TestClient(
        Guard(app, token, Reach(80), once), base_url="http://127.0.0.1:80", headers={"host": "127.0.0.1:80"}
    )


def test_the_token_for_the_browser_is_good_once_and_only_to_come_in() -> None:
    token, once = new_token(), new_token()
    first, second = client(token, once), client(token, once)

    written = first.post(
        f"/?token={once}", headers={"origin": "http://127.0.0.1:80", "sec-fetch-site": "same-origin"}
    )
    assert written.status_code == 403
    assert first.get(f"/?token={once}").status_code == 200
    assert first.get("/").text == "in"  # by the cookie
    first.cookies.clear()
    assert first.get(f"/?token={once}").status_code == 403
    assert first.get(f"/?token={token}").status_code == 200
    assert second.get("/?token=wrong").status_code == 403
    assert re.search(r"papercards-80=", str(second.get(f"/?token={once}").headers["set-cookie"]))
