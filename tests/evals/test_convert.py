import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from papercards.errors import BadInput, PapercardsError, UsageError
from papercards.evals.label_file import Labelled, read_labels
from papercards.evals.labelling.convert import Converted, Wishes, convert, write
from papercards.evals.labelling.label_check import check
from papercards.evals.labelling.mapping import wishes
from papercards.fields import file as fields_file
from papercards.fields.spec import Field
from papercards.taxonomy import Taxonomy

ABSTRACT = "Counting is hard. Ours is 3% better than all. It needs no training, and half the memory."
BETTER = "Ours is 3% better than all."
TITLE = "On counting"
TEXT = f"{TITLE}\n\n{ABSTRACT}"

Convert = Callable[..., Converted]
Read = Callable[[Converted], tuple[Labelled, ...]]


@pytest.fixture
def run(tmp_path: Path, taxonomy: Taxonomy) -> Convert:
    """Convert what a file of this name holds: text, or records as JSON."""

    def go(name: str, content: Any, **given: Any) -> Converted:
        path = tmp_path / name
        if not isinstance(content, str):
            lines = map(json.dumps, content)
            content = "\n".join(lines) if path.suffix == ".jsonl" else json.dumps(content)
        path.write_text(content, encoding="utf-8")
        return convert([path], taxonomy, Wishes(**given))

    return go


@pytest.fixture
def read(tmp_path: Path, taxonomy: Taxonomy) -> Read:
    """The labels as they are read from the file that is written."""

    def go(found: Converted) -> tuple[Labelled, ...]:
        write(found, tmp_path / "labels.jsonl")
        return read_labels(tmp_path / "labels.jsonl", taxonomy=taxonomy)

    return go


def at(text: str, part: str = BETTER) -> dict[str, int]:
    return {"start": text.index(part), "end": text.index(part) + len(part)}


def only(found: Sequence[Labelled]) -> Labelled:
    (item,) = found
    return item


def claims(item: Labelled) -> list[tuple[str, str]]:
    assert item.abstract is not None
    return [(item.abstract[c.start : c.end], c.kind) for c in item.readings[0].claims]


# Tables


def test_one_table_gives_labels_of_all_its_fields(run: Convert, read: Read) -> None:
    table = (
        "title,abstract,task,contribution,code\n"
        f"{TITLE},{ABSTRACT!r},Image Classification; robotics,METHOD | survey,yes\n"
        f"Other,{ABSTRACT!r},robotics,method,\n"
    ).replace("'", '"')

    found = run("table.csv", table)

    first, second = read(found)
    assert (first.title, first.abstract, first.split) == (TITLE, ABSTRACT, "dev")
    reading = first.readings[0]
    assert reading.tasks == ("image-classification", "robotics")
    assert (reading.contributions, reading.code) == (("method", "survey"), "released")
    assert first.fields == ("tasks", "contributions", "code")
    assert second.fields == ("tasks", "contributions"), "an empty cell is no answer"
    assert found.columns == ["tasks, contributions, code"]
    assert found.omit == ("code.accuracy",)
    assert found.respelled["Image Classification", "image-classification"] == 1
    assert not found.aside


def test_columns_are_named_by_the_user_or_known_by_their_labels(run: Convert, read: Read) -> None:
    table = "Titel;Aufgabe;Beitrag;Programm\nEins;robotics;method;ja\nZwei;clustering|fairness;survey;nein\n"
    given = {"title": "titel", "code": "Programm"}

    found = run("table.csv", table, columns=given)

    assert [item.readings[0].tasks for item in read(found)] == [("robotics",), ("clustering", "fairness")]
    assert [item.readings[0].code for item in read(found)] == ["released", "not-stated"]
    assert found.columns == ['code from "Programm", tasks from "Aufgabe", contributions from "Beitrag"']


@pytest.mark.parametrize(
    "cell",
    [
        "robotics; fairness",
        "robotics|fairness",
        "robotics, fairness",
        "robotics\nfairness",
        "robotics#fairness",
        '["robotics", "fairness"]',
        "['Robotics', 'Fairness']",
        ["robotics", "fairness"],
        [["robotics"], "fairness; robotics"],
        {"choices": ["robotics", "fairness"]},
        {"taxonomy": [["society", "robotics"], ["fairness"]]},
        "robotics;; fairness ;",
    ],
)
def test_several_labels_in_a_cell_are_told_apart(run: Convert, read: Read, cell: object) -> None:
    found = run("table.jsonl", [{"title": "One", "task": cell}])

    assert only(read(found)).readings[0].tasks == ("robotics", "fairness")


