"""Turns sentence numbers into evidence, and verifies cards against papers.

A tagger names a sentence by number; code copies its text and offsets. The same checks, run later by
`papercards verify`, detect a changed card. Links are found only here; no model writes them.
"""

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from ..card import (
    Artifact,
    Candidate,
    Card,
    CardLink,
    Claim,
    Evidence,
    FieldRow,
    FieldType,
    FieldValue,
    Label,
    Provenance,
    Reproducibility,
)
from ..fields.spec import ARTIFACTS
from ..fields.values import Value
from ..paper import Paper
from ..taxonomy import LABEL_FIELDS
from ..text.spans import links, strange_numbers
from .draft import Draft, DraftArtifact, Scored

_CODE_HOSTS = re.compile(r"https?://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org)/", re.I)
_WEIGHTS_HOST = re.compile(r"https?://(?:www\.)?huggingface\.co/(?!datasets/|papers/|spaces/)", re.I)
_DATA_HOST = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co/datasets/|zenodo\.org|figshare\.com|kaggle\.com)", re.I
)


def build(
    paper: Paper,
    draft: Draft,
    provenance: Provenance,
    *,
    withheld: Collection[int] = (),
    types: Mapping[str, FieldType] = MappingProxyType({}),
) -> Card:
    """The card for a draft. Sentence numbers must lie in the paper; `types` are those of own fields.

    Links in sentences that were `withheld` from the tagger are left out.
    """
    return Card(
        id=paper.id,
        title=paper.title,
        tldr=draft.tldr,
        tasks=_labels(draft.tasks),
        modalities=_labels(draft.modalities),
        contributions=_labels(draft.contributions),
        candidates=tuple(
            Candidate(field=field, label=one.label, confidence=one.confidence)
            for field in LABEL_FIELDS
            for one in draft.candidates.get(field, ())
        ),
        claims=tuple(
            Claim(
                kind=claim.kind,
                confidence=claim.confidence,
                evidence=evidence(paper, claim.sentence),
            )
            for claim in sorted(draft.claims, key=lambda claim: claim.sentence)
        ),
        reproducibility=Reproducibility(
            code=_artifact(paper, draft.code),
            data=_artifact(paper, draft.data),
            weights=_artifact(paper, draft.weights),
            links=_links(paper, withheld),
        ),
        flags=_flags(paper, draft),
        provenance=provenance,
        fields={name: field_value(paper, types[name], value) for name, value in draft.own.items()},
        publication=paper.publication,
    )


def field_value(paper: Paper, type_: FieldType, value: Value) -> FieldValue:
    """The value of an own field as a card has it."""
    names = (one.name for one in dataclasses.fields(value) if one.name not in ("rows", "sentence"))
    said = {name: getattr(value, name) for name in names}
    rows = tuple(
        FieldRow(values=row.values, model_words=row.model_words, evidence=_stated(paper, row.sentence))
        for row in value.rows
    )
    return FieldValue(type=type_, rows=rows, evidence=_stated(paper, value.sentence), **said)


def _stated(paper: Paper, sentence: int | None) -> Evidence | None:
    return None if sentence is None else evidence(paper, sentence)


def evidence(paper: Paper, sentence: int) -> Evidence:
    """The sentence with that number (from 1), with its span and its text."""
    span, section = paper.sentences[sentence - 1], paper.section_of(sentence)
    text = paper.sentence_text(sentence)
    return Evidence(
        section=section.name if section is not None else None,
        page=section.page_at(span.start) if section is not None else None,
        start=span.start,
        end=span.end,
        sentence=sentence,
        text=text,
    )


def link_kind(url: str) -> Literal["code", "data", "weights", "other"]:
    """The usual kind of content on a host: `code`, `data`, `weights`, else `other`."""
    if _CODE_HOSTS.match(url):
        return "code"
    if _DATA_HOST.match(url):
        return "data"
    return "weights" if _WEIGHTS_HOST.match(url) else "other"


