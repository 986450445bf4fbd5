"""The Review room: what deserves a person's eye first, and a page for each card to accept, change or reject.

A page sends one wish at a time with the edit that it had seen; the answer is the card as it is now. The
card file is never touched.

Knows the index, the queue, review files and requests.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ..card import Card, Evidence, Status
from ..errors import PapercardsError
from ..evidence import evidence
from ..paper import Paper
from ..review.corrected import labels
from ..review.edits import (
    ARTIFACTS,
    FIELDS,
    MAIN,
    ArtifactValue,
    ClaimValue,
    Edit,
    Key,
    Place,
    Value,
    original,
    version_of,
)
from ..review.review_file import Conflict, ReviewFile, Wish
from ..review.worries import REASONS, Baseline
from ..taxonomy import LABEL_FIELDS, STATUSES, Taxonomy
from .index import Index
from .requests import BadRequest, body_of, number_in, text_in
from .review_queue import Queue
from .review_views import ReviewPage, places, review_page, token_of
from .shell import Room, Shell

PATH = "/review"
PAGE_SIZE = 25
_FIRST_S = 2.0
"""How long the first look at the queue waits for something to be in it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the room works with."""

    index: Index
    queue: Queue
    file: ReviewFile
    taxonomy: Taxonomy
    reviewer: str

    @contextmanager
    def running(self) -> Iterator[None]:
        """The queue is made meanwhile."""
        with self.queue.running():
            yield

    def open(self, key: Key) -> bool:
        """Whether nobody has said that the card is done."""
        return not self.file.overlay.reviewed(key)

    def page(self, card: Card) -> ReviewPage:
        """A card as its edits have it."""
        key = Key(card.id, version_of(card))
        paper, second = self.look(card)
        queued = self.queue.of(card.id)
        judged = queued.worries if queued and queued.key == key else self.queue.judge(card)
        other = self.queue.other(card.id)
        edits = self.file.overlay.of(key)
        return review_page(card, key.version, paper, edits, self.taxonomy, judged, second, other)

    def look(self, card: Card) -> tuple[Paper | None, Baseline | None]:
        """The paper of a card, and what the baseline says of it."""
        text = self.index.text(card.id)
        if text is None:
            return None, None
        paper = Paper(card.id, card.title, text.abstract)
        return paper, self.queue.second(paper)


def room(desk: Desk) -> Room:
    """The room for a review file."""
    return Room("review", "Review", lambda shell: _routes(shell, desk), desk.running)


def paper_path(name: str) -> str:
    """The address of the page to review a card."""
    return f"{PATH}/paper/{quote(name, safe=':')}"


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
        card = desk.index.card(request.path_params["id"])
        if card is None:
            return shell.page("missing.html", "review", status=404, message="No card has this id.")
        return shell.page("review_paper.html", "review", **_context(desk, card))

    def onward(request: Request) -> Response:
        """The card as it is now, for a page that asks whether others have edited it."""
        desk.file.refresh()
        card = desk.index.card(request.query_params.get("card", ""))
        if card is None:
            return JSONResponse({"said": "The card is gone."}, 404)
        edits = desk.file.overlay.of(Key(card.id, version_of(card)))
        token = token_of(edits)
        if token == request.query_params.get("token") and version_of(card) == request.query_params.get(
            "version"
        ):
            return JSONResponse({"token": token})
        last = max(edits.values(), key=lambda one: one.at, default=None)
        said = f"{last.by} has edited this card." if last else "The card has changed."
        return _answer(shell, desk, card, said)

    def status(_: Request) -> Response:
        return JSONResponse({"busy": desk.queue.busy})

    async def edit(request: Request) -> Response:
        try:
            body = await body_of(request)
            return await run_in_threadpool(_edit, shell, desk, body)
        except BadRequest as error:
            return JSONResponse({"said": f"Not understood: {error}."}, 400)
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


def _edit(shell: Shell, desk: Desk, body: Mapping[str, object]) -> Response:
    """Do what a page wishes. Raises BadRequest for what no page of ours wishes."""
    card = desk.index.card(text_in(body, "card"))
    if card is None:
        return JSONResponse({"said": "The card is gone."}, 404)
    key = Key(card.id, version_of(card))
    if text_in(body, "version") != key.version:
        return _answer(shell, desk, card, "The card has changed since it was shown; nothing was saved.", 409)
    do = text_in(body, "do")
    try:
        if do == "undo":
            undone = desk.file.undo(key, desk.reviewer)
            said = "Taken back." if undone else "You have nothing to take back here."
            return _answer(shell, desk, card, said)
        if do == "done":
            desk.file.refresh()
            if text_in(body, "token") != token_of(desk.file.overlay.of(key)):
                return _answer(shell, desk, card, "Somebody has edited this card just now: look again.", 409)
            desk.file.write(key, _all_done(desk, card, key), desk.reviewer)
            return _answer(shell, desk, card, "Reviewed.", next=desk.queue.next(card.id, desk.open))
        wish = _wish(desk, card, key, do, body)
        written = desk.file.write(key, [wish], desk.reviewer)
        return _answer(shell, desk, card, f"{_about(written[0])}.")
    except Conflict as conflict:
        theirs = conflict.theirs
        if theirs is None:
            said = "An edit of this was undone meanwhile; yours was not saved."
        else:
            said = f"{theirs.by} was here first: {_about(theirs)}. Yours was not saved."
        return _answer(shell, desk, card, said, 409)
    except _Refused as refused:
        return _answer(shell, desk, card, str(refused), 422)


class _Refused(Exception):
    """A wish that makes no good card; the message is for people."""


def _wish(desk: Desk, card: Card, key: Key, do: str, body: Mapping[str, object]) -> Wish:
    place = Place(text_in(body, "field", 20), text_in(body, "item"))
    seen = text_in(body, "seen", 40)
    if place.field not in FIELDS:
        raise BadRequest("no such field")
    held = desk.file.overlay.last(key, place)
    was = held.value if held is not None else original(card, place)
    if do == "accept":
        if was is None:
            raise _Refused("There is nothing to accept here.")
        return Wish(place, was, was, seen)
    if do == "reject":
        if place.field in ARTIFACTS:
            return Wish(place, was, ArtifactValue(status="not-stated"), seen)
        if place.field == "tldr":
            raise _Refused("A card needs a summary: change it instead.")
        if was is None:
            raise _Refused("There is nothing to reject here.")
        return Wish(place, was, None, seen)
    if do != "set":
        raise BadRequest("no such wish")
    value = _value(desk, card, key, place, body)
    return Wish(place, was, value, seen)


def _value(desk: Desk, card: Card, key: Key, place: Place, body: Mapping[str, object]) -> Value:
    given = text_in(body, "value", 2000)
    if place.field in LABEL_FIELDS:
        return _label(desk, card, key, place, given)
    if place.field == "tldr":
        summary = " ".join(given.split())
        if not summary:
            raise _Refused("A card needs a summary.")
        return summary
    paper, _ = desk.look(card)
    if place.field == "claims":
        if given not in desk.taxonomy.labels["claim_kinds"]:
            raise BadRequest("no such kind")
        if not (place.item.isascii() and place.item.isdecimal() and len(place.item) < 6):
            raise BadRequest("no such sentence")
        before = original(card, place)
        if isinstance(before, ClaimValue):
            return ClaimValue(kind=given, evidence=before.evidence)
        return ClaimValue(kind=given, evidence=_evidence(paper, int(place.item)))
    if place.field in ARTIFACTS:
        if given not in STATUSES:
            raise BadRequest("no such status")
        number = number_in(body, "sentence")
        if given == "not-stated":
            return ArtifactValue(status="not-stated")
        if number is None:
            raise _Refused("Choose the sentence that says so.")
        return ArtifactValue(status=cast("Status", given), evidence=_evidence(paper, number))
    if given not in ("", "reviewed"):
        raise BadRequest("no such state")
    return given or None


def _label(desk: Desk, card: Card, key: Key, place: Place, given: str) -> str:
    field = place.field
    edits = desk.file.overlay.of(key)
    hold = [one.label for one in labels(card, field, edits)]
    if place.item == MAIN:
        if given not in hold:
            raise _Refused("Only a label of the card can be the main one.")
        return given
    if given not in desk.taxonomy.labels[field] and given != original(card, place):
        raise BadRequest("no such label")
    if original(card, place) is None and place.item != given and place not in edits:
        raise BadRequest("no such label on the card")
    edit = edits.get(place)
    now = edit.value if edit is not None else original(card, place)
    if given in hold and given != now:
        raise _Refused(f"{given} is there already.")
    if now is None and len(hold) >= desk.taxonomy.sizes[field].most:
        raise _Refused(f"At most {desk.taxonomy.sizes[field].most} {field}: reject one first.")
    return given


def _evidence(paper: Paper | None, number: int) -> Evidence:
    if paper is None:
        raise _Refused("The abstract is not known: name its source with --source.")
    if not 1 <= number <= len(paper.sentences):
        raise BadRequest("no such sentence")
    return evidence(paper, number)


def _all_done(desk: Desk, card: Card, key: Key) -> list[Wish]:
    """The rest accepted, and the paper done."""
    wishes = []
    for item in places(desk.page(card)):
        value = original(card, item.place)
        wishes.append(Wish(item.place, value, value))
    done = Place("paper")
    held = desk.file.overlay.last(key, done)
    was: Value = held.value if held else None
    return [*wishes, Wish(done, was, "reviewed", held.edit if held else "")]


def _about(edit: Edit) -> str:
    """An edit in words."""

    def plain(value: Value) -> str:
        if isinstance(value, ClaimValue):
            return value.kind.replace("-", " ")
        if isinstance(value, ArtifactValue):
            return value.status.replace("-", " ")
        return "nothing" if value is None else value.replace("-", " ") if edit.field != "tldr" else value

    if edit.field == "paper":
        return "the paper is done" if edit.value else "the paper is to be reviewed again"
    what = f"sentence {edit.item}" if edit.field == "claims" else edit.field
    if edit.item == MAIN:
        return f"main of the {edit.field}: {plain(edit.value)}"
    if edit.accepts:
        return f"{what}: {plain(edit.value)} accepted"
    if edit.field == "tldr":
        return "summary changed"
    if edit.was is None:
        return f"{what}: {plain(edit.value)} added"
    if edit.value is None:
        return f"{what}: {plain(edit.was)} rejected"
    return f"{what}: {plain(edit.was)} changed to {plain(edit.value)}"
