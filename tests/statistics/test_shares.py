"""Shares by group: against counting by hand, and corrected ones against the formula on the same papers."""

import itertools
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from papercards import Statistics, stats
from papercards.card import UNCERTAIN, Card, FieldValue
from papercards.errors import BadInput, UsageError
from papercards.evals.label_file import read_labels
from papercards.statistics.intervals import Pair, prediction_powered, wilson
from papercards.statistics.shares import Row
from tests.evals.records import card, reading, record, write

from .cards import TASKS, cards, labelled, tasks_of

ROOT = Path(__file__).parents[2]


def row(found: Statistics, *group: object, feature: str = "code=released") -> Row:
    (one,) = [one for one in found.rows if one.group == group and one.feature == feature]
    return one


def released(one: Card) -> bool:
    return one.reproducibility.code.status == "released"


def test_every_card_counts_in_each_of_its_groups_and_none_is_dropped() -> None:
    made = cards()

    found = stats(made, by="year,task", share="code=released")

    expected: Counter[tuple[object, object]] = Counter()
    having: Counter[tuple[object, object]] = Counter()
    for one in made:
        for task in tasks_of(one):
            expected[one.publication.year, task] += 1
            having[one.publication.year, task] += released(one)
    assert found.papers == 300 and found.by == ("year", "task")
    assert {one.group: one.n for one in found.rows} == expected
    assert {one.group: one.count for one in found.rows} == {group: having[group] for group in expected}
    assert None in {one.group[0] for one in found.rows} and {None, UNCERTAIN} < {
        one.group[1] for one in found.rows
    }
    for one in found.rows:
        assert (one.low, one.high) == wilson(one.count, one.n) and one.method == "wilson"
        assert one.share == one.count / one.n
        assert ("small" in one.marks) == (one.n < 10)
    unknown = Counter(task for one in made for task in tasks_of(one))
    years = sum(one.publication.year is None for one in made)
    assert f"{years} cards without year: in a group of their own" in found.notes
    assert f"{unknown[None]} cards without task: in a group of their own" in found.notes
    assert f"{unknown[UNCERTAIN]} cards with an uncertain task: in a group of their own" in found.notes


def test_years_are_in_order_other_groups_by_size_and_what_is_unknown_last() -> None:
    made = cards()

    years = [one.group[0] for one in stats(made, by="year", share="code=released").rows]
    tasks = stats(made, by="task", share="code=released").rows

    assert years == [2019, 2021, 2022, None]
    assert [one.n for one in tasks[:-2]] == sorted((one.n for one in tasks[:-2]), reverse=True)
    assert [one.group[0] for one in tasks[-2:]] == [UNCERTAIN, None]


def test_a_field_stands_for_all_its_values_and_zeros_are_there() -> None:
    made = cards()

    found = stats(made, by="venue", share=["task", "claim", "modality=tabular"])

    known = [one for one in made if one.publication.venue == "NeurIPS" and one.tasks]
    for task in TASKS:
        one = row(found, "NeurIPS", feature=f"task={task}")
        assert (one.n, one.count) == (len(known), sum(task in tasks_of(two) for two in known))
        assert one.unknown == sum(two.publication.venue == "NeurIPS" and not two.tasks for two in made)
    assert row(found, "NeurIPS", feature="modality=tabular").share == 1
    unsure = sum(not one.tasks for one in made)
    assert f"{unsure} cards without a known task: not in n" in found.notes
    groups = len({one.group for one in found.rows})
    assert len(found.rows) == groups * 5 and groups == 4


@pytest.mark.parametrize(
    ("share", "having", "of"),
    [
        ("code!=not-stated", lambda one: one.reproducibility.code.status != "not-stated", lambda one: True),
        ("venue~acl", lambda one: "ACL" in one.publication.venue, lambda one: one.publication.venue),
        ("venue!~acl", lambda one: "ACL" not in one.publication.venue, lambda one: one.publication.venue),
        ("year>=2021", lambda one: one.publication.year >= 2021, lambda one: one.publication.year),
        ("author=zhang, wei", lambda one: True, lambda one: True),
        ("claims=performance", lambda one: False, lambda one: True),
        ("main-task=clustering", lambda one: one.main_task == "clustering", lambda one: one.tasks),
        ("main_task=uncertain", lambda one: one.main_task == UNCERTAIN, lambda one: one.main_task),
    ],
)
def test_a_share_is_of_the_papers_that_tell(share: str, having: object, of: object) -> None:
    made = cards()

    (found,) = stats(made, share=share).rows

    known = [one for one in made if of(one)]  # type: ignore[operator]
    assert (found.n, found.unknown) == (len(known), 300 - len(known))
    assert found.count == sum(map(having, known))  # type: ignore[call-overload]


