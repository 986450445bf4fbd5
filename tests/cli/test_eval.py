"""`papercards eval`, as a user runs it."""

import asyncio
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from papercards.cli.shared import wiring
from papercards.evals.label_file import SEED_LABELS, text_hash
from papercards.model.catalogue import resolve
from papercards.model.limits import Limiter
from papercards.reading.reader import ModelReader
from tests.conftest import KEY, SEED, Run
from tests.evals.records import reading, record, write
from tests.stub import Stub, error

GATE = Path(str(SEED)).parent.parent / "gate.toml"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Six labelled papers that bring their abstracts along."""
    rows = []
    for n in range(6):
        abstract = f"Paper {n} studies counting. It is {n + 2}0% better than guessing at it."
        start = abstract.index("It is")
        one = reading(
            tasks=["regression"],
            claims=[{"start": start, "end": len(abstract), "kind": "performance"}],
            tldr="Counting gets better.",
        )
        split = "dev" if n < 4 else "train"
        rows.append(record(f"p{n}", one, one | {"annotator": "b"}, abstract=abstract, split=split))
    return write(tmp_path / "labels.jsonl", rows)


def measures(path: Path) -> dict[str, Any]:
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return {f"{one['field']}.{one['figure']}": one for one in figures["measures"]}


def test_the_baseline_reaches_its_gate_on_dev_with_intervals(run: Run, tmp_path: Path) -> None:
    done = run("eval", "run", "-m", "baseline", "--gate", GATE, "-o", "result.json", "-o", "result.xml")

    assert done.returncode == 0, done.stderr
    assert "dev, 55 papers" in done.stdout
    found = measures(tmp_path / "result.json")
    for name in ("tasks.f1", "claims.kappa", "code.accuracy", "mean.f1"):
        one = found[name]
        assert one["interval"]["low"] <= one["value"] <= one["interval"]["high"]
        assert one["ceiling"] > 0.9
    suite = ET.parse(tmp_path / "result.xml").getroot()[0]
    assert (suite.get("name"), suite.get("failures")) == ("baseline", "0")


def test_a_missed_gate_exits_3_with_the_lines_and_keeps_the_result(
    run: Run, tmp_path: Path, small: Path
) -> None:
    (tmp_path / "gate.toml").write_text('[gate]\n"code.accuracy" = 0.1\n"mean.f1" = 1.0\n', encoding="utf-8")

    done = run(
        *("eval", "run", "--labels", small, "-m", "baseline", "--gate", "gate.toml"),
        *("-o", "out/result.json", "-o", "out.xml"),
    )

    assert done.returncode == 3
    assert done.stderr.rstrip().splitlines()[-1].startswith("papercards: gate.toml: baseline: mean.f1 is 0.")
    assert "code.accuracy" not in done.stderr
    assert measures(tmp_path / "out/result.json")["mean.f1"]["value"] < 1
    assert ET.parse(tmp_path / "out.xml").getroot()[0].get("failures") == "1"


def test_several_models_are_measured_at_once_into_a_folder(
    run: Run, tmp_path: Path, small: Path, stub: Stub
) -> None:
    done = run(
        *("eval", "run", "--labels", small, "-m", "stub-model", "-m", "baseline", "-o", "results"),
        *("--base-url", stub.url),
    )

    assert done.returncode == 0, done.stderr
    assert len(stub.bodies) == 4
    found = measures(tmp_path / "results/stub-model.json")
    floor = measures(tmp_path / "results/baseline.json")
    assert found["tasks.f1"]["floor"] == floor["tasks.f1"]["value"]
    assert floor["tasks.f1"]["floor"] is None


@pytest.mark.slow
def test_repeats_really_ask_again_and_a_rerun_asks_nobody(run: Run, small: Path, stub: Stub) -> None:
    arguments = ("eval", "run", "--labels", small, "-m", "stub-model", "--base-url", stub.url)

    first = run(*arguments, "--repeat", "3")
    assert first.returncode == 0, first.stderr
    assert len(stub.bodies) == 12
    assert "self-agreement of the model over repeated queries" in first.stdout

    assert run(*arguments, "--repeat", "3").stdout == first.stdout
    assert run(*arguments).returncode == 0
    assert len(stub.bodies) == 12


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-o", "result.xml"), "result.xml: JUnit XML reports the outcome of a gate"),
        (("-o", "result.html"), "results cannot be written as .html"),
        (
            ("-m", "openai/x", "-m", "baseline", "-o", "r.json"),
            "one file cannot hold the results of 2 models",
        ),
        (("--split", "all"), 'there is no split "all"'),
        (("--gate", "none.toml"), "cannot read the gate"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_asked(
    run: Run, small: Path, stub: Stub, arguments: tuple[str, ...], says: str
) -> None:
    models = () if "-m" in arguments else ("-m", "openai/x")

    done = run("eval", "run", "--labels", small, *models, *arguments, "--base-url", stub.url)

    assert done.returncode == 2
    assert says in done.stderr
    assert stub.bodies == []


@pytest.mark.slow
def test_two_results_are_compared_and_guarded(run: Run, tmp_path: Path, small: Path) -> None:
    run("eval", "run", "--labels", small, "-m", "baseline", "-o", "a.json")
    body = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    for paper in body["papers"]:
        paper["score"]["tasks"] |= {"hits": ["regression"], "missed": [], "main_right": True}
        paper["card"]["tasks"] = [{"label": "regression"}]
    (tmp_path / "a.json").write_text(json.dumps(body), encoding="utf-8")
    body["model"] = "worse"
    for paper in body["papers"]:
        paper["score"]["tasks"] |= {"hits": [], "missed": ["regression"], "main_right": False}
        paper["card"]["tasks"] = [{"label": "robotics"}]
    (tmp_path / "b.json").write_text(json.dumps(body), encoding="utf-8")

    same = run("eval", "compare", "a.json", "a.json", "--fail-if-worse", "tasks")
    assert (same.returncode, same.stdout.splitlines()[0][:5]) == (0, "same:")
    assert "no answers changed" in same.stdout

    worse = run("eval", "compare", "a.json", "b.json", "--fail-if-worse", "tasks:0.05")
    assert worse.returncode == 3
    assert "robotics" in worse.stdout
    assert "a drop of more than 0.05" in worse.stderr
    data = json.loads(run("eval", "compare", "a.json", "b.json", "--json").stdout)
    assert data["second"] == "worse" and len(data["changes"]) == 4


@pytest.mark.slow
def test_a_report_is_written_from_results_alone(run: Run, tmp_path: Path, small: Path) -> None:
    run("eval", "run", "--labels", small, "-m", "baseline", "-o", "a.json")

    done = run("eval", "report", "a.json", "a.json", "-o", "page.html")

    assert done.returncode == 0, done.stderr
    assert "baseline (2)" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_thresholds_are_fitted_on_one_split_and_checked_on_another(run: Run, small: Path) -> None:
    for split in ("train", "dev"):
        run("eval", "run", "--labels", small, "--split", split, "-m", "baseline", "-o", f"{split}.json")

    done = run("eval", "thresholds", "train.json", "dev.json", "--precision", "0.5")

    assert done.returncode == 0, done.stderr
    assert any(line.startswith("code: confidence threshold ") for line in done.stdout.splitlines())
    assert "on train it keeps 100%" in done.stdout and "on dev" in done.stdout


def test_every_fault_of_a_label_file_is_one_line_with_its_place(run: Run, tmp_path: Path) -> None:
    claims = [{"start": 0, "end": 9999, "kind": "finding"}, {"start": 0, "end": 5, "kind": "finding"}]
    good = record("good")
    lines: list[dict[str, Any] | str] = [
        good,
        record("a", reading(tasks=["regresion"]), reading()),
        record("b", reading(claims=claims), reading()),
        record("good", split="train"),
        record("c", reading()),
        json.dumps(record("d")) + ",",
    ]
    write(tmp_path / "bad.jsonl", lines)

    done = run("eval", "labels", "check", "bad.jsonl")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = done.stdout.splitlines()
    for place, part in (
        ("bad.jsonl:2: ", 'pass a: "regresion" is not one of the tasks'),
        ("bad.jsonl:3: ", "the claim 0-9999 ends after the abstract"),
        ("bad.jsonl:3: ", "the claims 0-9999 and 0-5 overlap"),
        ("bad.jsonl:4: ", "the paper good is in two splits: train here, dev on line 1"),
        ("bad.jsonl:5: ", "only 1 of the 2 passes"),
        ("bad.jsonl:6: ", "not JSON: trailing characters"),
    ):
        assert any(line.startswith(place) and part in line for line in said), (place, part, said)


def test_the_shipped_labels_have_no_faults_and_agree_as_their_readme_says(run: Run) -> None:
    checked = run("eval", "labels", "check")
    assert checked.returncode == 0, checked.stdout

    rows = {row["field"]: row for row in json.loads(run("eval", "labels", "agree", "--json").stdout)}
    assert rows["tasks"]["f1"] == pytest.approx(0.93, abs=0.02)
    assert rows["claims"]["kappa"] == pytest.approx(0.95, abs=0.02)
    assert rows["tasks"]["alpha"] > 0.8


def test_papers_to_label_next_come_with_reasons_and_what_they_bring(run: Run, tmp_path: Path) -> None:
    run("enrich", SEED, "-m", "baseline", "--limit", "30", "-o", "cards.jsonl")
    known = SEED_LABELS.read_text(encoding="utf-8").splitlines()[:5]
    write(tmp_path / "few.jsonl", known)

    done = run("eval", "labels", "sample", "cards.jsonl", "--labels", "few.jsonl", "-n", "3")

    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stdout.splitlines() if "mean confidence" in line]) == 3
    assert "% narrower" in done.stdout


def test_a_file_is_split_and_converted_labels_are_scored_in_their_fields_alone(
    run: Run, tmp_path: Path
) -> None:
    rows = [f"Paper {n},We count to {n}. Nothing more is said.,no" for n in range(5)]
    rows.append("Paper 9,Our code is available at https://github.com/a/b.,yes")
    (tmp_path / "theirs.csv").write_text("title,abstract,code\n" + "\n".join(rows), encoding="utf-8")

    done = run("eval", "labels", "convert", "theirs.csv", "-o", "ours.jsonl")
    assert done.returncode == 0, done.stderr
    assert "code.accuracy" in done.stderr

    scored = run("eval", "run", "--labels", "ours.jsonl", "-m", "baseline", "-o", "result.json")
    assert scored.returncode == 0, scored.stderr
    found = measures(tmp_path / "result.json")
    assert found["code.f1"]["value"] == 1.0
    assert found["tasks.f1"]["value"] is found["claims.f1"]["value"] is found["data.f1"]["value"] is None

    split = run("eval", "labels", "split", "ours.jsonl", "-o", "split.jsonl", "--again")
    assert split.returncode == 0, split.stderr
    assert "train 2, dev 2, test 2" in split.stderr


def test_rows_that_are_no_labels_are_set_aside_and_the_others_are_scored(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hand.csv").write_text(
        "Titel,abstract,Aufgabe\nOne,We count.,Robotics\nTwo,We count.,robotic things\n", encoding="utf-8"
    )

    done = run(
        *("eval", "labels", "convert", "hand.csv", "--column", "title=Titel", "--column", "task=Aufgabe"),
        *("-o", "ours.jsonl"),
    )
    wrong = run("eval", "labels", "check", "hand.csv")
    scored = run("eval", "run", "--labels", "ours.jsonl", "-m", "baseline")

    assert done.returncode == 1
    assert 'hand.csv:3: Aufgabe: "robotic things" is not one of the tasks' in done.stderr
    assert "1 row set aside → ours.errors.jsonl" in done.stderr
    (line,) = (tmp_path / "ours.errors.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["where"] == "hand.csv:3"
    assert wrong.returncode == 1 and "papercards eval labels convert hand.csv" in wrong.stderr
    assert "tasks" in scored.stdout and "claims" not in scored.stdout


def test_runs_on_labels_of_different_fields_are_refused(run: Run, tmp_path: Path) -> None:
    for field, label in (("task", "robotics"), ("code", "yes")):
        (tmp_path / "t.csv").write_text(f"title,abstract,{field}\nOne,We count.,{label}\n", encoding="utf-8")
        run("eval", "labels", "convert", "t.csv", "-o", f"{field}.jsonl", "--column", f"{field}={field}")
        run("eval", "run", "--labels", f"{field}.jsonl", "-m", "baseline", "-o", f"{field}.json")

    done = run("eval", "compare", "task.json", "code.json")

    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1 and "tasks against code" in done.stderr


def hosted(stub: Stub, *models: str) -> tuple[str, ...]:
    named = [word for model in models for word in ("-m", model)]
    return ("eval", "run", "--labels", "labels.jsonl", "--base-url", stub.url, *named)


def test_papers_that_the_endpoint_fails_are_no_misses_of_the_model(
    run: Run, tmp_path: Path, small: Path, stub: Stub
) -> None:
    refusal = error(404, "this model has moved")
    stub.script = [None, None, refusal, refusal]
    done = run(*hosted(stub, "m"), "-j", "1", "-o", "result.json", OPENAI_API_KEY=KEY)

    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "2 without a card: the endpoint answered 404: this model has moved" in done.stderr
    assert "m on dev, 2 of 4 papers" in done.stdout
    body = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert [paper["labelled"]["id"] for paper in body["papers"]] == ["p0", "p1"]
    assert list(body["unanswered"]) == ["p2", "p3"]


def test_an_endpoint_that_ends_the_run_half_way_leaves_the_figures_of_what_it_answered(
    run: Run, tmp_path: Path, small: Path, stub: Stub
) -> None:
    stub.script = [None, error(429, "tokens per day used up", retry_after="9000")]
    done = run(*hosted(stub, "m"), "-j", "1", "--repeat", "2", OPENAI_API_KEY=KEY)

    assert done.returncode == 1
    assert "tokens per day used up" in done.stderr
    assert "m on dev, 1 of 4 papers" in done.stdout
    assert len(stub.bodies) == 2


def test_an_endpoint_that_answers_nobody_is_an_error_and_no_result(
    run: Run, tmp_path: Path, small: Path, stub: Stub
) -> None:
    stub.script = [error(401, "no")] * 9
    done = run(*hosted(stub, "m"), "-o", "result.json", OPENAI_API_KEY=KEY)

    assert done.returncode == 2 and "rejected the API key" in done.stderr
    assert not (tmp_path / "result.json").exists()


def test_all_models_and_repeats_together_stay_within_what_the_run_may_cost(
    run: Run, tmp_path: Path, small: Path, stub: Stub
) -> None:
    # 100 tokens at $1, 10 of completion at $10 a million: $0.0002 a call, and far more at its worst.
    arguments = (*hosted(stub, "m", "n"), "--repeat", "2", "--price", "1/10", "-j", "1")
    free = run(*arguments, "--max-cost", "10", "--cache-dir", "one", OPENAI_API_KEY=KEY)
    assert free.returncode == 0, free.stderr
    assert len(stub.bodies) == 16
    stub.bodies.clear()
    bound = run(*arguments, "--max-cost", "0.0185", "--cache-dir", "two", OPENAI_API_KEY=KEY)

    assert bound.returncode == 1 and "is spent" in bound.stderr
    assert 0 < len(stub.bodies) < 16
    assert len(stub.bodies) * 0.0002 <= 0.0185


def test_a_run_that_has_to_keep_a_cost_needs_a_price(run: Run, small: Path, stub: Stub) -> None:
    done = run(*hosted(stub, "m"), "--max-cost", "1", OPENAI_API_KEY=KEY)

    assert done.returncode == 2 and "--max-cost cannot be enforced" in done.stderr
    assert stub.bodies == []


def test_models_at_one_endpoint_share_its_limiter_and_the_budget(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    chosen = wiring.settings(
        base_url=stub.url, max_cost=1.0, price="1/1", rpm=60.0, cache_dir=str(tmp_path / "cache")
    )
    with wiring.resources(chosen) as session:
        entries = [resolve(name, base_url=stub.url) for name in ("m", "n")]
        for entry in entries:
            reader = session.reader(entry)
            assert isinstance(reader, ModelReader)
            asyncio.run(session._connect(entry, reader.forms[-1], reader.learned))

        assert len(session._limiters) == 1
        assert session.budget(entries[0]) is session.budget(entries[1])


def test_a_limiter_that_was_stopped_serves_the_next_run() -> None:
    limiter = Limiter(2, clock=lambda: 7.0)
    for _ in range(2):  # each with its own event loop
        limiter.stop()
        limiter.open()
        asyncio.run(limiter.enter(1))
        limiter.leave()
    assert limiter.busy == 0 and limiter.silent_since == 7.0


@pytest.mark.parametrize("command", [("show",), ("stats",), ("eval", "labels", "sample")])
@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("missing.jsonl", 2, "no such file"),
        ("folder.jsonl", 2, "is a folder"),
        ("latin.jsonl", 1, "latin.jsonl:1: not a card"),
        ("cards.pdf", 2, 'unknown format ".pdf"'),
        ("cards.ris", 2, "cards cannot be read back from"),
    ],
)
def test_whatever_reads_cards_says_in_one_line_what_a_wrong_file_is(
    run: Run, tmp_path: Path, command: tuple[str, ...], name: str, code: int, says: str
) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "latin.jsonl").write_bytes(b'{"title": "Caf\xe9"}\n')
    (tmp_path / "cards.ris").write_text("TY  - JOUR\nER  - \n")
    done = run(*command, name)

    assert done.returncode == code
    (line,) = done.stderr.splitlines()
    assert says in line and name in line


def test_eval_labels_sample_reads_cards_of_every_format_that_holds_them(run: Run) -> None:
    run("enrich", SEED, "-m", "baseline", "-o", "cards.jsonl")
    assert run("convert", "cards.jsonl", "cards.sqlite").returncode == 0

    command = ("eval", "labels", "sample")
    table, lines = (run(*command, name, "--json") for name in ("cards.sqlite", "cards.jsonl"))
    assert table.returncode == 0, table.stderr
    assert table.stdout == lines.stdout


def test_labels_without_texts_are_measured_once_these_are_fetched(
    run: Run, tmp_path: Path, small: Path
) -> None:
    rows = [json.loads(line) for line in small.read_text(encoding="utf-8").splitlines()]
    texts = write(
        tmp_path / "texts.jsonl", [{k: row[k] for k in ("id", "title", "abstract")} for row in rows]
    )
    bare = []
    for row in rows:
        title, abstract = row.pop("title"), row.pop("abstract")
        bare.append(row | {"sha256": text_hash(title, abstract)})
    write(tmp_path / "bare.jsonl", bare)

    early = run("eval", "run", "--labels", "bare.jsonl", "-m", "baseline")
    fetched = run("eval", "labels", "fetch", "bare.jsonl", "--papers", texts, "-o", "whole.jsonl")
    late = run("eval", "run", "--labels", "whole.jsonl", "-m", "baseline")

    assert early.returncode == 1 and "papercards eval labels fetch" in early.stderr
    assert fetched.returncode == 0 and "6 labelled texts (6 new)" in fetched.stderr
    assert late.returncode == 0, late.stderr
    assert "dev, 4 papers" in late.stdout
