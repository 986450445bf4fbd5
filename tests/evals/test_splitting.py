import json
from collections import Counter
from pathlib import Path

import pytest

from papercards.errors import BadInput, UsageError
from papercards.evals.labelling.label_check import check
from papercards.evals.labelling.splitting import Item, assign, split_file

from .records import record, write

HALVES = {"train": 0.5, "dev": 0.25, "test": 0.25}


def items(count: int, tasks: int = 1) -> list[Item]:
    return [Item(f"p{n}", f"task{n % tasks}", f"Title {n}") for n in range(count)]


def test_every_task_is_split_by_the_shares() -> None:
    every = items(120, tasks=3)

    chosen = assign(every, shares=HALVES)

    table = Counter((item.stratum, chosen[item.id]) for item in every)
    assert Counter(chosen.values()) == {"train": 60, "dev": 30, "test": 30}
    assert all(abs(table[task, name] - 40 * HALVES[name]) <= 1 for task, name in table)


def test_rare_tasks_do_not_all_go_to_one_split() -> None:
    chosen = assign(items(40, tasks=40), shares=HALVES)

    assert Counter(chosen.values()) == {"train": 20, "dev": 10, "test": 10}


def test_the_same_seed_splits_alike_in_any_order_and_another_does_not() -> None:
    every = items(60, tasks=4)

    assert assign(every, seed=1) == assign(every[::-1], seed=1)
    assert assign(every, seed=1) != assign(every, seed=2)


def test_near_duplicates_stay_together() -> None:
    every = [Item(f"p{n}", f"task{n}", f"Title {n // 4}") for n in range(60)]

    chosen = assign(every)

    assert all(len({chosen[f"p{4 * n + k}"] for k in range(4)}) == 1 for n in range(15))


def test_a_paper_that_has_a_split_keeps_it_and_its_twin_joins_it() -> None:
    kept = [Item("old", "t", "A title", split="test"), Item("new", "t", "A title!")]

    chosen = assign([*kept, *items(30)])

    assert chosen["old"] == chosen["new"] == "test"


def test_a_file_is_written_whole_with_records_that_had_no_split(tmp_path: Path) -> None:
    lines = [record(f"p{n}", note="é") for n in range(20)]
    for line in lines[5:]:
        del line["split"]
    path = write(tmp_path / "labels.jsonl", lines)

    sizes = split_file(path, path, shares=HALVES)

    after = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert sizes == {"train": 10, "dev": 5, "test": 5}
    assert [line["split"] for line in after[:5]] == ["dev"] * 5
    assert [{**line, "split": ""} for line in after] == [{**line, "split": ""} for line in lines]
    assert not list(tmp_path.glob("*.partial"))


def test_what_was_split_has_no_leak(tmp_path: Path) -> None:
    lines = [record(f"p{n}", title=f"Title {n // 2}") for n in range(30)]
    path = write(tmp_path / "labels.jsonl", lines)

    split_file(path, tmp_path / "out.jsonl", again=True)

    assert check(tmp_path / "out.jsonl") == []


def test_faults_name_their_line(tmp_path: Path) -> None:
    path = write(tmp_path / "labels.jsonl", [record("a"), "{,}"])

    with pytest.raises(BadInput, match=r"labels.jsonl:2: not JSON"):
        split_file(path, tmp_path / "out.jsonl")
    with pytest.raises(UsageError, match="above 0"):
        assign(items(2), shares={"train": 1, "dev": 0})
