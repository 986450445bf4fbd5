"""`papercards rerun`: repeats a recorded run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..runs.resources import choose_model
from .shared import agreeing, options, recorded, source_options, terminal, wiring

if TYPE_CHECKING:
    from ..runs.record import RunRecord


def rerun(
    record: Annotated[Path, typer.Argument(help="Record of a run.", metavar="NAME.run.json")],
    output: Annotated[
        list[Path] | None,
        options.outputs(
            "Output file; may be given several times (default: the recorded ones; the record is kept)."
        ),
    ] = None,
    base_url: options.BaseUrl = None,
    insecure: options.Insecure = None,
    offline: options.Offline = None,
    cache_dir: options.CacheDir = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Continue even if sources, prompt, labels or model have changed.")
    ] = False,
) -> None:
    """Repeat a recorded run: the same cards, byte for byte, from the cache.

    For safety, the record cannot choose where keys are sent or what is overwritten. If you used --base-url,
    another cache, or outputs outside the record's folder, give them again here.
    """
    from ..runs.job import Job
    from ..runs.part import Part
    from ..runs.record import output_path, read_record
    from .shared.check_outputs import check_outputs
    from .shared.drive import run

    old = read_record(record)
    if old.engine is not None:
        raise UsageError(
            "this run was made on a cluster",
            where=str(record),
            next_step="Run its command again: papers with a card are left alone",
        )
    outputs = output or [output_path(path, record, old.folder) for path in old.settings.outputs]
    if not output:
        agreeing.outputs(record, outputs)
    asked = wiring.settings(base_url=base_url, insecure=insecure, offline=offline, cache_dir=cache_dir)
    chosen = recorded.settings(old, record, asked, named=cache_dir)
    with wiring.resources(chosen) as session:
        made_by = session.reader(choose_model(chosen)).made_by
    sources = recorded.sources(old, record)
    changed = recorded.changes(old, sources, made_by)
    if changed and not anyway:
        raise UsageError(
            f"changed since: {'; '.join(changed)}", where=str(record), next_step="Use --anyway to continue"
        )
    check_outputs(sources, outputs)
    part = Part.parse(old.settings.part) if old.settings.part else None
    job = Job(
        tuple(sources),
        tuple(outputs),
        source_options.again(chosen, old.settings, judged=True, outputs=outputs),
        old.settings.shards,
        bool(output),
        part,
        old.settings.keep_duplicates,
    )
    with wiring.resources(chosen) as resources:
        code = run(job, resources, choose_model(chosen))
    if code in (0, 1) and not _same_bytes(old, outputs):
        code = 1
    raise typer.Exit(code)


def _same_bytes(old: "RunRecord", outputs: list[Path]) -> bool:
    """Whether the files match the record, with a note about it; True if none can be compared."""
    import hashlib

    from ..sinks import destination, shard_path

    shards = old.settings.shards
    # A folder is in no record.
    named = [(kind, path) for kind, path in map(destination, outputs) if not kind.folder]
    files = [
        (kind, file)
        for kind, path in named
        for file in ([path] if shards is None else [shard_path(path, n, shards) for n in range(shards)])
    ]
    if len(files) != len(old.outputs) or not all(was.whole for was in old.outputs):
        return True
    same = True
    for was, (kind, file) in zip(old.outputs, files, strict=True):
        if file.suffix != Path(was.path).suffix or not kind.repeatable:
            continue
        with file.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != was.sha256:
                terminal.note(
                    f"papercards: {file}: differs from the bytes that papercards {old.papercards} wrote"
                )
                same = False
    if same:
        terminal.note("identical to the recorded bytes")
    return same
