"""Results: each line to its paper, checked and kept as a live answer is, with a reason where it fails."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from papercards.cache import Cache
from papercards.call import Caller
from papercards.card import Card
from papercards.deferred.collecting import CollectedReader, Lines
from papercards.deferred.service import Remote
from papercards.errors import PaperFailed
from papercards.paper import Paper
from papercards.reader import ModelReader
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

    async def connect(_: ModelReader) -> Caller:
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
        ({"response": None, "error": {"code": "x", "message": "no"}}, "the batch failed it: no", 1),
        (EXPIRED, "the batch expired before its turn came", 0),
        (said('{"tldr": "Cut o'), "the model's answer is wrong: .*Invalid JSON", 1),
        (said(json.dumps(GOOD | {"tasks": []})), "wrong: tasks has 0 labels", 1),
        (said(json.dumps(GOOD | {"tldr": "It is 99% better."})), "wrong: .*number", 1),
        (said("", message={"role": "assistant", "refusal": "No."}), "the model refused to answer", 1),
        (said("{", finish_reason="length"), "cut off after 900 tokens", 1),
        ({"response": {"status_code": 200, "body": {}}, "error": None}, "holds no chat completion", 1),
        ({"response": {"status_code": 200, "body": None}}, "holds no chat completion", 1),
        ({"response": {"status_code": 200, "body": {"choices": "x"}}}, "holds no chat completion", 1),
        ({"response": None, "error": None}, "holds no chat completion", 1),
        ({"error": "x"}, "holds no chat completion", 1),
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
        ([], "in none of the batches"),
        ([remote("completed"), remote("in_progress")], "1 of the batches not finished"),
        ([remote("failed", "token limit reached")], "batch_7 failed: token limit reached"),
    ],
)
def test_a_paper_without_a_line_says_why(
    reader: ModelReader, caller: Caller, lines: Lines, paper: Paper, remotes: list[Remote], reason: str
) -> None:
    with pytest.raises(PaperFailed, match=reason):
        collect(reader, caller, lines, paper, *remotes)


def test_lines_that_say_nothing_are_counted_and_the_table_goes(tmp_path: Path) -> None:
    with Lines(tmp_path / "r" / "results.sqlite") as lines:
        for line in (
            b"",
            b"{",
            b"[]",
            b'{"custom_id": 3}',
            b'{"custom_id": "a"}',
            b'{"custom_id": "a", "b": 1}',
        ):
            lines.put(line)
        assert lines.unreadable == 3
        assert lines.get("a") == b'{"custom_id": "a", "b": 1}'
        assert lines.get("b") is None
    assert not (tmp_path / "r").exists()
