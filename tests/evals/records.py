"""Label records and cards for tests."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from papercards.card import Artifact, Card, Label, Provenance, Reproducibility


def reading(**changed: Any) -> dict[str, Any]:
    return {
        "annotator": "a",
        "tasks": ["regression"],
        "modalities": ["tabular"],
        "contributions": ["method"],
        "claims": [],
        "code": "not-stated",
        "data": "not-stated",
        "weights": "not-stated",
    } | changed


def record(id: str, *readings: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": id,
        "title": f"The paper {id}",
        "split": "dev",
        "abstract": f"We study {id}. It is better than all {id} before.",
        "labels": list(readings) or [reading(), reading(annotator="b")],
    } | changed


def write(path: Path, lines: Iterable[dict[str, Any] | str]) -> Path:
    path.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines),
        encoding="utf-8",
    )
    return path


def card(
    id: str,
    *tasks: str,
    confidence: float | None = None,
    code: Any = "not-stated",
    title: str = "",
) -> Card:
    nothing = Artifact(status="not-stated", confidence=confidence)
    return Card(
        id=id,
        title=title or f"The paper {id}",
        tldr="Short.",
        tasks=tuple(Label(label=task, confidence=confidence) for task in tasks),
        modalities=(Label(label="tabular", confidence=confidence),),
        contributions=(Label(label="method", confidence=confidence),),
        claims=(),
        reproducibility=Reproducibility(
            code=Artifact(status=code, confidence=confidence), data=nothing, weights=nothing
        ),
        provenance=Provenance(model="m", prompt="p@1", taxonomy="t@1", created=""),
    )
