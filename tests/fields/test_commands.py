"""The commands around own fields, as they are typed."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from papercards.fields.file import EXAMPLES
from tests.conftest import Run
from tests.fields.test_asking import FIELDS, PAPER, asked, everything
from tests.stub import Stub


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    papers = [{"id": f"x{n}", "title": f"Counting {n}", "abstract": PAPER.abstract} for n in range(4)]
    Path("papers.jsonl").write_text("\n".join(map(json.dumps, papers)), encoding="utf-8")
    Path("mine.yaml").write_text(FIELDS, encoding="utf-8")
    return tmp_path


def enrich(run: Run, stub: Stub, *more: Any, output: str = "cards.jsonl") -> CompletedProcess[str]:
    done = run("enrich", "papers.jsonl", "-o", output, "-m", "stub/model", "--base-url", stub.url,
               "--cache-dir", "cache", "--price", "1/2", *more)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_shipped_file_can_be_saved_checked_and_used(run: Run, work: Path, stub: Stub, name: str) -> None:
    Path("f.yaml").write_text(run("fields", "init", name).stdout, encoding="utf-8")
    checked = run("fields", "check", "f.yaml")
    assert checked.returncode == 0 and name in checked.stdout
    Path("g.yaml").write_text(run("fields", "show", name).stdout, encoding="utf-8")
    assert run("fields", "check", "g.yaml").stdout.split(":")[0] == checked.stdout.split(":")[0]
    enrich(run, stub, "--fields", name)
    [line, *_] = Path("cards.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["fields"]


def test_check_says_every_mistake_with_file_and_line(run: Run, work: Path) -> None:
    Path("bad.yaml").write_text(FIELDS.replace("type: number", "type: nummer").replace("design:", "code:"))
    done = run("fields", "check", "bad.yaml")
    assert done.returncode == 2
    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["bad.yaml:4:", "bad.yaml:9:"]
    refused = run("enrich", "papers.jsonl", "-m", "baseline", "--fields", "bad.yaml")
    assert refused.returncode == 2 and "bad.yaml:4: " in refused.stderr


def test_only_must_name_a_field(run: Run, work: Path) -> None:
    done = run("enrich", "papers.jsonl", "-m", "baseline", "--fields", "mine.yaml", "--only", "poeple")
    assert (
        done.returncode == 2
        and 'no field "poeple"' in done.stderr
        and 'Did you mean "people"?' in done.stderr
    )


def test_stale_says_what_a_rerun_asks_and_the_rerun_asks_that(run: Run, work: Path, stub: Stub) -> None:
    everything(stub)
    enrich(run, stub)
    where = ("--base-url", stub.url, "--cache-dir", "cache", "--price", "1/2")
    assert "4 cards: all up to date" in run("stale", "cards.jsonl", *where).stdout
    said = run("stale", "cards.jsonl", "--fields", "mine.yaml", *where).stdout
    assert [line.split()[0] for line in said.splitlines()[:-1]] == ["people", "dataset", "design"]
    assert "4 of 4 cards: 4 calls" in said and len(stub.bodies) == 4
    enrich(run, stub, "--fields", "mine.yaml")
    assert len(stub.bodies) == 8 and asked(stub) == ["people", "dataset", "design"]
    assert "all up to date" in run("stale", "cards.jsonl", "--fields", "mine.yaml", *where).stdout
    rerun = run("rerun", "cards.run.json", "--offline", "--cache-dir", "cache")
    assert rerun.returncode == 0, rerun.stderr


def test_show_knows_own_fields(run: Run, work: Path, stub: Stub) -> None:
    everything(stub)
    enrich(run, stub, "--fields", "mine.yaml")
    done = run(
        "show", "cards.jsonl", "--columns", "id,people", "--where", "people>=12", "--where", "design=trial"
    )
    assert done.returncode == 0 and done.stdout.count("12") >= 4
    assert "x0" not in run("show", "cards.jsonl", "--where", "people<12").stdout
    assert "people" in run("show", "cards.jsonl", "--columns", "nothing").stderr


def test_records_of_a_list_are_a_table_and_a_file(run: Run, work: Path, stub: Stub) -> None:
    row = {"sentence": 2, "task": "counting", "dataset": "Beans", "metric": "accuracy", "value": "91.2%"}
    everything(
        stub, results=[row, {**row, "value": "99%"}], baselines="", compares="yes", compares_sentence=2
    )
    enrich(run, stub, "--fields", "ml-results")
    assert run("show", "cards.jsonl", "--records", "results").stdout.count("91.2") == 4
    assert run("show", "cards.jsonl", "--records", "results", "-o", "results.csv").returncode == 0
    header, first, *_ = Path("results.csv").read_text("utf-8").splitlines()
    assert header == "id,title,year,task,dataset,metric,value,value_unit,sentence"
    assert "Beans,accuracy,91.2,%," in first
    assert run("show", "cards.jsonl", "--records", "people").returncode == 2
    assert run("verify", "cards.jsonl", "--source", "papers.jsonl").returncode == 0


def test_the_baseline_answers_labels_and_says_what_it_does_not(run: Run, work: Path) -> None:
    done = run("enrich", "papers.jsonl", "-o", "b.jsonl", "-m", "baseline", "--fields", "mine.yaml")
    assert done.returncode == 0, done.stderr
    fields = json.loads(Path("b.jsonl").read_text("utf-8").splitlines()[0])["fields"]
    assert fields["people"]["missing"] == "not-answered-by-this-model"
    assert fields["design"].get("value") in ("trial", "survey", None)
    assert fields["design"].get("missing") in (None, "uncertain")
