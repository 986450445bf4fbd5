"""The address of a hosted model, and the key that is sent there.

Keys come from variables passed by the caller; the command line passes the environment.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from ..errors import UsageError
from ..safety.redact import shown_url
from . import catalogue as models
from .endpoint import NO_KEY

OPENAI_URL = "https://api.openai.com/v1"


def endpoint_url(model: models.Model, variables: Mapping[str, str]) -> str:
    """The address of a hosted model's endpoint. Raises UsageError if it is not a valid address."""
    url = (model.base_url or variables.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(
            f"invalid address: {error}", where=shown_url(url), next_step="Check --base-url"
        ) from error
    return url


def for_endpoint(
    model: models.Model, url: str, variables: Mapping[str, str], *, insecure: bool = False
) -> str:
    """The key for a hosted model that is asked at `url`, or `NO_KEY`.

    `variables` hold keys by the names of environment variables. At another address than the provider's own,
    `PAPERCARDS_API_KEY` goes before the provider's key, and a name of no known provider gets no other. Raises
    UsageError where the provider wants a key and none is set, for a key that cannot be sent, and and for one
    that would be sent unencrypted to another machine.
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
        _refuse_clear_text(url, "the query of the address")
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
                f"the key in {variable} has {what} at character {place}, which is not valid in a key",
                next_step=f"Set {variable} to the key only",
            )


def _refuse_clear_text(url: str, what: str) -> None:
    parts = urlsplit(url)
    if parts.scheme.lower() == "http" and not is_this_machine(parts.hostname or ""):
        raise UsageError(
            f"{what} would be sent to {parts.hostname} in clear text, readable by anyone on the way",
            where=shown_url(url),
            next_step="Use https://, or allow it with --insecure",
        )


def is_this_machine(host: str) -> bool:
    """Whether a host is loopback, so that data sent there does not leave this machine."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_near(host: str) -> bool:
    """Whether an endpoint is on this machine or in the local network, so probably one model on one device.

    Such an endpoint answers only a few requests at a time, and the first one when the model is loaded.
    """
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        near = (".local", ".lan", ".internal", ".localhost", ".home.arpa")
        return "." not in host or host.endswith(near)
    return address.is_loopback or address.is_private or address.is_link_local
