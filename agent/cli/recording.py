"""The record of a run of `enrich`: begun before the first paper, written when the run has ended."""

import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..redact import shown_url, without_known_secrets
from ..run_record import (
    Counts,
    OutputFile,
    RunRecord,
    Settings,
    SourceFile,
    TokenCounts,
    from_folder,
    record_path,
)
from . import wiring

if TYPE_CHECKING:
    from ..models import Model
    from ..reader import Reader
    from ..sinks import Sink
    from ..sources import Options
    from .terminal import Counter
    from .wiring import Session


Status = Literal["complete", "interrupted", "failed"]


class Recording:
    """A run's record in the making."""

    def __init__(
        self,
        session: "Session",
        model: "Model",
        reader: "Reader",
        sources: "Sequence[str]",
        outputs: "Sequence[Path]",
        *,
        options: "Options",
        shards: int | None,
    ) -> None:
        self._model = model
        self._reader = reader
        self._sources = sources
        chosen = session.settings
        hosted = model.plan == "one-call" and model.file is None
        self._settings = Settings(
            limit=options.limit,
            shards=shards,
            columns=dict(options.columns),
            table=options.table,
            categories=options.categories,
            sections=options.sections,
            taxonomy=chosen.taxonomy,
            endpoint=shown_url(wiring.endpoint_url(model)) if hosted else None,
            cache_dir=str(wiring.cache_directory(chosen)) if chosen.cache else None,
            outputs=tuple(str(path) for path in outputs),
        )
        self._started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def write(self, sinks: "Sequence[Sink]", counter: "Counter", status: Status, error: str | None) -> None:
        """Write it beside the first output, with how the run ended.

        Raises StorageError where the disk refuses, unless the run has failed: then that is what matters.
        """
        from ..errors import StorageError
        from ..sinks import destination
        from ..sinks.files import PartialFile

        try:
            path = record_path(destination(Path(self._settings.outputs[0]))[1])
            file = PartialFile(path)
            try:
                file.commit(self._record(path, sinks, counter, status, error).to_json().encode())
            finally:
                file.abandon()
        except StorageError:
            if status != "failed":
                raise

    def _record(
        self, path: Path, sinks: "Sequence[Sink]", counter: "Counter", status: Status, error: str | None
    ) -> RunRecord:
        from ..sources import is_named

        made_by = dict(self._reader.made_by)
        sha256 = made_by.get("model_sha256")
        return RunRecord(
            papercards=metadata.version("papercards"),
            python=platform.python_version(),
            argv=tuple(without_known_secrets(word) for word in sys.argv[1:]),
            folder=from_folder(Path(), path.parent),
            status=status,
            error=without_known_secrets(error) if error is not None else None,
            model=self._model.name,
            model_sha256=str(sha256) if sha256 is not None else None,
            prompt=str(made_by["prompt"]),
            taxonomy=str(made_by["taxonomy"]),
            made_by=made_by,
            settings=self._settings,
            sources=tuple(
                SourceFile(path=source, named=True)
                if is_named(source)
                else SourceFile.of(source, Path(source))
                for source in self._sources
            ),
            outputs=tuple(
                OutputFile(path=str(file.path), whole=file.whole, size=file.size, sha256=file.sha256)
                for sink in sinks
                for file in sink.files
            ),
            counts=Counts(
                done=counter.done,
                new=counter.done - counter.cached,
                cached=counter.cached,
                failed=counter.failed,
                duplicates=counter.duplicates,
                calls=counter.spent.calls,
            ),
            tokens=TokenCounts(
                prompt=counter.spent.prompt_tokens, completion=counter.spent.completion_tokens
            ),
            cost_usd=counter.spent.cost_usd,
            started=self._started,
            seconds=round(counter.seconds, 4),
        )
