"""Checks what a run record or a batch state asks for against what the user gave.

Such files travel with folders. If they would send a key, read a cache or write a file, the command line or
the settings must agree.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...configuration.places import cache_directory
from ...configuration.risky_settings import foreign_key
from ...configuration.settings import Settings
from ...errors import UsageError
from ...model.providers import known, own_address
from ...safety.redact import shown_url


@dataclass(frozen=True, slots=True)
class Found:
    """The part of a record or a state that needs agreement."""

    file: Path
    model: str
    endpoint: str | None
    """The address without its secrets; None if the model is not hosted."""
    own: bool = False
    """Whether this user wrote the file, as its seal shows."""


def endpoint(found: Found, chosen: Settings) -> str | None:
    """The address of the endpoint, with the secrets that only the user knows.

    `chosen` are the user's settings. Raises UsageError if they disagree with the file, unless nothing is sent
    or the address is the provider's own.
    """
    stored = found.endpoint
    if stored is None:
        return chosen.base_url
    providers = known(chosen.providers)
    name, _, model_id = found.model.partition("/")
    provider = providers.get(name)
    if (own := own_address(provider, os.environ, model_id)) is not None and stored == shown_url(own):
        return stored if stored == own else None  # with a query, only the model's own address is whole
    usual = os.environ.get((provider and provider.base_url_variable) or "", "").strip()
    for url in (chosen.base_url, usual):
        if url and shown_url(url.strip().rstrip("/")) == stored:
            if foreign_key(found.model, providers) and chosen.model != found.model and not chosen.offline:
                raise UsageError(
                    f"its model, {found.model}, would send the key of that provider to {stored}",
                    where=str(found.file),
                    next_step=f"If that is intended, set PAPERCARDS_MODEL={found.model}",
                )
            return url
    if chosen.offline or found.own:
        return stored
    raise UsageError(
        f"its endpoint is {stored}, which you did not give; a file cannot choose where keys and papers go",
        where=str(found.file),
        next_step=f"If you trust that address, add --base-url {stored}",
    )


def cache(file: Path, stored: Path, chosen: Settings, *, own: bool = False) -> Path:
    """The cache to use. Raises UsageError if a file of somebody else names another one than the settings."""
    if own:
        return stored
    mine = cache_directory(chosen)
    if mine.resolve() != stored.resolve():
        raise UsageError(
            f"its cache is {stored}, yours is {mine}; a file cannot choose the cache",
            where=str(file),
            next_step=f"Choose one, for example with --cache-dir {stored}",
        )
    return stored


def outputs(file: Path, named: Sequence[Path]) -> None:
    """Raise UsageError if a file names outputs outside its own folder."""
    from ...sinks import destination

    folder = file.resolve().parent
    for path in named:
        place = destination(path)[1]
        if not place.resolve().is_relative_to(folder):
            raise UsageError(
                f"it writes to {place}, outside its own folder",
                where=str(file),
                next_step=f"Give the output, for example -o {path}",
            )
