"""How quick the pages are, and how large the server: `python evals/bench/pages.py --folder /tmp/pages`.

Synthetic cards and their papers are written to a new folder, `papercards serve` reads them, is ended and
started again on the index that it kept, and is then asked as a browser asks: the first page, facets,
searches, pages far into a list, charts and papers, then, when every card was judged, the review queue and
cards to review. Each figure is over 20 requests; but for the first page
they all differ. Titles and sentences are those of the seed corpus in new company, so a search has far more
hits here than among as many real papers. The table goes to standard output. Needs 15 kB of disk a card;
everything is deleted at the end.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import combinations, islice
from pathlib import Path
from random import Random
from urllib.parse import quote, urlencode, urlsplit

from papers import paper_id, papers
from processes import new_folder, resident_kb

from papercards.card import Card, Evidence
from papercards.cli.shared import wiring
from papercards.paper import Paper
from papercards.reading.tagger_reader import BaselineReader
from papercards.review.worries import REASONS
from papercards.runs.resources import load_taxonomy

TIMES = 20
BASES = 200
_SENTENCE = re.compile(r"[A-Z][^.!?]{20,}[.!?]")

SEARCHES = (
    "forecasting,language model,graph neural,transf,theorem,benchmark dataset,diffusion,"
    'reinforcement learning,image,quantization,attention,bayesian,"large language",protein,speech,'
    "model -language,convex,zero shot,code,wea"
).split(",")
TASKS = (
    "language-modeling learning-theory transfer-learning mathematical-reasoning interpretability "
    "time-series-forecasting representation-learning regression graph-learning robotics"
).split()
LIMITS_MS = {"first page": 300, "facet": 200, "search": 150}
LIMIT_MB = 300


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cards", type=int, default=100_000, metavar="N")
    parser.add_argument("--folder", type=Path, required=True, help="a new folder to work in")
    given = parser.parse_args()
    with new_folder(given.folder):
        cards, source = fill(given.folder, given.cards)
        with serving(cards, source, given.folder) as (server, _):
            indexed = server.wait()
            growing_mb = server.memory_mb("VmHWM")
        with serving(cards, source, given.folder) as (server, started):
            server.wait()
            print(
                f"{given.cards:,} cards: indexed in {indexed:.0f} s, {growing_mb:.0f} MB at most meanwhile; ",
                end="",
            )
            print(f"from the kept index ready in {started:.1f} s.\n")
            print("| request | median, ms | slowest, ms | wanted, ms |\n|---|---|---|---|")
            measure(server, browsing(given.cards))
            placed = server.wait_for_map()
            measure(server, mapping())
            judged = server.wait_for_review()
            measure(server, reviewing(given.cards))
            print(f"\nAll cards were put on the map in {placed:.0f} s and judged in {judged:.0f} s.")
            print(f"\nMemory of the server after all this: {server.memory_mb('VmRSS'):.0f} MB, ", end="")
            print(f"at most {server.memory_mb('VmHWM'):.0f} MB (wanted: under {LIMIT_MB}).")


class Server:
    """A running `papercards serve`."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self._process = process
        address = urlsplit(url)
        self._link = HTTPConnection("127.0.0.1", address.port or 0, timeout=600)
        self._cookie = ""
        self._link.request("GET", f"/?{address.query}")
        answer = self._link.getresponse()
        answer.read()
        self._cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def get(self, path: str) -> bytes:
        """The body of a page; anything but a page ends the benchmark."""
        self._link.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._link.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
        return body

    def wait(self) -> float:
        """Until all cards are in; seconds, as of the others."""
        return self._wait(lambda: not json.loads(self.get("/browse/status"))["reading"])

    def wait_for_map(self) -> float:
        """Until all cards have a place on the map."""
        every = len(self.get("/browse/map/classes"))
        return self._wait(lambda: len(self.get("/browse/map/places")) >= 4 * every)

    def wait_for_review(self) -> float:
        """Until all cards are judged."""
        self.get("/review")
        return self._wait(lambda: not json.loads(self.get("/review/status"))["busy"])

    @staticmethod
    def _wait(done: Callable[[], bool]) -> float:
        began = time.perf_counter()
        while not done():
            time.sleep(0.2)
        return time.perf_counter() - began

    def memory_mb(self, which: str) -> float:
        """Its resident memory, now (`VmRSS`) or at most (`VmHWM`), in MiB."""
        return resident_kb(self._process.pid, which) / 1024


