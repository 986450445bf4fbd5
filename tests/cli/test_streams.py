"""Standard streams and homes that are not usual: closed, full, narrow, missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from papercards.cli.shared import wiring
from papercards.configuration.places import cache_directory
from papercards.errors import UsageError
from tests.cli.test_enrich import cards, some, write
from tests.in_process import call

PAPER = {"title": "Schrödinger's “cat”", "abstract": "Schrödinger's “cat” — 日本語 works. It is 12% better."}


def shell(
    command: str, folder: Path, environment: dict[str, str], **variables: str
) -> "subprocess.CompletedProcess[bytes]":
    """The output of a shell command in which `$P` is the program."""
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment | {"P": f"{sys.executable} -m papercards"} | variables,
        capture_output=True,
        timeout=300,
        check=False,
    )


def test_output_that_cannot_hold_every_character_still_comes(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    write(tmp_path / "p.jsonl", PAPER)
    variables = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = shell("$P summarize p.jsonl -m baseline", tmp_path, environment, **variables)

    assert done.returncode == 0, done.stderr
    assert b"\\u65e5" in done.stdout or b"\\u201c" in done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_output_in_any_encoding_still_comes(
    tmp_path: Path, environment: dict[str, str], encoding: str, flags: list[str]
) -> None:
    write(tmp_path / "p.jsonl", PAPER)
    done = call(["summarize", "p.jsonl", "-m", "baseline", *flags], tmp_path, environment, encoding=encoding)

    assert done.returncode == 0, done.stderr
    assert any(word in done.stdout for word in ("\\u65e5", "\\u201c", "\u201c"))


def test_with_standard_error_closed_notes_are_lost_and_nothing_else(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    file = shell("$P enrich p.jsonl -m baseline -o c.jsonl 2>&-", tmp_path, environment)
    pipe = shell("$P enrich p.jsonl -m baseline 2>&-", tmp_path, environment)

    assert (file.returncode, file.stdout) == (0, b"")
    assert len(cards(tmp_path / "c.jsonl")) == 2
    assert pipe.returncode == 0
    assert [json.loads(line)["title"] for line in pipe.stdout.splitlines()] == ["Paper 0", "Paper 1"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_notes_on_a_full_disk_end_no_run(tmp_path: Path, environment: dict[str, str]) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    done = shell("$P enrich p.jsonl -m baseline -o c.jsonl 2>/dev/full", tmp_path, environment)

    assert done.returncode == 0
    assert len(cards(tmp_path / "c.jsonl")) == 2


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
@pytest.mark.parametrize(
    "command", ["enrich p.jsonl -m baseline", "summarize p.jsonl --pick 1 -m baseline", "taxonomy show"]
)
def test_output_that_cannot_be_written_is_one_line(
    tmp_path: Path, environment: dict[str, str], command: str, where: str
) -> None:
    write(tmp_path / "p.jsonl", *some(2))
    done = shell(f"$P {command} {where}", tmp_path, environment)

    assert done.returncode == 2, done.stderr
    assert b"cannot write to standard output" in done.stderr
    assert b"Traceback" not in done.stderr and b"internal error" not in done.stderr


def test_without_a_home_a_folder_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAPERCARDS_CACHE_DIR", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: Path("~/.cache") / name)

    with pytest.raises(UsageError, match="--cache-dir"):
        cache_directory(wiring.settings())
    assert cache_directory(wiring.settings(cache_dir="here")) == Path("here")
    with pytest.raises(UsageError, match="home folder"):
        cache_directory(wiring.settings(cache_dir="~nobody-of-that-name/x"))

    def unknown(name: str) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_cache_path", unknown)
    with pytest.raises(UsageError, match="--cache-dir"):
        cache_directory(wiring.settings())


def test_a_folder_that_may_not_be_entered_holds_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    assert wiring.settings(cache_dir="x").cache_dir == "x"
