"""Cards to be written by tests."""

from papercards.card import (
    Artifact,
    Card,
    CardLink,
    Claim,
    Evidence,
    Label,
    Provenance,
    Reproducibility,
)


def evidence(text: str) -> Evidence:
    return Evidence(start=0, end=len(text), sentence=1, text=text)


def card(
    id: str = "arxiv:2401.03955",
    title: str = "Tiny Time Mixers",
    tldr: str = "Small models forecast well.",
    task: str = "time-series-forecasting",
    claim: str = "It is 40% better.",
    code: str = "Code is at https://github.com/a/b_c.",
    flag: str = "",
) -> Card:
    return Card(
        id=id,
        title=title,
        tldr=tldr,
        tasks=(Label(label=task, confidence=0.9),),
        modalities=(Label(label="time-series"),),
        contributions=(Label(label="method"), Label(label="dataset")),
        claims=(Claim(kind="performance", evidence=evidence(claim)),),
        reproducibility=Reproducibility(
            code=Artifact(status="released", evidence=evidence(code)),
            data=Artifact(status="not-stated"),
            weights=Artifact(status="promised", evidence=evidence("We will release weights.")),
            links=(CardLink(url="https://github.com/a/b_c", kind="code", start=11, end=35),),
        ),
        flags=(flag,) if flag else (),
        provenance=Provenance(
            model="local/m", prompt="card@1", taxonomy="t@1", created="2026-11-23T21:00:00Z"
        ),
    )
