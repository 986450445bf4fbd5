"""What flags and environment say about where papers come from."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..places import cache_directory
from . import terminal

if TYPE_CHECKING:
    from ..settings import Settings
    from ..sources import Options

SOURCE_URLS = {
    "arxiv": ("PAPERCARDS_ARXIV_URL",),
    "huggingface": ("PAPERCARDS_HUGGINGFACE_URL", "HF_ENDPOINT"),
    "openalex": ("PAPERCARDS_OPENALEX_URL",),
    "semanticscholar": ("PAPERCARDS_SEMANTICSCHOLAR_URL",),
    "zotero": ("PAPERCARDS_ZOTERO_URL",),
}
"""Variables that name a mirror of a service, the first one that is set."""

SOURCE_KEYS = {
    "huggingface": ("HF_TOKEN",),
    "openalex": ("OPENALEX_API_KEY",),
    "semanticscholar": ("SEMANTIC_SCHOLAR_API_KEY", "S2_API_KEY"),
}
"""Variables that hold the key for a service."""


def columns(pairs: list[str] | None) -> dict[str, str]:
    """`title=Name` pairs as a map. Raises UsageError for anything else."""
    found = {}
    for pair in pairs or []:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours or not theirs:
            raise UsageError(f'--column takes ours=theirs, not "{pair}"')
        found[ours.strip()] = theirs.strip()
    return found


def asked(
    chosen: "Settings",
    column: list[str] | None = None,
    *,
    table: str | None = None,
    category: list[str] | None = None,
    sections: str | None = None,
    limit: int | None = None,
    newest: bool = False,
    max_age_s: float | None = None,
    patience_s: float | None = None,
    judged: bool = False,
    outputs: Sequence[Path] = (),
) -> "Options":
    """What flags and environment say about sources.

    `judged` is for whoever asks a model. `outputs` are what the command writes, as given.

    Raises UsageError for columns or sections that there are not.
    """
    from ..sinks import destination
    from ..sources import Options
    from ..sources.outline import check_names

    names = tuple(name.strip().casefold() for name in (sections or "").split(",") if name.strip())
    check_names(names)
    return Options(
        columns=columns(column),
        table=table,
        categories=tuple(category or ()),
        sections=names,
        limit=limit,
        offline=chosen.offline,
        cache_dir=cache_directory(chosen) if chosen.cache else None,
        endpoints=in_environment(SOURCE_URLS),
        keys=in_environment(SOURCE_KEYS),
        judged=judged,
        outputs=tuple(destination(path)[1].absolute() for path in outputs),
        remark=_remark,
        newest=newest,
        max_age_s=max_age_s,
        contact=chosen.contact,
        patience_s=patience_s,
        say=terminal.note,
    )


def _remark(said: str) -> None:
    terminal.note(f"papercards: {said}")


def in_environment(variables: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The variables that are set, by what they are for."""
    found = {}
    for name, spellings in variables.items():
        for variable in reversed(spellings):
            if value := os.environ.get(variable, "").strip():
                found[name] = value
    return found
