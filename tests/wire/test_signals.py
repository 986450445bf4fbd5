"""A signal from outside (docker stop, Slurm, systemd, a closed terminal) loses nothing that is paid for."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_enrich import cards, write
from tests.servers import odd
from tests.servers.loopback import serving
from tests.servers.odd import RIGHT, paper_number, right


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_what_is_in_flight_is_finished_and_kept(
    tmp_path: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    slow = True

    def handler(body: Any, n: int) -> Any:
        return right(body, delay_s=1.5) if slow and paper_number(body) >= 4 else RIGHT

    papers = [
        {"title": f"Counting, part {n}", "abstract": f"Paper {n} is about counting."} for n in range(40)
    ]
    write(tmp_path / "p.jsonl", *papers)
    with serving(odd.answering(handler)) as served:
        command = [sys.executable, "-m", "papercards", "enrich", "p.jsonl", "-o", "cards.jsonl", "-m", "m"]
        command += ["--base-url", served.url, "-j", "20"]
        child = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
        while len(served.chats) < 20:
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(number)
        _, said = child.communicate(timeout=60)
        assert child.returncode == 130 if number == signal.SIGINT else child.returncode > 0
        assert "go on" in said
        asked = len(served.chats)
        assert asked < 40
        slow = False
        again = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )

    assert again.returncode == 0, again.stderr
    assert len(served.chats) == 40, f"{len(served.chats) - 40} papers were paid for twice"
    assert len(cards(tmp_path / "cards.jsonl")) == 40
