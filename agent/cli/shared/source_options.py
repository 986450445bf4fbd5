"""Source options from flags and the environment."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...configuration.places import cache_directory
from ...configuration.settings import Settings
from ...errors import UsageError
from . import terminal
from .options import SourceFlags

if TYPE_CHECKING:
    from ...runs.provider_batch.state import Command
    from ...runs.record import Settings as Recorded
    from ...sources import Options

NO_FLAGS = SourceFlags()

SOURCE_URLS = {
    "arxiv": ("PAPERCARDS_ARXIV_URL",),
    "crossref": ("PAPERCARDS_CROSSREF_URL",),
    "europepmc": ("PAPERCARDS_EUROPEPMC_URL",),
    "huggingface": ("PAPERCARDS_HUGGINGFACE_URL", "HF_ENDPOINT"),
    "openalex": ("PAPERCARDS_OPENALEX_URL",),
    "semanticscholar": ("PAPERCARDS_SEMANTICSCHOLAR_URL",),
    "zotero": ("PAPERCARDS_ZOTERO_URL",),
}
"""Variables with the URL of a mirror of each service; the first one that is set counts."""

SOURCE_KEYS = {
    "huggingface": ("HF_TOKEN",),
    "openalex": ("OPENALEX_API_KEY",),
    "semanticscholar": ("SEMANTIC_SCHOLAR_API_KEY", "S2_API_KEY"),
}
"""Variables with the API key of each service."""


def columns(given: list[str] | None) -> dict[str, str]:
    """Parse `title=Name` pairs into a dict. Raises UsageError for anything else."""
    found = pairs(given, "--column", "FIELD=COLUMN")
    for ours, theirs in found.items():
        if not theirs:
            raise UsageError(f'--column takes FIELD=COLUMN, not "{ours}="')
    return found


def pairs(given: list[str] | None, option: str, form: str) -> dict[str, str]:
    """Parse `NAME=TEXT` pairs into a dict. Raises UsageError for anything else."""
    found = {}
    for pair in given or []:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours.strip():
            raise UsageError(f'{option} takes {form}, not "{pair}"')
        found[ours.strip()] = theirs.strip()
    return found


def asked(
    chosen: "Settings",
    flags: SourceFlags = NO_FLAGS,
    *,
    category: list[str] | None = None,
    limit: int | None = None,
    newest: bool = False,
    max_age_s: float | None = None,
    patience_s: float | None = None,
    judged: bool = False,
    outputs: Sequence[Path] = (),
) -> "Options":
    """The source options from flags and the environment.

    `judged`: set aside records that do not look like a paper. `outputs`: the outputs of the command, as
    given.

    Raises UsageError for unknown columns or sections.
    """
    from ...sinks import destination
    from ...sources import Options

    names = tuple(name.strip().casefold() for name in (flags.sections or "").split(",") if name.strip())
    if names:
        from ...sources.full_text.outline import check_names

        check_names(names)
    return Options(
        columns=columns(flags.column),
        table=flags.table,
        categories=tuple(category or ()),
        sections=names,
        fill_abstracts=flags.fill_abstracts,
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


def again(
    chosen: "Settings", old: "Command | Recorded", *, judged: bool = False, outputs: Sequence[Path] = ()
) -> "Options":
    """The source options of an earlier command, as its file has them."""
    flags = SourceFlags(
        column=[f"{ours}={theirs}" for ours, theirs in old.columns.items()],
        table=old.table,
        sections=",".join(old.sections),
        fill_abstracts=old.fill_abstracts,
    )
    return asked(
        chosen, flags, category=list(old.categories), limit=old.limit, judged=judged, outputs=outputs
    )


def _remark(said: str) -> None:
    terminal.note(f"papercards: {said}")


def in_environment(variables: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The values of the variables that are set, by the key of the group."""
    found = {}
    for name, spellings in variables.items():
        for variable in reversed(spellings):
            if value := os.environ.get(variable, "").strip():
                found[name] = value
    return found
