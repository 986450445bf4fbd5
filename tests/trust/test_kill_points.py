"""Whatever fails while something is written: the same command, run again, gives the bytes of a whole run.

The process is killed, the disk fills up or breaks, files run out, the clock jumps, at points that are spread
over everything that a run writes.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import odd
from tests.servers.loopback import serving
from tests.servers.odd import RIGHT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith(("linux", "darwin")), reason="forks and kills"),
]

OUTPUTS = ("cards.jsonl", "cards.md", "cards.csv")
PAPERS = 6
KILLS, ERRORS, JUMPS = 60, 14, 4
"""Points of each kind."""


class Lab:
    """Runs in folders of their own, and what an undisturbed one gives."""

    def __init__(self, folder: Path, environment: dict[str, str], url: str) -> None:
        self._folder, self._environment, self._url = folder, environment, url
        ((whole,),) = self.runs([("whole", "", 0)])
        assert whole["code"] == 0, whole["said"]
        self.points: list[str] = whole["points"]
        self.bytes = self.outputs("whole")

    def runs(self, plan: list[tuple[str, str, int]]) -> list[list[dict[str, Any]]]:
        """What came of runs with (name, kind, at)."""
        todo = []
        for name, kind, at in plan:
            folder = self._folder / name
            folder.mkdir()
            lines = [
                {
                    "title": f"Counting {n}",
                    "abstract": f"Paper {n} is about counting. It works well.",
                    "id": f"p{n}",
                }
                for n in range(PAPERS)
            ]
            (folder / "p.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            command = [
                "enrich",
                "p.jsonl",
                "-m",
                "m",
                "--base-url",
                self._url,
                "--cache-dir",
                "cache",
                "-j",
                "2",
            ]
            command += [word for output in OUTPUTS for word in ("-o", output)]
            todo.append({"folder": str(folder), "command": command, "kind": kind, "at": at})
        path = self._folder / f"{plan[0][0]}.plan"
        path.write_text(json.dumps(todo))
        subprocess.run(
            [sys.executable, "-m", "tests.trust.faulty", str(path)],
            env=self._environment | {"PYTHONDONTWRITEBYTECODE": "1"},
            cwd=Path(__file__).parent.parent.parent,
            check=True,
            timeout=1200,
        )
        found: list[list[dict[str, Any]]] = json.loads(path.with_suffix(".told").read_text())
        return found

    def outputs(self, name: str) -> dict[str, str]:
        """The outputs of a run; days, which a clock that jumps changes, left out."""
        found = {}
        for output in OUTPUTS:
            path = self._folder / name / output
            found[output] = _timeless(path.read_text()) if path.exists() else ""
        return found


def _timeless(text: str) -> str:
    return re.sub(r"(?:2025-12-3\d|2026-01-0\d)(?:T[\d:]+Z)?", "DAY", text)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Any:
    from tests.conftest import environment_of

    folder = tmp_path_factory.mktemp("faults")
    environment = environment_of(folder / "home") | {"SSL_CERT_FILE": str(certificate)}
    with serving(odd.answering(lambda body, number: RIGHT)) as served:
        yield Lab(folder, environment, served.url)


def spread(count: int, most: int) -> list[int]:
    """At most so many of the numbers from 1 to `count`, evenly spread, first and last among them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + round(n * (count - 1) / (most - 1)) for n in range(most)})


def test_an_undisturbed_run_writes_at_many_points(lab: Lab) -> None:
    assert len(lab.points) > 40
    assert {"write", "fsync", "replace", "open"} <= set(lab.points)
    assert any(name.startswith("sql") for name in lab.points)
    assert lab.bytes["cards.jsonl"].count("\n") == PAPERS


def test_a_run_that_was_killed_anywhere_is_finished_by_the_same_command(lab: Lab) -> None:
    points = spread(len(lab.points), KILLS)
    plan = [(f"kill-{at}", "kill", at) for at in points]

    wrong = []
    for (name, _, at), (killed, again) in zip(plan, lab.runs(plan), strict=True):
        place = f"{name} ({lab.points[at - 1]})"
        if killed["code"] not in (-9, 0):
            wrong.append(f"{place}: ended with {killed['code']}: {killed['said'][-300:]}")
        if again["code"] != 0 or lab.outputs(name) != lab.bytes:
            wrong.append(f"{place}: then {again['code']}, other bytes: {again['said'][-300:]}")

    assert len(points) >= min(40, len(lab.points))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ["ENOSPC", "EIO", "EMFILE"])
def test_an_error_anywhere_is_said_in_a_line_and_the_same_command_finishes(lab: Lab, kind: str) -> None:
    plan = [(f"{kind}-{at}", kind, at) for at in spread(len(lab.points), ERRORS)]

    wrong = []
    for (name, _, at), (failed, again) in zip(plan, lab.runs(plan), strict=True):
        place = f"{name} ({lab.points[at - 1]})"
        if "Traceback" in failed["said"] or "internal error" in failed["said"]:
            wrong.append(f"{place}: {failed['said'][-600:]}")
        lines = [line for line in failed["said"].splitlines() if line.startswith("papercards: ")]
        if failed["code"] != 0 and not lines:
            wrong.append(f"{place}: ended with {failed['code']} and said nothing: {failed['said'][-300:]}")
        if again["code"] != 0 or lab.outputs(name) != lab.bytes:
            wrong.append(f"{place}: then {again['code']}, other bytes: {again['said'][-300:]}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ["+day", "-day"])
def test_a_clock_that_jumps_changes_nothing_but_times(lab: Lab, kind: str) -> None:
    plan = [(f"{kind}-{at}", kind, at) for at in spread(len(lab.points), JUMPS)]

    for (name, _, _), (jumped, again) in zip(plan, lab.runs(plan), strict=True):
        assert jumped["code"] == again["code"] == 0, jumped["said"]
        assert lab.outputs(name) == lab.bytes, name
