"""The tagger that asks no model: every score comes from the text and from parameters that ship as data.

It is the floor that any model is compared with, what `-m baseline` gives a user without a model, and a source
of scores to combine with a model's. Fitted on the `train` split by `python -m papercards.evals.fitting.fit`.
Labels that were not there to be fitted, as in a taxonomy of your own, are judged by their definitions.

Knows papers, taxonomies and drafts. Knows no models and no HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

from ...paper import Paper
from ...taxonomy import LABEL_FIELDS, Size, Taxonomy
from ..draft import Draft, DraftArtifact, DraftClaim, Scored
from .availability import Artifact
from .context import in_context
from .features import Vector
from .gist import gist
from .offers import offers
from .parameters import FieldFit, Parameters, fitted, keywords, version
from .scores import Scores
from .statements import Chances, Classifier
from .tags import Tagger, candidates, choose, judged

__all__ = ["Baseline", "Chances", "Scores"]


class HasThreshold(Protocol):
    """A fit of sentences."""

    @property
    def threshold(self) -> float:
        """The probability from which a sentence counts as a claim."""
        ...


class Cuts(Protocol):
    """Where the lines are drawn: the part of a fit that turns scores into answers."""

    @property
    def fields(self) -> Mapping[str, FieldFit]:
        """By label field."""
        ...

    @property
    def claims(self) -> HasThreshold:
        """Of sentences."""
        ...


class Baseline:
    """The model-free tagger for one taxonomy. Made once, used for any number of papers, from any thread."""

    def __init__(self, taxonomy: Taxonomy, parameters: Parameters | None = None) -> None:
        """`parameters` defaults to those of the package."""
        self._taxonomy = taxonomy
        self._fit = parameters or fitted()
        self._tagger, self._classifier = _tables(taxonomy, self._fit)
        self.known: Mapping[str, frozenset[str]] = {
            field: self._tagger.known(field) for field in LABEL_FIELDS
        }
        self._cuts: Cuts = self._fit
        self._context = self._fit.context

    @property
    def version(self) -> str:
        """Eight hex digits over the parameters and keywords: the same ones give the same scores."""
        return version(self._fit)

    def scores(self, paper: Paper) -> Scores:
        """Every probability for a paper. Labels follow from title and abstract, on which they were fitted."""
        return self.second_look(paper, self.first_look(paper))

    def first_look(self, paper: Paper) -> Scores:
        """The scores before what one says of the other is weighed."""
        parts = sentences_of(paper)
        rows = self._tagger.features(paper.title, paper.abstract)
        labels, mains = judged(self._fit.fields, rows, self.known)
        return Scores(
            labels=labels,
            mains=mains,
            sentences=tuple(chance for part in parts for chance in self._classifier.chances(part)),
            offers=offers(self._fit.offers, [sentence for part in parts for sentence in part]),
            stated=tuple(one.chance for one in offers(self._fit.offers, parts[0]).values())
            if len(parts) > 1
            else (),
        )

    def second_look(self, paper: Paper, first: Scores) -> Scores:
        """The first scores of a paper, weighed with each other."""
        return in_context(self._context, first, len(paper.parts[0][1]), self.known)

    def read(self, paper: Paper) -> tuple[Scores, Vector]:
        """The scores of a paper, and the features on which somebody's own labels may be fitted."""
        return self.scores(paper), self._tagger.words(paper.title, paper.abstract)

    @property
    def cuts(self) -> Cuts:
        """The fits that turn this tagger's scores into answers."""
        return self._cuts

    @property
    def claim_threshold(self) -> float:
        """The probability from which a sentence counts as a claim."""
        return self._cuts.claims.threshold

    def tag(self, paper: Paper) -> Draft:
        """The draft of a card, its summary a sentence of the abstract."""
        return summarized(self.draft(self.scores(paper)), paper)

    def draft(self, scores: Scores, cuts: Cuts | None = None) -> Draft:
        """The draft for scores, without a summary.

        `cuts` are the fits whose scores these are (default: those of this tagger). Confidences: of a label,
        that it fits; of a claim, that the sentence is a claim of that kind; of code, data and weights, that
        the status is right.
        """
        return drafted(scores, cuts or self._cuts, self.known, self._taxonomy)


@lru_cache(maxsize=4)
def _tables(taxonomy: Taxonomy, fit: Parameters) -> tuple[Tagger, Classifier]:
    tagger = Tagger(
        taxonomy,
        rarity=fit.rarity,
        keyword_rarity=fit.keyword_rarity,
        keywords=keywords(),
        words=fit.words,
    )
    return tagger, Classifier(fit.claims, taxonomy.labels["claim_kinds"], fit.rarity)


def drafted(scores: Scores, cuts: Cuts, known: Mapping[str, frozenset[str]], taxonomy: Taxonomy) -> Draft:
    """The draft for scores, without a summary; `known` are the labels with more than a definition."""
    claim = cuts.claims.threshold
    claims = tuple(
        DraftClaim(number, chances.kind, round(chances.kinds[chances.kind], 4))
        for number, chances in enumerate(scores.sentences, start=1)
        if chances.claim >= claim
    )
    given: dict[str, tuple[Scored, ...]] = {}
    unsure: dict[str, tuple[Scored, ...]] = {}
    for field in LABEL_FIELDS:
        fit, size = cuts.fields[field], taxonomy.sizes[field]
        given[field], others = _chosen(field, scores, fit, known[field], size)
        if others:
            unsure[field] = others
    return Draft(
        tldr="",
        tasks=given["tasks"],
        modalities=given["modalities"],
        contributions=given["contributions"],
        candidates=unsure,
        claims=claims,
        code=_artifact("code", scores),
        data=_artifact("data", scores),
        weights=_artifact("weights", scores),
    )


def _chosen(
    field: str, scores: Scores, fit: FieldFit, known: frozenset[str], size: Size
) -> tuple[tuple[Scored, ...], tuple[Scored, ...]]:
    """The labels that are likely enough, and the candidates where these are too few."""
    chances = scores.labels[field]
    chosen = choose(chances, fit, known, size, scores.mains[field])

    def scored(labels: Sequence[str]) -> tuple[Scored, ...]:
        return tuple(Scored(label, round(chances[label], 4)) for label in labels)

    return scored(chosen), scored(candidates(chances, chosen, size))


def summarized(draft: Draft, paper: Paper) -> Draft:
    """The draft with a sentence of the abstract as its summary."""
    tldr, fits = gist(sentences_of(paper)[0], paper.title)
    return replace(draft, tldr=tldr, flags=(*draft.flags, *(() if fits else ("summary-too-long",))))


def _artifact(artifact: Artifact, scores: Scores) -> DraftArtifact:
    offer = scores.offers[artifact]
    return DraftArtifact(offer.status, offer.sentence, offer.chances[offer.status])


def sentences_of(paper: Paper) -> list[list[str]]:
    """The sentences of the abstract, then of each section."""
    found = []
    for section, spans in paper.parts:
        whole = paper.abstract if section is None else section.text
        # arXiv wraps its abstracts: a line end within a sentence says nothing.
        found.append([" ".join(whole[span.start : span.end].split()) for span in spans])
    return found
