"""The error book: which answers were confused, how often, and in which papers.

A figure tells how much is wrong; only the papers show what, and whether the model or the label is at fault.
So every mistake that `score` counts is listed here with the answers of the passes and the card, and the text
they are about. The most frequent come first.

An answer that only some passes give is not a mistake, as in `score`. A paper without a card is left out,
since it tells nothing about any label.

Knows results of runs; knows no models, no pages and no files.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from papercards.card import UNCERTAIN, Artifact, Card
from papercards.taxonomy import LABEL_FIELDS
from papercards.text.spans import links, sentences

from ..label_file import FIELDS
from ..scoring.run import PaperResult, RunResult
from ..scoring.score import card_claims, closest, own_names, required_claims, same

MOST_CHARACTERS = 320
"""Maximum characters of a quote; a sentence is rarely longer."""

_ARXIV = re.compile(r"arxiv:([\w.-]+(?:/\d+)?)", re.ASCII)
_DOI = re.compile(r"doi:(10\.\d{4,9}/[\w.;()/-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote from the paper or the card."""

    source: str
    """Origin of the quote: `claim`, `summary`, `abstract begins`, …"""
    text: str
    """The text, unchanged but cut after `MOST_CHARACTERS`."""


@dataclass(frozen=True, slots=True)
class Case:
    """One mistake in one paper."""

    id: str
    title: str
    url: str | None
    """Web address of the paper; None if its id does not tell."""
    expected: tuple[str, ...]
    """The full answer of each pass, in order, without duplicates."""
    came: str
    """The full answer of the card."""
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """An expected answer and the one given instead, with all papers where it happened."""

    field: str
    expected: str | None
    """Expected answer; None if the given answer is one too many."""
    came: str | None
    """Given answer; None if the expected answer was missed."""
    cases: tuple[Case, ...]
    """The papers with this mistake, in the order of the run."""

    @property
    def papers(self) -> int:
        """Number of different papers; for claims, one paper can have several cases."""
        return len({case.id for case in self.cases})


def error_book(result: RunResult) -> dict[str, tuple[Mistake, ...]]:
    """The mistakes of a run by field, the one of most papers first.

    Where both sides are given, a label stands for the main label of the paper (the others are missed or too
    many, each by itself), a claim kind for the kind of a sentence that both call a claim.
    """
    found: dict[str, tuple[Mistake, ...]] = {}
    for field in (*FIELDS, *own_names(result.scores)):
        table: dict[tuple[str | None, str | None], list[Case]] = {}
        for paper in result.papers:
            if paper.card is not None:
                for pair, case in _cases(paper, paper.card, field):
                    table.setdefault(pair, []).append(case)
        mistakes = [Mistake(field, *pair, tuple(cases)) for pair, cases in table.items()]
        found[field] = tuple(sorted(mistakes, key=_order))
    return found


def _order(one: Mistake) -> tuple[int, int, bool, str, str]:
    mixed_up = None not in (one.expected, one.came)
    return (-one.papers, -len(one.cases), not mixed_up, one.expected or "", one.came or "")


_Found = Iterator[tuple[tuple[str | None, str | None], Case]]


def _cases(paper: PaperResult, card: Card, field: str) -> _Found:
    if field in paper.score.own:
        return _own(paper, card, field)
    if field == "claims":
        return _claims(paper, card)
    return _labels(paper, card, field) if field in LABEL_FIELDS else _status(paper, card, field)


def _own(paper: PaperResult, card: Card, field: str) -> _Found:
    value = card.fields.get(field)
    came = "; ".join(value.texts) if value is not None else ""
    expected = ["; ".join(reading.own[field].texts) for reading in paper.labelled.readings]
    if not paper.score.own[field].right:
        evidence = value.evidence if value is not None else None
        quotes = [_quote("model", evidence.text)] if evidence is not None else []
        yield (expected[0] or None, came or None), _case(paper, card, expected, came, quotes)


