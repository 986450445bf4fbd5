"""The real llama.cpp with a real model of 135 million weights."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from papercards.errors import EndpointError, MissingExtra
from papercards.local.server import LocalServer, _cores_of, physical_cores
from papercards.model.catalogue import LOCAL
from papercards.model.doctor import probe
from papercards.model.endpoint import Endpoint
from tests.clocks import PATIENCE_S


def start(model: Path, **options: Any) -> LocalServer:
    """With one thread: two of llama.cpp's wait for each other, and a busy machine makes that long."""
    return LocalServer(model, **{"context_tokens": 512, "threads": 1} | options)


@pytest.fixture(scope="module")
def server(smollm_file: Path) -> Iterator[LocalServer]:
    with start(smollm_file, context_tokens=2048, model_id="smollm2-135m") as running:
        yield running


def chat(server: LocalServer, key: str | None = None, **request: Any) -> Any:
    message = {"role": "user", "content": request.pop("content", "Say hello.")}
    return post(
        f"{server.base_url}/chat/completions",
        {"model": "smollm2-135m", "messages": [message], "max_tokens": 40, "temperature": 0} | request,
        server.api_key if key is None else key,
    )


def post(url: str, body: dict[str, Any], key: str) -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ends_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def test_answers_on_loopback_under_the_name_it_was_given(server: LocalServer) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")
    assert chat(server)["model"] == "smollm2-135m"


