"""Fills in templates: everything is escaped, and only http and https links can be followed.

Knows templates and words for people. Knows no cards and no requests.
"""

from collections.abc import Callable
from importlib import resources
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..text.wording import label_words

ASSETS = resources.files(__package__) / "assets"
"""Folder with the style sheets and scripts."""


def environment(**more: Callable[..., object]) -> Environment:
    """The template environment of all rooms; `more` are functions that templates may call."""
    env = Environment(
        loader=PackageLoader("papercards.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(percent=percent, level=level, plain=label_words, number=number, opened=opened)
    env.globals.update(more)
    return env


def percent(share: float | None) -> str:
    """A probability as a percentage, never 100% for what is not certain; empty for None."""
    if share is None:
        return ""
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def level(share: float) -> str:
    """The step of a confidence on a bar of three: `low`, below 70%, or `middle`, or `high`, from 90%."""
    return "low" if share < 0.7 else "middle" if share < 0.9 else "high"


def number(count: int) -> str:
    """A count with thousands separators."""
    return f"{count:,}"


def opened(url: str | None) -> str | None:
    """The URL if it is safe to link: http or https with a host. None for everything else."""
    if not url or any(c <= " " for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and parts.hostname else None
