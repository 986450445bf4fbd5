"""`enrich` on a Ray cluster: sources to shards, with the promises of one process.

Ray Data reads, schedules and tries again; `worker` makes cards and writes shards; `keeper` knows what is
answered and what is written. The driver counts, shows and records.

Knows jobs, outputs and the cluster. Knows no command line.
"""

import json
import queue
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .. import errors
from ..configuration.settings import Settings
from ..errors import PapercardsError, UsageError
from ..runs.counts import FIGURES, summed
from ..runs.job import SHOWN_FAILURES, Job, Watcher
from ..runs.record import EngineRecord, NodeRecord, differing
from ..runs.recording import Recording
from ..sources import Options
from . import cluster
from .datasets import Feed, of_files, pieces_of
from .done import Done
from .place import Place
from .shards import Layout, address_of
from .sizing import batch_bytes, cpus_per_worker
from .work import Recipe
from .worker import Team, Worker

if TYPE_CHECKING:
    from ..model.catalogue import Model
    from ..runs.recording import Status
    from ..runs.resources import Resources

LOOK_S = 1.0
"""Seconds between looks at the board."""
QUIET_S = 30.0
"""Seconds after which a worker that has not reported is not counted."""
STUCK_S = 60.0
"""Seconds without a working worker after which it is said what the run waits for."""
_MADE_BY = "made-by.json"


@dataclass(frozen=True, slots=True)
class Engine:
    """How a run uses a cluster."""

    address: str | None = None
    """Address of the cluster; None for `RAY_ADDRESS`, else this machine."""
    workers: int | None = None
    """Number of workers; None for one a CPU, or with an embedded model one a node."""
    cache: str | None = None
    """Folder or address of the answers; None for beside the output."""

    @classmethod
    def of(cls, text: str, workers: int | None = None, cache: str | None = None) -> Self:
        """The engine written as `ray` or `ray=ADDRESS`. Raises UsageError for anything else."""
        name, _, address = text.partition("=")
        if name != "ray":
            raise UsageError(f'the engine is ray or ray=ADDRESS, not "{text}"')
        return cls(address or None, workers, address_of(cache) if cache is not None else None)


