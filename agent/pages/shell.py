"""What every room is given, and what a room is.

Knows no room.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute

from .following import Follower
from .index import Index


@dataclass(frozen=True, slots=True)
class Shell:
    """What the rooms share."""

    cards: Path
    """The file that is served, as the user named it."""
    index: Index | None
    """None: no cards are served; so for the follower."""
    follower: Follower | None
    env: Environment
    rooms: Sequence["Room"] = field(default=())

    def page(self, template: str, room: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """A template filled in; `room` is the name of the room it belongs to."""
        return HTMLResponse(self.fill(template, room=room, **context), status)

    def fill(self, template: str, **context: object) -> str:
        """The text of a template, which also has the shell as `shell`."""
        return self.env.get_template(template).render(shell=self, **context)


@dataclass(frozen=True, slots=True)
class Room:
    """One thing to do with cards: a folder of addresses and a place in the menu."""

    name: str
    """Its addresses begin with it: `browse` has `/browse` and all below."""
    title: str
    routes: Callable[[Shell], Sequence[BaseRoute]]
    """With whole paths."""
    running: Callable[[], AbstractContextManager[None]] = nullcontext
    """What goes on beside the answers as long as the application runs."""
