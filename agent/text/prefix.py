"""Parses a `NAME:` prefix on the command line: a service before papers, a format before a file.

Knows text alone.
"""

import re

_PREFIX = re.compile(r"[a-z][a-z0-9-]+:(?!//)", re.IGNORECASE)
"""At least two letters, since `c:` is a drive; `https://` is an address."""


def split(word: str) -> tuple[str, str]:
    """The prefix with its colon (empty if there is none) and the rest: `s2:` and `DOI:10.1000/182`."""
    match = _PREFIX.match(word)
    prefix = match[0] if match else ""
    return prefix, word[len(prefix) :]