def test_a_separator_that_is_given_is_the_only_one(run: Convert) -> None:
    rows = [{"title": "One", "task": "robotics / fairness"}, {"title": "Two", "task": "robotics; fairness"}]

    found = run("table.jsonl", rows, separator="/")

    assert found.records[0]["labels"][0]["tasks"] == ["robotics", "fairness"]
    assert [one.where.rpartition("/")[2] for one in found.aside] == ["table.jsonl:2"]


def test_rows_that_are_wrong_are_set_aside_with_line_and_meaning(run: Convert) -> None:
    table = (
        "title,task,code\nOne,robotics,no\nTwo,imag classification,no\nThree,robotics,perhaps\n"
        ",robotics,no\nFive,robotics,yes\nSix,robotics,no,more\n"
    )

    found = run("table.csv", table)

    assert [record["title"] for record in found.records] == ["One", "Five"]
    said = {one.where.rpartition(":")[2]: one.reason for one in found.aside}
    assert said["3"].startswith('task: "imag classification" is not one of the tasks')
    assert 'Did you mean "image-classification"?' in said["3"]
    assert said["4"] == 'code: "perhaps" says neither yes nor no, nor released, promised, not-stated'
    assert said["5"] == "the row has neither an id nor a title"
    assert "the row has 4 cells" in said["7"]


def test_words_get_a_meaning_or_are_left_out(run: Convert) -> None:
    rows = [{"title": "One", "keywords": ["GNN", "magic", "Robotics"]}, {"title": "Two", "keywords": "magic"}]
    given = {"columns": {"task": "keywords"}, "values": {"gnn": "graph-learning"}}

    strict = run("table.jsonl", [*rows, {"title": "Three", "keywords": "gnn"}], **given)
    found = run("table.jsonl", rows, lenient=True, **given)
    dropped = run("table.jsonl", rows, columns=given["columns"], values={**given["values"], "magic": ""})

    assert len(strict.aside) == 2
    for one in (found, dropped):
        (record,) = one.records
        assert record["labels"][0]["tasks"] == ["graph-learning", "robotics"]
        assert not one.aside and one.skipped["rows without labels, skipped"] == 1
    assert found.unknown == {"magic": 2}
    assert 'no label, left out: "magic" (2)' in list(found.notes())


def test_rows_of_one_paper_are_its_passes_or_complete_each_other(
    run: Convert, read: Read, tmp_path: Path
) -> None:
    rows = [
        {"title": "One", "task": "robotics", "coder": "ada"},
        {"title": "One", "task": "fairness", "coder": "bob"},
        {"title": "One", "code": "yes", "coder": "bob"},
        {"title": "One", "code": "promised", "coder": "ada"},
    ]

    item = only(read(run("table.jsonl", rows)))

    assert [(one.annotator, one.tasks, one.code) for one in item.readings] == [
        ("ada", ("robotics",), "promised"),
        ("bob", ("fairness",), "released"),
    ]
    assert check(tmp_path / "labels.jsonl") == []


def test_two_files_make_one_label_file(tmp_path: Path, taxonomy: Taxonomy) -> None:
    (tmp_path / "a.csv").write_text(f'title,abstract,task\n{TITLE},"{ABSTRACT}",robotics\n')
    spans = {"id": 3, "text": TEXT, "label": [[*at(TEXT).values(), "performance"]]}
    (tmp_path / "b.jsonl").write_text(json.dumps(spans))

    found = convert([tmp_path / "a.csv", tmp_path / "b.jsonl"], taxonomy, Wishes())

    (record,) = found.records
    assert record["fields"] == ["tasks", "claims"]


def test_a_field_that_one_pass_has_is_left_out_and_said(run: Convert) -> None:
    rows = [
        {"title": "One", "task": "robotics", "code": "yes", "annotator": "a"},
        {"title": "One", "task": "robotics", "annotator": "b"},
    ]

    found = run("table.jsonl", rows)

    assert found.records[0]["fields"] == ["tasks"]
    assert any(line.startswith("papers with code in some passes alone") for line in found.notes())


def test_splits_are_read_by_their_usual_names(run: Convert) -> None:
    rows = [
        {"title": word, "task": "robotics", "fold": word} for word in ("Validation", "train", "TEST", "odd")
    ]

    found = run("table.jsonl", rows)

    assert [record["split"] for record in found.records] == ["dev", "train", "test"]
    assert '"odd" is not one of the splits' in found.aside[0].reason


