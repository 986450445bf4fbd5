from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest

from papercards.errors import GateMissed, StorageError, UsageError
from papercards.evals.scoring.gate import FIGURE_NAMES, Outcome, check, junit, read_gate, require, write_junit
from papercards.evals.scoring.intervals import Interval, intervals
from papercards.evals.scoring.score import PaperScore, Values, all_values
from tests.evals.scored import draw, make_score, status


@pytest.fixture(scope="module")
def scores() -> list[PaperScore]:
    return draw(Random(11), 55)


def values(scores: list[PaperScore], kappa: float = 0.5) -> Values:
    found = all_values(scores)
    return {**found, "claims": {**found["claims"], "kappa": kappa}}


def write(folder: Path, text: str) -> Path:
    file = folder / "gate.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_bounds_are_read_in_order_with_and_without_quotes(tmp_path: Path) -> None:
    gate = read_gate(write(tmp_path, '[gate]\n"tasks.f1" = 0.60\ncode.accuracy = 1\n"mean.f1" = 0.5\n'))

    assert gate.use == "point"
    assert list(gate.bounds.items()) == [("tasks.f1", 0.6), ("code.accuracy", 1.0), ("mean.f1", 0.5)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[gates]\n", "no table"),
        ("gate = 3\n", "no table"),
        ("[gate]\n", "no bounds"),
        ("[gate\n", "not TOML: .*line 1"),
        ('[gate]\nuse = "upper"\n"tasks.f1" = 0.6\n', "use is 'upper'"),
        ('[gate]\n"task.f1" = 0.6\n', r'unknown figure "task\.f1"\. Did you mean "tasks\.f1"\?'),
        ('[gate]\n"claims.main_accuracy" = 0.6\n', "unknown figure"),
        ('[gate]\n"tasks.n" = 0.6\n', "unknown figure"),
        ('[gate]\n"tasks.f1" = 60\n', "the bound of tasks.f1 is 60"),
        ('[gate]\n"tasks.f1" = true\n', "the bound of tasks.f1 is True"),
        ('[gate]\n"tasks.f1" = "0.6"\n', "the bound of tasks.f1 is '0.6'"),
        ('[gate]\n"tasks.f1" = nan\n', "the bound of tasks.f1 is nan"),
        ('[gate]\n"tasks.f1" = 0.6\ntasks.f1 = 0.7\n', "tasks.f1 is given twice"),
    ],
)
def test_a_wrong_gate_is_one_line_with_the_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"gate.toml: .*{says}") as caught:
        read_gate(write(tmp_path, text))
    assert caught.value.exit_code == 2


def test_a_gate_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the gate: No such file"):
        read_gate(tmp_path / "none.toml")


def test_every_name_is_a_figure_that_is_measured(tmp_path: Path, scores: list[PaperScore]) -> None:
    bounds = "".join(f'"{name}" = 0\n' for name in FIGURE_NAMES)
    gate = read_gate(write(tmp_path, f'[gate]\nuse = "lower"\n{bounds}'))
    ends = intervals(scores, resamples=499)
    ends["claims"]["kappa"] = Interval(0.4, 0.6)

    outcomes = check(gate, values(scores), ends)

    assert {f"{field}.{figure}" for field, found in ends.items() for figure in found} == set(FIGURE_NAMES)
    for outcome in outcomes:
        assert outcome.passed, outcome.line
        assert outcome.value is not None
        assert outcome.counted is not None
        assert outcome.counted < outcome.value


def test_only_the_lines_that_failed_are_listed(tmp_path: Path, scores: list[PaperScore]) -> None:
    gate = read_gate(write(tmp_path, '[gate]\n"tasks.f1" = 0.1\n"mean.f1" = 0.99\n"code.recall" = 1\n'))
    table = values(scores)

    outcomes = check(gate, table)

    assert [outcome.passed for outcome in outcomes] == [True, False, False]
    with pytest.raises(GateMissed) as caught:
        require(outcomes, model="baseline", where=gate.where)
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        f"{gate.where}: baseline: mean.f1 is {table['mean']['f1']:.3f}, below 0.99; "
        f"code.recall is {table['code']['recall']:.3f}, below 1"
    )
    require(outcomes[:1], model="baseline")


def test_the_lower_end_can_miss_what_the_point_reaches(tmp_path: Path, scores: list[PaperScore]) -> None:
    table, ends = values(scores), intervals(scores)
    bound = (table["tasks"]["f1"] or 0) - 0.01

    for use, passes in (("point", True), ("lower", False)):
        gate = read_gate(write(tmp_path, f'[gate]\nuse = "{use}"\n"tasks.f1" = {bound}\n'))
        assert check(gate, table, ends)[0].passed is passes


def test_reaching_a_bound_exactly_is_enough() -> None:
    assert Outcome("tasks.f1", 0.3, "point", 0.1 + 0.2, 0.1 + 0.2).passed
    assert not Outcome("tasks.f1", 0.6, "point", 0.59999, 0.59999).passed
    assert Outcome("tasks.f1", 0.6, "point", 0.59999, 0.59999).line == "tasks.f1 is 0.59999, below 0.6"


def test_what_is_not_defined_or_has_no_interval_fails(tmp_path: Path) -> None:
    silent = [make_score(str(n)) for n in range(54)]
    one = make_score("one", code=status("released", "released"))
    gate = read_gate(write(tmp_path, '[gate]\nuse = "lower"\n"code.f1" = 0\n"data.f1" = 0\n'))
    papers = [*silent, one]

    first, second = check(gate, values(papers), intervals(papers))

    assert first.line == "code.f1 is 1.000 and has no interval, below 0"
    assert second.line == "data.f1 is undefined, below 0"
    assert not first.passed
    assert not second.passed


def test_junit_has_a_case_for_each_bound_and_escapes_all(tmp_path: Path) -> None:
    model = 'bad/<model> & "co"\x00\x1b'
    outcomes = [
        Outcome("tasks.f1", 0.6, "point", 0.7, 0.7),
        Outcome("mean.f1", 0.6, "lower", 0.65, 0.55),
    ]

    write_junit(tmp_path / "result.xml", {model: outcomes, "good": outcomes[:1]})

    root = ET.parse(tmp_path / "result.xml").getroot()
    first, second = root.findall("testsuite")
    assert first.get("name") == 'bad/<model> & "co"\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}'
    assert (first.get("tests"), first.get("failures")) == ("2", "1")
    assert (second.get("tests"), second.get("failures")) == ("1", "0")
    assert [case.get("name") for case in root.iter("testcase")] == ["tasks.f1", "mean.f1", "tasks.f1"]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "mean.f1 is 0.650, its lower end 0.550, below 0.6"
    assert junit({model: outcomes}) == junit({model: outcomes})


def test_a_file_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write the outcome"):
        write_junit(tmp_path / "no" / "result.xml", {})
