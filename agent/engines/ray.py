"""Papers on a Ray cluster, from Python: for Ray datasets of one's own, and behind `Session.run`.

cards = map_batches(ray.data.read_parquet("s3://bucket/papers"), Session(model="openai/gpt-4.1-mini"))
cards.write_parquet("s3://bucket/cards")
"""

import json
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import UsageError
from ..paper import Paper
from ..runs.resources import Resources, choose_model
from ..sources import BadRecord, judged
from . import cluster
from .datasets import Feed
from .ray_run import Engine, EngineFailed, Rows, check_all, enrich, pool, start
from .work import Recipe

if TYPE_CHECKING:
    from ..model.catalogue import Model

__all__ = ["Engine", "EngineFailed", "enrich", "map_batches", "outcomes"]


class Session(Protocol):
    """What is needed of a `papercards.Session`."""

    @property
    def resources(self) -> Resources:
        """What it reads with."""
        ...


def map_batches(
    dataset: Any,
    session: Session,
    *,
    title: str = "title",
    abstract: str = "abstract",
    id: str | None = None,  # noqa: A002
    workers: int | None = None,
    cache: str | None = None,
) -> Any:
    """A Ray dataset with two more columns: `card`, its JSON, and `card_error`, of which one is null.

    `title`, `abstract` and `id` are columns; without `id` it is a hash of the text. `session` has the model
    and its settings, `workers` defaults to one a CPU. `cache` is a folder or address that all nodes see, for
    answers; without it a block that is read again is asked about again. A block is one unit of work:
    `dataset.repartition` makes more of them. Ray must be connected.
    """
    ray = cluster.ray_module()
    if not ray.is_initialized():
        raise UsageError("Ray is not connected", next_step="Call ray.init() first")
    resources = session.resources
    model = choose_model(resources.settings)
    recipe = Recipe.of(resources, model, resources.settings)
    team, count = start(ray, recipe, model, Engine(None, workers, cache), run=time.time_ns())
    columns = {"title": title, "abstract": abstract} | ({"id": id} if id is not None else {})
    return pool(ray, dataset, recipe, team, count, columns=columns)


def outcomes(
    resources: Resources,
    model: "Model",
    papers: "Iterable[Paper | BadRecord]",
    engine: Engine,
    *,
    judge: bool,
) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """For each paper the JSON of its card and nothing, or None and its failure, as they become available."""
    with cluster.connected(engine.address) as ray:
        recipe = Recipe.of(resources, model, resources.settings)
        team, count = start(ray, recipe, model, engine, run=time.time_ns())
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.target_max_block_size = 64 << 10
        feed = Feed(ray, iter(judged(iter(papers)) if judge else papers))
        given = 0
        rows = Rows(pool(ray, feed.dataset, recipe, team, count))
        try:
            while (row := rows.next(60.0)) is not None:
                if row:
                    given += 1
                    yield row["card"], json.loads(row["card_error"] or "{}")
            check_all(feed, given)
        finally:
            feed.close()
            rows.stop()
            ray.get([one.finish.remote() for one in team.keepers])
