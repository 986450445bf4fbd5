"""Where a model is asked, and what must not be shown of it.

Knows addresses and keys. Knows no requests.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .models import PROVIDERS, Model
from .redact import SHORTEST_SECRET, keep_secret, secrets_in_address, shown_url, without_secrets

NO_KEY = "none"
"""What stands for the key where an endpoint wants none."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send and how."""

    model: Model
    base_url: str
    """May hold a user's name, a password and a query; `shown_url` does not."""
    api_key: str = dataclasses.field(repr=False)
    timeout_s: float
    """For one call."""
    max_tokens: int
    """Of the completion."""
    impatient: bool = False
    """Whether a call that takes far longer than the others is cut off before `timeout_s`."""

    extra_headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Of every request, beside the client's own."""

    def __post_init__(self) -> None:
        keep_secret(self._secrets())

    @property
    def own_address(self) -> bool:
        """Whether this is not the provider's own address, so that the server may name its models itself."""
        provider = PROVIDERS.get(self.model.name.partition("/")[0])
        return provider is None or provider.base_url != self.base_url

    @property
    def shown_url(self) -> str:
        """The address without what may be secret."""
        return shown_url(self.base_url)

    @property
    def host(self) -> str:
        """The host's name."""
        return urlsplit(self.base_url).hostname or self.base_url

    def without_key(self, text: str) -> str:
        """The text with `***` wherever the key or the address's secrets stood."""
        return without_secrets(text, self._secrets())

    def _secrets(self) -> list[str]:
        words = [word for value in self.extra_headers.values() for word in value.split()]
        long = [word for word in words if len(word) >= SHORTEST_SECRET]
        return [self.api_key, *secrets_in_address(self.base_url), *long]
