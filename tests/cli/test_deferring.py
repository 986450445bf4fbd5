"""`enrich --batch-api` and `batch` as a user runs them: killed, expired, sent again, never sent twice.

What is killed is a process of its own; the other commands run in this one, through `main`.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from papercards.cli.app import main
from papercards.runs.provider_batch import requests
from tests.abstract_services import Held, Services, serving
from tests.batch_stub import BatchStub, Line, refused, said, serve_batches
from tests.cli.test_enrich import cards, some, write
from tests.clocks import PATIENCE_S
from tests.conftest import KEY


@pytest.fixture
def batches() -> Iterator[BatchStub]:
    """An endpoint that has a batch API."""
    one = BatchStub()
    server = serve_batches(one)
    yield one
    for hold in one.holds.values():
        hold.set()
    server.shutdown()
    server.server_close()


@dataclass
class Result:
    code: int
    out: str
    err: str


Program = Callable[..., Result]


@pytest.fixture
def program(
    tmp_path: Path,
    environment: dict[str, str],
    batches: BatchStub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Program:
    """`program("enrich", "p.jsonl")` in an empty folder, with a key, in this process."""
    environment |= {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": batches.url, "PAPERCARDS_MODEL": "openai/m"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def go(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["papercards", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Result(int(ended.value.code or 0), said.out, said.err)

    return go


def kill(folder: Path, environment: dict[str, str], when: Callable[[], bool], *arguments: str) -> None:
    """Start the program and end it with SIGKILL as soon as `when` is true."""
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", *arguments],
        cwd=folder,
        env=environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    end = time.monotonic() + PATIENCE_S
    while not when():
        assert child.poll() is None and time.monotonic() < end
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()


SEND = ("enrich", "p.jsonl", "-o", "c.jsonl", "--batch-api")
STATE = "c.jsonl.batch.json"


def outcome(number: int, _: str) -> Line | None:
    """3% fail: a third as errors, a third with broken content, a third refused."""
    if number >= 1000:
        return None
    match number % 100:
        case 3:
            return refused(500, "The server had an error")
        case 14:
            return said('{"tldr": "Cut o')
        case 15:
            return said("", message={"role": "assistant", "content": None, "refusal": "No."})
    return None


@pytest.mark.slow
def test_a_thousand_papers_killed_between_sending_and_collecting(
    program: Program, tmp_path: Path, batches: BatchStub, environment: dict[str, str]
) -> None:
    write(tmp_path / "p.jsonl", *some(1000))
    batches.outcome = outcome
    batches.holds["POST /batches"] = threading.Event()
    kill(tmp_path, environment, lambda: bool(batches.batches), *SEND)
    del batches.holds["POST /batches"]
    again = program(*SEND)

    assert again.code == 0 and "batch_1: already exists" in again.err
    assert len(batches.batches) == 1 and len(batches.sent()) == 1000
    assert KEY not in (tmp_path / STATE).read_text() and batches.keys == {f"Bearer {KEY}"}

    batches.finish()
    batches.slow_s = 0.05
    kill(
        tmp_path,
        environment,
        lambda: "GET /files/ID/content" in batches.calls,
        "batch",
        "collect",
        STATE,
    )
    batches.slow_s = 0.0
    collected = program("batch", "collect", STATE)

    assert collected.code == 1 and "970 cards (970 new, 0 cached), 30 failed" in collected.err
    titles = [card["title"] for card in cards(tmp_path / "c.jsonl")]
    failed = cards(tmp_path / "c.errors.jsonl")
    assert len(titles) == 970 and titles == sorted(titles, key=lambda title: int(title.split()[1]))
    assert len(failed) == 30
    assert {error["message"].split(":")[0] for error in failed} == {
        "the endpoint answered 500",
        "the model's answer is invalid",
        "the model refused to answer",
    }
    assert {error["where"] for error in failed if "500" in error["message"]} == {
        f"p.jsonl:{n}" for n in range(4, 1004, 100)
    }

    assert program(*SEND).code == 0
    assert [len(batches._lines(batch)) for batch in batches.batches.values()] == [1000, 30]
    batches.finish()
    last = program("batch", "collect", STATE)
    assert last.code == 0 and "1,000 cards (30 new, 970 cached), 0 failed" in last.err
    assert not (tmp_path / "c.errors.jsonl").exists()
    assert {file.name for file in tmp_path.iterdir()} == {"home", "p.jsonl", "c.jsonl", STATE}

    made = (tmp_path / "c.jsonl").read_bytes()
    live = program("enrich", "p.jsonl", "-o", "live.jsonl")
    assert live.code == 0 and batches.live == []
    assert (tmp_path / "live.jsonl").read_bytes() == made
    nothing = program(*SEND)
    assert nothing.code == 0 and "nothing left to send" in nothing.err and len(batches.batches) == 2


@pytest.mark.slow
def test_killed_between_upload_and_creation_it_makes_one_batch(
    program: Program, tmp_path: Path, batches: BatchStub, environment: dict[str, str]
) -> None:
    write(tmp_path / "p.jsonl", *some(3))
    batches.holds["before POST /batches"] = threading.Event()

    def uploaded() -> bool:
        state = tmp_path / STATE
        return state.exists() and '"file_id": "file-1"' in state.read_text()

    kill(tmp_path, environment, uploaded, *SEND)
    assert not batches.batches
    del batches.holds["before POST /batches"]
    again = program(*SEND)

    assert again.code == 0
    assert len(batches.batches) == 1 and len(batches.files) == 1
    (tmp_path / STATE).unlink()
    lost = program(*SEND)
    assert "already exists" in lost.err
    assert len(batches.batches) == 1 and len(batches.files) == 1
    once_more = program(*SEND)
    assert once_more.code == 0 and "nothing is sent now" in once_more.err
    assert len(batches.batches) == 1


def test_abstracts_that_were_looked_up_are_those_of_the_batch(
    program: Program, tmp_path: Path, batches: BatchStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    title, text = "Small models forecast long series", "We study how models forecast. A small one does well."
    write(tmp_path / "p.jsonl", *some(2), {"title": title, "doi": "10.1000/x"})
    with serving(Services()) as services:
        services.works["openalex"] = [Held(title, text, doi="10.1000/x")]
        for name, value in services.environment().items():
            monkeypatch.setenv(name, value)
        program(*SEND, "--fill-abstracts")
        asked = len(services.asked)
        batches.finish()
        collected = program("batch", "collect")

        assert collected.code == 0, collected.err
        assert len(services.asked) == asked
    assert "1 abstract filled: 1 OpenAlex; 0 not found" in collected.err
    made = cards(tmp_path / "c.jsonl")[2]
    assert made["publication"]["abstract_source"] == "OpenAlex: doi:10.1000/x"


def test_an_expired_batch_gives_what_it_has(program: Program, tmp_path: Path, batches: BatchStub) -> None:
    write(tmp_path / "p.jsonl", *some(10))
    program(*SEND)
    batches.expire(6)
    status = program("batch", "status")
    collected = program("batch", "collect")

    assert "expired" in status.out and "6/4/10" in status.out
    assert collected.code == 1
    assert [card["title"] for card in cards(tmp_path / "c.jsonl")] == [f"Paper {n}" for n in range(6)]
    reasons = {error["message"] for error in cards(tmp_path / "c.errors.jsonl")}
    assert reasons == {"the batch expired before this request was processed"}
    program(*SEND)
    assert [len(batches._lines(batch)) for batch in batches.batches.values()] == [10, 4]


def test_the_same_questions_that_fail_twice_are_sent_twice(
    program: Program, tmp_path: Path, batches: BatchStub
) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    batches.outcome = lambda number, _: refused(500, "no") if number < 4 else None
    for _ in range(3):
        program(*SEND)
        batches.finish()
        last = program("batch", "collect")

    assert last.code == 0 and len(batches.batches) == 3
    assert len({batch["metadata"]["papercards"] for batch in batches.batches.values()}) == 1


def test_a_batch_that_failed_as_a_whole_says_why_and_is_sent_again(
    program: Program, tmp_path: Path, batches: BatchStub
) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    program(*SEND)
    batches.advance("failed")
    batches.batches["batch_1"]["errors"] = {"data": [{"code": "x", "message": "token limit reached"}]}
    collected = program("batch", "collect")

    assert collected.code == 1
    [first, _] = cards(tmp_path / "c.errors.jsonl")
    assert first["message"] == "no answer (batch_1 failed: token limit reached)"
    program(*SEND)
    assert len(batches.batches) == 2


def test_what_has_not_ended_is_waited_for(program: Program, tmp_path: Path, batches: BatchStub) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    program(*SEND)
    batches.advance("in_progress")
    early = program("batch", "collect")

    assert early.code == 1 and "in_progress" in early.err and "--wait" in early.err
    assert not (tmp_path / "c.jsonl").exists()
    timer = threading.Timer(0.3, batches.finish)
    timer.start()
    waited = program("batch", "collect", "--wait", "20")
    timer.join()
    assert waited.code == 0 and len(cards(tmp_path / "c.jsonl")) == 2
    assert program("batch", "status").out.split()[:2] == ["batch_1", "collected"]
    assert "all batches are collected" in program("batch", "collect").err


def test_a_library_and_named_outputs_are_collected_from_another_folder(
    program: Program, tmp_path: Path, batches: BatchStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = "@misc{mine, title = {Sets}, abstract = {We study sets. They are 12% better.}}\n"
    (tmp_path / "l.bib").write_text(entry)
    sent = program(
        "enrich",
        "l.bib",
        "--batch-api",
        "-m",
        "openai/m",
        "-o",
        "jsonl:out/cards",
        "-o",
        "vault:notes",
        "-o",
        "t.bib",
    )
    assert sent.code == 0, sent.err
    batches.finish()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    refused = program("batch", "collect", "../out/cards.batch.json")
    outside = ("-o", "jsonl:../out/cards", "-o", "vault:../notes", "-o", "../t.bib")
    collected = program("batch", "collect", "../out/cards.batch.json", *outside)

    assert refused.code == 2 and "outside its own folder" in refused.err
    assert collected.code == 0, collected.err
    assert [card["title"] for card in cards(tmp_path / "out" / "cards")] == ["Sets"]
    assert len(list((tmp_path / "notes" / "papers").iterdir())) == 1
    assert (
        (tmp_path / "t.bib").read_text().startswith("@misc{mine, title = {Sets}, abstract = {We study sets.")
    )
    assert not any((tmp_path / "elsewhere").iterdir())


def test_what_has_ended_is_collected_while_the_rest_runs(
    program: Program, tmp_path: Path, batches: BatchStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "write_requests", partial(requests.write_requests, max_requests=2))
    write(tmp_path / "p.jsonl", *some(5))
    program(*SEND)
    assert [len(batches._lines(batch)) for batch in batches.batches.values()] == [2, 2, 1]
    batches.finish(only="batch_2")
    some_cards = program("batch", "collect")

    assert some_cards.code == 1 and "2 batches not finished" in some_cards.err
    assert [card["title"] for card in cards(tmp_path / "c.jsonl")] == ["Paper 2", "Paper 3"]
    batches.finish()
    contents = batches.calls.count("GET /files/ID/content")
    whole = program("batch", "collect")
    assert whole.code == 0 and len(cards(tmp_path / "c.jsonl")) == 5
    assert batches.calls.count("GET /files/ID/content") == contents + 2
    assert len(batches.batches) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-m", "local/smollm2-135m", "-o", "c.jsonl"), "is only for hosted models"),
        (("-m", "baseline", "-o", "c.jsonl"), "is only for hosted models"),
        ((), "needs an output"),
        (("-o", "c.jsonl", "--no-cache"), "in the cache"),
        (("-o", "c.jsonl", "--offline"), "in the cache"),
        (("-o", "c.pdf"), "unknown format"),
        (("-", "-o", "c.jsonl"), "reads its sources again"),
    ],
)
def test_what_no_batch_can_serve_is_one_line(
    program: Program, tmp_path: Path, batches: BatchStub, arguments: tuple[str, ...], says: str
) -> None:
    write(tmp_path / "p.jsonl", *some(1))
    refused = program("enrich", "p.jsonl", "--batch-api", *arguments)

    assert refused.code == 2 and says in refused.err and refused.err.count("\n") == 1
    assert batches.calls == []
    assert {file.name for file in tmp_path.iterdir()} <= {"home", "p.jsonl"}


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "no batch state in this folder"), ("{", "is damaged"), ('{"version": 7}', "version 7")],
)
@pytest.mark.parametrize("command", ["status", "collect"])
def test_a_state_that_cannot_be_read_is_one_line(
    program: Program, tmp_path: Path, command: str, content: str | None, says: str
) -> None:
    if content is not None:
        (tmp_path / STATE).write_text(content)
    refused = program("batch", command)

    assert refused.code == 2 and says in refused.err and refused.err.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_known_before_anything_is_sent(
    program: Program, tmp_path: Path, batches: BatchStub
) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    (tmp_path / "c.jsonl.batch.requests").write_text("a file in the way")
    refused = program(*SEND)

    assert refused.code == 2 and "is a file, but a folder is needed" in refused.err
    assert not batches.batches and not (tmp_path / STATE).exists()


LATE: dict[str, Callable[[dict[str, object], BatchStub], None]] = {
    "no file yet": lambda batch, stub: batch.update(output_file_id=None),
    "an empty file": lambda batch, stub: batch.update(output_file_id=stub.keep(b"")),
    "a page": lambda batch, stub: batch.update(output_file_id=stub.keep(b"<html>soon</html>")),
    "a file that is gone": lambda batch, stub: batch.update(output_file_id="file-99"),
    "no counts": lambda batch, stub: batch.update(output_file_id=None, request_counts=None),
}


@pytest.mark.parametrize("shape", LATE)
def test_a_batch_stays_open_until_its_results_are_there(
    program: Program, tmp_path: Path, batches: BatchStub, shape: str
) -> None:
    write(tmp_path / "p.jsonl", *some(3))
    program(*SEND)
    batches.finish()
    right = dict(batches.batches["batch_1"])
    LATE[shape](batches.batches["batch_1"], batches)
    early = program("batch", "collect")

    assert early.code == 1 and "0 of 3 results received" in early.err and "--give-up" in early.err
    assert not (tmp_path / "c.jsonl").exists()
    batches.batches["batch_1"] = right
    late = program("batch", "collect")
    assert late.code == 0 and len(cards(tmp_path / "c.jsonl")) == 3
    assert {file.name for file in tmp_path.iterdir()} == {"home", "p.jsonl", "c.jsonl", STATE}


def test_what_came_of_a_cut_file_is_kept_and_the_rest_waited_for_or_given_up(
    program: Program, tmp_path: Path, batches: BatchStub
) -> None:
    write(tmp_path / "p.jsonl", *some(3))
    program(*SEND)
    batches.finish()
    name = batches.batches["batch_1"]["output_file_id"]
    batches.files[name] = batches.files[name][:-200]
    cut = program("batch", "collect")

    assert cut.code == 1 and "2 of 3 results received" in cut.err and "1 line of the results" in cut.err
    assert len(cards(tmp_path / "c.jsonl")) == 2
    [error] = cards(tmp_path / "c.errors.jsonl")
    assert "2 of 3 results received" in error["message"]
    del batches.files[name]
    given_up = program("batch", "collect", "--give-up")
    assert given_up.code == 1 and len(cards(tmp_path / "c.jsonl")) == 2
    assert program("batch", "status").out.split()[:2] == ["batch_1", "collected"]
    assert not (tmp_path / "c.jsonl.batch.requests").exists()


def test_a_status_that_is_not_known_is_said_and_can_be_taken_for_the_end(
    program: Program, tmp_path: Path, batches: BatchStub
) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    program(*SEND)
    batches.finish()
    batches.batches["batch_1"]["status"] = "archived"
    asked = program("batch", "collect")

    assert asked.code == 1 and 'unknown status "archived"' in asked.err
    assert "no batch has finished yet" not in asked.err
    taken = program("batch", "collect", "--give-up")
    assert taken.code == 0 and len(cards(tmp_path / "c.jsonl")) == 2


def test_the_secrets_of_an_address_are_not_kept_and_are_taken_from_the_environment(
    program: Program, tmp_path: Path, batches: BatchStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    address = batches.url.replace("http://", "http://me:hush-hush@") + "?code=hush-hush"
    monkeypatch.setenv("PAPERCARDS_BASE_URL", address)
    sent = program(*SEND)

    assert sent.code == 0 and "set PAPERCARDS_BASE_URL" in sent.err and "hush-hush" not in sent.err
    assert "hush-hush" not in (tmp_path / STATE).read_text()
    batches.finish()
    collected = program("batch", "collect")
    assert collected.code == 0, collected.err
    assert len(cards(tmp_path / "c.jsonl")) == 2
