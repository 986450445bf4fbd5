"""Three hundred cards with years, venues and tags that are known, and labels for some of them."""

import random
from pathlib import Path
from typing import Any

from papercards.card import UNCERTAIN, Candidate, Card
from papercards.publication import Person, Publication
from tests.evals.records import card, reading, record, write

TASKS = ("clustering", "regression", "language-modeling", "graph-learning")
VENUES = ("NeurIPS", "=HYPERLINK(0)", "Proceedings of the <b>ACL</b> & $more$")


def one(number: int, draw: random.Random) -> Card:
    tasks = draw.sample(TASKS, draw.choice((0, 1, 1, 2)))
    made = card(f"paper-{number}", *tasks, code=draw.choice(("released", "promised", "not-stated")))
    about = Publication(
        authors=(Person("Zhang", "Wei"), Person(literal=f"Group {number % 3}")),
        year=draw.choice((None, 2019, 2021, 2021, 2022)),
        venue=draw.choice((None, *VENUES)),
    )
    candidates = (
        (Candidate(field="tasks", label=TASKS[0], confidence=0.2),) if number % 2 and not tasks else ()
    )
    return made.model_copy(update={"publication": about, "candidates": candidates})


def cards(count: int = 300, seed: int = 5) -> list[Card]:
    draw = random.Random(seed)
    return [one(number, draw) for number in range(count)]


def labelled(made: list[Card], path: Path, *, every: int = 3, wrong: float = 0.2, seed: int = 9) -> Path:
    """Labels in two passes of every third paper: as the cards say, but for a fifth of the tags."""
    draw = random.Random(seed)

    def said(one: Card) -> dict[str, Any]:
        tasks = [label.label for label in one.tasks]
        code: Any = one.reproducibility.code.status
        if draw.random() < wrong:
            tasks = draw.sample(TASKS, 1)
        if draw.random() < wrong:
            code = draw.choice(("released", "not-stated"))
        return reading(tasks=tasks or [TASKS[1]], code=code)

    return write(path, [record(one.id, said(one), said(one)) for one in made[::every]])


def tasks_of(made: Card) -> tuple[str | None, ...]:
    """Its groups by task, as a reader would tell them."""
    return tuple(one.label for one in made.tasks) or ((UNCERTAIN,) if made.candidates else (None,))
