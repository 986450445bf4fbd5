"""The Browse room: a list to search and filter, a page for each paper, charts of the selection.

Everything works with plain links and one form; the scripts only make it faster.

Knows the index and requests.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ..index.database import Found
from ..index.facets import FIELDS
from ..index.places import Places
from ..requests import paper_address, paper_of
from ..room import Room, Shell
from . import charts, colours, saving, views
from . import selection as state

PATH = "/browse"

_ROW = re.compile(r"[0-9]{1,9}")
_CHART_FILES = {"svg": "image/svg+xml", "csv": "text/csv"}


def routes(shell: Shell) -> Sequence[BaseRoute]:
    """The routes of the room."""
    index, follower = shell.index, shell.follower
    assert index is not None and follower is not None

    def news() -> views.News:
        # Whether there is more to come is asked before the cards are: what comes in between is then news.
        shell.refresh()
        return views.News(index.changes + index.corrections, index.size, follower.busy, follower.fault)

    # Plain functions: Starlette runs them in threads, and SQLite lets go of the others meanwhile.
    def listing(request: Request) -> Response:
        before = news()
        shown = views.listing(index, _state(request))
        columns = views.columns(index, shown.state) if shown.state.view == "table" else ()
        return shell.page(
            "browse.html", "browse", list=shown, state=shown.state, columns=columns, news=before
        )

    def overview(template: str, request: Request, more: Callable[[state.Selection, Found], Any]) -> Response:
        """A view of all papers of a selection; `more` is what the template shows of them."""
        before = news()
        now = _state(request)
        found = index.find(now.words, now.tags)
        shown = views.Listing(now, found.count, index.size, (), views.facets(index, found, now), last_page=1)
        return shell.page(template, "browse", list=shown, state=now, news=before, **more(now, found))

    def drawings(request: Request) -> Response:
        return overview(
            "charts.html",
            request,
            lambda now, found: {"charts": charts.charts(index, found, _linking(now))},
        )

    def drawing(request: Request) -> Response:
        name, kind = request.path_params["name"], request.path_params["kind"]
        if name not in charts.NAMES or kind not in _CHART_FILES:
            return _missing(shell, "This chart does not exist.")
        shell.refresh()
        now = _state(request)
        chart = charts.chart(name, index, index.find(now.words, now.tags), _linking(now))
        if chart is None:
            return _missing(shell, "There are no papers to draw.")
        return Response(
            chart.file(kind),
            media_type=_CHART_FILES[kind],
            headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
        )

    places = Places(index)

    def plane(request: Request) -> Response:
        places.update()
        return overview(
            "map.html",
            request,
            lambda now, found: {
                "fields": (*FIELDS, *index.facets.own),
                "by": now.by or colours.DEFAULT,
                "groups": colours.groups(index, found, now.by),
            },
        )

    def coordinates(_: Request) -> Response:
        places.update()
        xs, ys = places.coordinates()
        return Response(colours.packed(xs, ys), media_type="application/octet-stream")

    def classes(request: Request) -> Response:
        shell.refresh()
        now = _state(request)
        painted = colours.classes(index, index.find(now.words, now.tags), now.by)
        return Response(painted, media_type="application/octet-stream")

    def at(request: Request) -> Response:
        row = request.path_params["row"]
        name = index.name(int(row)) if _ROW.fullmatch(row) else None
        card = index.shown(name) if name else None
        if card is None:
            return _missing(shell, "There is no card here.")
        where = paper_address(PATH, card.id)
        return JSONResponse({"title": card.title, "by": card.about.credits, "href": where})

    def save(request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in saving.FORMATS:
            return _missing(shell, "There is no such format.")
        name, media = saving.FORMATS[kind]
        shell.refresh()
        return StreamingResponse(
            saving.saved(index, _state(request), kind),
            media_type=media,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def paper(request: Request) -> Response:
        name = paper_of(request)
        shell.refresh()
        card = index.shown(name)
        if card is None:
            return _missing(shell, "There is no card with this id.")
        now = _state(request)
        before, after = index.neighbours(index.find(now.words, now.tags), now.order, name)
        return shell.page(
            "paper.html",
            "browse",
            paper=views.beside(card, index.paper(name)),
            changed=views.changed(index, card),
            state=now,
            before=before,
            after=after,
        )

    def status(request: Request) -> Response:
        return JSONResponse(asdict(news()))

    return (
        Route(PATH, listing),
        Route(f"{PATH}/charts", drawings),
        Route(f"{PATH}/charts/{{name}}.{{kind}}", drawing),
        Route(f"{PATH}/map", plane),
        Route(f"{PATH}/map/places", coordinates),
        Route(f"{PATH}/map/classes", classes),
        Route(f"{PATH}/map/{{row}}", at),
        Route(f"{PATH}/save/{{kind}}", save),
        Route(f"{PATH}/status", status),
        Route(f"{PATH}/paper/{{id:path}}", paper),
    )


ROOM = Room("browse", "Browse", routes)


def _state(request: Request) -> state.Selection:
    return state.read(request.query_params.multi_items())


def _linking(now: state.Selection) -> charts.Link:
    return lambda tags: f"{PATH}{now.narrowed(tags).search}"


def _missing(shell: Shell, message: str) -> Response:
    return shell.page("missing.html", "browse", status=404, message=message)
