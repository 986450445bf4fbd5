"""Secrets out of texts: keys, and what an address holds beside its host and path.

Whatever is shown or stored and may hold a key or an address passes through here.

Knows texts. Knows no endpoints and no files.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, unquote

SHORTEST_SECRET = 8
"""A shorter one is masked only where it stands as a word: it may be a part of any other."""

PLACEHOLDERS = frozenset(
    {"", "none", "null", "empty", "dummy", "ollama", "lm-studio", "test", "key", "no-key"}
)
"""What people write where a key is asked for and none is needed; said in an error, it is a word."""

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
    """An endpoint's address without user name, password, query and fragment, with a scheme or without."""
    scheme, slashes, rest = url.strip().partition("://")
    if not slashes:
        scheme, rest = "", scheme
    return f"{scheme}{slashes}{_BESIDE.sub('', rest)}"


def secrets_in_address(url: str) -> list[str]:
    """What `shown_url` leaves out and a message might repeat: password, query, long values of it."""
    address, _, query = url.partition("?")
    values = dict(parse_qsl(query))
    long = [value for value in values.values() if len(value) >= _LONG]
    password = address.rpartition("@")[0].rpartition("://")[2].partition(":")[2]
    return [password, unquote(password), query, *secrets_of(values), *long]


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """The values of variables, or of a query, that hold secrets by the end of their names."""
    return [value for name, value in environment.items() if holds_a_secret(name)]


def holds_a_secret(name: str) -> bool:
    """Whether a variable holds a secret, by the end of its name."""
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
