"""`papercards serve` and `papercards export site`, as a user runs them."""

import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from papercards.review.edits import Key, Place, original, version_of
from papercards.review.review_file import NewEdit, ReviewFile
from tests.clocks import until
from tests.conftest import Run
from tests.sinks.cards import card


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    path = tmp_path / "cards.jsonl"
    path.write_text(card().to_json() + "\n")
    return path


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_its_address_first_and_answers_there(
    cards: Path, environment: dict[str, str], tmp_path: Path, ended_by: int
) -> None:
    command = [sys.executable, "-m", "papercards", "serve", str(cards), "--no-browser"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            address = urlsplit(process.stdout.readline().strip())
            assert address.hostname == "127.0.0.1"
            assert address.query.startswith("token=")
            link = HTTPConnection("127.0.0.1", address.port or 0, timeout=20)
            link.request("GET", f"/?{address.query}")
            answer = link.getresponse()
            answer.read()
            cookie = answer.headers["Set-Cookie"].partition(";")[0]

            def browse() -> str:
                link.request("GET", "/browse", headers={"Cookie": cookie})
                return link.getresponse().read().decode()

            # Until the cards are read, the page says so.
            until(lambda: "Still reading" not in browse())
            assert "Tiny Time Mixers" in browse()
            link.close()
        finally:
            os.kill(process.pid, ended_by)
            out, errors = process.communicate(timeout=30)
    assert out == ""
    assert "Traceback" not in errors
    assert process.returncode == 0
    kept = {path.name.partition(".")[2] for path in Path(environment["XDG_CACHE_HOME"]).rglob("*.db")}
    assert kept == {"db", "review.db"}


def test_a_port_that_is_taken_is_said(cards: Path, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = run("serve", cards, "--no-browser", "--port", str(port))

    assert done.returncode == 2
    assert f"cannot use port {port}" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("command", [("serve", "--no-browser"), ("export", "site", "-o", "site")])
def test_what_is_no_card_file_is_one_line(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "papers.jsonl").write_text('{"title": "A", "abstract": "B."}\n')

    missing = run(*command, "nothing.jsonl")
    wrong = run(*command, "papers.jsonl")
    source = run(*command, "papers.jsonl", "--source", "nowhere.jsonl")

    assert (missing.returncode, wrong.returncode, source.returncode) == (2, 1, 2)
    assert "no such file" in missing.stderr
    assert "papers.jsonl:1: not a card" in wrong.stderr
    assert "nowhere.jsonl: no such file" in source.stderr
    assert "Traceback" not in missing.stderr + wrong.stderr + source.stderr


def test_export_site_with_the_papers_of_a_source(cards: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl").write_text(
        '{"id": "arxiv:2401.03955", "title": "Tiny Time Mixers", "abstract": "It is 40% better. Zebra."}\n'
    )

    done = run("export", "site", cards, "--source", "papers.jsonl", "-o", "out/site")

    assert done.returncode == 0, done.stderr
    assert "1 paper," in done.stderr
    assert "Zebra" in (tmp_path / "out/site/data.js").read_text()
    assert (tmp_path / "out/site/index.html").exists()


def test_export_site_shows_the_corrections_beside_the_cards(cards: Path, run: Run, tmp_path: Path) -> None:
    one = card()
    place = Place("tldr")
    for name in ("cards.review.jsonl", "other.jsonl"):
        edit = NewEdit(place, original(one, place), f"Corrected in {name}.")
        ReviewFile(tmp_path / name).write(Key(one.id, version_of(one)), [edit], "eve")

    beside = run("export", "site", cards, "-o", "beside")
    chosen = run("export", "site", cards, "--review", "other.jsonl", "-o", "chosen")
    missing = run("export", "site", cards, "--review", "nowhere.jsonl", "-o", "missing")

    for done, folder, name in ((beside, "beside", "cards.review.jsonl"), (chosen, "chosen", "other.jsonl")):
        assert done.returncode == 0, done.stderr
        assert "1 paper corrected or reviewed, from " in done.stderr
        assert name in done.stderr
        data = (tmp_path / folder / "data.js").read_text()
        assert f"Corrected in {name}." in data
        assert '"changed":["summary"]' in data
    assert missing.returncode == 2
    assert "nowhere.jsonl: no such file" in missing.stderr
