"""Which papers pass a filter; and that a line is never ruled out that would have passed."""

import json
import random
from pathlib import Path

import pytest

from papercards.sources import BadRecord, NoPapers, Options, count_records, open_source
from papercards.sources.categories import Wanted

RECORD = {
    "id": "0704.0001",
    "authors": 'C. Bal\\\'azs, "quoted", E. {\\"u}',
    "title": "A title with categories: cs.LG",
    "comments": None,
    "categories": "hep-ph cs.LG",
    "abstract": '  The "categories":"math.AG" of this.\n',
    "versions": [{"version": "v1", "categories": "x"}],
}


def papers(path: Path, *categories: str) -> int:
    return sum(
        not isinstance(one, BadRecord) for one in open_source(str(path), Options(categories=categories))
    )


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (("cs.LG",), True),
        (("cs.lg",), True),
        (("cs.*",), True),
        (("math.AG", "hep-ph"), True),
        (("hep-*",), True),
        (("cs",), False),
        (("cs.L",), False),
        (("math.AG",), False),
        (("cs?LG",), True),
    ],
)
@pytest.mark.parametrize("name", ["dump.json", "dump.jsonl", "list.json", "table.csv"])
def test_a_paper_passes_by_any_of_its_categories(
    tmp_path: Path, name: str, wanted: tuple[str, ...], passes: bool
) -> None:
    path = tmp_path / name
    if name == "table.csv":
        path.write_text('title,abstract,categories\nT,A.,"hep-ph, cs.LG"\n')
    else:
        text = json.dumps([RECORD] if name == "list.json" else RECORD, separators=(",", ":"))
        path.write_text(text + "\n")

    if passes:
        assert papers(path, *wanted) == count_records(str(path), options=Options(categories=wanted)) == 1
    else:
        with pytest.raises(NoPapers, match="has no papers of"):
            papers(path, *wanted)


@pytest.mark.parametrize("value", [["cs.LG", "hep-ph"], ["hep-ph cs.LG"], "hep-ph,cs.LG", "hep-ph\tcs.LG"])
def test_categories_may_be_a_list_or_stand_between_commas(tmp_path: Path, value: object) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(RECORD | {"categories": value}) + "\n")

    assert papers(path, "cs.LG") == 1


@pytest.mark.parametrize("record", [{}, {"categories": None}, {"categories": ""}, {"categories": 3}])
def test_a_record_that_tells_none_is_kept(tmp_path: Path, record: dict[str, object]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"title": "T", "abstract": "A."} | record) + "\n")

    assert papers(path, "cs.LG") == 1


def test_a_folder_may_hold_files_of_which_no_paper_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(RECORD) + "\n")
    (tmp_path / "b.jsonl").write_text(json.dumps(RECORD | {"categories": "math.AG"}) + "\n")

    assert len(list(open_source(str(tmp_path), Options(categories=("math.AG",))))) == 1
    with pytest.raises(NoPapers, match=r"has no papers of stat\.ML or econ"):
        papers(tmp_path, "stat.ML", "econ.*")


def test_most_lines_are_ruled_out_without_being_decoded() -> None:
    line = json.dumps(RECORD | {"versions": [{"version": "v1"}]}, separators=(",", ":")).encode()

    assert Wanted(["math.AG"]).rules_out(line) and not Wanted(["cs.LG"]).rules_out(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"a":1,"categories":"x","categories":"cs.LG"}',
        '{"meta":{"categories":"x"},"categories":"cs.LG"}',
        '{"meta":{"categories":"x"}}',
        '{"categories":"c\\u0073.LG"}',
        '{"\\u0063ategories":"cs.LG","categories ":"x"}',
        '{"categories":["x"],"b":"cs.LG"}',
        '{"foo \\"categories":"x","categories":"cs.LG"}',
        '{"foo":"\\\\","categories":"cs.LG"}',
        '{"a":"categories","categories":"cs.LG"}',
        '{"categories":"x cs.LG"',
    ],
)
def test_a_line_of_which_that_cannot_be_said_is_not_ruled_out(line: str) -> None:
    assert not Wanted(["cs.LG"]).rules_out(line.encode())


def test_no_line_is_ruled_out_whose_record_passes() -> None:
    rng = random.Random(7)
    words = [
        "cs.LG",
        "x",
        "categories",
        '"',
        "\\",
        ":",
        "{",
        "}",
        ",",
        "\u00e9",
        " ",
        '"categories":"x"',
        "\n",
    ]
    wanted = Wanted(["cs.LG"])
    ruled_out = 0

    def text() -> str:
        return "".join(rng.choices(words, k=rng.randrange(6)))

    for _ in range(20_000):
        fields: list[tuple[str, object]] = []
        for _ in range(rng.randrange(1, 5)):
            name = rng.choice(["categories", "title", text()])
            value = rng.choice([text(), text(), None, 1.5e-3, True, [text()], {"categories": text()}])
            fields.append((name, value))
        write = json.JSONEncoder(ensure_ascii=rng.random() < 0.5).encode
        body = ", ".join(f"{write(name)}{rng.choice(['', ' '])}: {write(value)}" for name, value in fields)
        line = "{" + body + "}"
        if wanted.rules_out(line.encode()):
            ruled_out += 1
            assert not wanted.has_record(json.loads(line)), line
    assert ruled_out > 200
