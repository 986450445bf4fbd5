"""The benchmark measures what it says, and its endpoint fails as often as it is told."""

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "evals" / "bench"


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts can be imported as they import each other."""
    monkeypatch.syspath_prepend(str(BENCH))


@pytest.mark.slow
def test_cold_measures_naive_and_papercards_and_all_answers_are_right(tmp_path: Path) -> None:
    options = "cold --papers 40 --repeat 1 --latency-ms 20 --json result.json".split()
    ended = subprocess.run(
        [sys.executable, BENCH / "run.py", *options],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    naive, ours = result["rows"]
    assert (naive["client"], ours["client"]) == ("naive", "papercards")
    assert result["rounds"] == result["rows"]
    for row in (naive, ours):
        assert row["scenario"] == "cold"
        assert row["papers"] == row["right"] == row["requests"] == 40, row
        assert row["repeats"] == 0
        assert 1 < row["in_flight"] <= 40
        assert 0 < row["of_ideal"] <= 1
        assert 0 < row["papers_per_s"] <= 64 / 0.02
        assert row["seconds"] > 40 / row["papers_per_s"]
        assert 0 < row["cpu_s_per_1000"] < 1000
        assert 20 < row["rss_mb"] < 1000
        assert row["note"] == ""
    assert naive["times_naive"] == 1
    assert ours["times_naive"] == pytest.approx(ours["papers_per_s"] / naive["papers_per_s"], rel=1e-3)
    assert {"cpus", "python", "versions"} <= set(result["machine"])
    assert f"|cold|papercards|40 of 40|{ours['papers_per_s']:,.0f}|" in ended.stdout
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"], "its folder is removed"


def test_a_card_about_another_paper_is_not_right(tmp_path: Path, modules: None) -> None:
    from bench import right

    cards = tmp_path / "cards.jsonl"
    told = [("doc-0", "[doc 0] a"), ("doc-1", "[doc 10] a"), ("doc-2", "[doc 2] a"), ("doc-2", "[doc 2] a")]
    told += [("doc-9", "[doc 9] a")]
    cards.write_text("".join(json.dumps({"id": id_, "tldr": tldr}) + "\n" for id_, tldr in told))
    assert right(cards, 3) == 2
    assert right(tmp_path / "none.jsonl", 3) == 0


def test_papers_are_the_same_in_every_run_and_no_two_are_alike(modules: None) -> None:
    from papers import papers

    found = list(papers(300))
    assert found == list(papers(300))
    assert len({paper["abstract"].partition("] ")[2] for paper in found}) == 300
    lengths = [len(paper["abstract"]) for paper in found]
    assert 1300 <= min(lengths) <= max(lengths) < 1700


def test_the_stub_fails_by_its_plan_and_counts_what_it_sent(modules: None) -> None:
    from processes import Stub

    kinds: list[str] = []
    with Stub(latency_ms=0, faults="429:0.05,500:0.03,malformed:0.01,hang:0.01") as stub:
        stub.configure(hang_s=0)
        connection = http.client.HTTPConnection("127.0.0.1", stub.port, timeout=10)
        for number in range(300):
            messages = [{"role": "user", "content": f"[doc {number % 200}] Read it."}]
            connection.request("POST", "/v1/chat/completions", json.dumps({"messages": messages}))
            answer = connection.getresponse()
            body = json.load(answer)
            if answer.status != 200:
                kinds.append(f"{answer.status} {answer.headers['Retry-After']}")
                continue
            text = body["choices"][0]["message"]["content"]
            try:
                assert json.loads(text)["summary"].startswith(f"[doc {number % 200}] ")
                kinds.append("good")
            except ValueError:
                kinds.append("malformed")
        connection.close()
        stats = stub.stats()
    for kind, share in (("429 1", 0.05), ("500 None", 0.03), ("malformed", 0.01), ("good", 0.91)):
        assert abs(kinds.count(kind) - share * 300) <= 1.5, (kind, kinds.count(kind))
    assert abs(stats["faults"]["hang"] - 3) <= 1
    assert stats["requests"] == 300
    assert stats["documents"] == 200
    assert stats["asked_again"] == 100
    # Asked twice, and answered well at the first time.
    assert stats["repeated"] == sum(kind == "good" for kind in kinds[:100])
    assert stats["first_request"] <= stats["last_answer"]
    assert stats["max_inflight"] == 1
