"""How quickly cards are converted to each format, and whether memory grows with them.

    python evals/bench/sinks.py --cards 100000 --folder /tmp/sinks

Converts N cards (the baseline's of the seed papers, each under many ids) from JSONL to each format and back,
each in a process of its own, and prints a Markdown table. Seconds are of processor time, start of the program
included, so that other work on the machine does not count. Everything is deleted at the end.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from processes import new_folder, resident_kb

from papercards.cli.shared import wiring
from papercards.paper import Paper
from papercards.reading.tagger_reader import BaselineReader
from papercards.runs.resources import load_taxonomy
from papercards.sinks import known_formats
from papercards.sources import open_source

SAMPLE_S = 0.02


@dataclass(frozen=True)
class Measured:
    """One conversion."""

    cpu_s: float
    """Of all its threads."""
    half_mb: float
    """The most resident memory in the first half of the time."""
    most_mb: float
    """The most of all."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cards", type=int, default=100_000, metavar="N")
    parser.add_argument("--folder", type=Path, required=True, help="a new folder to work in")
    given = parser.parse_args()
    with new_folder(given.folder):
        fill(given.folder / "cards.jsonl", given.cards)
        print("| format | MB | cards/s to | RSS, first half | RSS, all | cards/s from | RSS |")
        print("|---|---|---|---|---|---|---|")
        for kind in known_formats():
            name = f"{kind.name}:out" if kind.folder or not kind.extensions else f"out{kind.extensions[0]}"
            to = convert(given.folder, "cards.jsonl", name)
            cells = [kind.name, f"{size(given.folder) / 1e6:,.0f}", f"{given.cards / to.cpu_s:,.0f}"]
            cells += [f"{to.half_mb:,.0f} MB", f"{to.most_mb:,.0f} MB"]
            if kind.read:
                back = convert(given.folder, name, "back.jsonl")
                cells += [f"{given.cards / back.cpu_s:,.0f}", f"{back.most_mb:,.0f} MB"]
            else:
                cells += ["", ""]
            print(f"| {' | '.join(cells)} |", flush=True)
            remove(given.folder)


def fill(path: Path, cards: int) -> None:
    """Write so many cards."""
    seed = resources.files("papercards.evals") / "corpus" / "hf-papers-listing.txt"
    reader = BaselineReader(load_taxonomy(wiring.settings()))
    made = [reader.card(paper) for paper in open_source(str(seed)) if isinstance(paper, Paper)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(cards):
            one = made[number % len(made)]
            file.write(one.model_copy(update={"id": f"x:{number}"}).to_json() + "\n")


def convert(folder: Path, source: str, output: str) -> Measured:
    """Run `papercards convert` and watch its memory."""
    begin = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", "convert", source, output],
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    samples = []
    while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
        samples.append((time.perf_counter() - begin, resident_kb(child.pid) * 1024 / 1e6))
        time.sleep(SAMPLE_S)
    _, child.returncode, used = ended
    if child.returncode != 0:
        raise SystemExit(f"converting {source} to {output} failed")
    half = [rss for at, rss in samples if at < samples[-1][0] / 2]
    return Measured(used.ru_utime + used.ru_stime, max(half), max(rss for _, rss in samples))


def outputs(folder: Path) -> list[Path]:
    """What a conversion has left."""
    return [path for path in folder.iterdir() if path.name.startswith("out")]


def size(folder: Path) -> int:
    """Bytes of what a conversion has left."""
    found = [file for path in outputs(folder) for file in ([path] if path.is_file() else path.rglob("*"))]
    return sum(file.stat().st_size for file in found if file.is_file())


def remove(folder: Path) -> None:
    """Make room for the next format."""
    for path in outputs(folder):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    main()
