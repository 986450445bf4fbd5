"""The parts shared by all rooms, and the definition of a room.

Knows no room.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

from .index.database import Index
from .index.follow import Follower


@dataclass(frozen=True, slots=True)
class Shell:
    """Data shared by the rooms."""

    cards: Path
    """The served file, as the user named it."""
    index: Index | None
    """The index; None, like the follower, if no cards are served."""
    follower: Follower | None
    env: Environment
    rooms: Sequence["Room"] = field(default=())

    def refresh(self) -> None:
        """Bring the index up to date with what people do in the rooms."""
        for room in self.rooms:
            room.refresh()

    def page(self, template: str, room: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """Fill in a template as a page; `room` is the name of its room."""
        return HTMLResponse(self.fill(template, room=room, **context), status)

    def fill(self, template: str, **context: object) -> str:
        """Fill in a template as text; the shell is available in it as `shell`."""
        return self.env.get_template(template).render(shell=self, **context)


@dataclass(frozen=True, slots=True)
class Room:
    """One activity with cards: a prefix of addresses and an entry in the menu."""

    name: str
    """Name and address prefix: `browse` has `/browse` and everything below."""
    title: str
    routes: Callable[[Shell], Sequence[BaseRoute]]
    """Function that returns the routes, with full paths."""
    refresh: Callable[[], None] = lambda: None
    """Brings what the other rooms show of this one up to date."""
    running: Callable[[], AbstractContextManager[None]] = nullcontext
    """Context manager for background work while the application runs."""
