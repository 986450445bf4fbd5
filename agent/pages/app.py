"""Puts the rooms together as one web application behind the guard."""

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from . import api
from .browse import routes as browse
from .browse.marks import legend_of
from .browse.saving import TITLES as SAVE_TITLES
from .browse.selection import VIEWS
from .browse.views import COLUMN_SORTS, SORT_TITLES, TITLES, cells
from .guard import API, Guard
from .index.database import Index
from .index.follow import Follower
from .lookup import Refusal
from .reach import Reach
from .rendering import ASSETS, environment
from .requests import paper_address
from .review import routes as review
from .room import Room, Shell

ROOMS: tuple[Room, ...] = (browse.ROOM,)
"""The rooms in the order of the menu; `/` redirects to the first."""


def application(
    cards: Path,
    index: Index | None,
    follower: Follower | None,
    token: str,
    reach: Reach,
    rooms: Sequence[Room] = ROOMS,
    once: str | None = None,
) -> ASGIApp:
    """The application for one file; it also runs the follower and the background work of the rooms.

    `token` lets a browser in at any time, `once` a single time.
    """
    env = environment(
        paper_path=paper_path,
        review_path=review.paper_path,
        tag_path=tag_path,
        legend_of=legend_of,
    )
    env.globals.update(
        sort_titles=SORT_TITLES,
        titles=TITLES,
        save_titles=SAVE_TITLES,
        view_titles=VIEWS,
        cells=cells,
        column_sorts=COLUMN_SORTS,
    )
    shell = Shell(cards, index, follower, env, rooms)

    @asynccontextmanager
    async def follow(_: Starlette) -> AsyncIterator[None]:
        with ExitStack() as stack:
            if follower is not None:
                follower.start()
                stack.callback(follower.stop)
            for room in rooms:
                stack.enter_context(room.running())
            yield

    def first(_: Request) -> Response:
        return RedirectResponse(f"/{rooms[0].name}", 303)

    def missing(request: Request, error: Exception) -> Response:
        if request.url.path.startswith(API):
            step = f"{API}openapi.json describes every address"
            return api.refused(Refusal("not_found", "this address does not exist", step))
        return shell.page("missing.html", "", status=404, message="This page does not exist.")

    app = Starlette(
        routes=[
            Route("/", first),
            Mount("/assets", StaticFiles(directory=str(ASSETS), follow_symlink=True)),
            *api.routes(shell),
            *(route for room in rooms for route in room.routes(shell)),
        ],
        lifespan=follow,
        exception_handlers={404: missing},
    )
    return Guard(app, token, reach, once)


def paper_path(name: str) -> str:
    """The address of the page of a paper, by its id."""
    return paper_address(browse.PATH, name)


def tag_path(field: str, value: str) -> str:
    """The address of the list of papers with a tag."""
    return f"{browse.PATH}?{urlencode({field: value})}"
