"""The description of a public service: its address and its rules for clients.

Knows no HTTP and no papers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...errors import UsageError


@dataclass(frozen=True, slots=True)
class Service:
    """A public service and its rules for clients."""

    id: str
    """Id of the service in `Options.endpoints` and `Options.keys`."""
    name: str
    """Name for messages."""
    url: str
    """Base address, without a slash at the end."""
    interval_s: float
    """Minimum seconds between requests to the public service; not used for mirrors."""
    interval_with_key_s: float | None = None
    """The same with a key; None for no difference."""
    key_header: str = ""
    """Header for the key, with `{}` in place of the key: `x-api-key: {}`."""
    key_variables: tuple[str, ...] = ()
    """Environment variables for a key, the usual one first."""
    key_hint: str = ""
    """A sentence for users without a key, on the benefit of one."""
    key_stays: bool = False
    """Whether a key is sent only to the public service, not to mirrors."""
    throttled: frozenset[int] = frozenset({429})
    """Statuses that mean throttling."""
    first_wait_s: float = 1.0
    """First wait of a throttled client in seconds, if the service does not give one."""
    wants_contact: bool = False
    """Whether it throttles clients with a contact address less."""
    spent: Callable[[Mapping[str, str]], str] = lambda _: ""
    """Returns a message if the headers of an answer report a spent budget, else an empty string."""


def user_agent(contact: str | None) -> str:
    """The User-Agent header with the contact. Raises UsageError for an invalid contact."""
    from importlib import metadata

    about = "research paper cards"
    if contact:
        if not (contact.isascii() and contact.isprintable()) or set(contact) & set("();"):
            raise UsageError(
                "is not an e-mail address or a URL", where="contact", next_step="Correct PAPERCARDS_CONTACT"
            )
        about += f"; mailto:{contact}" if "@" in contact and ":" not in contact else f"; +{contact}"
    return f"papercards/{metadata.version('papercards')} ({about})"