@pytest.mark.parametrize("key", ["", "wrong"])
def test_refuses_a_wrong_key(server: LocalServer, key: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        chat(server, key)
    assert caught.value.code == 401


def test_every_server_has_a_key_of_its_own_that_nobody_can_look_up(
    server: LocalServer, smollm_file: Path
) -> None:
    assert len(server.api_key) >= 32
    for what in ("cmdline", "environ"):
        assert server.api_key.encode() not in Path(f"/proc/{server.pid}/{what}").read_bytes()
    with start(smollm_file) as other:
        assert other.api_key != server.api_key


def test_the_schema_binds_the_answer_and_logprobs_come_with_it(server: LocalServer) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"type": "string", "enum": ["zebra"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    reply = chat(
        server,
        content='Write {"colour": "blue"} and nothing else.',
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
        logprobs=True,
    )

    assert json.loads(reply["choices"][0]["message"]["content"]) == {"colour": "zebra"}
    tokens = reply["choices"][0]["logprobs"]["content"]
    assert "zebra" in "".join(token["token"] for token in tokens)
    assert all(token["logprob"] <= 0 for token in tokens)
    assert reply["usage"]["completion_tokens"] >= len(tokens)


def test_a_prefix_is_read_once(server: LocalServer) -> None:
    prefix = "Count these words. " * 40
    chat(server, content=f"{prefix} one")
    usage = chat(server, content=f"{prefix} two")["usage"]

    assert usage["prompt_tokens_details"]["cached_tokens"] > 0.8 * usage["prompt_tokens"] > 100


def test_each_of_two_slots_has_the_whole_context(smollm_file: Path) -> None:
    with start(smollm_file, context_tokens=1024, slots=2) as running:
        props = urllib.request.Request(
            f"{running.base_url.removesuffix('/v1')}/props",
            headers={"Authorization": f"Bearer {running.api_key}"},
        )
        with urllib.request.urlopen(props, timeout=10) as response:
            settings = json.load(response)
    assert settings["total_slots"] == 2
    assert settings["default_generation_settings"]["n_ctx"] == 1024


def test_a_prompt_beyond_the_context_is_an_error_and_not_cut(server: LocalServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        chat(server, content="word " * 4000)
    assert caught.value.code == 400
    assert b"context" in caught.value.read()


def test_close_ends_the_child(smollm_file: Path) -> None:
    running = start(smollm_file)
    pid = running.pid
    assert is_running(pid)

    running.close()
    running.close()
    assert not is_running(pid)


def test_close_does_not_wait_for_an_answer_in_progress(smollm_file: Path) -> None:
    running = start(smollm_file, context_tokens=4096)
    broken = threading.Event()

    def ask() -> None:
        try:
            chat(running, max_tokens=4000, ignore_eos=True)
        except OSError:
            broken.set()

    threading.Thread(target=ask, daemon=True).start()
    time.sleep(0.5)
    started = time.monotonic()
    running.close()

    assert time.monotonic() - started < 15  # all of the answer takes minutes
    assert broken.wait(PATIENCE_S)


PARENT = """
import sys, threading
from pathlib import Path
from papercards.local.server import LocalServer
servers = []
def start():
    servers.append(LocalServer(Path(sys.argv[1]), context_tokens=512, threads=1))
if sys.argv[2] == "in a thread":
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
else:
    start()
print(servers[0].pid, flush=True)
sys.stdin.read()
"""


def parent(smollm_file: Path, how: str = "") -> "tuple[subprocess.Popen[str], int]":
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(smollm_file), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_the_child_ends_when_its_parent_is_killed(smollm_file: Path) -> None:
    process, child = parent(smollm_file)
    assert is_running(child)

    process.kill()
    assert ends_within(child, PATIENCE_S)
    process.communicate()


def test_the_child_outlives_the_thread_that_started_it(smollm_file: Path) -> None:
    process, child = parent(smollm_file, "in a thread")
    time.sleep(1.5)

    assert is_running(child)
    process.kill()
    assert ends_within(child, PATIENCE_S)
    process.communicate()


def test_ctrl_c_in_the_terminal_does_not_reach_the_child(smollm_file: Path) -> None:
    process, child = parent(smollm_file)
    os.kill(child, signal.SIGINT)
    time.sleep(0.5)

    assert os.getpgid(child) != os.getpgid(process.pid)
    assert is_running(child)
    process.kill()
    assert ends_within(child, PATIENCE_S)
    process.communicate()


def test_a_file_that_is_no_model_is_said_with_the_cause(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_text("hello")

    with pytest.raises(EndpointError, match=r"model\.gguf.*invalid magic characters: 'hell'"):
        LocalServer(file, context_tokens=512)


def test_a_start_that_takes_too_long_is_ended(smollm_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    close = LocalServer.close

    def noted_close(server: LocalServer) -> None:
        started.append(server.pid)
        close(server)

    monkeypatch.setattr(LocalServer, "close", noted_close)

    with pytest.raises(EndpointError, match="did not load within"):
        start(smollm_file, start_timeout_s=0.01)
    assert len(started) == 1 and not is_running(started[0])


def test_without_llama_cpp_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingExtra, match=r"papercards\[local\]"):
        LocalServer(tmp_path / "model.gguf", context_tokens=512)


def test_hyper_threads_count_once() -> None:
    cpuinfo = "\n\n".join(
        f"processor\t: {n}\nphysical id\t: {n // 4}\ncore id\t\t: {n // 2 % 2}" for n in range(8)
    )

    assert _cores_of(cpuinfo, set(range(8))) == 4
    assert _cores_of(cpuinfo, {0, 1, 2}) == 2
    assert _cores_of("processor\t: 0\nBogoMIPS\t: 50.0", {0}) == 0
    assert 1 <= physical_cores() <= (os.cpu_count() or 1)


@pytest.mark.slow
def test_the_probe_finds_what_llama_cpp_can_do(server: LocalServer) -> None:
    model = LOCAL["local/smollm2-135m"]
    result = probe(Endpoint(model, server.base_url, server.api_key, 120.0, 900))

    assert (result.answers, result.enforces_schema, result.logprobs, result.usage) == (True,) * 4
    assert result.context_tokens == 2048
    assert result.prompt_tokens_per_second is not None and result.prompt_tokens_per_second > 10
    assert result.completion_tokens_per_second is not None and result.completion_tokens_per_second > 1
