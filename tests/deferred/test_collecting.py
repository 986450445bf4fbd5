"""Results: each line to its paper, checked and kept as a live answer is, with a reason where it fails."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from papercards.card import Card
from papercards.errors import PaperFailed
from papercards.model.cache import Cache
from papercards.model.call import Caller
from papercards.paper import Paper
from papercards.reading.reader import ModelReader
from papercards.runs.provider_batch.collecting import CollectedReader, Lines
from papercards.runs.provider_batch.service import Remote
from papercards.taxonomy import Taxonomy
from tests.batch_stub import EXPIRED, BatchStub, answered, refused, said
from tests.stub import good
from tests.test_reader import GOOD


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    return Lines(tmp_path / "r" / "results.sqlite")


def collect(
    reader: ModelReader, caller: Caller, lines: Lines, paper: Paper, *remotes: Remote, **line: Any
) -> Card:
    if line:
        lines.put(json.dumps({"custom_id": reader.question(paper).key, **line}).encode())
    return asyncio.run(CollectedReader(reader, caller, lines, remotes).read(paper)).card


def timeless(card: Card) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(card.to_json())
    record["provenance"] |= {"created": "", "seconds": 0}
    return record


def test_a_card_is_the_one_of_a_live_call(
    reader: ModelReader, caller: Caller, lines: Lines, batches: BatchStub, paper: Paper, taxonomy: Taxonomy
) -> None:
    question = reader.question(paper)
    body = good(json.loads(caller.body(question.kind, reader.prompt.prefix, question.shown.content)))
    batched = collect(reader, caller, lines, paper, **answered(body))

    async def connect(*_: object) -> Caller:
        return caller

    fresh = ModelReader(reader.model, taxonomy, connect, None, endpoint=batches.url)
    live = asyncio.run(fresh.read(paper))
    assert len(batches.live) == 1
    assert timeless(batched) == timeless(live.card)
    assert asyncio.run(reader.read(paper)).card == batched  # from the cache: nobody is asked
    assert len(batches.live) == 1


def test_an_answer_remembers_what_was_paid_for_it(
    reader: ModelReader, caller: Caller, lines: Lines, paper: Paper, cache: Cache
) -> None:
    collect(reader, caller, lines, paper, **said(json.dumps(GOOD)))

    kept = cache.get(reader.question(paper).parts)
    assert kept is not None and kept.cost_usd == pytest.approx(0.0002 / 2)


@pytest.mark.parametrize(
    ("line", "reason", "attempts"),
    [
        (refused(500, "The server\nhad an error"), "the endpoint answered 500: The server had an error", 1),
        ({"response": None, "error": {"code": "x", "message": "no"}}, "the batch reported an error: no", 1),
        (EXPIRED, "the batch expired before this request was processed", 0),
        (said('{"tldr": "Cut o'), "the model's answer is invalid: .*Invalid JSON", 1),
        (said(json.dumps(GOOD | {"tasks": []})), "invalid: tasks has 0 labels", 1),
        (said(json.dumps(GOOD | {"tldr": "It is 99% better."})), "invalid: .*number", 1),
        (said("", message={"role": "assistant", "refusal": "No."}), "the model refused to answer", 1),
        (said("{", finish_reason="length"), "cut off after 900 tokens", 1),
        ({"response": {"status_code": 200, "body": {}}, "error": None}, "has no chat completion", 1),
        ({"response": {"status_code": 200, "body": None}}, "has no chat completion", 1),
        ({"response": {"status_code": 200, "body": {"choices": "x"}}}, "has no chat completion", 1),
        ({"response": None, "error": None}, "has no chat completion", 1),
        ({"error": "x"}, "the batch reported an error: x", 1),
        ({"response": {"status_code": "429", "body": "slow down"}}, "answered 429: slow down", 1),
    ],
)
def test_what_is_wrong_has_its_reason_and_is_not_kept(
    reader: ModelReader,
    caller: Caller,
    lines: Lines,
    paper: Paper,
    cache: Cache,
    line: dict[str, Any],
    reason: str,
    attempts: int,
) -> None:
    with pytest.raises(PaperFailed, match=reason) as caught:
        collect(reader, caller, lines, paper, **line)
    assert (caught.value.where, caught.value.attempts) == (paper.where, attempts)
    assert len(cache) == 0


def remote(status: str, problem: str = "") -> Remote:
    return Remote("batch_7", status, 0, 0, 0, 0, (), problem)


@pytest.mark.parametrize(
    ("remotes", "reason"),
    [
        ([], "not part of any batch"),
        ([remote("completed"), remote("in_progress")], "1 batch not finished"),
        ([remote("failed", "token limit reached")], "batch_7 failed: token limit reached"),
    ],
)
def test_a_paper_without_a_line_says_why(
    reader: ModelReader, caller: Caller, lines: Lines, paper: Paper, remotes: list[Remote], reason: str
) -> None:
    with pytest.raises(PaperFailed, match=reason):
        collect(reader, caller, lines, paper, *remotes)


def test_lines_that_say_nothing_are_set_aside_and_all_goes_once_nothing_is_needed(tmp_path: Path) -> None:
    whole = json.dumps({"custom_id": "a", **said("{}")}).encode()
    odd = [b"{", b"[]", b"<html>", b'{"custom_id": 3}', b'{"custom_id": "a"}', b"[" * 9000]
    with Lines(tmp_path / "r" / "results.sqlite") as lines:
        for line in (b"", *odd, whole):
            lines.put(line, "batch_1")
        assert lines.unreadable == len(odd)
        assert lines.get("a") == whole and lines.count("batch_1") == 1
        assert lines.get("b") is None
    assert lines.odd_path.read_bytes() == b"".join(line + b"\n" for line in odd)
    with Lines(tmp_path / "r" / "results.sqlite") as lines:
        assert lines.get("a") == whole
        lines.forget()
    assert not (tmp_path / "r").exists()


def test_a_table_that_holds_nothing_or_is_damaged_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "results.sqlite").write_bytes(b"no table at all" * 99)
    with Lines(tmp_path / "r" / "results.sqlite") as lines:
        assert lines.get("a") is None
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("other_batch", [False, True])
def test_of_two_lines_about_a_paper_the_answer_counts_not_the_error(
    reader: ModelReader, caller: Caller, lines: Lines, paper: Paper, turned: bool, other_batch: bool
) -> None:
    bad = {"response": None, "error": {"code": "x", "message": "already answered"}}
    both = [said(json.dumps(GOOD)), bad]
    for number, line in enumerate(reversed(both) if turned else both):
        record = {"custom_id": reader.question(paper).key, **line}
        lines.put(json.dumps(record).encode(), f"batch_{number if other_batch else 0}")

    assert collect(reader, caller, lines, paper).title == paper.title


@pytest.mark.parametrize("shape", ["status as text", "body as text", "no frame", "error as empty text"])
def test_an_answer_in_another_frame_is_read(
    reader: ModelReader, caller: Caller, lines: Lines, paper: Paper, shape: str
) -> None:
    line = said(json.dumps(GOOD))
    match shape:
        case "status as text":
            line["response"]["status_code"] = "200"
        case "body as text":
            line["response"]["body"] = json.dumps(line["response"]["body"])
        case "no frame":
            line["response"] = line["response"]["body"]
        case _:
            line["error"] = ""

    assert collect(reader, caller, lines, paper, **line).title == paper.title
