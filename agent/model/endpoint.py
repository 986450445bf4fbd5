"""The address and key of an endpoint, and what must not be shown of them.

Knows addresses and keys. Knows no requests.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..safety.redact import SHORTEST_SECRET, keep_secret, secrets_in_address, shown_url, without_secrets
from .catalogue import Model

NO_KEY = "none"
"""Placeholder for the key of an endpoint that needs none."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to send requests."""

    model: Model
    base_url: str
    """Base URL; may contain user name, password and query, unlike `shown_url`."""
    api_key: str = dataclasses.field(repr=False)
    timeout_s: float
    """Timeout of one call in seconds."""
    max_tokens: int
    """Maximum tokens of a completion."""
    impatient: bool = False
    """Whether a call that takes far longer than the others is cancelled before `timeout_s`."""

    own_address: bool = True
    """Whether this is not the provider's own address, so that the server may use its own model names."""
    path: str = "/chat/completions"
    """Path of requests below the base URL, or a whole address."""
    extra_headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Headers of every request, in addition to the client's own."""

    def __post_init__(self) -> None:
        keep_secret(self._secrets())

    @property
    def shown_url(self) -> str:
        """The address without secrets."""
        return shown_url(self.base_url)

    @property
    def answers(self) -> str:
        """What it gives, for the user."""
        return "a chat completion" if self.path == "/chat/completions" else "decisions"

    @property
    def key_header(self) -> str | None:
        """Header of the key; None for Authorization."""
        return self.model.provider.key_header if self.model.provider is not None else None

    @property
    def host(self) -> str:
        """The host name."""
        return urlsplit(self.base_url).hostname or self.base_url

    def without_key(self, text: str) -> str:
        """The text with `***` in place of the key and of secrets in the address."""
        return without_secrets(text, self._secrets())

    def _secrets(self) -> list[str]:
        words = [word for value in self.extra_headers.values() for word in value.split()]
        long = [word for word in words if len(word) >= SHORTEST_SECRET]
        return [self.api_key, *secrets_in_address(self.base_url), *long]
