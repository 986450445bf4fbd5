import json
from pathlib import Path
from typing import Any

import pytest

from papercards.errors import BadInput, PapercardsError, UsageError
from papercards.evals.label_file import read_labels
from papercards.evals.labelling.convert import Converted, convert, write
from papercards.evals.labelling.label_check import check
from papercards.taxonomy import Taxonomy

ROLES = """
shape: sentence-roles
columns: {id: abstract_id, sentences: sentences, labels: labels}
split: test
roles: {background: null, objective: null, method: null, result: performance}
"""
KEYWORDS = """
shape: keywords
columns: {id: id, title: title, abstract: abstract, keywords: keywords, split: fold}
splits: {validation: dev}
separator: ","
keywords: {Clusters: clustering, k-means: clustering, GNN: graph-learning}
"""
STATED = """
shape: stated
columns: {title: title, code: code_available}
values: {yes: released, no: not-stated}
"""


@pytest.fixture
def run(tmp_path: Path, taxonomy: Taxonomy) -> Any:
    def go(mapping: str, source: str, name: str = "source.jsonl") -> Converted:
        (tmp_path / "map.yaml").write_text(mapping, encoding="utf-8")
        (tmp_path / name).write_text(source, encoding="utf-8")
        return convert(tmp_path / name, tmp_path / "map.yaml", taxonomy)

    return go


def test_roles_become_claims_at_their_sentences(run: Any, tmp_path: Path, taxonomy: Taxonomy) -> None:
    row = {
        "abstract_id": "x1",
        "sentences": ["Counting is hard.", "Ours is 3% better.", "It is."],
        "labels": ["background", "result", "result"],
        "confs": [1, 1, 1],
    }

    found = run(ROLES, json.dumps(row))
    write(found, tmp_path / "labels.jsonl")

    (item,) = read_labels(tmp_path / "labels.jsonl", split="test", taxonomy=taxonomy)
    assert item.abstract == "Counting is hard. Ours is 3% better. It is."
    assert [item.abstract[c.start : c.end] for c in item.readings[0].claims] == row["sentences"][1:]
    assert found.scored == ("claims",)
    assert found.omit == ("claims.kind_accuracy",)


def test_the_abstract_keeps_its_own_white_space(run: Any) -> None:
    mapping = ROLES.replace("labels: labels", "labels: labels, abstract: text")
    row = {"abstract_id": "x", "sentences": ["A.", "B."], "labels": ["method", "result"], "text": " A.\n\nB."}

    (record,) = run(mapping, json.dumps(row)).records

    assert record["abstract"] == " A.\n\nB."
    assert record["labels"][0]["claims"] == [{"start": 5, "end": 7, "kind": "performance"}]


def test_keywords_become_tasks_and_the_others_are_counted(run: Any) -> None:
    source = (
        "id,title,abstract,keywords,fold\n"
        '1,One,Text.,"Clusters, K-Means, magic,gnn",validation\n'
        "2,Two,T.,,test\n"
    )

    found = run(KEYWORDS, source, "source.csv")

    (record,) = found.records
    assert record["labels"][0]["tasks"] == ["clustering", "graph-learning"]
    assert (record["split"], record["fields"]) == ("dev", ["tasks"])
    assert (found.unmapped, found.silent) == ({"magic": 1}, 1)
    assert (found.scored, found.omit) == (("tasks",), ("tasks.main_accuracy",))


def test_yes_and_no_become_statuses(run: Any) -> None:
    found = run(STATED, "title\tcode_available\nOne\tYes\nTwo\tno\n", "source.tsv")

    assert [record["labels"][0]["code"] for record in found.records] == ["released", "not-stated"]
    assert (found.scored, found.omit) == (("code",), ("code.accuracy",))


def test_rows_of_one_paper_are_its_passes(run: Any, tmp_path: Path) -> None:
    mapping = STATED.replace("title: title", "title: title, annotator: who")
    rows = [{"title": "One", "code_available": word, "who": who} for word, who in (("yes", "a"), ("no", "b"))]

    found = run(mapping, json.dumps(rows), "source.json")
    write(found, tmp_path / "labels.jsonl")

    (record,) = found.records
    assert [(one["annotator"], one["code"]) for one in record["labels"]] == [
        ("a", "released"),
        ("b", "not-stated"),
    ]
    assert check(tmp_path / "labels.jsonl") == []


@pytest.mark.parametrize(
    ("mapping", "source", "error", "message"),
    [
        ("shape: other", "{}", UsageError, '"shape" must be one of'),
        ("a: [", "{}", UsageError, r"map.yaml:\d: not YAML"),
        (ROLES.replace("performance", "good"), "{}", UsageError, '"good" is not one of the claim_kinds'),
        (ROLES + "extra: 1", "{}", UsageError, 'unknown name "extra"'),
        (STATED.replace("released", "free"), "{}", UsageError, '"free" is not one of'),
        (STATED, '{"title": "A", "code_available": "no"}\n{"title": "B"}', BadInput, ":2: the row has no"),
        (STATED, '{"title": "A", "code_available": "maybe"}', BadInput, 'no value "maybe" for code'),
        (STATED, '{"title": "A", ', BadInput, "source.jsonl:1: not JSON"),
        (
            STATED + "split: validation",
            '{"title": "A", "code_available": "no"}',
            BadInput,
            "not one of the splits",
        ),
        (
            ROLES,
            '{"abstract_id": "x", "sentences": ["A."], "labels": ["result", "result"]}',
            BadInput,
            "1 sentences and 2 labels",
        ),
        (ROLES, '{"abstract_id": "x", "sentences": ["A."], "labels": ["joke"]}', BadInput, 'no role "joke"'),
    ],
)
def test_a_fault_says_where_and_what(
    run: Any, mapping: str, source: str, error: type[PapercardsError], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(mapping, source)
