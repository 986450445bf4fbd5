"""Checks what a run record or a batch state asks for against what the user gave.

Such files travel with folders. If they would send a key, read a cache or write a file, the command line or
the settings must agree.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ...configuration.places import cache_directory
from ...configuration.risky_settings import foreign_key
from ...configuration.settings import Settings
from ...errors import UsageError
from ...model.providers import known, own_address
from ...safety.redact import shown_url


def endpoint(
    file: Path, model: str, stored: str | None, chosen: Settings, *, own: bool = False
) -> str | None:
    """The address of the endpoint, with the secrets that only the user knows.

    `stored` is that of the file, without its secrets; None if its model is not hosted. `chosen` are the
    user's settings; `own`: this user wrote the file, as its seal shows. Raises UsageError if they disagree,
    unless nothing is sent or the address is the provider's own.
    """
    if stored is None:
        return chosen.base_url
    providers = known(chosen.providers)
    name, _, model_id = model.partition("/")
    provider = providers.get(name)
    usual = own_address(provider, os.environ, model_id)
    if usual is not None and stored == shown_url(usual):
        return stored if stored == usual else None  # with a query, only the model's own address is whole
    variable = (provider and provider.base_url_variable) or ""
    for url in (chosen.base_url, os.environ.get(variable, "").strip()):
        if url and shown_url(url.strip().rstrip("/")) == stored:
            if foreign_key(model, providers) and chosen.model != model and not chosen.offline:
                raise UsageError(
                    f"its model, {model}, would send the key of that provider to {stored}",
                    where=str(file),
                    next_step=f"If that is intended, set PAPERCARDS_MODEL={model}",
                )
            return url
    if chosen.offline or own:
        return stored
    raise UsageError(
        f"its endpoint is {stored}, which you did not give; a file cannot choose where keys and papers go",
        where=str(file),
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
