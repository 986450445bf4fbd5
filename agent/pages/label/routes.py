"""The Label room: annotators label papers from their text alone, independently of each other.

A page saves everything at every change. It shows no work of other annotators, and no model's answer unless
the annotator asks for it, which is recorded in the label.

Knows passes and requests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from ...card import Card
from ...errors import BadInput, MissingExtra, PapercardsError
from ...evals.labelling.agreement import Agreement
from ...paper import Paper
from ...review.double import agreement, differences, finished
from ...review.edits import ARTIFACTS
from ...review.passes import Overtaken, Passes, Statement, Work, missing, work_on
from ...taxonomy import LABEL_FIELDS, STATUSES, Taxonomy
from ..requests import BadRequest, Body, Text, body_of, paper_address, paper_of
from ..room import Room, Shell
from .views import AGREEMENT, FIELD_KEYS, FIELD_TITLES, GROUP_TITLES, guidelines, label_page, listed

PATH = "/label"
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Bench:
    """The data that the room works with."""

    passes: Passes
    papers: Sequence[Paper]
    taxonomy: Taxonomy
    annotator: str
    model: Callable[[Paper], Card]
    """Function that returns a model's card of a paper, for annotators who ask for it."""

    def number(self, name: str) -> int:
        """Number of the paper with that id, from 1; 0 if there is none."""
        return next((n for n, paper in enumerate(self.papers, start=1) if paper.id == name), 0)

    def next(self, after: int) -> int:
        """Number of the next unfinished paper after a number, wrapping around; 0 if all are done."""
        count = len(self.papers)
        for step in range(1, count + 1):
            number = (after - 1 + step) % count + 1
            save = self.passes.work(self.annotator, self.papers[number - 1])
            if save is None or not save.done:
                return number
        return 0

    def compared(self) -> list[str]:
        """The annotators whose agreement may be shown: at least two, this one included; else empty."""
        people = finished(self.passes, self.papers)
        return people if len(people) > 1 and self.annotator in people else []


def room(bench: Bench) -> Room:
    """The room for a work file."""
    return Room("label", "Label", lambda shell: _routes(shell, bench))


def paper_path(name: str) -> str:
    """The address of the page to label a paper."""
    return paper_address(PATH, name)


