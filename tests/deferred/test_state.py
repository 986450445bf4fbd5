"""The state file: whole or not there, read strictly, held by one run at a time."""

import json
from pathlib import Path

import pytest

from papercards.errors import StorageError, UsageError
from papercards.runs.provider_batch.state import Command, Sent, State, alone, load, take_up

COMMAND = Command(
    folder="/here",
    sources=("p.jsonl",),
    outputs=("c.jsonl",),
    limit=None,
    columns={},
    model="openai/x",
    endpoint="http://127.0.0.1:1/v1",
    taxonomy=None,
    cache_dir="/here/cache",
    prompt="card@1",
    labels="ml@1",
)


def sent(**changes: object) -> Sent:
    return Sent.model_validate({"number": 1, "requests": 2, "size": 3, "token": "t"} | changes)


def state(*batches: Sent) -> State:
    return State(papercards="0.1.0", command=COMMAND, batches=list(batches))


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.batch.json"
    state(sent(file_id="f")).save(path)
    state(sent(file_id="f", batch_id="b")).save(path)

    assert load(path).batches[0].waiting
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}', b"\xff", b'"x"'])
def test_a_damaged_state_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.jsonl.batch.json"
    path.write_bytes(content)

    with pytest.raises(UsageError, match="is damaged or not a batch state") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_state_of_another_version_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.batch.json"
    state().save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2, "more": 1}))

    with pytest.raises(UsageError, match="version 2, but this papercards reads version 1"):
        load(path)


def test_another_commands_batches_are_not_mixed_with_ours(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.batch.json"
    other = COMMAND.model_copy(update={"limit": 5})
    state(sent(batch_id="b")).save(path)
    with pytest.raises(UsageError, match=r"different: limit"):
        take_up(path, other, "0.1.0")

    state(sent(batch_id="b", collected=True)).save(path)
    taken = take_up(path, other, "0.1.0")
    assert (taken.command, taken.batches[0].batch_id) == (other, "b")


def test_answers_to_another_prompt_are_not_collected() -> None:
    with pytest.raises(UsageError, match=r"different: prompt\b.*papercards 0\.1\.0"):
        state().check("card@2", "ml@1")
    state().check("card@1", "ml@1")


def test_one_run_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.batch.json"
    with alone(path), pytest.raises(StorageError, match="another run"), alone(path):
        pass
    with alone(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_names_count_from_where_the_command_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert COMMAND.path("../p.jsonl") == "/p.jsonl"
    assert COMMAND.model_copy(update={"folder": str(tmp_path)}).path("p.jsonl") == "p.jsonl"
