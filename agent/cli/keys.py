"""Which key goes to which address, and whether it may."""

import ipaddress
import os
from urllib.parse import urlsplit

from .. import models
from ..endpoint import NO_KEY
from ..errors import UsageError
from ..redact import shown_url

OPENAI_URL = "https://api.openai.com/v1"


def for_endpoint(model: models.Model, url: str, *, insecure: bool = False) -> str:
    """The key for a hosted model that is asked at `url`, or `NO_KEY`.

    At another address than the provider's own, `PAPERCARDS_API_KEY` goes before the provider's key, and a
    name of no known provider gets no other. Raises UsageError where the provider wants a key and none is
    set, for a key that cannot be sent, and for one that would leave this machine in clear text.
    """
    own = _own_address(model)
    variables = [models.OWN_KEY] if url != own else []
    variables += [model.key_variable] if model.key_variable else []
    for variable in variables:
        if key := os.environ.get(variable, "").strip():
            _check(key, variable)
            if not insecure:
                _refuse_clear_text(url, f"the key in {variable}")
            return key
    if urlsplit(url).query and not insecure:
        _refuse_clear_text(url, "what stands behind the ? of the address")
    if model.key_variable is None or url != own:
        return NO_KEY
    raise UsageError(
        f"{model.name} needs a key",
        next_step=f"Set {model.key_variable}, or use -m {models.DEFAULT_LOCAL} or -m baseline",
    )


def _own_address(model: models.Model) -> str | None:
    provider = models.PROVIDERS.get(model.name.partition("/")[0])
    return (provider.base_url or OPENAI_URL) if provider else None


def _check(key: str, variable: str) -> None:
    for place, character in enumerate(key, start=1):
        if not "!" <= character <= "~":
            what = "white space" if character.isspace() else f"U+{ord(character):04X}"
            raise UsageError(
                f"the key in {variable} has {what} at character {place}, which no key has",
                next_step=f"Set {variable} to the key alone",
            )


def _refuse_clear_text(url: str, what: str) -> None:
    parts = urlsplit(url)
    if parts.scheme.lower() == "http" and not is_this_machine(parts.hostname or ""):
        raise UsageError(
            f"{what} would go to {parts.hostname} in clear text, for everybody on the way to read",
            where=shown_url(url),
            next_step="Use https://, or allow it with --insecure",
        )


def is_this_machine(host: str) -> bool:
    """Whether a host is the loopback, so that what is sent there leaves no machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