@contextmanager
def serving(cards: Path, source: Path, folder: Path) -> Iterator[tuple[Server, float]]:
    """A server, and the seconds from its start to its first answer."""
    command = [sys.executable, "-m", "papercards", "serve", str(cards)]
    command += ["--source", str(source), "--no-browser"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            server = Server(process, process.stdout.readline().strip())
            yield server, time.perf_counter() - began
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            process.wait(30)


def browsing(count: int) -> dict[str, list[str]]:
    """What is asked of the Browse room, by kind."""
    pairs = list(islice(combinations(TASKS, 2), TIMES))
    return {
        "first page": ["/browse"] * TIMES,
        "facet": [f"/browse?task={task}" for task in TASKS]
        + [f"/browse?task={task}&code=released" for task in TASKS],
        "two tasks": [f"/browse?task={one}&task={other}" for one, other in pairs],
        "search": [f"/browse?{urlencode({'q': words})}" for words in SEARCHES],
        "facet of a search": [
            f"/browse?{urlencode({'q': words, 'contribution': 'method'})}" for words in SEARCHES
        ],
        "by title, page 1 to 3,000": [f"/browse?sort=title&page={page}" for page in range(1, 3001, 150)],
        "table": [f"/browse?view=table&task={task}" for task in TASKS * 2],
        "charts": [f"/browse/charts?modality=text&task={task}" for task in TASKS * 2],
        "paper": [f"/browse/paper/{name}" for name in some(count)],
    }


def mapping() -> dict[str, list[str]]:
    """The same of the map."""
    return {
        "map": [f"/browse/map?task={task}&by={by}" for task in TASKS for by in ("modality", "code")],
        "colours of the map": [f"/browse/map/classes?by={by}" for by in ("task", "modality", "code", "claim")]
        * 5,
        "colours of a search": [f"/browse/map/classes?{urlencode({'q': words})}" for words in SEARCHES],
        "places on the map": ["/browse/map/places"] * TIMES,
        "paper on the map": [f"/browse/map/{row}" for row in range(TIMES)],
    }


def reviewing(count: int) -> dict[str, list[str]]:
    """The same of the Review room."""
    return {
        "review queue": ["/review"] * TIMES,
        "review queue, one reason": [f"/review?why={why}" for why in REASONS] * (TIMES // len(REASONS)),
        "review a card": [f"/review/paper/{name}" for name in some(count)],
    }


def some(count: int) -> list[str]:
    """Papers from all over the file, as addresses have them."""
    return [quote(paper_id(n)) for n in range(0, count, max(1, count // TIMES))][:TIMES]


def measure(server: Server, kinds: dict[str, list[str]]) -> None:
    """Ask, and print a row for each kind of request."""
    for kind, paths in kinds.items():
        times = [timed(lambda path=path: server.get(path)) for path in paths]  # type: ignore[misc]
        wanted = LIMITS_MS.get(kind, "")
        print(f"| {kind} | {statistics.median(times):.0f} | {max(times):.0f} | {wanted} |")


def timed(call: Callable[[], object]) -> float:
    """Milliseconds that it takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def fill(folder: Path, count: int) -> tuple[Path, Path]:
    """Papers and a card for each: labels of cards that the baseline made, quotes from the paper itself."""
    reader = BaselineReader(load_taxonomy(wiring.settings()))
    bases = [reader.card(Paper(one["id"], one["title"], one["abstract"])) for one in papers(BASES)]
    cards, source = folder / "cards.jsonl", folder / "papers.jsonl"
    with cards.open("w", encoding="utf-8") as card_lines, source.open("w", encoding="utf-8") as paper_lines:
        for number, paper in enumerate(papers(count)):
            paper_lines.write(json.dumps(paper, ensure_ascii=False) + "\n")
            card_lines.write(card(number, paper, bases).to_json() + "\n")
    return cards, source


def card(number: int, paper: dict[str, str], bases: Sequence[Card]) -> Card:
    """The card of a synthetic paper."""
    draw = Random(number).random
    one, other = bases[int(draw() * len(bases))], bases[int(draw() * len(bases))]
    quotes = [
        Evidence(start=found.start(), end=found.end(), sentence=place, text=found.group())
        for place, found in enumerate(_SENTENCE.finditer(paper["abstract"]), start=1)
    ]
    return one.model_copy(
        update={
            "id": paper["id"],
            "title": paper["title"],
            "tldr": quotes[0].text if quotes else paper["title"],
            "modalities": other.modalities,
            "claims": tuple(
                claim.model_copy(update={"evidence": quotes[place]})
                for place, claim in enumerate(one.claims[: len(quotes)])
            ),
            "reproducibility": other.reproducibility.model_copy(update={"links": ()}),
        }
    )


if __name__ == "__main__":
    main()