def _labels(paper: PaperResult, card: Card, field: str) -> _Found:
    tags = card.labels(field)
    answers = [reading.labels(field) for reading in paper.labelled.readings]
    counted = paper.score.labels(field)
    case = _case(
        paper,
        card,
        [", ".join(answer) for answer in answers],
        ", ".join(tag.label for tag in tags),
        _gist(paper, card),
    )
    confused: set[str] = set()
    came = tags[0].label if tags else UNCERTAIN if card.unsure_of(field) else None
    if counted.main_right is False and came:
        main = next(answer[0] for answer in answers if answer)
        confused = {main, came}
        yield (main, came), case
    for label in counted.missed:
        if label not in confused:
            yield (label, None), case
    for label in counted.wrong:
        if label not in confused:
            yield (None, label), case


def _gist(paper: PaperResult, card: Card) -> list[Quote]:
    """What the paper is about, in the words of the card and in its own."""
    quotes = [_quote("summary", card.tldr)]
    abstract = paper.labelled.abstract or ""
    if spans := sentences(abstract):
        quotes.append(_quote("abstract begins", abstract[spans[0].start : spans[0].end]))
    return quotes


def _claims(paper: PaperResult, card: Card) -> _Found:
    """Sentences missed, sentences wrongly called a claim, and kinds mixed up; the rule is `score_claims`."""
    if "claims" not in paper.labelled.fields:
        return
    abstract = paper.labelled.abstract
    guesses = card_claims(card)
    for claim, kinds in required_claims([reading.claims for reading in paper.labelled.readings]):
        quotes = [] if abstract is None else [_quote("claim", abstract[claim.start : claim.end])]
        best = closest(guesses, claim)
        if best is None:
            yield (claim.kind, None), _case(paper, card, kinds, "", quotes)
        elif best.kind not in kinds:
            yield (claim.kind, best.kind), _case(paper, card, kinds, best.kind, quotes)
    every = [claim for reading in paper.labelled.readings for claim in reading.claims]
    for said, guess in zip(card.claims, guesses, strict=True):
        if not any(same(guess, claim) for claim in every):
            yield (
                (None, guess.kind),
                _case(paper, card, [""], guess.kind, [_quote("called a claim", said.evidence.text)]),
            )


def _status(paper: PaperResult, card: Card, field: str) -> _Found:
    counted = paper.score.status(field)
    if counted.right is False and counted.predicted is not None:
        quotes = _availability(paper, card.reproducibility.artifact(field))
        case = _case(paper, card, counted.expected, counted.predicted, quotes)
        yield (counted.expected[0], counted.predicted), case


def _availability(paper: PaperResult, artifact: Artifact) -> list[Quote]:
    """What the card goes by; if it goes by nothing, where a paper usually says it: links, or the end."""
    if artifact.evidence is not None:
        return [_quote("the card's evidence", artifact.evidence.text)]
    abstract = paper.labelled.abstract or ""
    spans = sentences(abstract)
    places = [link.start for link in links(abstract)]
    linked = [span for span in spans if any(span.start <= place < span.end for place in places)]
    source = "a sentence with a link" if linked else "abstract ends"
    return [_quote(source, abstract[span.start : span.end]) for span in linked or spans[-1:]]


def _case(
    paper: PaperResult, card: Card, expected: Sequence[str], came: str, quotes: Sequence[Quote]
) -> Case:
    given = tuple(dict.fromkeys(answer or "nothing" for answer in expected))
    url = paper_url(paper.id) or paper_url(card.id)
    return Case(paper.id, paper.title, url, given, came or "nothing", tuple(quotes))


def paper_url(id: str) -> str | None:  # noqa: A002 - what cards and labels call it
    """The web address of a paper with an arXiv id or a DOI; always https."""
    if match := _ARXIV.fullmatch(id):
        return f"https://arxiv.org/abs/{match.group(1)}"
    if match := _DOI.fullmatch(id):
        return f"https://doi.org/{match.group(1)}"
    return None


def _quote(source: str, text: str) -> Quote:
    short = text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1].rstrip()}…"
    return Quote(source, short)
