"""Where a hosted model is asked, and which key goes there.

Keys come from variables that the caller hands in: the command line's are those of the environment.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from . import models
from .endpoint import NO_KEY
from .errors import UsageError
from .redact import shown_url

OPENAI_URL = "https://api.openai.com/v1"


def endpoint_url(model: models.Model, variables: Mapping[str, str]) -> str:
    """Where a hosted model is asked. Raises UsageError for what is no address."""
    url = (model.base_url or variables.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(
            f"this is no address: {error}", where=shown_url(url), next_step="Check --base-url"
        ) from error
    return url


def for_endpoint(
    model: models.Model, url: str, variables: Mapping[str, str], *, insecure: bool = False
) -> str:
    """The key for a hosted model that is asked at `url`, or `NO_KEY`.

    `variables` hold keys by the names of environment variables. At another address than the provider's own,
    `PAPERCARDS_API_KEY` goes before the provider's key, and a name of no known provider gets no other.
    Raises UsageError where the provider wants a key and none is set, for a key that cannot be sent, and for
    one that would leave this machine in clear text.
    """
    own = _own_address(model)
    names = [models.OWN_KEY] if url != own else []
    names += [model.key_variable] if model.key_variable else []
    for variable in names:
        if key := variables.get(variable, "").strip():
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


def is_near(host: str) -> bool:
    """Whether an endpoint is on this machine or in this network: likely one model on one device.

    It answers one request at a time or a few, and the first one once the model is loaded.
    """
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        near = (".local", ".lan", ".internal", ".localhost", ".home.arpa")
        return "." not in host or host.endswith(near)
    return address.is_loopback or address.is_private or address.is_link_local
