"""Where the server can be reached: the address that it listens on, and the names that requests may use.

Knows addresses. Knows no requests.
"""

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ..errors import UsageError

LOOPBACK = "127.0.0.1"
_LOCAL = frozenset({LOOPBACK, "localhost", "::1"})
_EVERY = frozenset({"0.0.0.0", "::"})  # noqa: S104  # named, and bound to only when a user asks for it


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a server can be reached."""

    port: int
    host: str = LOOPBACK
    """The address that it listens on."""
    url: str = ""
    """The address by which browsers reach it through a proxy, such as `https://cards.example.org`."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in _LOCAL and not self.url

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by HTTPS."""
        return self.url.startswith("https:")

    @property
    def address(self) -> str:
        """The address to open, without a slash at its end."""
        if self.url:
            return self.url
        host = socket.gethostname() if self.host in _EVERY else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def origin(self, host: str) -> str | None:
        """The origin of our pages for a request with this Host header; None if it is none of our names.

        Only the names that lead to this server count: another name could be made to lead here by its owner,
        whose pages would then be of the same origin. An IP address cannot.
        """
        if self.url and host.lower() == urlsplit(self.url).netloc:
            return self.url
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if port != self.port or host != parts.netloc or "@" in host:
            return None
        own = {*_LOCAL, self.host.lower()}
        if self.host in _EVERY:
            machine = socket.gethostname().lower()
            own |= {machine, machine.partition(".")[0], f"{machine.partition('.')[0]}.local"}
        return f"http://{host}" if name in own or (self.host in _EVERY and _is_ip(name)) else None


def reached_by(url: str) -> str:
    """The address of a proxy as `Reach.url` has it. Raises UsageError for anything but http and https."""
    parts = urlsplit(url.strip().lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise UsageError(
            f'"{url}" is not the address of a server',
            where="--url",
            next_step="Give one without a path, such as https://cards.example.org",
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
