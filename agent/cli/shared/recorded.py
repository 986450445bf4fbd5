"""What a run record says, as settings, sources and options of a run today."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...configuration.settings import Settings
from . import agreeing, wiring

if TYPE_CHECKING:
    from ...model.cache import Part
    from ...runs.record import RunRecord


def settings(old: "RunRecord", record: Path, asked: Settings, *, named: str | None) -> Settings:
    """The settings of the run with its paths resolved; `asked` are the current ones, `named` is a cache."""
    if old.settings.cache_dir is not None and named is None:
        named = str(agreeing.cache(record, _there(old.settings.cache_dir, old, record), asked))
    url = agreeing.endpoint(record, old.model, old.settings.endpoint, asked)
    return wiring.settings(
        **made_with(old, record),
        base_url=url,
        pool=asked.pool if asked.pool and url == asked.base_url else None,
        insecure=asked.insecure,
        tuned=old.settings.tuned and str(_there(old.settings.tuned, old, record)),
        cache_dir=named,
        no_cache=named is None,
        no_summary=old.made_by.get("summary") is False,
        offline=asked.offline,
    )


def made_with(old: "RunRecord", record: Path) -> dict[str, str | None]:
    """The settings for the same model, labels and fields; the files as they can be opened now."""
    from ...fields.file import EXAMPLES

    taxonomy, fields = old.settings.taxonomy, old.settings.fields
    return {
        "model": old.model,
        "plan": old.settings.plan or "one-call",
        "taxonomy": taxonomy and str(_there(taxonomy, old, record)),
        "fields": fields if fields in (None, *EXAMPLES) else str(_there(fields, old, record)),
        "only": old.settings.only,
    }


def _there(path: str, old: "RunRecord", record: Path) -> Path:
    from ...runs.record import source_path

    return source_path(path, record, old.folder)


def sources(old: "RunRecord", record: Path) -> list[str]:
    """The sources as they can be opened now."""
    return [one.path if one.named else str(_there(one.path, old, record)) for one in old.sources]


def changes(old: "RunRecord", found: Sequence[str], made_by: "Mapping[str, Part]") -> list[str]:
    """What has changed since, one phrase each; `found` are the sources."""
    from ...runs.record import SourceFile, differences

    now = [
        was if was.named else SourceFile.of(was.path, Path(path))
        for was, path in zip(old.sources, found, strict=True)
    ]
    return differences(old, now, made_by)
