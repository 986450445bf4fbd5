"""The endpoint's files and batches: nothing is made twice, nothing is torn, errors are one sentence."""

import time

import pytest

from papercards.errors import EndpointError
from papercards.runs.provider_batch.service import Service
from tests.batch_stub import BatchStub
from tests.conftest import KEY
from tests.deferred.conftest import served


def make(stub: BatchStub, token: str, **changes: object) -> str:
    asked = {
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "metadata": {"papercards": token},
    }
    _, batch = stub.make({**asked, "input_file_id": stub.keep(b""), **changes})
    return str(batch["id"])


@pytest.mark.parametrize("statuses", [[500], [503, 502], [429]])
def test_a_batch_whose_answer_was_lost_is_not_made_again(batches: BatchStub, statuses: list[int]) -> None:
    batches.faults["POST /batches"] = statuses[:1]
    batches.faults["GET /batches"] = statuses[1:]
    file = batches.keep(b"")

    made = served(batches, lambda service: service.create(file, "t", others=()))
    assert [made] == list(batches.batches)
    assert batches.calls.count("POST /batches") == 1


def test_a_batch_that_was_not_made_is_asked_for_again(batches: BatchStub) -> None:
    other = make(batches, "t")
    batches.faults["before POST /batches"] = [500]
    file = batches.keep(b"")

    made = served(batches, lambda service: service.create(file, "t", others={other}))
    assert list(batches.batches) == [other, made]
    assert batches.calls == ["before POST /batches", "GET /batches", "POST /batches"]


def test_a_batch_is_found_behind_many_others(batches: BatchStub) -> None:
    by_token = make(batches, "ours")
    by_file = make(batches, "x", metadata=None, input_file_id=batches.keep(b""))
    file = batches.batches[by_file]["input_file_id"]
    failed = make(batches, "broken", status="failed")
    for number in range(250):
        make(batches, f"other-{number}")
    tokens = {"ours": None, "by file": file, "broken": None, "nowhere": None}

    found = served(batches, lambda service: service.find(tokens, others=()))
    assert found == {"ours": by_token, "by file": by_file}
    assert failed not in found.values()
    assert batches.calls.count("GET /batches") == 3


def test_what_is_older_than_its_results_is_not_looked_for(batches: BatchStub) -> None:
    old = make(batches, "ours")
    batches.batches[old]["created_at"] = int(time.time()) - 31 * 86_400

    assert served(batches, lambda service: service.find({"ours": None}, others=())) == {}


def test_a_download_that_breaks_off_begins_anew_and_tears_no_line(batches: BatchStub) -> None:
    lines = [f'{{"custom_id": "{n}", "text": "a\u2028b\u0085c\x0c {"x" * 500}"}}'.encode() for n in range(50)]
    lines[:0] = [b"y" * 4098]  # the stub's pieces have 4,099 bytes: this one ends with its line
    batches.slow_s = 0.002
    file = batches.keep(b"\n".join(lines))
    batches.cuts = 2
    taken: list[bytes] = []

    served(batches, lambda service: service.download(file, taken.append))
    assert taken[-51:] == lines
    assert 51 < len(taken) < 153
    assert set(taken) == set(lines)


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "rejected the API key"), (400, "answered 400: scripted")],
)
def test_an_error_is_one_sentence_without_the_key(batches: BatchStub, status: int, says: str) -> None:
    batches.faults["GET /batches"] = [status] * 9

    with pytest.raises(EndpointError, match=says) as caught:
        served(batches, lambda service: service.find({"t": None}, others=()))
    assert KEY not in str(caught.value)
    assert batches.calls == ["GET /batches"]


def test_a_batch_that_the_endpoint_does_not_know_stops_rather_than_counts_as_lost(batches: BatchStub) -> None:
    with pytest.raises(EndpointError, match="no batch batch_9") as caught:
        served(batches, lambda service: service.retrieve("batch_9"))
    assert "key" in caught.value.next_step


def test_an_endpoint_that_is_not_there_is_one_sentence() -> None:
    async def find(service: Service) -> object:
        return await service.find({"t": None}, others=())

    with pytest.raises(EndpointError, match="cannot reach the endpoint"):
        served(BatchStub(url="http://127.0.0.1:9/v1"), find)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_endpoint_that_lists_no_batches_is_used_with_a_warning(batches: BatchStub, status: int) -> None:
    batches.faults["GET /batches"] = [status] * 9
    heard: list[str] = []
    assert served(batches, lambda service: service.find({"t": None}, others=()), heard.append) == {}
    made = served(batches, lambda service: service.create(batches.keep(b""), "t", others=()))

    assert list(batches.batches) == [made]
    assert len(heard) == 1 and "does not list its batches" in heard[0]


def test_a_batch_that_may_have_been_made_is_not_made_again_where_none_are_listed(batches: BatchStub) -> None:
    batches.faults["POST /batches"] = [500]
    batches.faults["GET /batches"] = [404]

    with pytest.raises(EndpointError, match="unknown whether the batch was created"):
        served(batches, lambda service: service.create(batches.keep(b""), "t", others=()))
    assert len(batches.batches) == 1


def test_a_batch_that_was_refused_for_the_pace_is_made_where_none_are_listed(batches: BatchStub) -> None:
    batches.faults["before POST /batches"] = [429]
    batches.faults["GET /batches"] = [404]

    served(batches, lambda service: service.create(batches.keep(b""), "t", others=()))
    assert len(batches.batches) == 1


def test_an_endpoint_that_takes_no_metadata_gets_none(batches: BatchStub) -> None:
    batches.refuses_metadata = True
    heard: list[str] = []
    made = served(batches, lambda service: service.create(batches.keep(b""), "t", others=()), heard.append)

    assert "metadata" not in batches.batches[made]
    assert len(heard) == 1 and "accepts no metadata" in heard[0]


@pytest.mark.parametrize(
    ("said", "status", "known", "ended"),
    [
        ("COMPLETED", "completed", True, True),
        ("succeeded", "completed", True, True),
        ("Success", "completed", True, True),
        ("TIMEOUT_EXCEEDED", "expired", True, True),
        ("canceled", "cancelled", True, True),
        ("IN PROGRESS", "in_progress", True, False),
        ("queued", "validating", True, False),
        ("sleeping", "sleeping", False, False),
        (None, "without a status", False, False),
    ],
)
def test_statuses_in_other_words_are_understood_or_known_to_be_unknown(
    batches: BatchStub, said: object, status: str, known: bool, ended: bool
) -> None:
    name = make(batches, "t")
    batches.batches[name]["status"] = said
    remote = served(batches, lambda service: service.retrieve(name))

    assert (remote.status, remote.known, remote.ended) == (status, known, ended)


@pytest.mark.parametrize(
    "errors",
    [
        {"data": [{"message": "limit reached"}]},
        [{"message": "limit reached"}],
        ["limit reached"],
        "limit reached",
        {"message": "limit reached"},
        {"code": "limit reached", "message": None},
    ],
)
def test_errors_of_a_batch_are_told_whatever_their_shape(batches: BatchStub, errors: object) -> None:
    name = make(batches, "t")
    batches.batches[name] |= {"errors": errors, "request_counts": {"total": "3", "completed": None}}
    remote = served(batches, lambda service: service.retrieve(name))

    assert remote.problem == "limit reached"
    assert (remote.total, remote.done) == (3, 0)
