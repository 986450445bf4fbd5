"""The other commands, as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import KEY, SEED, Run
from tests.stub import Stub

PAPER = {
    "title": "Counting to Four",
    "abstract": "We count to 4. It is 12% better. Code: https://github.com/a/b.",
}


def cpu_seconds() -> float:
    """Of the processor, by all children so far: what else the machine does hardly matters."""
    spent = os.times()
    return spent.children_user + spent.children_system


def test_help_costs_little_more_than_python_itself() -> None:
    def seconds(*command: str) -> float:
        begin = cpu_seconds()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        return cpu_seconds() - begin

    # One good try shows it; a bad one may be the machine's.
    assert any(seconds("-m", "papercards", "--help") - seconds("-c", "pass") < 0.3 for _ in range(5))


@pytest.mark.parametrize("arguments", [["Xmodel-2"], ["2"]])
def test_summarize_picks_a_paper_by_number_or_title(run: Run, arguments: list[str]) -> None:
    done = run("summarize", SEED, "--pick", *arguments, "-m", "baseline", "--json")

    assert json.loads(done.stdout)["title"] == "Xmodel-2 Technical Report", done.stderr


def test_summarize_reads_stdin_and_options(run: Run, stub: Stub) -> None:
    hosted = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": stub.url, "PAPERCARDS_MODEL": "openai/m"}
    from_stdin = run("summarize", "-", input=f"{PAPER['title']}\n\n{PAPER['abstract']}\n", **hosted)
    from_options = run("summarize", "--title", PAPER["title"], "--abstract", PAPER["abstract"], **hosted)

    assert from_stdin.returncode == from_options.returncode == 0, from_stdin.stderr
    assert "Counting to Four" in from_stdin.stdout
    assert "https://github.com/a/b" in from_stdin.stdout
    assert from_stdin.stdout == from_options.stdout
    assert len(stub.bodies) == 1


def test_a_cached_card_is_there_within_a_second_of_python(run_process: Run, stub: Stub) -> None:
    command = ["summarize", "--title", PAPER["title"], "--abstract", PAPER["abstract"]]
    hosted = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": stub.url, "PAPERCARDS_MODEL": "openai/m"}
    run_process(*command, **hosted)

    def seconds() -> float:
        begin = cpu_seconds()
        assert run_process(*command, **hosted).returncode == 0
        return cpu_seconds() - begin

    assert any(seconds() < 1.0 for _ in range(3))
    assert len(stub.bodies) == 1


def test_several_papers_ask_for_a_pick(run: Run) -> None:
    done = run("summarize", SEED, "-m", "baseline")

    assert done.returncode == 2
    assert "--pick" in done.stderr


def test_a_tampered_card_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(PAPER) + "\n")
    run("enrich", "p.jsonl", "-m", "baseline", "-o", "cards.jsonl")
    whole = (tmp_path / "cards.jsonl").read_text()
    good = run("verify", "cards.jsonl", "--source", "p.jsonl")
    assert good.returncode == 0, good.stderr
    card = json.loads(whole)
    evidence = card["reproducibility"]["code"]["evidence"]
    assert evidence is not None

    for change in ("text", "span", "link", "number", "status", "paper"):
        bad = json.loads(whole)
        held = bad["reproducibility"]
        if change == "text":
            held["code"]["evidence"]["text"] = "X" + evidence["text"][1:]
        elif change == "span":
            held["code"]["evidence"] |= {"start": evidence["start"] - 1, "end": evidence["end"] - 1}
        elif change == "link":
            held["links"][0]["url"] = "https://evil.example/"
        elif change == "number":
            bad["tldr"] = "It is 99% better."
        elif change == "status":
            held["code"]["evidence"] = None
        else:
            bad["id"] = "sha256:0000000000000000"
        (tmp_path / "bad.jsonl").write_text(json.dumps(bad) + "\n")
        done = run("verify", "bad.jsonl", "--source", "p.jsonl")
        assert done.returncode == 1, change
        assert len(done.stdout.splitlines()) >= 1


def test_a_line_that_is_no_card_is_told_with_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cards.jsonl").write_text('\n{"id": 1}\n')

    done = run("show", "cards.jsonl")
    assert done.returncode == 1
    assert "cards.jsonl:2: not a card" in done.stderr


def test_the_schema_is_json_schema(run: Run) -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(json.loads(run("schema").stdout))


def test_the_taxonomy_is_shown_and_checked(run: Run, tmp_path: Path) -> None:
    from tests.test_taxonomy import SMALL

    shown = run("taxonomy", "show").stdout
    assert "time-series-forecasting" in shown and "predicting future values" in shown
    (tmp_path / "good.yaml").write_text(SMALL)
    (tmp_path / "bad.yaml").write_text(SMALL.replace("about elms", ""))
    assert "3 tasks" in run("taxonomy", "check", "good.yaml").stdout
    bad = run("taxonomy", "check", "bad.yaml")
    assert bad.returncode == 2
    assert "bad.yaml: line 4" in bad.stderr
    (tmp_path / "mine.yaml").write_text(run("taxonomy", "init").stdout)
    assert run("taxonomy", "check", "mine.yaml").returncode == 0
    (tmp_path / "list.yaml").write_text("tasks: [batteries]\n")
    assert 'such as "battery: electrode materials"' in run("taxonomy", "check", "list.yaml").stderr


def test_a_command_of_an_earlier_version_says_what_to_type(run: Run) -> None:
    done = run("eval", "prevalence", "cards.jsonl", "--json")

    assert done.returncode == 2 and "Use papercards stats CARDS --labels FILE" in done.stderr


def test_help_lists_every_command() -> None:
    from typer.main import get_command

    from papercards.cli.app import app
    from papercards.cli.command_help import Program

    listed = [name for names in Program.panels.values() for name in names]
    assert sorted(listed) == sorted(get_command(app).commands)  # type: ignore[attr-defined]


def test_doctor_says_what_an_endpoint_does(run: Run, stub: Stub) -> None:
    done = run("models", "doctor", SEED, "-m", "openai/x", "--base-url", stub.url)

    assert done.returncode == 0, done.stderr
    assert "answers            yes" in done.stdout
    assert "215 papers would take about" in done.stdout


def test_the_models_are_listed(run: Run) -> None:
    done = run("models", "list")

    assert "local/qwen2.5-coder-1.5b" in done.stdout
    assert "not downloaded" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_error(run: Run, tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m papercards taxonomy show | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert done.stderr == ""


def test_on_windows_one_line_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    done = run("formats")

    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("papercards: Windows is not supported") and done.stderr.count("\n") == 1
    assert "WSL" in done.stderr
