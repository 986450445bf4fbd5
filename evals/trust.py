"""How far the cards of a run can be trusted, and what they cost to make.

Trust is what can be checked without labels: whether a quoted sentence stands where the card says, how many
papers got no card, how many answers had to be asked again, how many cards carry a flag.

Knows results of runs; knows no models and no terminal. Intervals need the `eval` extra.
"""

from dataclasses import dataclass

from papercards.card import UNCERTAIN, Card
from papercards.evidence import evidence
from papercards.paper import Paper

from .intervals import Interval, interval, quantile_interval
from .metrics import quantile, ratio
from .run import PaperResult, RunResult


@dataclass(frozen=True, slots=True)
class Share:
    """A share, with its 95% interval over papers."""

    part: int
    whole: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        """None where there is nothing to take a share of."""
        return ratio(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Trust:
    """What can be checked without labels."""

    verified: Share
    """Claims whose quote is the sentence that they name, letter for letter."""
    failed: Share
    """Papers without a card."""
    reasked: Share
    """Cards with an answer that was wrong at first."""
    flagged: Share
    """Cards with at least one flag."""
    uncertain: Share
    """Cards whose main task is uncertain."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Sums over the cards of a run; failed papers have no card and so no part in calls and tokens."""

    papers: int
    calls: int
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where the price of any card is not known."""
    seconds_median: float | None
    """Wall time of a card's calls when they were made, also where the answer is cached by now."""
    seconds_median_interval: Interval | None
    seconds_p90: float | None
    seconds_p90_interval: Interval | None


def verified(card: Card, paper: Paper) -> tuple[int, int]:
    """Of the card's claims, those that stand in the paper as quoted; and all."""
    good = sum(
        claim.evidence.sentence <= len(paper.sentences)
        and evidence(paper, claim.evidence.sentence) == claim.evidence
        for claim in card.claims
    )
    return good, len(card.claims)


def trust(result: RunResult) -> Trust:
    """The shares of a run. Claims of papers whose abstract is not in the result are not counted."""
    checked = [_verified(paper) for paper in result.papers]
    cards = result.cards
    return Trust(
        verified=Share(
            sum(good for good, _ in checked),
            sum(all_ for _, all_ in checked),
            interval([ratio(good, all_) for good, all_ in checked]),
        ),
        failed=_share([paper.card is None for paper in result.papers]),
        reasked=_share([card.provenance.reasked > 0 for card in cards]),
        flagged=_share([bool(card.flags) for card in cards]),
        uncertain=_share([card.main_task == UNCERTAIN for card in cards]),
    )


def _verified(paper: PaperResult) -> tuple[int, int]:
    if paper.card is None or paper.labelled.abstract is None:
        return 0, 0
    return verified(paper.card, Paper(paper.id, paper.title, paper.labelled.abstract))


def _share(outcomes: list[bool]) -> Share:
    return Share(sum(outcomes), len(outcomes), interval(outcomes))


def cost(result: RunResult) -> Cost:
    """What the cards of a run cost."""
    made = [card.provenance for card in result.cards]
    seconds = [provenance.seconds for provenance in made]
    usd = [provenance.cost_usd for provenance in made]
    known = [value for value in usd if value is not None]
    return Cost(
        papers=len(result.papers),
        calls=sum(provenance.calls for provenance in made),
        prompt_tokens=sum(provenance.tokens.prompt for provenance in made),
        cached_prompt_tokens=sum(provenance.tokens.cached_prompt for provenance in made),
        completion_tokens=sum(provenance.tokens.completion for provenance in made),
        cost_usd=sum(known) if known and len(known) == len(usd) else None,
        seconds_median=quantile(seconds, 0.5),
        seconds_median_interval=quantile_interval(seconds, 0.5),
        seconds_p90=quantile(seconds, 0.9),
        seconds_p90_interval=quantile_interval(seconds, 0.9),
    )
