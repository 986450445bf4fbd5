"""Several endpoints of one model: a faulty one costs no paper, each has its own limits and key, and the share
of each is told.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from papercards import Card, EndpointError, Failure, Paper, Session
from papercards.errors import UsageError
from papercards.model import pool
from papercards.model.transport import Patience
from papercards.text.wording import counted
from tests.conftest import KEY, Run
from tests.decision_stub import Decisions
from tests.stub import Fault, Stub, error, good, serve

MODEL = "openai-compatible/stub-model"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A file with 20 papers."""
    file = tmp_path / "papers.jsonl"
    rows = ({"title": one.title, "abstract": one.abstract} for one in some(20))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def two() -> Iterator[tuple[Stub, Stub]]:
    """Two replicas that answer well until they are told otherwise."""
    with running(Stub(), Stub()) as stubs:
        yield stubs[0], stubs[1]


@contextmanager
def running(*stubs: Stub) -> Iterator[tuple[Stub, ...]]:
    with ExitStack() as stack:
        for stub in stubs:
            server = serve(stub)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        yield stubs


def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def some(count: int) -> list[Paper]:
    abstract = "We study models for sets of kind {}. We show that they can be decomposed."
    return [Paper.of(f"Paper {n}", abstract.format(n)) for n in range(count)]


def cards(count: int, said: list[str] | None = None, **settings: Any) -> list[Card]:
    """The cards of so many papers; none may fail."""
    say = (said if said is not None else []).append
    with Session(MODEL, cache=False, say=say, **settings) as session:
        outcomes = list(session.run(some(count), judge=False))
    assert not [one for one in outcomes if isinstance(one, Failure)]
    assert len(outcomes) == count
    return [one for one in outcomes if isinstance(one, Card)]


def redirect(target: str) -> Fault:
    return Fault(302, b"", {"location": f"{target}/chat/completions"})


ILL: dict[str, tuple[list[Fault | None], str]] = {
    "a wrong key": ([error(401, "no such key")] * 99, "rejected the API key (401)"),
    "an unknown model": ([error(404, "model not found")] * 99, "(404): model not found"),
    "an empty account": ([error(402, "no credit")] * 99, "no credit left"),
    "a redirect": ([redirect("http://elsewhere.example")] * 99, "redirects to http://elsewhere.example"),
    "a web page": ([Fault(200, b"<html>welcome</html>")] * 99, "an HTML page"),
    "a wait of hours": ([error(429, "slowly", retry_after="7200")] * 99, "asks to wait 2 h"),
    "a schema that it lacks": ([error(400, "response_format is not supported")] * 99, "response_format"),
    "dropped connections": ([Fault(drop=True)] * 99, "Server disconnected"),
    "death in the middle": ([None] * 5 + [Fault(drop=True)] * 99, "Server disconnected"),
    "errors from some time on": ([None] * 5 + [error(500)] * 99, "answered 500"),
}


@pytest.mark.parametrize(("script", "why"), ILL.values(), ids=ILL)
def test_an_ill_endpoint_is_left_out_and_costs_no_paper(
    two: tuple[Stub, Stub], script: list[Fault | None], why: str
) -> None:
    ill, well = two if len(why) % 2 else two[::-1]
    ill.script = list(script)
    said: list[str] = []
    made = cards(30, said, base_url=[one.url for one in two], concurrency=4)

    assert len(well.bodies) >= 20 and len(ill.bodies) <= 16
    (line,) = said
    assert line.startswith(f"{ill.url} is left out") and why in line
    assert {body["response_format"]["type"] for body in well.bodies} == {"json_schema"}
    assert sum(card.provenance.calls for card in made) == 30


