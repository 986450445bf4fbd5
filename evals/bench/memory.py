"""Whether memory grows with the corpus: N papers through a warm `papercards enrich`, RSS sampled meanwhile.

    python evals/bench/memory.py --papers 1000000 --folder /tmp/big --plot docs/images/memory.svg

Making a million cards first would take hours, so the table of finished lines is filled directly, through the
class that `enrich` uses, with cards that the baseline made: 200 papers, each under many ids. A card depends
on its paper's id in nothing but the id, which is checked on a sample. Needs 5 kB of disk a paper; everything
is deleted at the end.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from papers import papers
from processes import new_folder, resident_kb

from papercards.card import Card
from papercards.cli.shared import wiring
from papercards.model.catalogue import BASELINE
from papercards.paper import Paper
from papercards.reading.tagger_reader import BaselineReader
from papercards.runs.card_lines import CardLines

BASES = 200
SAMPLE_S = 0.25


@dataclass(frozen=True)
class Sample:
    """The process at one moment."""

    written: int
    """Bytes of cards."""
    rss_mb: float


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--papers", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--folder", type=Path, required=True, help="a new folder to work in")
    parser.add_argument("--core", type=int, help="the one core for the run", metavar="C")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    given = parser.parse_args()
    with new_folder(given.folder):
        fill(given.folder, given.papers)
        samples, record = run(given.folder, given.core)
    counts, seconds = record["counts"], record["seconds"]
    assert counts["cached"] == given.papers and counts["calls"] == 0, counts
    size = record["outputs"][0]["size"]
    peak = max(sample.rss_mb for sample in samples)
    later = [sample.rss_mb for sample in samples if sample.written > size / 10]
    print(
        f"{given.papers:,} papers in {seconds:.1f} s: {given.papers / seconds:,.0f} papers/s; "
        f"{cpu_s() / given.papers * 1e6:.0f} µs of CPU a paper; "
        f"peak RSS {peak:.0f} MB; from a tenth of the papers on {min(later):.0f} to {max(later):.0f} MB"
    )
    if given.plot:
        draw(samples, size, given.papers, given.plot)


def every(count: int) -> Iterator[tuple[Paper, Card]]:
    """`count` papers under ids of their own, with the cards that the baseline gives them."""
    reader = baseline()
    bases = [Paper(**record, where="") for record in papers(BASES)]
    cards = [reader.card(paper) for paper in bases]
    for number in range(count):
        paper, card = bases[number % BASES], cards[number % BASES]
        name = f"doc:{number:08d}"
        yield replace(paper, id=name), card.model_copy(update={"id": name})


def fill(folder: Path, count: int) -> None:
    """Write the papers and the table of their finished cards."""
    reader = baseline()
    checked = set(random.Random(1).sample(range(count), min(count, 50)))
    finished = CardLines(folder / "cache", {**reader.made_by, "judged": True})
    begin = time.perf_counter()
    with (folder / "papers.jsonl").open("w", encoding="utf-8") as stream:
        for number, (paper, card) in enumerate(every(count)):
            record = {"id": paper.id, "title": paper.title, "abstract": paper.abstract}
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
            finished.keep(paper, card.to_json().encode())
            if number in checked:
                assert reader.card(paper) == card, paper.id
    finished.close()
    print(f"filled in {time.perf_counter() - begin:.0f} s", flush=True)


def baseline() -> BaselineReader:
    """The reader that `enrich -m baseline` uses."""
    with wiring.resources(wiring.settings(model=BASELINE.name)) as session:
        reader = session.reader(BASELINE)
    assert isinstance(reader, BaselineReader)
    return reader


def run(folder: Path, core: int | None) -> tuple[list[Sample], dict[str, object]]:
    """Enrich the papers and look at the process until it ends; its samples and its record."""
    command = [sys.executable, "-m", "papercards", "enrich", "papers.jsonl", "-m", "baseline"]
    child = subprocess.Popen([*command, "--cache-dir", "cache", "-o", "cards.jsonl"], cwd=folder)
    if core is not None:
        os.sched_setaffinity(child.pid, {core})
    samples = []
    partial = folder / "cards.jsonl.partial"
    while child.poll() is None:
        kb = resident_kb(child.pid)
        if kb and partial.exists():
            samples.append(Sample(partial.stat().st_size, kb / 1e3))
        time.sleep(SAMPLE_S)
    assert child.returncode == 0
    return samples, json.loads((folder / "cards.run.json").read_text())


def cpu_s() -> float:
    """CPU seconds of the child that has ended, its start included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def draw(samples: list[Sample], size: int, count: int, target: Path) -> None:
    """Papers written against RSS."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "papercards"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    axes.plot([one.written / size * count for one in samples], [one.rss_mb for one in samples], lw=1.5)
    axes.axhline(200, color="0.6", lw=1, ls="--")
    axes.annotate("bound: 200 MB", (0, 200), (4, -10), textcoords="offset points", color="0.4", fontsize=8)
    axes.set(ylim=(0, 220), xlim=(0, count), xlabel="papers written", ylabel="resident memory, MB")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
