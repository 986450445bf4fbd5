"""How fast a rerun is: N papers through `papercards enrich`, cold once, then warm.

    python evals/bench/warm.py --papers 20000 --core 1

Papers/s is N through the seconds of the run record, which go from the first paper to the last card on disk;
the whole process's time, imports included, stands beside it, and its CPU time, which says more on a busy
machine. The cards of all runs must have the same bytes.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from synthetic import write


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--papers", type=int, default=20_000, metavar="N")
    parser.add_argument("--runs", type=int, default=3, help="warm runs; the median is printed", metavar="K")
    parser.add_argument("--core", type=int, help="the one core to run on", metavar="C")
    parser.add_argument("--model", default="baseline")
    given = parser.parse_args()
    if given.core is not None:
        os.sched_setaffinity(0, {given.core})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "papers.jsonl", given.papers)
        show("cold", given.papers, *run(folder, "cold", given.model))
        warm = [run(folder, f"warm{n}", given.model) for n in range(given.runs)]
        for one in warm:
            show("warm", given.papers, *one)
        show("warm, median", given.papers, *map(statistics.median, zip(*warm, strict=True)))
        cold = (folder / "cold.jsonl").read_bytes()
        if any((folder / f"warm{n}.jsonl").read_bytes() != cold for n in range(given.runs)):
            sys.exit("the cards differ")


def run(folder: Path, name: str, model: str) -> tuple[float, float, float]:
    """Seconds from the first paper to the last card, of the whole process, and of its CPU."""
    command = [sys.executable, "-m", "papercards", "enrich", "papers.jsonl", "-m", model]
    begin, used = time.perf_counter(), cpu_s()
    subprocess.run(
        [*command, "--cache-dir", "cache", "-o", f"{name}.jsonl"],
        cwd=folder,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    whole, used = time.perf_counter() - begin, cpu_s() - used
    record = json.loads((folder / f"{name}.run.json").read_text())
    assert name == "cold" or record["counts"]["cached"] == record["counts"]["done"]
    return record["seconds"], whole, used


def cpu_s() -> float:
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(name: str, papers: int, inside: float, whole: float, cpu: float) -> None:
    """One line of figures."""
    print(
        f"{name:13} {papers / inside:9,.0f} papers/s ({inside:.2f} s); "
        f"whole process {papers / whole:9,.0f} papers/s ({whole:.2f} s, {cpu:.2f} s of CPU)",
        flush=True,
    )


if __name__ == "__main__":
    main()
