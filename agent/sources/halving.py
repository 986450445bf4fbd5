"""Many names in one request, where one that the service does not understand spoils the answer for all.

Knows no service.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from .web import Refused

T = TypeVar("T")


def by_halves(
    ask: Callable[[list[str]], dict[str, T]], names: list[str], refused: Callable[[Refused], T]
) -> dict[str, T]:
    """What `ask` gives for each name, and `refused` for one that spoils the rest.

    A name that the refusal mentions is left out; else the list is halved. Only a refusal in words does that:
    a service that is busy, or answers with a bare status, gets no more requests for it.
    """
    found: dict[str, T] = {}
    while names:
        try:
            return found | ask(names)
        except Refused as error:
            if len(names) == 1:
                return found | {names[0]: refused(error)}
            if not error.said:
                raise
            spoiling = [name for name in names if _mentions(error.said, name)]
            if len(spoiling) != 1:
                half = len(names) // 2
                first, second = names[:half], names[half:]
                return found | by_halves(ask, first, refused) | by_halves(ask, second, refused)
            found[spoiling[0]] = refused(error)
            names = [name for name in names if name != spoiling[0]]
    return found


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w./]){re.escape(name)}(?!\w|[./]\w)", text) is not None