def test_roles_of_sentences_become_claims(run: Convert, read: Read) -> None:
    row = {
        "abstract_id": "x1",
        "sentences": ["Counting is hard.", BETTER, "It is."],
        "labels": ["background", "result", "result"],
        "confs": [1, 1, 1],
    }
    given = {"columns": {"id": "abstract_id"}, "values": {"background": "", "result": "performance"}}

    item = only(read(run("source.jsonl", [row], **given)))

    assert item.id == "x1"
    assert claims(item) == [(BETTER, "performance"), ("It is.", "performance")]


def test_sheets_are_tables_too(tmp_path: Path, taxonomy: Taxonomy) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    book = xlsxwriter.Workbook(tmp_path / "table.xlsx")
    sheet = book.add_worksheet()
    for number, row in enumerate((["Labels of 2026"], ["title", "task", "code"], ["One", "robotics", True])):
        sheet.write_row(number, 0, row)
    book.close()

    (record,) = convert([tmp_path / "table.xlsx"], taxonomy, Wishes()).records

    assert (record["title"], record["labels"][0]["code"]) == ("One", "released")


# Own fields


@pytest.fixture
def clinical() -> tuple[Field, ...]:
    return fields_file.parse(fields_file.example("clinical"), name="clinical", where="clinical").own


def test_values_of_own_fields_are_read_by_their_types(
    run: Convert, read: Read, clinical: tuple[Field, ...]
) -> None:
    table = (
        "title,design,population,Sample Size,follow_up,registered\n"
        'One,RCT,Adults with diabetes,"1,200",12 weeks,yes\n'
        "Two,case control,not stated,n/a,6\u20139 months,no\n"
        "Three,cohorts,Kids,many,long,perhaps\n"
        "Four,,,18,,\n"
    )

    found = run("table.csv", table, own=clinical)

    first, second, fourth = read(found)
    values = [{name: one.value for name, one in item.readings[0].own.items()} for item in (first, second)]
    assert values[0] == {
        "design": "rct",
        "population": "Adults with diabetes",
        "sample_size": 1200,
        "follow_up": 12,
        "registered": True,
    }
    assert values[1] == {
        "design": "case-control",
        "population": None,
        "sample_size": None,
        "follow_up": 6,
        "registered": False,
    }
    follow_up = second.readings[0].own["follow_up"]
    assert (follow_up.high, follow_up.unit) == (9, "months")
    assert second.readings[0].own["sample_size"].missing == "not-stated"
    assert fourth.own_fields == ("sample_size",), "an empty cell is no answer"
    (aside,) = found.aside
    assert 'design: "cohorts" is not one of the options of design. Did you mean "cohort"?' in aside.reason
    assert '"many" is not a number' in aside.reason and '"perhaps" says neither' in aside.reason


def test_records_of_own_fields_come_as_json(run: Convert, read: Read) -> None:
    own = fields_file.parse(fields_file.example("materials"), name="m", where="m").own
    records = [{"property": "band gap", "value": "1.1 eV"}, {"property": "mass", "value": None}]

    item = only(read(run("table.jsonl", [{"title": "One", "properties": records}], own=own)))
    wrong = run(
        "table.jsonl",
        [{"title": "One", "properties": records}, {"title": "Two", "properties": [{"speed": 1}]}],
        own=own,
    )

    assert [row.values for row in item.readings[0].own["properties"].rows] == [
        {"property": "band gap", "value": 1.1, "value_unit": "eV"},
        {"property": "mass", "value": None},
    ]
    assert (
        wrong.aside[0].reason == 'properties: "speed" is not a part of properties, which has property, value'
    )


@pytest.mark.parametrize(
    ("cell", "value", "unit", "high"),
    [
        ("12 000", 12000, "months", None),
        ("1,5 weeks", 1.5, "weeks", None),
        ("about 1.2 thousand days", 1200, "days", None),
        ("twelve weeks", 12, "weeks", None),
        ("5 \u00b1 1 months", 5, "months", None),
        ("1-2 years", 1, "years", 2),
        ([{"number": 12}], 12, "months", None),
        ({"value": 3, "unit": "weeks"}, 3, "weeks", None),
    ],
)
def test_numbers_are_read_as_people_and_tools_write_them(
    run: Convert, clinical: tuple[Field, ...], cell: Any, value: float, unit: str, high: float | None
) -> None:
    found = run("table.jsonl", [{"title": "One", "follow_up": cell}], own=clinical)
    ((one,),) = ([pass_["own"]["follow_up"] for pass_ in record["labels"]] for record in found.records)
    assert (one["value"], one["unit"], one.get("high")) == (value, unit, high)


