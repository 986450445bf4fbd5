"""Whatever stands in a file: its reader gives papers or an error of ours, soon, and in bounded memory.

`PAPERCARDS_FUZZ_SECONDS=60 pytest -m slow tests/trust/test_fuzz.py` looks for longer; `PAPERCARDS_FUZZ_SEED`
repeats a run. Inputs that once broke a reader are in `seeds/broke/`, by the reader's name.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trust.fuzzing import MOST_MB, MOST_S, SEEDS, TARGETS, Report, fuzz

_SECONDS = os.environ.get("PAPERCARDS_FUZZ_SECONDS")
SEED = int(os.environ.get("PAPERCARDS_FUZZ_SEED", random.randrange(1 << 30)))
BROKE = sorted(SEEDS.glob("broke/*/*"))
QUICK = [name for name, target in TARGETS.items() if not target.slow]


def _check(report: Report) -> None:
    said = f"seed {SEED}: {report.executions} executions, {report.gave} gave something"
    assert not report.foreign, f"{said}: {list(report.foreign)}"
    assert not report.slow and report.worst_s < MOST_S + 1, f"{said}: an input took {report.worst_s:.1f} s"
    assert report.added_mb < MOST_MB, f"{said}: {report.added_mb} MB"


@pytest.mark.parametrize("reader", QUICK)
def test_a_reader_gives_papers_or_an_error_of_ours(reader: str) -> None:
    report = fuzz(reader, float(_SECONDS or 0.1), SEED)

    assert report.gave, "its seeds give nothing"
    _check(report)


@pytest.mark.slow
@pytest.mark.parametrize("reader", TARGETS)
def test_a_reader_holds_for_longer_in_a_process_of_its_own(reader: str) -> None:
    seconds = float(_SECONDS or 2)
    done = subprocess.run(
        [sys.executable, "-m", "tests.trust.fuzzing", reader, str(seconds), str(SEED)],
        cwd=SEEDS.parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=600 + 3 * seconds,
    )

    assert done.returncode == 0, f"seed {SEED}: it crashed ({done.returncode}): {done.stderr[-2000:]}"
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["gave"], "its seeds give nothing"
    assert (found["foreign"], found["slow"]) == ([], 0), f"seed {SEED}: {found}"
    assert found["added_mb"] < MOST_MB, f"seed {SEED}: {found}"


@pytest.mark.parametrize("path", BROKE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_broke_a_reader_breaks_it_no_more(path: Path, tmp_path: Path) -> None:
    from papercards.errors import PapercardsError

    reader = next(name for name in TARGETS if name.replace(" ", "-") == path.parent.name)
    try:
        TARGETS[reader].read(path.read_bytes(), tmp_path)
    except PapercardsError as error:
        assert "\n" not in str(error)


def test_the_fuzzer_notices_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.trust import fuzzing

    def breaks(data: bytes, folder: Path) -> bool:
        if b"\x00" in data:
            raise KeyError("no such thing")
        return True

    monkeypatch.setitem(fuzzing.TARGETS, "breaks", fuzzing.Target(breaks, lambda: [b"a", b"\x00"]))
    with pytest.raises(AssertionError, match="KeyError at test_fuzz"):
        _check(fuzz("breaks", 0, 1))