def test_a_dead_endpoint_is_asked_again_later_and_serves_again(
    two: tuple[Stub, Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_FIRST_REST_S", 0.05)
    two[0].script = [error(401)] * 2
    for stub in two:
        stub.latency_s = 0.05
    said: list[str] = []
    cards(60, said, base_url=[one.url for one in two], concurrency=4)

    assert f"{two[0].url} answers again" in said
    assert len(two[0].bodies) > 5


def test_an_endpoint_that_nobody_hears_at_is_named_in_all_places(
    two: tuple[Stub, Stub], run: Run, small: Path, tmp_path: Path
) -> None:
    dead, live = nowhere(), two[1].url
    where = ["--base-url", dead, "--base-url", live]
    planned = run("enrich", str(small), "-m", MODEL, *where, "--estimate")
    assert f"50% {dead}" in planned.stdout and f"50% {live}" in planned.stdout
    done = run("enrich", str(small), "-m", MODEL, *where, "-o", "cards.jsonl", "--no-cache")
    assert done.returncode == 0, done.stderr
    assert f"{dead} (weight 1): 0 answers to" in done.stderr and "cannot reach the endpoint" in done.stderr
    record = json.loads((tmp_path / "cards.run.json").read_text())
    shares = {one["url"]: one for one in record["endpoints"]}
    assert "cannot reach" in shares[dead]["left_out"] and shares[dead]["answers"] == 0
    assert shares[live]["answers"] == shares[live]["calls"] == record["counts"]["calls"] == len(two[1].bodies)
    assert shares[live]["prompt_tokens"] == record["tokens"]["prompt"]


def test_without_any_endpoint_each_is_named_with_its_reason(two: tuple[Stub, Stub]) -> None:
    dead = nowhere()
    two[0].script = [error(401, "no such key")] * 99
    two[1].script = [redirect("http://elsewhere.example")] * 99
    with pytest.raises(EndpointError) as caught:
        cards(9, base_url=[dead, two[0].url, two[1].url])

    said = str(caught.value)
    assert said.startswith("3 endpoints") and "none of them can be used:" in said
    for reason in (
        f"{dead}: cannot reach the endpoint",
        f"{two[0].url}: the endpoint rejected the API key (401): no such key",
        f"{two[1].url}: the endpoint redirects to http://elsewhere.example",
    ):
        assert reason in said


def test_weights_are_shares_of_the_requests(two: tuple[Stub, Stub]) -> None:
    pools = [{"base_url": two[0].url, "weight": 3}, {"base_url": two[1].url}]
    for concurrency in (1, 2, 8):
        before = [len(one.bodies) for one in two]
        cards(80, pool=pools, concurrency=concurrency)
        shares = [len(one.bodies) - count for one, count in zip(two, before, strict=True)]
        assert sum(shares) == 80 and abs(shares[0] - 60) <= 4


def test_a_slow_endpoint_gets_little_and_holds_up_nobody(two: tuple[Stub, Stub]) -> None:
    two[0].latency_s, two[1].latency_s = 1.0, 0.01
    cards(100, base_url=[one.url for one in two], concurrency=8)

    assert len(two[0].bodies) <= 25
    assert two[0].most <= 5


def test_an_endpoint_that_hangs_is_cut_off_by_how_long_the_others_take(
    two: tuple[Stub, Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Patience, "_LEAST_S", 2.0)
    two[0].script = [Fault(delay_s=300)] * 99
    said: list[str] = []
    begin = time.monotonic()
    cards(40, said, base_url=[one.url for one in two], concurrency=4)

    assert time.monotonic() - begin < 100
    assert len(two[0].bodies) <= 8 and "no answer within" in said[0]


@pytest.mark.parametrize("wait", ["30", "500"])
def test_who_asks_to_wait_is_not_waited_for_where_another_answers(two: tuple[Stub, Stub], wait: str) -> None:
    two[0].script = [None, None, *[error(429, "slowly", retry_after=wait)] * 99]
    said: list[str] = []
    begin = time.monotonic()
    cards(40, said, base_url=[one.url for one in two], concurrency=4)

    assert time.monotonic() - begin < 25
    assert len(two[0].bodies) <= 6
    assert len([line for line in said if f"{two[0].url} asks to wait" in line]) == 1


def test_what_all_refuse_is_learned_and_what_one_refuses_of_a_text_is_said(two: tuple[Stub, Stub]) -> None:
    for stub in two:
        stub.judge = lambda body: "response_format is not supported" if "response_format" in body else None
    said: list[str] = []
    cards(10, said, base_url=[one.url for one in two])
    assert [line for line in said if line.startswith("each endpoint of the pool")] and len(said) == 1

    for stub in two:
        stub.judge = lambda body: "this text is flagged" if "Paper 3" in str(body["messages"][-1]) else None
    with Session(MODEL, cache=False, base_url=[one.url for one in two]) as session:
        outcomes = list(session.run(some(10), judge=False))
    assert [type(one) for one in outcomes].count(Failure) == 1


def test_another_model_in_the_pool_ends_the_run(two: tuple[Stub, Stub]) -> None:
    two[1].answer = lambda body: good(body) | {"model": "another-13b"}
    with pytest.raises(EndpointError, match=r"different models in one pool: .* another-13b") as caught:
        cards(20, base_url=[one.url for one in two])
    assert "stub-model" in str(caught.value)


def test_a_key_goes_to_its_own_endpoint_only(two: tuple[Stub, Stub], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ONE_KEY", "PAPERCARDS_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, f"{KEY}-{name}")
    third = Stub()
    with running(third):
        pools: list[dict[str, Any]] = [{"base_url": two[0].url, "key": "ONE_KEY"}, {"base_url": two[1].url}]
        with Session("openai/stub-model", pool=[*pools, {"base_url": third.url}], cache=False) as session:
            list(session.run(some(12), judge=False))
        assert set(two[0].keys) == {f"Bearer {KEY}-ONE_KEY"}
        assert set(two[1].keys) == set(third.keys) == {f"Bearer {KEY}-PAPERCARDS_API_KEY"}
    monkeypatch.delenv("ONE_KEY")
    with (
        pytest.raises(UsageError, match="ONE_KEY is not set"),
        Session("openai/stub-model", pool=pools, cache=False) as session,
    ):
        list(session.run(some(1), judge=False))


def test_answers_of_a_pool_are_those_of_its_first_endpoint(two: tuple[Stub, Stub], tmp_path: Path) -> None:
    def lines(*urls: str) -> list[str]:
        with Session(MODEL, base_url=urls, cache_dir=tmp_path / "cache") as session:
            return [one.to_json() for one in session.run(some(10), judge=False) if isinstance(one, Card)]

    alone = lines(two[0].url)
    assert len(two[0].bodies) == 10
    assert lines(two[0].url, two[1].url) == alone
    assert len(two[0].bodies) + len(two[1].bodies) == 10
    lines(two[1].url)
    assert len(two[1].bodies) == 10  # alone, it is another endpoint


def test_each_endpoint_has_a_limit_of_its_own(two: tuple[Stub, Stub]) -> None:
    times: dict[str, list[float]] = {one.url: [] for one in two}

    def timed(stub: Stub) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def answer(body: dict[str, Any]) -> dict[str, Any]:
            times[stub.url].append(time.monotonic())
            return good(body)

        return answer

    for stub in two:
        stub.answer = timed(stub)
    cards(50, pool=[{"base_url": two[0].url, "rpm": 300}, {"base_url": two[1].url}], rpm=900)
    for stub, most in zip(two, (5, 15), strict=True):
        seen = times[stub.url]
        assert all(b - a > 0.5 for a, b in zip(seen, seen[2 * most + 1 :], strict=False))
    assert len(times[two[0].url]) < len(times[two[1].url])


@pytest.mark.parametrize("form", ["systemone", "openai"])
def test_decisions_come_from_a_pool_too(two: tuple[Stub, Stub], form: str) -> None:
    for stub in two:
        stub.other = Decisions(form=form).answer
    said: list[str] = []
    made = cards(6, said, base_url=[one.url for one in two], plan="decide", summary=False)
    assert len(made) == 6 and all(one.bodies for one in two) and not said


FILE = """
[[pool]]
base_url = "http://127.0.0.1:1/v1"
weight = 3
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FILE + '[[pool]]\nbase_url = "http://127.0.0.1:1/v1/"', "[[pool]] 2: the address of 1 again"),
        (FILE + '[[pool]]\nbase_url = "HTTP://127.0.0.1:1/v1"', "[[pool]] 2: the address of 1 again"),
        (
            '[[pool]]\nbase_url = "https://H.org/v1"\n[[pool]]\nbase_url = "https://h.org:443/v1"',
            "[[pool]] 2: the address of 1 again",
        ),
        (FILE + '[[pool]]\nbase_url = "http://h:one/v1"', "invalid address: Port could not be cast"),
        (FILE.replace("3", "0"), "[[pool]] 1: weight: Input should be greater than 0"),
        (FILE.replace("3", "-1"), "[[pool]] 1: weight: Input should be greater than 0"),
        (FILE.replace("weight", "wieght"), "[[pool]] 1: wieght: unknown setting"),
        ("[[pool]]\nweight = 1", "[[pool]] 1: base_url: Field required"),
        (
            FILE + 'model = "vllm/a"\n[[pool]]\nbase_url = "http://h/v1"\nmodel = "vllm/b"',
            "different models in one pool: vllm/a, vllm/b",
        ),
        ('base_url = "http://h/v1"' + FILE, "give base_url or [[pool]], not both"),
        ("pool = 3", "pool must be tables: write [[pool]]"),
        ("pool = [3]", "pool must be tables: write [[pool]]"),
        (FILE, "papercards.toml:2: pool needs your trust"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(
    run: Run, small: Path, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "papercards.toml").write_text(text)
    done = run("enrich", str(small), "-m", MODEL)
    assert done.returncode == 2 and says in done.stderr, done.stderr


def test_a_trusted_pool_of_a_file_is_used_and_a_flag_is_instead_of_it(
    two: tuple[Stub, Stub], run: Run, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "papercards.toml").write_text(
        "".join(f'[[pool]]\nbase_url = "{one.url}"\nmodel = "{MODEL}"\n' for one in two)
    )
    assert run("trust").returncode == 0
    assert run("enrich", str(small), "-o", "cards.jsonl").returncode == 0
    assert all(one.bodies for one in two)
    other = run("enrich", str(small), "-m", "vllm/b", "-o", "other.jsonl")
    assert "the endpoints of [[pool]] serve" in other.stderr and other.returncode == 2
    again = run("enrich", str(small), "--base-url", two[0].url, "-o", "again.jsonl", "--offline")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "cards.jsonl").read_bytes()


def test_the_doctor_says_what_is_wrong_with_each(two: tuple[Stub, Stub], run: Run) -> None:
    two[1].judge = lambda body: "response_format is not supported" if "response_format" in body else None
    where = [word for url in (two[0].url, two[1].url, nowhere()) for word in ("--base-url", url)]
    done = run("models", "doctor", "-m", MODEL, *where)
    assert done.returncode == 2 and done.stdout.count("  answers            yes") == 2
    assert "3 endpoints: " in done.stderr and "cannot reach the endpoint" in done.stderr
    assert f"{two[0].url}: json_schema, {two[1].url}: tools" in done.stderr


def test_an_evaluation_asks_the_pool_and_says_what_each_did(
    two: tuple[Stub, Stub], run: Run, tmp_path: Path
) -> None:
    where = ["--base-url", two[0].url, "--base-url", two[1].url]
    done = run("eval", "run", "-m", MODEL, *where, "--split", "dev", "--limit", "4", "-o", "result.json")
    assert done.returncode == 0, done.stderr
    for stub in two:
        count = len(stub.bodies)
        assert count >= 1
        assert f"{stub.url} (weight 1): {counted(count, 'answer')} to" in done.stderr
