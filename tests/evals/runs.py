"""Two runs over the dev split: the baseline, and one that is worse in known ways."""

import asyncio
from dataclasses import replace
from functools import cache

from papercards.card import Artifact, Card, Label, Tokens
from papercards.evals.label_file import SEED_LABELS, join, read_labels, seed_papers, seed_taxonomy
from papercards.evals.reporting.sheet import Sheet, sheet
from papercards.evals.scoring.run import RunResult, score_run
from papercards.reading.tagger_reader import BaselineReader

HOSTILE = "<script>alert(1)</script> & $\\frac{a}{b}$ $x$"


@cache
def baseline_run() -> RunResult:
    taxonomy = seed_taxonomy()
    labelled = read_labels(SEED_LABELS, split="dev", taxonomy=taxonomy)
    pairs = [(replace(item, abstract=paper.abstract), paper) for item, paper in join(labelled, seed_papers())]
    reader = BaselineReader(taxonomy)

    async def read() -> dict[str, Card]:
        return {item.id: (await reader.read(paper)).card for item, paper in pairs}

    return score_run(
        asyncio.run(read()),
        {},
        [item for item, _ in pairs],
        model="baseline",
        split="dev",
        labels="labels.jsonl@0",
    )


@cache
def baseline_sheet() -> Sheet:
    return sheet(baseline_run())


@cache
def worse_run(model: str = "some/model") -> RunResult:
    """Every third paper is called robotics, the first two have no card, code is promised instead of released;
    no confidences; the first paper that is left has hostile words.
    """
    base = baseline_run()
    cards: dict[str, Card] = {}
    for place, paper in enumerate(base.papers):
        card = paper.card
        assert card is not None
        made = card.reproducibility
        code = made.code
        if code.status == "released":
            code = Artifact(status="promised", evidence=code.evidence)
        cards[paper.id] = card.model_copy(
            update={
                "tldr": "</td><img onerror=alert(1)>" if place == 2 else card.tldr,
                "tasks": (Label(label="robotics"),)
                if place % 3 == 2
                else tuple(Label(label=tag.label) for tag in card.tasks),
                "modalities": tuple(Label(label=tag.label) for tag in card.modalities),
                "contributions": tuple(Label(label=tag.label) for tag in card.contributions),
                "claims": tuple(claim.model_copy(update={"confidence": None}) for claim in card.claims[1:]),
                "reproducibility": made.model_copy(
                    update={
                        "code": code.model_copy(update={"confidence": None}),
                        "data": made.data.model_copy(update={"confidence": None}),
                        "weights": made.weights.model_copy(update={"confidence": None}),
                    }
                ),
                "provenance": card.provenance.model_copy(
                    update={"calls": 1, "seconds": 4.0, "tokens": Tokens(prompt=900, completion=90)}
                ),
            }
        )
    items = [paper.labelled for paper in base.papers]
    items[2] = replace(items[2], title=HOSTILE)
    failed = {items[0].id: "the answer was cut off", items[1].id: "no answer"}
    for lost in failed:
        cards.pop(lost)
    return score_run(cards, failed, items, model=model, split="dev", labels="labels.jsonl@0", floor=base)
