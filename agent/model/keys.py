"""The address of a hosted model, and the key that is sent there.

Keys come from variables passed by the caller; the command line passes the environment.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import UsageError
from ..safety.redact import shown_url
from . import catalogue as models
from .endpoint import NO_KEY
from .providers import filled, own_address


def needed(
    model: models.Model, variables: Mapping[str, str], pool: Iterable[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """The variables that asking a model needs: keys, also of a pool's endpoints, and parts of its address."""
    names = {models.OWN_KEY, model.key_variable or models.OWN_KEY}
    names |= {one["key"] for one in pool if "key" in one}
    if model.provider is not None:
        names |= model.provider.variables
    return {name: variables[name] for name in names if name in variables}


def endpoint_url(model: models.Model, variables: Mapping[str, str]) -> str:
    """The address of a hosted model's endpoint. Raises UsageError if it is not a valid address."""
    provider = model.provider
    url = model.base_url or ""
    if provider is not None and not url:
        url = variables.get(provider.base_url_variable or "", "").strip()
        url = url or filled(provider.base_url, variables, model.model_id)
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(
            f"invalid address: {error}", where=shown_url(url), next_step="Check --base-url"
        ) from error
    return url


def decisions_url(model: models.Model, url: str, variables: Mapping[str, str]) -> str | None:
    """The address of decisions of a model whose chat completions are at `url`; None for a path below that."""
    decisions = model.provider.decisions if model.provider is not None else None
    if (
        decisions is None
        or decisions.url is None
        or url != own_address(model.provider, variables, model.model_id)
    ):
        return None
    return filled(decisions.url, variables, model.model_id)


def for_endpoint(
    model: models.Model,
    url: str,
    variables: Mapping[str, str],
    *,
    insecure: bool = False,
    pooled: Mapping[str, object] | None = None,
) -> str:
    """The key for a hosted model that is asked at `url`, or `NO_KEY`.

    `variables` hold keys by the names of environment variables. At another address than the provider's own,
    `PAPERCARDS_API_KEY` goes before the provider's key, and a name of no known provider gets no other. Raises
    UsageError where the provider wants a key and none is set, for a key that cannot be sent, and for one that
    would be sent unencrypted to another machine.

    `pooled` is the table of an endpoint of a pool: the key in its own variable goes nowhere else, and the
    provider's only to the provider.
    """
    own = url == own_address(model.provider, variables, model.model_id)
    names = [] if own else [models.OWN_KEY]
    names += [model.key_variable] if model.key_variable and (own or pooled is None) else []
    if pooled is not None and "key" in pooled:
        names = [str(pooled["key"])]
    for variable in names:
        if key := variables.get(variable, "").strip():
            _check(key, variable)
            if not insecure:
                _refuse_clear_text(url, f"the key in {variable}")
            return key
    if urlsplit(url).query and not insecure:
        _refuse_clear_text(url, "the query of the address")
    if pooled is not None and "key" in pooled:
        raise UsageError(
            f"{pooled['key']} is not set",
            where=shown_url(url),
            next_step="Set it to the key of this endpoint",
        )
    if model.key_variable is None or not own:
        return NO_KEY
    raise UsageError(
        f"{model.name} needs a key",
        next_step=f"Set {model.key_variable}, or use -m {models.DEFAULT_LOCAL} or -m baseline",
    )


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
