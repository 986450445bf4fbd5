"""How fast an arXiv metadata dump is read, and in how much memory: N synthetic records of its shape.

    python evals/bench/dump.py --records 1000000 --folder /tmp/dump --category cs.LG --category 'cs.*'

The dump is what Cornell publishes: a JSON object a line, `id` to `authors_parsed`, abstracts with their
line ends. Each reading is a process of its own, without a filter and with each of the categories. Needs 2 kB
of disk a record; the folder is deleted at the end.
"""

import argparse
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from papers import papers
from processes import new_folder, resident_kb

from papercards.sources import BadRecord, Options, open_source

BASES = 2000
"""Records that differ in all; the others differ from one of these in id and categories."""

EARLY = 1000
"""Papers after which memory is looked at first."""

SUBJECTS = (
    "cs.LG cs.CV cs.CL cs.AI cs.RO stat.ML stat.ME math.AG math.PR math.CO hep-th hep-ph astro-ph.GA "
    "astro-ph.CO cond-mat.str-el cond-mat.mes-hall quant-ph gr-qc physics.optics eess.IV q-bio.NC econ.EM"
).split()


def main() -> None:
    """Write, read, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--folder", type=Path, required=True, help="a new folder to work in")
    parser.add_argument("--category", action="append", default=[], metavar="NAME")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        read(given.read, tuple(given.category))
        return
    with new_folder(given.folder):
        file = given.folder / "arxiv-metadata-oai-snapshot.json"
        size = write(file, given.records)
        print(f"{given.records:,} records, {size / 1e9:.2f} GB", flush=True)
        again = [sys.executable, __file__, "--folder", str(given.folder), "--read", str(file)]
        for wanted in [[], *([name] for name in given.category)]:
            flags = [word for name in wanted for word in ("--category", name)]
            subprocess.run([*again, *flags], check=True)


def records(count: int) -> Iterator[dict[str, object]]:
    """Records 0 to `count`, in the order of fields that the dump has."""
    bases = [
        ("\n  ".join(textwrap.wrap(one["title"], 70)), "\n".join(textwrap.wrap(one["abstract"], 78)))
        for one in papers(BASES)
    ]
    for number in range(count):
        draw = Random(number).random
        title, abstract = bases[number % BASES]
        subjects = [SUBJECTS[int(draw() ** 2 * len(SUBJECTS))] for _ in range(1 + int(draw() * 3))]
        authors = [(f"Author{int(draw() * 9999)}", f"{chr(65 + int(draw() * 26))}.") for _ in range(4)]
        yield {
            "id": f"{15 + number // 1_200_000:02d}{1 + number // 100_000 % 12:02d}.{number % 100_000:05d}",
            "submitter": f"{authors[0][1]} {authors[0][0]}",
            "authors": ", ".join(f"{first} {last}" for last, first in authors) + " and G\\'abor {\\L}uk",
            "title": title,
            "comments": f'{8 + int(draw() * 40)} pages; code "as is"' if draw() < 0.7 else None,
            "journal-ref": "Phys.Rev.D76:013009,2007" if draw() < 0.4 else None,
            "doi": f"10.1103/PhysRevD.76.{number:06d}" if draw() < 0.5 else None,
            "report-no": "ANL-HEP-PR-07-12" if draw() < 0.1 else None,
            "categories": " ".join(dict.fromkeys(subjects)),
            "license": None if draw() < 0.3 else "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
            "abstract": f"  {abstract}\n",
            "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
            "update_date": "2008-11-26",
            "authors_parsed": [[last, first, ""] for last, first in authors],
        }


def write(path: Path, count: int) -> int:
    """Write them; gives the bytes."""
    with path.open("w", encoding="utf-8") as lines:
        for record in records(count):
            lines.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
    return path.stat().st_size


def read(path: Path, categories: tuple[str, ...]) -> None:
    """Read them all and print what that took."""
    with path.open("rb") as stream:
        while stream.read(1 << 24):  # so that the disk is not what is measured
            pass
    begin, cpu = time.perf_counter(), time.process_time()
    count = bad = 0
    early_mb = 0.0
    for count, record in enumerate(open_source(str(path), Options(categories=categories)), start=1):
        bad += isinstance(record, BadRecord)
        if count == EARLY:
            early_mb = resident_kb("self") / 1e3
    seconds, cpu_s = time.perf_counter() - begin, time.process_time() - cpu
    with path.open("rb") as stream:
        total = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    print(
        f"{' '.join(categories) or 'no filter':<10} {count:>9,} papers, {bad} bad: "
        f"{total / seconds:,.0f} records/s in {seconds:.1f} s, {cpu_s / total * 1e6:.1f} µs of CPU a record; "
        f"RSS {early_mb:.0f} MB after {EARLY:,} papers, {resident_kb('self', 'VmHWM') / 1e3:.0f} MB at most"
    )


if __name__ == "__main__":
    main()
