"""Papers as datasets of the cluster: files that workers read in pieces, and what only the driver can read.

Knows Ray Data, sources and jobs. Knows no models.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import UsageError
from ..runs.job import Job
from ..sources import Options, is_named
from .units import Unit, records, starts, units
from .work import RECORD, Record, packed

PAPERS_TOGETHER = 64
"""Papers that are sent on together."""


class Feed:
    """Papers that are read on the driver, as a dataset of the cluster. Close it."""

    def __init__(self, ray: Any, papers: Iterator[Record]) -> None:
        from ray.util.queue import Queue

        self._papers = papers
        self._queue = Queue(maxsize=8, actor_options={"num_cpus": 0})
        self.count = 0
        """Papers sent so far."""
        self.error: BaseException | None = None
        """What ended the source early."""
        self._closed = False
        threading.Thread(target=self._send, daemon=True).start()
        # Tried again, it would get other papers; what is lost then is noticed, since papers are counted.
        self.dataset = ray.data.from_items([0]).map_batches(
            partial(_pull, self._queue), batch_size=None, num_cpus=0, concurrency=1
        )

    def _send(self) -> None:
        together: list[bytes] = []
        try:
            for paper in self._papers:
                together.append(packed(paper))
                if len(together) == PAPERS_TOGETHER:
                    self._put(together)
                    together = []
                if self._closed:
                    return
            self._put(together)
        except BaseException as error:
            self.error = error
            self._put(together)
        finally:
            with suppress(Exception):
                self._queue.put(None)

    def _put(self, together: list[bytes]) -> None:
        if together:
            self._queue.put(together)
            self.count += len(together)

    def close(self) -> None:
        """Read no further."""
        self._closed = True


def _pull(papers: Any, _batch: Any) -> Iterator[dict[str, list[bytes]]]:
    while (together := papers.get()) is not None:
        yield {RECORD: together}


def _read(options: Options, batch: Any) -> Iterator[dict[str, list[bytes]]]:
    together: list[bytes] = []
    for fields in batch["unit"]:
        for record in records(Unit(**json.loads(fields)), options):
            together.append(packed(record))
            if len(together) == PAPERS_TOGETHER:
                yield {RECORD: together}
                together = []
    yield {RECORD: together}


def of_files(ray: Any, pieces: Sequence[Unit], options: Options, readers: int) -> Any:
    """A dataset of files that workers read; lines are counted first, so that places are right."""
    count = ray.remote(num_cpus=0)(starts)
    counted = {
        at: count.remote(one) for at, one in enumerate(pieces) if one.stop is not None and not one.rows
    }
    placed, before, last = [], 0, ""
    for at, one in enumerate(pieces):
        before = before if one.address == last else 0
        last = one.address
        placed.append(replace(one, before=before) if at in counted else one)
        before += ray.get(counted[at]) if at in counted else 0
    items = [{"unit": json.dumps({name: getattr(one, name) for name in Unit.__slots__})} for one in placed]
    return ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        partial(_read, options), batch_size=None, num_cpus=0, concurrency=min(readers, len(items))
    )


def pieces_of(job: Job, *, alone: bool) -> list[Unit] | None:
    """The pieces that workers read by themselves; None if the sources are to be read here.

    `alone`: the cluster is this machine, which sees every file.
    """
    options = job.options
    if options.limit is not None or options.fill_abstracts or options.sections:
        if remote := next((one for one in job.sources if "://" in one and not is_named(one)), None):
            raise UsageError(
                "is read by the workers, without --limit, --sections and --fill-abstracts",
                where=remote,
                next_step="Leave these out, or give a file of this machine",
            )
        return None
    found: list[Unit] = []
    for source in job.sources:
        if source == "-" or is_named(source) or ("://" not in source and not alone):
            return None
        if (some := units(source)) is None:
            return None
        found += [replace(one, name=source if "://" not in source else "") for one in some]
    return found
