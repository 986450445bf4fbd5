"""`papercards rerun`: repeats a recorded run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..runs.resources import choose_model
from .shared import agreeing, options, source_options, terminal, wiring

if TYPE_CHECKING:
    from ..configuration.settings import Settings
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

    The record cannot choose where keys are sent or what is overwritten: give an address of your own, another
    cache, and outputs outside its folder again here.
    """
    from ..errors import UsageError
    from ..runs.job import Job
    from ..runs.record import SourceFile, differences, output_path, read_record, source_path
    from .shared.check_outputs import check_outputs
    from .shared.drive import run

    old = read_record(record)
    outputs = output or [output_path(path, record, old.folder) for path in old.settings.outputs]
    if not output:
        agreeing.outputs(record, outputs)
    asked = wiring.settings(base_url=base_url, insecure=insecure, offline=offline, cache_dir=cache_dir)
    chosen = _settings(old, record, asked, named=cache_dir)
    with wiring.resources(chosen) as session:
        made_by = session.reader(choose_model(chosen)).made_by
    sources = [
        source.path if source.named else str(source_path(source.path, record, old.folder))
        for source in old.sources
    ]
    now = [
        was if was.named else SourceFile.of(was.path, Path(found))
        for was, found in zip(old.sources, sources, strict=True)
    ]
    changed = differences(old, now, made_by)
    if changed and not anyway:
        raise UsageError(
            f"changed since: {'; '.join(changed)}", where=str(record), next_step="Use --anyway to continue"
        )
    asked_of = source_options.asked(
        chosen,
        options.SourceFlags(
            column=[f"{ours}={theirs}" for ours, theirs in old.settings.columns.items()],
            table=old.settings.table,
            sections=",".join(old.settings.sections),
        ),
        category=list(old.settings.categories),
        limit=old.settings.limit,
        judged=True,
        outputs=outputs,
    )
    check_outputs(sources, outputs)
    job = Job(tuple(sources), tuple(outputs), asked_of, old.settings.shards, record=bool(output))
    with wiring.resources(chosen) as resources:
        code = run(job, resources, choose_model(chosen))
    if code in (0, 1) and not _same_bytes(old, outputs):
        code = 1
    raise typer.Exit(code)


def _settings(old: "RunRecord", record: Path, asked: "Settings", *, named: str | None) -> "Settings":
    """The settings of the run with its paths resolved; `asked` are the current ones, `named` is a cache."""
    from ..fields.file import EXAMPLES
    from ..runs.record import source_path

    taxonomy, tuned, cache = old.settings.taxonomy, old.settings.tuned, old.settings.cache_dir
    fields = old.settings.fields
    if cache is not None and named is None:
        named = str(agreeing.cache(record, source_path(cache, record, old.folder), asked))
    return wiring.settings(
        model=old.model,
        base_url=agreeing.endpoint(agreeing.Found(record, old.model, old.settings.endpoint), asked),
        insecure=asked.insecure,
        taxonomy=None if taxonomy is None else str(source_path(taxonomy, record, old.folder)),
        fields=fields if fields in (None, *EXAMPLES) else str(source_path(fields, record, old.folder)),
        only=old.settings.only,
        tuned=None if tuned is None else str(source_path(tuned, record, old.folder)),
        cache_dir=named,
        no_cache=named is None,
        no_summary=old.made_by.get("summary") is False,
        offline=asked.offline,
    )


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
