"""Removes secrets from text: keys, and the parts of an address besides host and path.

Everything that is shown or stored and may contain a key or an address passes through here.

Knows texts. Knows no endpoints and no files.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, unquote

SHORTEST_SECRET = 8
"""Shorter secrets are masked only as whole words, since they may be part of other words."""

PLACEHOLDERS = frozenset(
    {"", "none", "null", "empty", "dummy", "ollama", "lm-studio", "test", "key", "no-key"}
)
"""Placeholders for a key that is not needed; in an error message they are ordinary words."""

_USER = re.compile(r"(?<=://)[^/\s?#]*@")
_QUERY = re.compile(r"(?<=://)([^\s?#]*+)(?:[?#]\S*)?")
_BESIDE = re.compile(r"^[^/\s?#]*@|[?#].*$", re.DOTALL)
_SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_LEAST = 4
_LONG = 16


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with `***` for each secret, and its addresses without user name, password and query."""
    for secret in sorted({secret.strip() for secret in secrets}, key=len, reverse=True):
        text = _masked(text, secret)
    return _QUERY.sub(r"\1", _USER.sub("", text))


_seen: set[str] = set()
"""What this process was given to keep to itself."""


def keep_secret(secrets: Iterable[str]) -> None:
    """Have these masked by `without_known_secrets`, wherever they came from."""
    _seen.update(secrets)


def without_known_secrets(text: str, others: Iterable[str] = ()) -> str:
    """The text without any secret that was given to `keep_secret`, and without others.

    For texts that somebody else put together, as a traceback with the words of a library and of an endpoint.
    """
    return without_secrets(text, [*_seen, *others])


def shown_url(url: str) -> str:
    """An endpoint's address without user name, password, query and fragment, with or without a scheme."""
    scheme, slashes, rest = url.strip().partition("://")
    if not slashes:
        scheme, rest = "", scheme
    return f"{scheme}{slashes}{_BESIDE.sub('', rest)}"


def secrets_in_address(url: str) -> list[str]:
    """The secrets that `shown_url` removes and a message might repeat: password, query, its long values."""
    address, _, query = url.partition("?")
    values = dict(parse_qsl(query))
    long = [value for value in values.values() if len(value) >= _LONG]
    password = address.rpartition("@")[0].rpartition("://")[2].partition(":")[2]
    return [password, unquote(password), query, *secrets_of(values), *long]


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """The values of variables or query parameters whose name ends like that of a secret."""
    return [value for name, value in environment.items() if holds_a_secret(name)]


def holds_a_secret(name: str) -> bool:
    """Whether the name of a variable ends like that of a secret."""
    return name.upper().endswith(_SECRET_NAMES)


def _masked(text: str, secret: str) -> str:
    if len(secret) < _LEAST or secret.lower() in PLACEHOLDERS:
        return text
    # An address in an error holds it with its signs escaped.
    for spelling in {secret, quote(secret, safe="")}:
        if len(spelling) >= SHORTEST_SECRET:
            text = text.replace(spelling, "***")
        else:
            text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", "***", text)
    return text
