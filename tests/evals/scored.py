"""Scores of made-up papers, for tests of what is computed from scores."""

from random import Random

from papercards.evals.scoring.metrics import Counts
from papercards.evals.scoring.score import ClaimScore, LabelScore, PaperScore, StatusScore, score_labels

STATUSES = ("released", "promised", "not-stated")
_LABELS = [f"l{number}" for number in range(8)]


def labels(predicted: str, *readings: str) -> LabelScore:
    """`labels("a b", "a c")`: what was predicted, then what each reading says."""
    return score_labels(predicted.split(), [reading.split() for reading in readings])


def status(predicted: str | None, *expected: str) -> StatusScore:
    return StatusScore(predicted, expected)


def make_score(
    paper: str = "p",
    *,
    tasks: LabelScore | None = None,
    modalities: LabelScore | None = None,
    contributions: LabelScore | None = None,
    claims: ClaimScore | None = None,
    code: StatusScore | None = None,
    data: StatusScore | None = None,
    weights: StatusScore | None = None,
) -> PaperScore:
    """A paper that has everything right, but for what is given."""
    silent = status("not-stated", "not-stated")
    return PaperScore(
        id=paper,
        tasks=tasks or labels("a", "a"),
        modalities=modalities or labels("text", "text"),
        contributions=contributions or labels("method", "method"),
        claims=claims or ClaimScore(Counts(hits=1), kinds_right=1),
        code=code or silent,
        data=data or silent,
        weights=weights or silent,
    )


def draw(random: Random, size: int, skill: float = 0.0) -> list[PaperScore]:
    """Papers of which some are hard and some easy, all their answers with them.

    How easy one is comes from a beta distribution with mean 0.71, to which `skill` is added.
    """
    return [_paper(random, f"p{number}", skill) for number in range(size)]


def _paper(random: Random, name: str, skill: float) -> PaperScore:
    ease = min(1.0, max(0.0, random.betavariate(5, 2) + skill))
    has = random.random() < 0.4
    return make_score(
        name,
        tasks=_labels(random, ease, most=3),
        modalities=_labels(random, ease, most=2),
        contributions=_labels(random, ease, most=2),
        claims=_claims(random, ease),
        code=_status(random, ease, stated=has),
        data=_status(random, ease, stated=random.random() < 0.3),
        weights=_status(random, ease, stated=has and random.random() < 0.6),
    )


def _labels(random: Random, ease: float, most: int) -> LabelScore:
    wanted = random.sample(_LABELS, random.randint(1, most))
    found = [label for label in wanted if random.random() < ease]
    stray = [label for label in _LABELS if label not in wanted and random.random() < 0.25 * (1 - ease)]
    return score_labels(found + stray, [wanted])


def _claims(random: Random, ease: float) -> ClaimScore:
    there = random.randint(1, 4)
    hits = sum(random.random() < ease for _ in range(there))
    wrong = sum(random.random() < 0.5 * (1 - ease) for _ in range(3))
    return ClaimScore(Counts(hits, wrong, there - hits), sum(random.random() < ease for _ in range(hits)))


def _status(random: Random, ease: float, *, stated: bool) -> StatusScore:
    expected = random.choice(STATUSES[:2]) if stated else "not-stated"
    right = random.random() < 0.3 + 0.7 * ease
    return StatusScore(expected if right else random.choice(STATUSES), (expected,))