def test_conditions_choose_the_cards_and_the_rest_is_named() -> None:
    made = cards()

    found = stats(iter(made), by=["year"], where=["year>=2021", "venue~neurips"], small=1000)

    kept = [one for one in made if (one.publication.year or 0) >= 2021 and one.publication.venue == "NeurIPS"]
    assert found.papers == len(kept) and {one.group[0] for one in found.rows} == {2021, 2022}
    assert f"{300 - len(kept)} of 300 cards did not fulfil the conditions" in found.notes
    assert all(one.marks == ("small",) for one in found.rows)
    assert {one.feature for one in found.rows} == {"code=released", "data=released", "weights=released"}


def test_without_any_card_there_is_no_share() -> None:
    assert stats([], by="year").rows == ()
    assert stats([], share="code=released").rows == ()


def test_shares_of_what_nobody_tells_are_none() -> None:
    (found,) = stats([card("a")], share="venue=neurips").rows

    assert (found.n, found.unknown, found.share, found.low, found.method) == (0, 1, None, None, "")


@pytest.mark.parametrize("by", [(), "year", "task", "year,task", "main_task,venue"])
def test_corrected_shares_are_those_of_the_formula_on_the_same_papers(
    tmp_path: Path, by: str | tuple[()]
) -> None:
    made = cards()
    path = labelled(made, tmp_path / "labels.jsonl")
    outside = cards(40, seed=77)[30:]
    labels = {one.id: one for one in read_labels(path)}
    outside = [one.model_copy(update={"id": f"outside-{one.id}"}) for one in outside]
    with path.open("a", encoding="utf-8") as file:
        extra = labelled(outside, tmp_path / "more.jsonl", every=1)
        file.write(extra.read_text("utf-8"))
    labels = {one.id: one for one in read_labels(path)}

    found = stats(made, by=by, share=["code=released", "task"], labels=path, labelled_cards=outside)

    fields = by.split(",") if by else []
    assert found.labelled == 110 == len(labels)

    def groups(one: Card, tasks: tuple[str | None, ...] | None = None) -> set[tuple[object, ...]]:
        doubt = tuple(task for task in tasks_of(one) if task in (None, UNCERTAIN))
        main = (one.main_task if tasks is None else tasks[0],) + doubt * (tasks is not None)
        values: dict[str, tuple[object, ...]] = {
            "year": (one.publication.year,),
            "venue": (one.publication.venue,),
            "task": tasks_of(one) if tasks is None else tasks + doubt,
            "main_task": main,
        }
        return set(itertools.product(*(values[name] for name in fields)))

    corrected = 0
    for one in found.rows:
        kind, value = one.feature.split("=")

        def has(card: Card, kind: str = kind, value: str = value) -> bool:
            return card.reproducibility.code.status == value if kind == "code" else value in tasks_of(card)

        fixed = {at for at, name in enumerate(fields) if name in ("year", "venue")}

        def inside(card: Card, group: tuple[object, ...] = one.group, fixed: set[int] = fixed) -> bool:
            return any(all(two[at] == group[at] for at in fixed) for two in groups(card))

        universe = [two for two in made if inside(two)]
        pairs = []
        for two in (*made, *outside):
            item = labels.get(two.id)
            if item is None or not inside(two):
                continue
            passes = []
            for said in item.readings:
                member = one.group in groups(two, said.tasks)
                y = said.code == value if kind == "code" else value in said.tasks
                passes.append((float(member and y), float(member)))
            y, member = (math.fsum(column) / 2 for column in zip(*passes, strict=True))
            there = one.group in groups(two)
            pairs.append(Pair(y, member, float(there and has(two)), float(there)))
        touching = [pair for pair in pairs if pair.label_group or pair.card_group]
        assert one.labelled == len(touching), one
        others = [two for two in universe if two.id not in labels]
        members = [two for two in others if one.group in groups(two)]
        expected = prediction_powered(touching, len(pairs), len(others), sum(map(has, members)), len(members))
        if expected is None or len(touching) < 10:
            assert one.method != "prediction-powered" and "uncorrected" in one.marks
            if one.n:
                assert (one.low, one.high) == wilson(one.count, one.n)
        else:
            corrected += 1
            assert one.method == "prediction-powered" and "uncorrected" not in one.marks
            assert (one.share, one.low, one.high, one.weight) == pytest.approx(
                (expected.share, expected.low, expected.high, expected.weight), abs=1e-9
            )
    assert corrected >= (5 if by in ((), "year", "task") else 3)
    rest = sum("uncorrected" in one.marks for one in found.rows)
    note = f"{rest} of {len(found.rows)} shares not corrected: too few labelled papers in the group"
    assert (note in found.notes) == bool(rest)


