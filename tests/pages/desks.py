"""The rooms of people on a port of their own, and the program as a process that can be killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from papercards.card import Card
from papercards.pages.browse import routes as browse
from papercards.pages.index.database import Index
from papercards.pages.label import routes as label
from papercards.pages.review import routes as review
from papercards.pages.review.desk import Desk
from papercards.pages.review.queue import Queue
from papercards.pages.room import Room
from papercards.paper import Paper
from papercards.reading.tagger_reader import BaselineReader
from papercards.review.passes import Passes
from papercards.review.review_file import ReviewFile
from papercards.taxonomy import Taxonomy
from tests.pages.conftest import Served, served, wait_for


@contextmanager
def desk(
    cards: Path,
    folder: Path,
    papers: list[Paper],
    taxonomy: Taxonomy,
    *,
    review_file: Path,
    reviewer: str = "ada",
    against: Path | None = None,
    work: Path | None = None,
) -> Iterator[Served]:
    """Browse and Review of some cards, and Label of their papers where there is a file for the work."""
    with ExitStack() as stack:

        def rooms(index: Index) -> Sequence[Room]:
            queue = Queue(index, taxonomy, against)
            stack.callback(queue.close)
            opened = [
                browse.ROOM,
                review.room(Desk(index, queue, ReviewFile(review_file), taxonomy, reviewer)),
            ]
            if work is not None:
                opened.append(label_room(work, papers, taxonomy, reviewer))
            waiting.append(queue)
            return opened

        waiting: list[Queue] = []
        with served(cards, folder, papers, rooms) as running:
            waiting[0].wake()
            wait_for(lambda: not waiting[0].busy)
            yield running


def label_room(work: Path, papers: Sequence[Paper], taxonomy: Taxonomy, annotator: str) -> Room:
    reader = BaselineReader(taxonomy)

    def model(paper: Paper) -> Card:
        return reader.card(paper)

    return label.room(label.Bench(Passes(work), list(papers), taxonomy, annotator, model))


def paper_file(path: Path, papers: Sequence[Paper]) -> Path:
    lines = [json.dumps({"title": one.title, "abstract": one.abstract}) for one in papers]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Process:
    """`papercards serve` as a user starts it."""

    def __init__(self, *arguments: str | Path, environment: dict[str, str], folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "papercards", "serve", "--no-browser", *map(str, arguments)],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:")

    @property
    def base(self) -> str:
        return self.url.partition("/?")[0]

    @property
    def port(self) -> str:
        return self.base.rpartition(":")[2]

    def kill(self) -> None:
        """As `kill -9` does."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()
