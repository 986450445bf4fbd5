"""Requests many ids at once, for services where one invalid id fails the whole request.

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
    """The result of `ask` for each name, and `refused` for one that fails the request.

    A name mentioned in the refusal is removed; else the list is halved. That happens only for a refusal with
    a message: a service that is busy or returns only a status gets no more requests for it.
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
