"""The record of a run on a cluster: that of one process, with the nodes and what each had installed."""

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runs.record import EngineRecord, NodeRecord
from ..runs.recording import Recording
from .place import Place
from .shards import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.catalogue import Model
    from ..reading.reader import Reader
    from ..runs.counts import Counts
    from ..runs.job import Job
    from ..runs.recording import Status
    from ..runs.resources import Resources


class Record:
    """Builds the record and writes it beside the output, by path or address."""

    def __init__(
        self,
        resources: "Resources",
        model: "Model",
        reader: "Reader",
        job: "Job",
        layout: Layout,
        cache: str | None,
        nodes: "Sequence[NodeRecord]",
        workers: int,
    ) -> None:
        self._recording = Recording(
            resources,
            model,
            reader,
            job.sources,
            (Path(layout.cards),),
            options=job.options,
            shards=None,
            keep_duplicates=True,
        )
        self._layout, self._cache, self._nodes, self._workers = layout, cache, nodes, workers

    def write(self, progress: Any, counts: "Counts", status: "Status", error: str | None) -> None:
        """Write it. Raises StorageError if it cannot be written."""
        address = self._layout.beside("run.json")
        folder, _, name = address.rpartition("/")
        path = Path(address) if "://" not in address else Path(name)
        whole = self._recording.record(path, (), counts, status, error)
        engine = EngineRecord(
            name="ray",
            version=metadata.version("ray"),
            workers=self._workers,
            nodes=tuple(self._nodes),
            shards=progress.shards,
            bytes=progress.bytes,
            earlier=progress.earlier,
        )
        settings = whole.settings.model_copy(
            update={"cache_dir": self._cache, "outputs": (self._layout.cards,)}
        )
        whole = whole.model_copy(update={"engine": engine, "settings": settings})
        Place(folder).write(name, whole.to_json().encode())
