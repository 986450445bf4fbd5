"""Whole runs as a user starts them, with the default flags: a server of many answers at once, and one of one.

`PAPERCARDS_TEST_ANSWER_S=5` makes the slow server as slow as a model of some billion weights on a laptop.
"""

import json
import os
import time
from pathlib import Path

import pytest

from tests.cli.test_enrich import cards, write
from tests.conftest import SEED, Run
from tests.servers import ollama, vllm
from tests.servers.loopback import serving

ANSWER_S = float(os.environ.get("PAPERCARDS_TEST_ANSWER_S", "0.4"))


@pytest.mark.slow
def test_fifty_papers_from_vllm(run_process: Run, tmp_path: Path) -> None:
    with serving(vllm.app(answer_s=0.3)) as served:
        done = run_process(
            *("enrich", SEED, "--limit", "50", "-o", "cards.jsonl"),
            *("-m", "vllm/meta-llama/Llama-3.1-8B-Instruct", "--base-url", served.url),
        )

    assert done.returncode == 0, done.stderr
    assert "50 cards (50 new, 0 cached), 0 failed, 50 calls" in done.stderr
    assert len(cards(tmp_path / "cards.jsonl")) == 50
    # One at a time it would take 15 s.
    assert served.most >= 8, f"vLLM answers many at once, and was asked for {served.most}"


@pytest.mark.slow
def test_a_server_that_answers_one_at_a_time_is_kept_busy_and_not_overrun(
    run_process: Run, tmp_path: Path
) -> None:
    papers = [{"title": f"Oaks {n}", "abstract": f"We study {n} oaks. They are tall."} for n in range(24)]
    write(tmp_path / "p.jsonl", *papers)
    with serving(ollama.Ollama(num_ctx=32_768, answer_s=ANSWER_S).app()) as served:
        begin = time.monotonic()
        done = run_process(
            *("enrich", "p.jsonl", "-o", "cards.jsonl", "-m", "ollama/llama3.1:8b"),
            *("--base-url", served.url),
            timeout=60 + 60 * ANSWER_S,
        )
        seconds = time.monotonic() - begin

    assert done.returncode == 0, done.stderr
    assert len(cards(tmp_path / "cards.jsonl")) == 24
    assert len(served.chats) == 24, "a paper was sent again though its answer was on the way"
    assert json.loads((tmp_path / "cards.run.json").read_text())["seconds"] <= 1.2 * 24 * ANSWER_S, seconds
