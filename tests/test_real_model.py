"""Every command once with real weights: SmolLM2-135M for the wiring, the default model for two papers."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import pytest

from papercards.local.fetch import fetch
from papercards.model.catalogue import QWEN, SMOLLM
from tests.conftest import SEED, Run

SMALL = "local/smollm2-135m"


@pytest.fixture(scope="session")
def weights() -> str:
    """Where real weights are kept between test runs."""
    chosen = os.environ.get("PAPERCARDS_TEST_MODELS")
    return chosen or str(platformdirs.user_cache_path("papercards") / "models")


@pytest.fixture
def small(weights: str) -> dict[str, str]:
    fetch(SMOLLM, Path(weights), progress=lambda done, whole: None)
    return {"PAPERCARDS_MODELS": weights}


@pytest.mark.slow
def test_a_tiny_model_goes_through_the_whole_program(
    run_process: Run, tmp_path: Path, small: dict[str, str]
) -> None:
    # A short taxonomy: 135 million weights read 3,000 tokens of labels slowly and to no use.
    from tests.test_taxonomy import SMALL as TAXONOMY

    (tmp_path / "small.yaml").write_text(TAXONOMY)
    papers = [{"title": f"Oaks {n}", "abstract": f"We study {n} oaks. They are tall."} for n in (3, 4)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    common = ["-m", SMALL, "--taxonomy", "small.yaml"]
    made = run_process("enrich", "p.jsonl", *common, "-o", "cards.jsonl", timeout=300, **small)

    # So small a model may fail a paper; it must not fail the program.
    assert made.returncode in (0, 1), made.stderr
    assert "2 papers with local/smollm2-135m" in made.stderr
    assert "Traceback" not in made.stderr
    assert run_process("verify", "cards.jsonl", "--source", "p.jsonl").returncode == 0
    again = run_process("enrich", "p.jsonl", *common, "-o", "again.jsonl", "--offline", **small)
    assert again.returncode == made.returncode
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "cards.jsonl").read_bytes()
    doctor = run_process("models", "doctor", "p.jsonl", "-m", SMALL, timeout=300, **small)
    assert "follows a schema   yes" in doctor.stdout, doctor.stdout + doctor.stderr
    listed = run_process("models", "list", **small).stdout
    assert next(line.split()[1] for line in listed.splitlines() if line.startswith(SMALL)) == "downloaded"


@pytest.mark.slow
def test_the_server_ends_when_the_program_is_killed(
    tmp_path: Path, environment: dict[str, str], small: dict[str, str]
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", "enrich", SEED, "-m", SMALL, "--no-cache"],
        cwd=tmp_path,
        env=environment | small,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    servers: list[int] = []
    begin = time.monotonic()
    try:
        while not servers and time.monotonic() - begin < 60:
            servers = _children(child.pid)
            time.sleep(0.05)
        assert servers
        time.sleep(1)
    finally:
        child.kill()
        child.wait()
    begin = time.monotonic()
    while any(_alive(pid) for pid in servers):
        assert time.monotonic() - begin < 60
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_the_default_model_makes_cards_that_hold(run_process: Run, tmp_path: Path, weights: str) -> None:
    fetch(QWEN, Path(weights), progress=lambda done, whole: None)
    real = {"PAPERCARDS_MODELS": weights}
    common = ["--limit", "2", "-m", "local/qwen2.5-coder-1.5b"]
    made = run_process("enrich", SEED, *common, "-o", "cards.jsonl", "-o", "cards.md", timeout=900, **real)

    assert made.returncode == 0, made.stderr
    cards = [json.loads(line) for line in (tmp_path / "cards.jsonl").read_text().splitlines()]
    assert len(cards) == 2
    assert [card["tasks"][0]["label"] for card in cards] == ["multilingual-nlp", "logical-reasoning"]
    assert all(card["reproducibility"]["code"]["status"] == "released" for card in cards)
    assert run_process("verify", "cards.jsonl", "--source", SEED).returncode == 0

    again = run_process("enrich", SEED, *common, "-o", "again.jsonl", **real)
    assert "starting" not in again.stderr
    assert "0 new, 2 cached" in again.stderr
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "cards.jsonl").read_bytes()


@pytest.mark.slow
def test_the_default_model_makes_good_cards_that_hold(run_process: Run, tmp_path: Path, weights: str) -> None:
    fetch(QWEN, Path(weights), progress=lambda done, whole: None)
    real = {"PAPERCARDS_MODELS": weights}
    model = ["-m", "local/qwen2.5-coder-1.5b"]
    measured = run_process("eval", "run", "--limit", "8", *model, "-o", "result.json", timeout=900, **real)

    assert measured.returncode == 0, measured.stderr
    papers = json.loads((tmp_path / "result.json").read_text())["papers"]
    cards = [paper["card"] for paper in papers]
    assert all(card["provenance"]["calls"] in (2, 3) for card in cards)
    assert all(tag["confidence"] is not None for card in cards for tag in card["tasks"])
    assert all(card["tldr"] and not card["flags"] for card in cards)
    mains = [paper["score"]["tasks"]["main_right"] for paper in papers]
    assert sum(mains) >= 4  # 5 of these 8, of which the first three are hard; 42 of the split's 55

    rows = [{"title": p["labelled"]["title"], "abstract": p["labelled"]["abstract"]} for p in papers]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = run_process(
        "enrich", "p.jsonl", *model, "-o", "cards.jsonl", "-o", "cards.md", "--offline", **real
    )
    assert made.returncode == 0, made.stderr
    assert "0 new, 8 cached" in made.stderr
    assert "starting" not in made.stderr
    assert run_process("verify", "cards.jsonl", "--source", "p.jsonl").returncode == 0