def test_labelled_papers_of_train_are_left_out_and_named_and_others_count_without_their_labels(
    tmp_path: Path,
) -> None:
    lines = [record(f"{split}-{n}", split=split) for split in ("train", "dev", "test") for n in range(12)]
    path = write(tmp_path / "labels.jsonl", lines)
    made = [card(line["id"], "regression") for line in lines] + [
        card(f"x-{n}", "regression") for n in range(64)
    ]

    dev, train = (stats(made, share="task", labels=path, split=split) for split in ("dev", "train"))

    assert (dev.papers, dev.labelled) == (88, 12)
    assert any(note.startswith("12 cards left out: labelled papers of the split train") for note in dev.notes)
    assert (train.papers, train.labelled) == (100, 12)
    assert not any("left out" in note for note in train.notes)


def test_labels_are_found_by_id_or_title(tmp_path: Path) -> None:
    path = write(tmp_path / "labels.jsonl", [record("a"), record("b")])

    found = stats([card("a"), card("sha256:1", title="the PAPER  b"), card("c")], labels=path)

    assert found.labelled == 2


def test_what_is_not_labelled_is_not_corrected(tmp_path: Path) -> None:
    made = [card(f"p-{n}", "regression") for n in range(60)]
    lines = [record(one.id, reading(code="released"), fields=["tasks"]) for one in made[:20]]
    path = write(tmp_path / "labels.jsonl", lines)

    found = stats(made, by="venue", share=["code=released", "task=regression", "year>=2020"], labels=path)

    code, task, year = found.rows
    assert (code.share, code.method, code.labelled, code.marks) == (0, "wilson", 0, ("uncorrected",))
    assert (task.method, task.labelled, task.marks) == ("prediction-powered", 20, ())
    assert (year.labelled, year.marks) == (None, ("small",))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"by": "yaer"}, 'unknown field "yaer"'),
        ({"by": "year,task,venue"}, "more than two groupings"),
        ({"by": "title"}, "title has another value in almost every card"),
        ({"share": "doi"}, "doi has another value"),
        ({"share": "year>soon"}, 'year is a number, not "soon"'),
        ({"where": "year"}, '"year" is not a condition'),
        ({"split": "all"}, 'there is no split "all"'),
        ({"level": 95}, "95 is not a confidence level"),
    ],
)
def test_what_cannot_be_asked_is_an_error(asked: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        stats(cards(3), **asked)  # type: ignore[arg-type]


def test_labels_of_other_papers_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="none of the 3 cards is of a labelled paper of the split dev"):
        stats(cards(3), labels=write(tmp_path / "labels.jsonl", [record("x")]))


PEAKS = """
import tracemalloc
from papercards.statistics.shares import stats
from tests.statistics.test_shares import cards

made = cards(50)
for count in (500, 500, 5000):  # the first time, modules are loaded
    tracemalloc.start()
    stats((made[n % 50].model_copy(update={"id": f"p{n}"}) for n in range(count)), by="year,task")
    print(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
"""


def test_cards_do_not_stay_in_memory() -> None:
    # A process of its own: what other tests have left running or loaded allocates, too.
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, cwd=ROOT, check=True)
    _, few, many = map(int, done.stdout.split())
    assert many < few + 20_000


def test_further_records_of_a_paper_are_not_counted_again() -> None:
    made = cards()
    again = [one.model_copy(update={"id": f"{one.id}b", "same_as": one.id}) for one in made[:12]]

    found = stats([*made, *again], by="year", share="code=released")

    assert found.rows == stats(made, by="year", share="code=released").rows and found.papers == 300
    assert found.notes[0] == "12 cards left out: further records of papers that are counted"


def test_own_fields_group_by_options_and_by_quartiles_of_numbers() -> None:
    def own(number: int) -> Card:
        fields = {
            "proves": FieldValue(type="boolean", value=number % 2 == 0),
            "people": FieldValue(type="number", value=None if number == 39 else 10 * number, missing=None),
            "dose": FieldValue(type="quantity", value=3, unit="mg"),
        }
        return card(f"p{number}", code="released").model_copy(update={"fields": fields})

    made = [own(number) for number in range(40)]
    found = stats(made, by="people,proves")

    assert list(dict.fromkeys(one.group[0] for one in found.rows)) == [
        "0 to 90", "100 to 190", "200 to 290", "300 to 380", None,
    ]  # fmt: skip
    assert row(found, "0 to 90", "yes").n == 5 and sum(one.n for one in found.rows) == 3 * 40
    assert row(stats(made, share="people>=200"), feature="people>=200").count == 19
    assert [one.count for one in stats(made, share="proves").rows] == [20, 20]
    for wrong in ({"by": "dose"}, {"share": "people"}, {"by": "proofs"}):
        with pytest.raises(UsageError):
            stats(made, **wrong)
