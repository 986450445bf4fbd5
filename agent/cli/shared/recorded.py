"""What a run record says, as settings, sources and options of a run today."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...configuration.settings import Settings
from . import agreeing, source_options, wiring
from .options import SourceFlags

if TYPE_CHECKING:
    from ...model.cache import Part
    from ...runs.record import RunRecord
    from ...sources import Options


def settings(old: "RunRecord", record: Path, asked: "Settings", *, named: str | None) -> "Settings":
    """The settings of the run with its paths resolved; `asked` are the current ones, `named` is a cache."""
    from ...runs.record import source_path

    taxonomy, tuned, cache = old.settings.taxonomy, old.settings.tuned, old.settings.cache_dir
    if cache is not None and named is None:
        named = str(agreeing.cache(record, source_path(cache, record, old.folder), asked))
    url = agreeing.endpoint(agreeing.Found(record, old.model, old.settings.endpoint), asked)
    return wiring.settings(
        model=old.model,
        plan=old.settings.plan or "one-call",
        base_url=url,
        pool=asked.pool if asked.pool and url == asked.base_url else None,
        insecure=asked.insecure,
        taxonomy=None if taxonomy is None else str(source_path(taxonomy, record, old.folder)),
        fields=fields(old, record),
        only=old.settings.only,
        tuned=None if tuned is None else str(source_path(tuned, record, old.folder)),
        cache_dir=named,
        no_cache=named is None,
        no_summary=old.made_by.get("summary") is False,
        offline=asked.offline,
    )


def fields(old: "RunRecord", record: Path) -> str | None:
    """The fields file as it can be opened now, or the name of a shipped one; None without own fields."""
    from ...fields.file import EXAMPLES
    from ...runs.record import source_path

    path = old.settings.fields
    return path if path in (None, *EXAMPLES) else str(source_path(path, record, old.folder))


def sources(old: "RunRecord", record: Path) -> list[str]:
    """The sources as they can be opened now."""
    from ...runs.record import source_path

    return [
        source.path if source.named else str(source_path(source.path, record, old.folder))
        for source in old.sources
    ]


def changes(old: "RunRecord", found: Sequence[str], made_by: "Mapping[str, Part]") -> list[str]:
    """What has changed since, one phrase each; `found` are the sources."""
    from ...runs.record import SourceFile, differences

    now = [
        was if was.named else SourceFile.of(was.path, Path(path))
        for was, path in zip(old.sources, found, strict=True)
    ]
    return differences(old, now, made_by)


def options(old: "RunRecord", chosen: "Settings", outputs: Sequence[Path]) -> "Options":
    """The options of the sources."""
    return source_options.asked(
        chosen,
        SourceFlags(
            column=[f"{ours}={theirs}" for ours, theirs in old.settings.columns.items()],
            table=old.settings.table,
            sections=",".join(old.settings.sections),
            fill_abstracts=old.settings.fill_abstracts,
        ),
        category=list(old.settings.categories),
        limit=old.settings.limit,
        judged=True,
        outputs=outputs,
    )
