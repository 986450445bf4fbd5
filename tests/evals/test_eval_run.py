"""The shipped labels, and the rule by which cards are scored against them."""

from pathlib import Path

import pytest

from papercards.card import Card
from papercards.evals.label_file import SEED_LABELS, LabelledClaim, read_labels
from papercards.evals.scoring.metrics import Counts
from papercards.evals.scoring.score import score, score_claims, score_labels
from papercards.taxonomy import Taxonomy
from tests.conftest import Run


def test_a_label_in_one_pass_alone_counts_nowhere() -> None:
    found = score_labels(["a", "b", "x"], [["a", "b"], ["a", "c"], ["c", "a"]])

    assert found.counts == Counts(hits=1, wrong=1, missed=0)
    assert found.main_right is True
    assert score_labels(["b"], [["a", "b"], ["a"]]).counts == Counts(0, 0, 1)


def test_claims_match_from_half_of_the_shorter_on() -> None:
    gold = [LabelledClaim(0, 100, "finding")]
    other = [LabelledClaim(0, 100, "novelty")]

    half = score_claims([LabelledClaim(50, 150, "novelty")], [gold, other])
    assert half.counts == Counts(1, 0, 0) and half.kinds_right == 1
    less = score_claims([LabelledClaim(51, 151, "finding")], [gold, other])
    assert less.counts == Counts(0, 1, 1)
    assert score_claims([], [gold, []]).counts == Counts(0, 0, 0)


def test_a_paper_without_a_card_has_missed_everything(taxonomy: Taxonomy) -> None:
    card: Card | None = None
    for labelled in read_labels(SEED_LABELS, split="dev", taxonomy=taxonomy):
        scored = score(card, labelled)
        assert scored.tasks.counts.hits == scored.claims.counts.hits == 0
        assert scored.tasks.main_right is False


def test_a_broken_label_file_is_one_line_with_its_place(run: Run, tmp_path: Path) -> None:
    lines = SEED_LABELS.read_text(encoding="utf-8").splitlines()
    (tmp_path / "bad.jsonl").write_text(f"{lines[0]}\n{lines[1]},\n", encoding="utf-8")

    done = run("eval", "run", "--labels", "bad.jsonl", "-m", "baseline")
    assert done.returncode == 1
    assert "bad.jsonl:2" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_shipped_labels_hold_together(split: str, taxonomy: Taxonomy) -> None:
    sizes = {"train": 60, "dev": 55, "test": 50}

    assert len(read_labels(SEED_LABELS, split=split, taxonomy=taxonomy)) == sizes[split]