@pytest.mark.parametrize("yes", ["1", "1.0", "TRUE", "x", "\u2713", [{"choices": ["Yes"]}]])
def test_truth_is_read_as_tables_and_tools_write_it(
    run: Convert, clinical: tuple[Field, ...], yes: Any
) -> None:
    found = run("t.jsonl", [{"title": "One", "registered": yes}], own=clinical)
    assert found.records[0]["labels"][0]["own"]["registered"]["value"] is True
    wrong = [{"title": "One", "registered": "no", "follow_up": "<5 weeks"}, {"title": "Two", "registered": 0}]
    assert "is not a number" in run("t.jsonl", wrong, own=clinical).aside[0].reason


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "entities": [{"id": 1, "label": "population", **at(ABSTRACT)}]},
        {"id": 1, "label": [[*at(ABSTRACT).values(), "population"]]},
        {"spans": [{"label": "population", **at(ABSTRACT)}], "answer": "accept"},
    ],
    ids=["doccano", "doccano tuples", "Prodigy"],
)
def test_a_span_named_as_an_own_field_is_its_value_and_no_claim(
    run: Convert, read: Read, clinical: tuple[Field, ...], record: dict[str, Any]
) -> None:
    item = only(read(run("export.jsonl", [{"text": ABSTRACT, **record}], own=clinical)))
    assert item.readings[0].own["population"].value == " ".join(BETTER.split())
    assert item.fields == ()


# Tools


def label_studio(abstract: str = ABSTRACT, **value: Any) -> dict[str, Any]:
    """A task as Label Studio exports it in JSON, with a taxonomy, choices and a span."""
    results = [
        ("topic", "choices", {"choices": ["robotics", "fairness"]}),
        ("kind_of_work", "taxonomy", {"taxonomy": [["contribution", "Method"]]}),
        ("code", "choices", {"choices": ["Not stated"]}),
        ("marked", "labels", {**at(abstract), "text": BETTER, "labels": ["Performance"], **value}),
    ]
    result = [
        {"id": name, "from_name": name, "to_name": "text", "type": kind, "value": one, "origin": "manual"}
        for name, kind, one in results
    ]
    return {
        "id": 17,
        "data": {"title": TITLE, "abstract": abstract},
        "annotations": [
            {
                "id": 4,
                "completed_by": {"id": 1, "email": "ada@example.org"},
                "result": [],
                "was_cancelled": True,
            },
            {"id": 5, "completed_by": {"id": 1, "email": "ada@example.org"}, "result": result},
        ],
        "predictions": [{"result": [{"value": {"choices": ["survey"]}}]}],
    }


def test_label_studio_json_gives_choices_taxonomies_and_spans(run: Convert, read: Read) -> None:
    found = run("export.json", [label_studio(), {"id": 18, "data": {"title": "x"}, "annotations": []}])

    item = only(read(found))
    reading = item.readings[0]
    assert reading.annotator == "ada@example.org"
    assert (reading.tasks, reading.contributions) == (("robotics", "fairness"), ("method",))
    assert claims(item) == [(BETTER, "performance")]
    assert item.fields == ("tasks", "contributions", "claims", "code")
    assert item.id.startswith("sha256:"), "the number of a task is no id of a paper"
    assert item.unordered
    assert found.skipped["annotations cancelled, skipped"] == 1
    assert found.skipped["annotations not annotated, skipped"] == 1


def test_label_studio_json_min_gives_the_same(run: Convert, read: Read) -> None:
    tail = {"annotator": 1, "annotation_id": 5, "created_at": "", "updated_at": "", "lead_time": 2.5}
    small = {
        "title": TITLE,
        "abstract": ABSTRACT,
        "id": 17,
        "topic": [{"choices": ["robotics", "fairness"]}],
        "kind_of_work": [{"taxonomy": [["contribution", "Method"]]}],
        "code": "Not stated",
        "marked": [{**at(ABSTRACT), "text": BETTER, "labels": ["Performance"]}],
        **tail,
    }

    (whole,) = run("export.json", [label_studio()]).records
    (least,) = run("min.json", [small]).records

    assert {**whole, "labels": 0} == {**least, "labels": 0}
    assert whole["labels"][0] | {"annotator": "1"} == least["labels"][0]