def _routes(shell: Shell, bench: Bench) -> Sequence[BaseRoute]:
    def listing(request: Request) -> Response:
        bench.passes.refresh()
        every = listed(bench.passes, bench.papers, bench.annotator)
        given = request.query_params.get("page", "1")
        last = max(1, -(-len(every) // PAGE_SIZE))
        page = min(last, int(given)) if given.isascii() and given.isdecimal() and len(given) < 6 else 1
        page = max(1, page)
        begin = (page - 1) * PAGE_SIZE
        next_one = bench.next(0)
        return shell.page(
            "label.html",
            "label",
            bench=bench,
            papers=list(enumerate(every, start=1))[begin : begin + PAGE_SIZE],
            done=sum(one.state == "done" for one in every),
            next=bench.papers[next_one - 1] if next_one else None,
            page=page,
            last=last,
            label_path=paper_path,
            compared=bench.compared(),
        )

    def paper(request: Request) -> Response:
        bench.passes.refresh()
        number = bench.number(paper_of(request))
        if not number:
            return shell.page("missing.html", "label", status=404, message="No paper with this id.")
        one = bench.papers[number - 1]
        save = bench.passes.work(bench.annotator, one)
        asked = save is not None and any(name != AGREEMENT for name in save.saw)
        page = label_page(
            bench.passes,
            bench.papers,
            number,
            bench.annotator,
            bench.taxonomy,
            bench.model(one) if asked else None,
        )
        return shell.page(
            "label_paper.html",
            "label",
            page=page,
            bench=bench,
            taxonomy=bench.taxonomy,
            statuses=STATUSES,
            field_titles=FIELD_TITLES,
            field_keys=FIELD_KEYS,
            group_titles=GROUP_TITLES,
            guidelines=guidelines(),
            before=bench.papers[number - 2] if number > 1 else None,
            after=bench.papers[number] if number < len(bench.papers) else None,
            label_path=paper_path,
        )

    def compared(_: Request) -> Response:
        bench.passes.refresh()
        people = bench.compared()
        rows: tuple[Agreement, ...] = ()
        fault = ""
        if people:
            try:
                rows = agreement(bench.passes, bench.papers, people)
            except MissingExtra as error:
                fault = str(error)
        return shell.page(
            "label_agreement.html",
            "label",
            bench=bench,
            people=people,
            rows=rows,
            fault=fault,
            differences=list(differences(bench.passes, bench.papers, people)) if people else [],
            finished=finished(bench.passes, bench.papers),
            mine=sum(one.state == "done" for one in listed(bench.passes, bench.papers, bench.annotator)),
            label_path=paper_path,
            field_titles=FIELD_TITLES,
        )

    async def save(request: Request) -> Response:
        return await _answered(request, bench, _save)

    async def reveal(request: Request) -> Response:
        return await _answered(request, bench, _reveal)

    def onward(request: Request) -> Response:
        bench.passes.refresh()
        given = request.query_params.get("after", "")
        number = bench.next(bench.number(given))
        there = paper_path(bench.papers[number - 1].id) if number else f"{PATH}/agreement"
        return RedirectResponse(there, 303)

    return (
        Route(PATH, listing),
        Route(f"{PATH}/save", save, methods=["POST"]),
        Route(f"{PATH}/reveal", reveal, methods=["POST"]),
        Route(f"{PATH}/next", onward),
        Route(f"{PATH}/agreement", compared),
        Route(f"{PATH}/paper/{{id:path}}", paper),
    )


async def _answered(request: Request, bench: Bench, do: Callable[[Bench, "_Sent"], Response]) -> Response:
    try:
        return await run_in_threadpool(do, bench, await body_of(request, _Sent))
    except (BadRequest, BadInput) as error:
        return JSONResponse({"said": f"Not saved: {error}"}, 400)
    except PapercardsError as error:
        return JSONResponse({"said": f"Not saved: {error}"}, 500)
    except Overtaken as overtaken:
        theirs = overtaken.theirs
        return JSONResponse(
            {
                "said": "You have saved this paper in another window.",
                "save": theirs.save if theirs else "",
            },
            409,
        )


def _stated(value: object) -> object:
    """A statement as the form has it: its sentence counts only where something is stated."""
    if isinstance(value, dict) and value.get("status") in (None, "", "not-stated"):
        return {"status": value.get("status") or None}
    return value


_Stated = Annotated[Statement, BeforeValidator(_stated)]


class _Sent(Body):
    paper: Text
    seen: Text = ""
    done: bool = False
    tasks: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    contributions: tuple[str, ...] = ()
    claims: Mapping[Annotated[int, Field(strict=False)], str] = Field(default_factory=dict)
    code: _Stated = Statement()
    data: _Stated = Statement()
    weights: _Stated = Statement()
    tldr: Annotated[str, Field(max_length=4000)] = ""


def _save(bench: Bench, sent: _Sent) -> Response:
    paper, work = _read(bench, sent)
    lacking = list(missing(work, bench.taxonomy))
    if sent.done and lacking:
        return JSONResponse({"said": f"Not complete yet: {'; '.join(lacking)}.", "missing": lacking}, 422)
    saw = (AGREEMENT,) if bench.compared() else ()
    save = bench.passes.save(bench.annotator, paper, work, done=sent.done, saw=saw, seen=sent.seen)
    return JSONResponse({"save": save.save, "missing": lacking, "done": save.done})


def _reveal(bench: Bench, sent: _Sent) -> Response:
    paper, work = _read(bench, sent)
    model = bench.model(paper).provenance.model
    save = bench.passes.save(bench.annotator, paper, work, saw=(model,), seen=sent.seen)
    return JSONResponse({"save": save.save, "missing": list(missing(work, bench.taxonomy))})


def _read(bench: Bench, sent: _Sent) -> tuple[Paper, Work]:
    """The paper and the work sent by a page. Raises BadRequest or BadInput."""
    number = bench.number(sent.paper)
    if not number:
        raise BadRequest("unknown paper")
    paper = bench.papers[number - 1]
    labels = {field: getattr(sent, field) for field in LABEL_FIELDS}
    statements = {name: getattr(sent, name) for name in ARTIFACTS}
    return paper, work_on(paper, bench.taxonomy, labels, sent.claims, statements, sent.tldr)
