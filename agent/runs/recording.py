"""The record of a run: started before the first paper, written at the end of the run."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..safety.redact import secrets_of, without_known_secrets
from .record import (
    Counts,
    Distance,
    EndpointShare,
    EngineRecord,
    OutputFile,
    RunRecord,
    Settings,
    SourceFile,
    TokenCounts,
    from_folder,
    record_path,
)

if TYPE_CHECKING:
    from ..model.catalogue import Model
    from ..reading.home import Distance as Far
    from ..reading.reader import Reader
    from ..sinks import Sink
    from .counts import Counts as Counted
    from .resources import Resources


Status = Literal["complete", "interrupted", "failed"]


class Recording:
    """Builds the record of a run."""

    def __init__(
        self,
        resources: "Resources",
        model: "Model",
        reader: "Reader",
        sources: Sequence[str],
        settings: Settings,
    ) -> None:
        """`settings` are those of the job (`Job.settings`)."""
        self._model = model
        self._reader = reader
        self._sources = sources
        self._surroundings = resources.surroundings
        self._shares = resources.shares
        self._settings = settings
        self._started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def write(
        self,
        sinks: "Sequence[Sink]",
        counts: "Counted",
        status: Status,
        error: str | None,
        distance: "Far | None" = None,
    ) -> None:
        """Write the record beside the first output, with how the run ended.

        Raises StorageError if it cannot be written, unless the run itself failed: then that error matters
        more.
        """
        from ..errors import StorageError
        from ..sinks import destination
        from ..sinks.files import write_file

        try:
            path = record_path(destination(Path(self._settings.outputs[0]))[1])
            record = self.record(path, sinks, counts, status, error, distance)
            write_file(path, [record.to_json().encode()], derived=True)
        except StorageError:
            if status != "failed":
                raise

    def record(
        self,
        path: Path,
        sinks: "Sequence[Sink]",
        counts: "Counted",
        status: Status,
        error: str | None,
        distance: "Far | None" = None,
        engine: EngineRecord | None = None,
    ) -> RunRecord:
        """The record that is to stand at a path. Raises OSError if a source cannot be read."""
        from ..sources import is_named

        secrets = secrets_of(self._surroundings.variables)
        made_by = dict(self._reader.made_by)
        sha256 = made_by.get("model_sha256")
        return RunRecord(
            papercards=metadata.version("papercards"),
            python=platform.python_version(),
            argv=tuple(without_known_secrets(word, secrets) for word in self._surroundings.argv),
            folder=from_folder(Path(), path.parent),
            status=status,
            error=without_known_secrets(error, secrets) if error is not None else None,
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
                done=counts.done,
                new=counts.done - counts.cached,
                cached=counts.cached,
                failed=counts.failed,
                without_abstract=counts.without_abstract,
                duplicates=counts.duplicates,
                calls=counts.spent.calls,
            ),
            tokens=TokenCounts(prompt=counts.spent.prompt_tokens, completion=counts.spent.completion_tokens),
            cost_usd=counts.spent.cost_usd,
            started=self._started,
            seconds=round(counts.seconds, 4),
            endpoints=tuple(
                EndpointShare(
                    url=share.url,
                    weight=share.weight,
                    requests=share.requests,
                    answers=share.answers,
                    calls=share.spent.calls,
                    prompt_tokens=share.spent.prompt_tokens,
                    completion_tokens=share.spent.completion_tokens,
                    cost_usd=share.spent.cost_usd,
                    left_out=without_known_secrets(share.left_out, secrets) or None,
                )
                for share in self._shares.values()
            ),
            distance=Distance(**asdict(distance)) if distance is not None else None,
            engine=engine,
        )