def test_offsets_of_javascript_and_of_other_places_are_set_right_by_the_text(
    run: Convert, read: Read
) -> None:
    text = f"\N{PILE OF POO} {ABSTRACT}"
    units = {name: place + 1 for name, place in at(text).items()}

    found = run("export.json", [label_studio(text, **units)])
    moved = run("export.json", [label_studio(start=3, end=9)])
    wrong = run("export.json", [label_studio(), label_studio(start=3, end=9, text="Elsewhere")])

    assert claims(only(read(found))) == claims(only(read(moved))) == [(BETTER, "performance")]
    assert wrong.aside[0].where.endswith("export.json:1, record 2")
    assert wrong.aside[0].reason == 'claims: the span 3-9 is not "Elsewhere"'


DOCCANO = {
    "new": {"id": 1, "text": TEXT, "label": ["fairness", "method", "robotics"], "Comments": []},
    "old": {
        "id": 1,
        "text": TEXT,
        "annotations": [
            {"id": n, "label": n, "label_name": name, "user": 1, "user_name": "ada"}
            for n, name in enumerate(("fairness", "method", "robotics"))
        ],
        "annotation_approver": "boss",
    },
}


@pytest.mark.parametrize("version", sorted(DOCCANO))
def test_doccano_classifications_go_to_the_fields_of_their_labels(
    run: Convert, read: Read, version: str
) -> None:
    item = only(read(run("admin.jsonl", [DOCCANO[version]])))

    assert (item.title, item.abstract) == (TITLE, ABSTRACT)
    assert (item.readings[0].tasks, item.readings[0].contributions) == (("fairness", "robotics"), ("method",))
    assert item.fields == ("tasks", "contributions")


def test_doccano_csv_has_its_labels_in_one_cell(run: Convert, read: Read) -> None:
    table = f'id,text,label,Comments\n7,"{TEXT}",fairness#method#robotics,\n'

    item = only(read(run("admin.csv", table)))

    assert (item.readings[0].tasks, item.readings[0].contributions) == (("fairness", "robotics"), ("method",))
    assert item.unordered and item.id.startswith("sha256:")


def test_doccano_numbers_for_labels_need_a_meaning(run: Convert) -> None:
    row = {"id": 1, "text": TEXT, "annotations": [{"id": 1, "label": 2, "user": 1}]}

    with pytest.raises(BadInput, match='"2" is not one of the labels'):
        run("export.jsonl", [row])
    assert run("export.jsonl", [row], values={"2": "robotics"}).papers == {"tasks": 1}


@pytest.mark.parametrize(
    "spans",
    [
        {"label": [[*at(TEXT).values(), "performance"]]},
        {"labels": [[*at(TEXT).values(), "performance"]]},
        {
            "entities": [
                {
                    "id": 4,
                    "label": "performance",
                    "start_offset": at(TEXT)["start"],
                    "end_offset": at(TEXT)["end"],
                }
            ],
            "relations": [],
        },
        {
            "annotations": [
                {
                    "label_name": "performance",
                    "label": 9,
                    "user": 1,
                    "start_offset": at(TEXT)["start"],
                    "end_offset": at(TEXT)["end"],
                }
            ]
        },
    ],
)
def test_doccano_spans_become_claims_of_the_abstract(run: Convert, read: Read, spans: dict[str, Any]) -> None:
    item = only(read(run("admin.jsonl", [{"id": 1, "text": TEXT, **spans}])))

    assert claims(item) == [(BETTER, "performance")]


def prodigy(**changed: Any) -> dict[str, Any]:
    return {
        "text": TEXT,
        "_input_hash": 1,
        "_task_hash": 2,
        "answer": "accept",
        "meta": {"score": 0.4},
    } | changed


OPTIONS = [{"id": n, "text": text} for n, text in enumerate(("method", "robotics", "survey"), start=1)]


def test_prodigy_choices_are_options_by_id_or_text(run: Convert, read: Read) -> None:
    by_number = prodigy(
        options=OPTIONS, accept=[2, 1], _session_id="set-ada", config={"choice_style": "multiple"}
    )
    named = [{"id": option["text"], "text": "What it is"} for option in OPTIONS]
    by_name = prodigy(options=named, accept=["robotics", "method"])

    for row in (by_number, by_name):
        reading = only(read(run("set.jsonl", [row]))).readings[0]
        assert (reading.tasks, reading.contributions) == (("robotics",), ("method",))
    found = run("set.jsonl", [by_number, prodigy(answer="ignore", accept=[3]), prodigy(answer="reject")])
    assert found.records[0]["labels"][0]["annotator"] == "set-ada"
    assert found.skipped == {"annotations ignored, skipped": 1, "annotations rejected, skipped": 1}


