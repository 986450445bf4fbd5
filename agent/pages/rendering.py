"""Templates filled in: everything is escaped, and only http and https can be followed.

Knows templates and words for people. Knows no cards and no requests.
"""

from collections.abc import Callable
from importlib import resources
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

ASSETS = resources.files(__package__) / "assets"
"""Style sheet and scripts."""


def environment(**more: Callable[..., object]) -> Environment:
    """The templates of all rooms; `more` are functions that they may call."""
    env = Environment(
        loader=PackageLoader("papercards.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(percent=percent, plain=plain, number=number, opened=opened)
    env.globals.update(more)
    return env


def percent(share: float | None) -> str:
    """A probability as people read it; empty where there is none."""
    return "" if share is None else f"{share:.0%}"


def plain(label: str) -> str:
    """A label's id in words."""
    return label.replace("-", " ")


def number(count: int) -> str:
    """A count with its thousands apart."""
    return f"{count:,}"


def opened(url: str | None) -> str | None:
    """The URL if a browser may be sent there: http or https with a host. None for everything else."""
    if not url or any(c <= " " for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and parts.hostname else None
