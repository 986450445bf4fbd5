"""What a run record or a batch state wants, held against what the user says: a file alone decides nothing.

Such files travel with folders. Where they would send a key, read a cache or write a file, the command line
or the settings in force must say the same.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import models
from ..errors import UsageError
from ..keys import OPENAI_URL
from ..places import cache_directory
from ..redact import shown_url
from ..risky_settings import foreign_key
from ..settings import Settings


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says about a run that it describes."""

    file: Path
    model: str
    endpoint: str | None
    """Without its secrets; None: no hosted model."""


def endpoint(found: Found, chosen: Settings) -> str | None:
    """The address to ask, with the secrets that only the user knows.

    `chosen` holds what the user says now. Raises UsageError where that is not what the file says, unless
    nothing is sent or the address is the provider's own.
    """
    stored = found.endpoint
    if stored is None:
        return chosen.base_url
    known = models.PROVIDERS.get(found.model.partition("/")[0])
    if known is not None and stored == (known.base_url or OPENAI_URL):
        return stored
    usual = os.environ.get("OPENAI_BASE_URL", "").strip() if known and known.base_url is None else ""
    for url in (chosen.base_url, usual):
        if url and shown_url(url.strip().rstrip("/")) == stored:
            if foreign_key(found.model) and chosen.model != found.model and not chosen.offline:
                raise UsageError(
                    f"its model, {found.model}, would send the key of that provider to {stored}",
                    where=str(found.file),
                    next_step=f"If that is right, set PAPERCARDS_MODEL={found.model}",
                )
            return url
    if chosen.offline:
        return stored
    raise UsageError(
        f"it asks {stored}, which you have not named: a file does not choose where your key and papers go",
        where=str(found.file),
        next_step=f"If you trust that address, add --base-url {stored}",
    )


def cache(file: Path, stored: Path, chosen: Settings) -> Path:
    """The cache to use. Raises UsageError where the file's is not the one in force."""
    mine = cache_directory(chosen)
    if mine.resolve() != stored.resolve():
        raise UsageError(
            f"its cache is {stored}, and yours is {mine}: what lies in a cache is believed",
            where=str(file),
            next_step=f"Name the one to use, as --cache-dir {stored}",
        )
    return stored


def outputs(file: Path, named: Sequence[Path]) -> None:
    """Raise UsageError for outputs that a file names outside of the folder in which it lies."""
    from ..sinks import destination

    folder = file.resolve().parent
    for path in named:
        place = destination(path)[1]
        if not place.resolve().is_relative_to(folder):
            raise UsageError(
                f"it writes to {place}, outside of the folder in which it lies",
                where=str(file),
                next_step=f"Say where the cards go, as -o {path}",
            )