def test_prodigy_answers_to_one_label_at_a_time_make_one_annotation(run: Convert, read: Read) -> None:
    rows = [
        prodigy(label="robotics", spans=[{"start": 0, "end": 2, "label": "PATTERN"}]),
        prodigy(label="fairness", answer="reject"),
        prodigy(label="clustering"),
        prodigy(label="method"),
    ]

    item = only(read(run("set.jsonl", rows)))

    assert len(item.readings) == 1
    assert item.readings[0].tasks == ("robotics", "clustering")
    assert item.fields == ("tasks", "contributions")


def test_prodigy_spans_become_claims(run: Convert, read: Read) -> None:
    spans = [{**at(TEXT), "token_start": 4, "token_end": 9, "label": "PERFORMANCE"}]

    item = only(read(run("set.jsonl", [prodigy(spans=spans, tokens=[], _view_id="spans_manual")])))

    assert claims(item) == [(BETTER, "performance")]


def test_spans_become_the_sentences_that_they_cover(run: Convert, read: Read) -> None:
    last = "It needs no training, and half the memory."
    spans = [
        {**at(TEXT, "is 3% better than all. It needs no training, and half"), "label": "performance"},
        {**at(TEXT, "Ours is 3% better"), "label": "performance"},
        {**at(TEXT, "hard"), "label": "finding"},
        {**at(TEXT, "counting"), "label": "finding"},
    ]

    found = run("set.jsonl", [prodigy(spans=spans)])

    assert claims(only(read(found))) == [("hard", "finding"), (BETTER, "performance"), (last, "performance")]
    assert [times for _, times in found.skipped.items()] == [1, 1, 1]


# Faults


@pytest.mark.parametrize(
    ("given", "rows", "error", "message"),
    [
        ({"columns": {"taks": "x"}}, [{"title": "A", "task": "robotics"}], UsageError, 'Did you mean "task'),
        ({"columns": {"task": "Task2"}}, [{"title": "A", "task1": "robotics"}], UsageError, 'mean "task1"'),
        ({"values": {"x": "robtics"}}, [{"title": "A", "task": "x"}], UsageError, 'Did you mean "robotics"'),
        ({}, [{"titel": "A", "task": "robotics"}], UsageError, "no column looks like a title"),
        ({}, [{"title": "A", "year": 2020}], UsageError, "no column holds labels"),
        ({}, [{"title": "A", "task": "joke"}, {"title": "B", "task": "robotics;x"}], BadInput, ":1: task"),
    ],
)
def test_a_fault_says_what_was_meant(
    run: Convert, given: Any, rows: Any, error: type[PapercardsError], message: str
) -> None:
    with pytest.raises(error) as raised:
        run("table.jsonl", rows, **given)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shape: stated", 'unknown setting "shape"'),
        ("a: [", r"map.yaml:\d: not YAML"),
        ("values: [a]", '"values" must map names to names'),
        ("split: validation", 'there is no split "validation"'),
        ("colums: {}", 'Did you mean "columns"'),
    ],
)
def test_a_mapping_file_says_where_it_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "map.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=message):
        of_file(tmp_path / "map.yaml")


def of_file(path: Path, **given: Any) -> Wishes:
    usual: dict[str, Any] = {
        "columns": {},
        "values": {},
        "separator": None,
        "split": "dev",
        "lenient": False,
        "table": None,
    }
    return wishes(path, **(usual | given))


def test_a_mapping_file_holds_what_the_options_say_which_come_first(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(
        'columns: {task: topic, code: c}\nvalues: {yes: released, maybe: null}\nseparator: "/"\nsplit: test\n'
    )

    found = of_file(tmp_path / "map.yaml", columns={"task": "Aufgabe"})

    assert found == Wishes(
        {"task": "Aufgabe", "code": "c"}, {"yes": "released", "maybe": ""}, "/", "test", False, None
    )


def test_a_long_table_is_converted_in_time_that_grows_with_it(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with (tmp_path / "t.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["title", "task"])
        rows.writerows([f"Paper {n}", "Robotics; fairness"] for n in range(3000))

    assert len(convert([tmp_path / "t.csv"], taxonomy, Wishes()).records) == 3000