def check(card: Card, paper: Paper, *, unread: bool = True) -> list[str]:
    """The faults of a card, one sentence each; an empty list if it matches its paper.

    `unread`: report a section that was not read as a fault. Otherwise evidence in such sections is not
    checked, nor are the numbers of the summary, which may come from there.
    """
    faults = []
    if card.title != paper.title:
        faults.append("the title differs from the paper's")
    for name in ARTIFACTS:
        artifact = card.reproducibility.artifact(name)
        if (artifact.status == "not-stated") != (artifact.evidence is None):
            faults.append(f"{name} is {artifact.status} but its evidence does not match")
    texts: dict[str | None, str] = {None: paper.abstract}
    texts |= {section.name: section.text for section in paper.sections}
    for name, cite in cited(card):
        text = texts.get(cite.section)
        part = "the abstract" if cite.section is None else f'the section "{cite.section}"'
        if text is None:
            if unread:
                faults.append(
                    f"{name}: {part} was not read; use the same --sections as when the card was made"
                )
        elif text[cite.start : cite.end] != cite.text:
            faults.append(f"{name}: {part} has a different text at {cite.start}-{cite.end}")
        elif not _is_sentence(cite, paper):
            faults.append(f"{name}: {cite.start}-{cite.end} is not sentence {cite.sentence}")
    real = {_place(link) for link in _links(paper)}
    faults += [
        f"the link {link.url} is not at {link.start}-{link.end}"
        for link in card.reproducibility.links
        if _place(link) not in real and (unread or link.section in texts)
    ]
    if unread or not sections_unread(card, paper):
        invented = strange_numbers(card.tldr, f"{paper.title}\n{paper.text}")
        if invented and "number-not-in-source" not in card.flags:
            faults.append(f"the summary has {', '.join(sorted(invented))}, which is not in the paper")
    return faults


def cited(card: Card) -> list[tuple[str, Evidence]]:
    """All evidence of a card with the name of its item, such as `claim 2` or `code`."""
    found = [(f"claim {n}", claim.evidence) for n, claim in enumerate(card.claims, start=1)]
    for name in ARTIFACTS:
        if (stated_in := card.reproducibility.artifact(name).evidence) is not None:
            found.append((name, stated_in))
    for name, value in card.fields.items():
        stated = [(name, value.evidence)]
        stated += [(f"{name} {n}", row.evidence) for n, row in enumerate(value.rows, start=1)]
        found += [(place, one) for place, one in stated if one is not None]
    return found


def sections_unread(card: Card, paper: Paper) -> list[str]:
    """The sections named by a card that were not read, each once."""
    read = {None, *(section.name for section in paper.sections)}
    places = [*(cite for _, cite in cited(card)), *card.reproducibility.links]
    return list(dict.fromkeys(one.section for one in places if one.section and one.section not in read))


def numbered_as(card: Card, paper: Paper) -> Paper:
    """The paper with its sections if the card's sentence numbers match, else with its abstract only.

    Numbers differ if the card was made with other `--sections`; those of the abstract always come first.
    """
    read = {section.name for section in paper.sections}
    for _, cite in cited(card):
        if cite.section in read:
            same = _is_sentence(cite, paper)
        else:
            same = cite.section is None or cite.sentence > len(paper.sentences)
        if not same:
            return replace(paper, sections=())
    return paper


def _is_sentence(cite: Evidence, paper: Paper) -> bool:
    return cite.sentence <= len(paper.sentences) and evidence(paper, cite.sentence) == cite


def _links(paper: Paper, withheld: Collection[int] = ()) -> tuple[CardLink, ...]:
    places = [(None, paper.links), *((section, links(section.text)) for section in paper.sections)]
    found = [
        CardLink(
            section=section.name if section is not None else None,
            page=section.page_at(link.start) if section is not None else None,
            url=link.url,
            kind=link_kind(link.url),
            start=link.start,
            end=link.end,
        )
        for section, some in places
        for link in some
    ]
    if not withheld:
        return tuple(found)
    gone = [(paper.section_of(number), paper.sentences[number - 1]) for number in withheld]
    return tuple(
        link
        for link in found
        if not any(
            link.section == (section.name if section else None) and span.start <= link.start < span.end
            for section, span in gone
        )
    )


def _place(link: CardLink) -> tuple[object, ...]:
    return link.url, link.section, link.page, link.start, link.end


def _flags(paper: Paper, draft: Draft) -> tuple[str, ...]:
    cut = "sections-cut"
    if cut in draft.flags or all(section.whole for section in paper.sections):
        return draft.flags
    return (*draft.flags, cut)


def _labels(scored: tuple[Scored, ...]) -> tuple[Label, ...]:
    return tuple(Label(label=item.label, confidence=item.confidence) for item in scored)


def _artifact(paper: Paper, draft: DraftArtifact) -> Artifact:
    return Artifact(
        status=draft.status,
        confidence=draft.confidence,
        evidence=_stated(paper, draft.sentence),
    )
