"""The Review room: a queue of cards, the most doubtful first, and a page to review each card.

A page sends one change at a time with the edit it was based on; the answer is the current state of the card.
The card file is never changed.

Knows the desk and requests.
"""

from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ...card import Card
from ...errors import PapercardsError
from ...review.edits import Key, version_of
from ...review.review_file import Conflict
from ...review.worries import REASONS
from ..requests import BadRequest, body_of, paper_address, paper_of
from ..room import Room, Shell
from .corrections import Corrections
from .desk import Desk
from .edits import Refused, Wish, about, all_done, new_edit_of
from .views import token_of

PATH = "/review"
PAGE_SIZE = 25
_FIRST_S = 2.0
"""Seconds that the first request waits for the queue to have entries."""


def room(desk: Desk) -> Room:
    """The room of a review file."""
    corrections = Corrections(desk.index, desk.file)
    return Room("review", "Review", lambda shell: _routes(shell, desk), corrections.apply, desk.running)


def paper_path(name: str) -> str:
    """The address of the review page of a card."""
    return paper_address(PATH, name)


def _routes(shell: Shell, desk: Desk) -> Sequence[BaseRoute]:
    def listing(request: Request) -> Response:
        desk.queue.wake(_FIRST_S)
        desk.file.refresh()
        query = request.query_params
        kind = query.get("why", "") if query.get("why") in REASONS else ""
        done = query.get("show") == "done"
        number = query.get("page", "1")
        page = max(1, int(number)) if number.isascii() and number.isdecimal() and len(number) < 6 else 1

        def wanted(key: Key) -> bool:
            return desk.open(key) != done

        found = desk.queue.page(wanted, kind, (page - 1) * PAGE_SIZE, PAGE_SIZE + 1)
        reviewed = sum(1 for key in desk.file.overlay.cards() if not desk.open(key) and desk.queue.there(key))
        return shell.page(
            "review.html",
            "review",
            desk=desk,
            cards=found[:PAGE_SIZE],
            more=len(found) > PAGE_SIZE,
            page=page,
            why=kind,
            done=done,
            reviewed=reviewed,
            total=desk.index.size,
            counts=desk.queue.counts(),
            reasons=REASONS,
            begun=lambda key: len(desk.file.overlay.of(key)),
        )

    def paper(request: Request) -> Response:
        desk.queue.wake()
        desk.file.refresh()
        card = desk.index.card(paper_of(request))
        if card is None:
            return shell.page("missing.html", "review", status=404, message="There is no card with this id.")
        return shell.page("review_paper.html", "review", **_context(desk, card))

    def onward(request: Request) -> Response:
        """The current state of the card, for a page that checks for edits by others."""
        desk.file.refresh()
        card = desk.index.card(request.query_params.get("card", ""))
        if card is None:
            return JSONResponse({"said": "This card no longer exists."}, 404)
        edits = desk.file.overlay.of(Key(card.id, version_of(card)))
        token = token_of(edits)
        asked = request.query_params
        if (token, version_of(card)) == (asked.get("token"), asked.get("version")):
            return JSONResponse({"token": token})
        last = max(edits.values(), key=lambda one: one.at, default=None)
        said = f"{last.by} has edited this card." if last else "The card has changed."
        return _answer(shell, desk, card, said)

    def status(_: Request) -> Response:
        return JSONResponse({"busy": desk.queue.busy})

    async def edit(request: Request) -> Response:
        try:
            return await run_in_threadpool(_edit, shell, desk, await body_of(request, Wish))
        except BadRequest as error:
            return JSONResponse({"said": f"Invalid request: {error}."}, 400)
        except PapercardsError as error:
            return JSONResponse({"said": f"Not saved: {error}"}, 500)

    return (
        Route(PATH, listing),
        Route(f"{PATH}/edit", edit, methods=["POST"]),
        Route(f"{PATH}/now", onward),
        Route(f"{PATH}/status", status),
        Route(f"{PATH}/paper/{{id:path}}", paper),
    )


def _context(desk: Desk, card: Card) -> dict[str, Any]:
    stale = [
        key for key in desk.file.overlay.cards() if key.card == card.id and key.version != version_of(card)
    ]
    return {
        "page": desk.page(card),
        "desk": desk,
        "taxonomy": desk.taxonomy,
        "stale": sum(len(desk.file.overlay.of(key)) for key in stale),
        "before": desk.queue.next(card.id, lambda _: True, back=True),
        "after": desk.queue.next(card.id, desk.open),
    }


def _answer(shell: Shell, desk: Desk, card: Card, said: str, status: int = 200, **more: object) -> Response:
    context = _context(desk, card)
    part = shell.fill("review_card.html", room="review", **context)
    return JSONResponse({"part": part, "said": said, **more}, status)


def _edit(shell: Shell, desk: Desk, wish: Wish) -> Response:
    """Apply a change sent by a page. Raises BadRequest for a change that our pages do not send."""
    card = desk.index.card(wish.card)
    if card is None:
        return JSONResponse({"said": "This card no longer exists."}, 404)
    key = Key(card.id, version_of(card))
    if wish.version != key.version:
        return _answer(shell, desk, card, "The card has changed since you opened it; nothing was saved.", 409)
    try:
        if wish.do == "undo":
            undone = desk.file.undo(key, desk.reviewer)
            said = "Undone." if undone else "Nothing to undo on this card."
            return _answer(shell, desk, card, said)
        if wish.do == "done":
            desk.file.refresh()
            if wish.token != token_of(desk.file.overlay.of(key)):
                return _answer(
                    shell, desk, card, "Somebody else has just edited this card; please check again.", 409
                )
            desk.file.write(key, all_done(desk, card), desk.reviewer)
            following = desk.queue.next(card.id, desk.open)
            return _answer(
                shell, desk, card, "Reviewed.", next=None if following is None else paper_path(following)
            )
        new_edit = new_edit_of(desk, card, wish)
        written = desk.file.write(key, [new_edit], desk.reviewer)
        return _answer(shell, desk, card, f"{about(written[0])}.")
    except Conflict as conflict:
        theirs = conflict.theirs
        if theirs is None:
            said = "Somebody has undone an edit of this item; your change was not saved."
        else:
            said = f"{theirs.by} has already changed this: {about(theirs)}. Your change was not saved."
        return _answer(shell, desk, card, said, 409)
    except Refused as refused:
        return _answer(shell, desk, card, str(refused), 422)
