"""A public service: where it is, and what it asks of its users.

Knows no HTTP and no papers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import UsageError


def _nothing(_headers: Mapping[str, str]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Service:
    """A public service and what it asks of its users."""

    id: str
    """As `Options.endpoints` and `Options.keys` name it."""
    name: str
    """For messages."""
    url: str
    """Where it is, without a slash at the end."""
    interval_s: float
    """From one request to the next, at least; for the public service, not for a mirror."""
    interval_with_key_s: float | None = None
    """The same with a key; None: no shorter."""
    key_header: str = ""
    """What a key is sent in, `{}` where the key goes: `x-api-key: {}`."""
    key_variables: tuple[str, ...] = ()
    """The environment variables that hold a key, the usual one first."""
    key_hint: str = ""
    """How to get more out of it with a key; a sentence, for those who have set none."""
    key_stays: bool = False
    """Whether a key goes to the public service alone, and to no mirror."""
    throttled: frozenset[int] = frozenset({429})
    """Statuses with which it asks for fewer requests."""
    first_wait_s: float = 1.0
    """How long a throttled client should wait at first, where the service does not say."""
    wants_contact: bool = False
    """Whether it throttles clients less that say whom to write to."""
    spent: Callable[[Mapping[str, str]], str] = _nothing
    """What the headers of an answer say of a budget that is spent, or nothing."""


def user_agent(contact: str | None) -> str:
    """Who we are and whom to write to, for a header. Raises UsageError for a contact that is none."""
    from importlib import metadata

    about = "research paper cards"
    if contact:
        if not (contact.isascii() and contact.isprintable()) or set(contact) & set("();"):
            raise UsageError(
                "is no e-mail address and no URL", where="contact", next_step="Correct PAPERCARDS_CONTACT"
            )
        about += f"; mailto:{contact}" if "@" in contact and ":" not in contact else f"; +{contact}"
    return f"papercards/{metadata.version('papercards')} ({about})"