def start(
    ray: Any,
    recipe: Recipe,
    model: "Model",
    engine: Engine,
    *,
    layout: Layout | None = None,
    done: str | None = None,
    run: int,
) -> tuple[Team, int]:
    """The shared processes of a run, and the number of workers."""
    cpus = [one["Resources"].get("CPU", 0.0) for one in ray.nodes() if one["Alive"]]
    # An embedded model has one server a node, which takes all its cores.
    usual = sum(map(bool, cpus)) if model.file is not None else int(sum(cpus))
    workers = engine.workers or max(1, usual)
    cache = engine.cache if recipe.settings.cache else None
    team = Team(
        cluster.board(ray),
        cluster.keepers(ray, min(16, 1 + workers // 4), cache, done, run),
        f"{cache.rstrip('/')}/notes" if cache is not None else None,
        layout,
        run,
        metadata.version("papercards"),
    )
    return team, workers


def pool(ray: Any, dataset: Any, recipe: Recipe, team: Team, workers: int, **named: Any) -> Any:
    """A dataset whose blocks the workers read."""
    alive = [one["Resources"].get("CPU", 0.0) for one in ray.nodes() if one["Alive"]]
    # A short source fills fewer workers than there are; that is no news for a user.
    warnings.filterwarnings("ignore", "The minimum number of concurrent actors", UserWarning)
    return dataset.map_batches(
        Worker,
        batch_size=None,
        fn_constructor_kwargs={"recipe": recipe, "team": team, **named},
        # Two blocks at a time, so that one fills the places that the other no longer needs.
        compute=ray.data.ActorPoolStrategy(
            size=workers, max_tasks_in_flight_per_actor=3, max_concurrent_calls_per_actor=2
        ),
        num_cpus=cpus_per_worker(alive, workers),
    )


class Progress:
    """Follows a run: takes what batches gave, and looks at the board."""

    def __init__(self, ray: Any, team: Team, workers: int, watcher: Watcher) -> None:
        self._ray, self._team, self._workers, self._watcher = ray, team, workers, watcher
        self.papers = self.earlier = self.shards = self.bytes = 0
        self._sum = watcher.counts.figures()
        self._told = 0
        self._said: set[str] = set()
        self._worked = time.monotonic()
        self._said_stuck = False

    def take(self, batch: dict[str, Any]) -> PapercardsError | None:
        """Count a batch; the error that ended it."""
        for name in ("papers", "earlier", "shards", "bytes"):
            setattr(self, name, getattr(self, name) + batch[name])
        self._sum = summed([self._sum, batch])
        for one in batch["failures"]:
            if self._told < SHOWN_FAILURES and one["error"] not in ("NoAbstract", "Duplicate"):
                self._told += 1
                self._watcher.say(f"papercards: {one['where'] or one['id']}: {one['message']}")
        self._worked = time.monotonic()
        return _error_of(batch["ended"])

    def engine(self, nodes: Sequence[NodeRecord]) -> EngineRecord:
        """What the record of the run says of the cluster."""
        return EngineRecord(
            name="ray",
            version=metadata.version("ray"),
            workers=self._workers,
            nodes=tuple(nodes),
            shards=self.shards,
            bytes=self.bytes,
            earlier=self.earlier,
        )

    def settle(self) -> None:
        """Give the watcher the sums of what was written."""
        self._watcher.counts.set(self._sum)

    def look(self) -> bool:
        """Show how far the workers are; whether any has a batch."""
        reports: dict[str, dict[str, Any]] = self._ray.get(self._team.board.reports.remote())
        alive = [one for one in reports.values() if one["silent_s"] < QUIET_S]
        seen = summed(reports.values())
        self._watcher.counts.set(seen | {name: max(seen[name], self._sum[name]) for name in FIGURES})
        for text in dict.fromkeys(text for one in reports.values() for text in one["said"]):
            if text not in self._said:
                self._said.add(text)
                self._watcher.say(text)
        busy: int = sum(one["batches"] for one in alive)
        waits = sorted({one["waits"] for one in alive if one["waits"]})
        self._watcher.cluster(
            f"{len(alive)}/{self._workers} workers" + (f", waiting for {', '.join(waits)}" if waits else "")
        )
        if busy:
            self._worked = time.monotonic()
        elif not alive and time.monotonic() - self._worked > STUCK_S and not self._said_stuck:
            self._said_stuck = True
            self._watcher.say(f"papercards: {self._stuck()}")
        return busy > 0

    def _stuck(self) -> str:
        free = self._ray.available_resources().get("CPU", 0.0)
        whole = self._ray.cluster_resources().get("CPU", 0.0)
        return (
            f"no worker has started in {STUCK_S:.0f} s: {free:g} of the cluster's {whole:g} CPUs are free. "
            "Wait for other jobs, add nodes, or give fewer workers with --workers; see ray status"
        )


def _error_of(told: dict[str, str] | None) -> PapercardsError | None:
    if told is None:
        return None
    kind = getattr(errors, told["kind"], PapercardsError)
    kind = kind if kind is not errors.MissingExtra else UsageError
    error: PapercardsError = kind(told["message"], where=told["where"], next_step=told["next_step"])
    return error


def reason(error: BaseException) -> PapercardsError | None:
    """Our own error inside one of Ray's, if there is one."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None or isinstance(seen, PapercardsError):
            return seen
        seen = getattr(seen, "cause", None) or seen.__cause__
    return None


class Rows:
    """The rows of a dataset, read in a thread so that the program can look around in between."""

    def __init__(self, dataset: Any) -> None:
        self._rows: queue.Queue[Any] = queue.Queue(maxsize=64)
        self._stopped = False
        threading.Thread(target=self._run, args=(dataset,), daemon=True).start()

    def _run(self, dataset: Any) -> None:
        end: Any = None
        try:
            for row in dataset.iter_rows():
                self._rows.put(row)
                if self._stopped:
                    break
        except BaseException as error:
            end = error
        self._rows.put(end)

    def next(self, seconds: float) -> Any:
        """The next row; an empty one if none came in some seconds, None at the end.

        Raises our error inside that of Ray, or EngineFailed.
        """
        try:
            row = self._rows.get(timeout=seconds)
        except queue.Empty:
            return {}
        if isinstance(row, BaseException):
            raise reason(row) or EngineFailed(row) from row
        return row

    def stop(self) -> None:
        """Want no more rows."""
        self._stopped = True
        with suppress(queue.Empty):
            while True:
                self._rows.get_nowait()


def check_all(feed: Feed, came: int | None) -> None:
    """Raise what ended the feed early, or EngineFailed if other than so many papers `came`."""
    if feed.error is not None:
        raise feed.error
    if came is not None and came != feed.count:
        raise EngineFailed(RuntimeError(f"{feed.count - came} papers were lost on the way"))


class EngineFailed(PapercardsError):
    """Ray failed, not a paper."""

    exit_code = 2

    def __init__(self, error: BaseException) -> None:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        super().__init__(
            f"Ray failed: {lines[-1] if lines else type(error).__name__}",
            next_step="Run the same command again to continue",
        )


def enrich(
    job: Job,
    resources: "Resources",
    model: "Model",
    chosen: Settings,
    engine: Engine,
    watcher: Watcher,
    show: Callable[[], None] = lambda: None,
) -> bool:
    """Write shards of cards, errors and the record of the run; False if it was stopped early.

    `resources` are those of the driver, without a cache; `chosen` the settings for the workers. `show` is
    called about once a second. Raises what `Job.run` raises, and EngineFailed.
    """
    layout = Layout.of(job.outputs[0])
    if len(job.outputs) != 1 or job.shards is not None or job.part is not None:
        raise UsageError("a run on Ray writes one output, in shards of its own", next_step="Give one -o")
    if "://" not in layout.cards and Path(layout.cards).is_file():
        raise UsageError(
            "is a file, and a run on Ray writes a folder",
            where=layout.cards,
            next_step="Choose another output",
        )
    engine = replace(engine, cache=engine.cache or layout.beside("cache"))
    reader = resources.reader(model)
    resources.budget(model)
    run = time.time_ns()
    cards, note = Place(layout.cards), Place(layout.cards) / "_done"
    _check_made_by(note, layout, dict(reader.made_by))
    with cluster.connected(engine.address) as ray:
        note.write("run", str(run).encode())
        found = cluster.nodes(ray, note.address, "run", str(run).encode())
        pieces = pieces_of(job, alone=len({one.name for one in found}) == 1)
        records = job.papers() if pieces is None else iter(())
        mended = Done(cards).mend()
        if mended:
            watcher.say(f"papercards: {mended} shards of an earlier run are taken up")
        errors_place = Place(layout.beside("errors.jsonl"))
        errors_place.remove(errors_place.files())
        recipe = Recipe.of(resources, model, chosen)
        team, workers = start(ray, recipe, model, engine, layout=layout, done=layout.cards, run=run)
        options = Options(
            columns=dict(job.options.columns),
            table=job.options.table,
            categories=job.options.categories,
            judged=job.options.judged,
        )
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.target_max_block_size = batch_bytes(_bytes_of(job), workers)
        feed = Feed(ray, records) if pieces is None else None
        source = (
            feed.dataset if feed is not None else of_files(ray, pieces or (), options, max(2, len(found)))
        )
        settings = job.settings(resources, model).model_copy(
            update={
                "cache_dir": engine.cache if recipe.settings.cache else None,
                "outputs": (layout.cards,),
                "keep_duplicates": True,
            }
        )
        recording = Recording(resources, model, reader, job.sources, settings)
        progress = Progress(ray, team, workers, watcher)
        status: Status = "failed"
        said: str | None = None
        try:
            whole = _follow(ray, Rows(pool(ray, source, recipe, team, workers)), team, progress, show)
            if feed is not None:
                check_all(feed, progress.papers if whole else None)
            status = "complete" if whole else "interrupted"
        except PapercardsError as error:
            if not error.next_step:
                error.next_step = "Run the same command again to continue"
            said = str(error)
            raise
        finally:
            if feed is not None:
                feed.close()
            progress.settle()
            watcher.counts.stop()
            with suppress(Exception):
                ray.get([one.finish.remote() for one in team.keepers])
            if job.record:
                address = layout.beside("run.json")
                folder, _, name = address.rpartition("/")
                path = Path(address if "://" not in address else name)
                told = recording.record(path, (), watcher.counts, status, said, engine=progress.engine(found))
                Place(folder).write(name, told.to_json().encode())
        if progress.earlier:
            watcher.say(f"papercards: {progress.earlier:,} papers had a card already")
        return whole


def _follow(ray: Any, rows: Rows, team: Team, progress: Progress, show: Callable[[], None]) -> bool:
    """Take batches to the end; False if the user stopped the run. Raises what ended a batch early."""
    ended: PapercardsError | None = None
    looked, stopping = time.monotonic(), False
    while True:
        try:
            row = rows.next(LOOK_S)
            if row is None:
                break
            if row:
                error = progress.take(json.loads(row["batch"]))
                if error is not None and ended is None:
                    ended, stopping = error, True
                    ray.get(team.board.stop.remote())
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                busy = progress.look()
                show()
                if stopping and not busy and not row:
                    rows.stop()
                    break
        except KeyboardInterrupt:
            if stopping:
                raise
            stopping = True
            progress._watcher.say("finishing started papers; press Ctrl-C again to stop at once")
            ray.get(team.board.stop.remote())
    if ended is not None:
        raise ended
    return not stopping


def _check_made_by(note: Place, layout: Layout, made_by: dict[str, Any]) -> None:
    """Raise UsageError if the output has cards that were made otherwise."""
    now = json.dumps(made_by, sort_keys=True, indent=1).encode()
    before = note.read(_MADE_BY)
    if before is not None and before != now:
        raise UsageError(
            "the output has cards that were made otherwise: "
            + "; ".join(differing(json.loads(before), made_by)),
            where=layout.cards,
            next_step="Choose another output, or remove this one; answers are kept in the cache",
        )
    note.write(_MADE_BY, now)


def _bytes_of(job: Job) -> int | None:
    sizes = [Path(one).stat().st_size for one in job.sources if "://" not in one and Path(one).is_file()]
    return sum(sizes) or None
