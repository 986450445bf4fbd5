"""Own fields are columns and properties in every output, and come back equal where an output can be read."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import python_calamine
import yaml

from papercards.card import Card, Evidence, FieldRow, FieldValue
from papercards.card_files import read_cards, write_cards
from papercards.errors import BadInput
from papercards.sinks.delimited import COLUMNS
from tests.sinks.cards import card as plain_card

SAID = Evidence(start=0, end=12, sentence=1, text="12 took part")
FIELDS = {
    "design": FieldValue(type="label", value="rct", confidence=0.8),
    "topics": FieldValue(type="labels", value=("a", "b"), confidences=(0.5, None), confidence=0.5),
    "people": FieldValue(type="number", value=12, high=15.0, evidence=SAID),
    "dose": FieldValue(type="quantity", value=2.5, unit="mg", evidence=SAID),
    "registered": FieldValue(type="boolean", value=True),
    "began": FieldValue(type="date", value="2020-03"),
    "method": FieldValue(type="text", value="=cmd|' /C calc'!A0", words="model"),
    "place": FieldValue(type="text", missing="not-stated"),
    "results": FieldValue(
        type="list",
        rows=(
            FieldRow(values={"data": "Beans", "score": 91.2, "score_unit": "%"}, evidence=SAID),
            FieldRow(values={"data": None, "score": 3}, model_words=()),
        ),
    ),
}


def card(**changes: Any) -> Card:
    fields = changes.pop("fields", FIELDS)
    return plain_card(**changes).model_copy(update={"fields": fields})


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("name", ["c.jsonl", "c.json", "c.parquet", "c.db", "c.duckdb"])
def test_cards_with_own_fields_come_back_equal(tmp_path: Path, name: str) -> None:
    cards = [
        card(),
        card(id="x2", fields={**FIELDS, "design": FieldValue(type="label", missing="not-asked")}),
    ]
    write_cards(cards, tmp_path / name)
    assert list(read_cards(tmp_path / name)) == cards


def test_csv_has_a_column_for_each_field_and_no_formula(tmp_path: Path) -> None:
    write_cards([card(), card(id="x2")], tmp_path / "c.csv")
    row, _ = table(tmp_path / "c.csv")
    assert (row["design"], row["topics"], row["people"], row["people_high"]) == ("rct", "a; b", "12", "15.0")
    assert (row["dose"], row["dose_unit"], row["dose_evidence"]) == ("2.5", "mg", "12 took part")
    assert (row["registered"], row["began"], row["place"]) == ("yes", "2020-03", "")
    assert row["method"] == "'=cmd|' /C calc'!A0"
    assert row["results"] == "data: Beans, score: 91.2 %; score: 3"


def test_a_workbook_has_the_same_columns(tmp_path: Path) -> None:
    write_cards([card()], tmp_path / "c.xlsx")
    book = python_calamine.CalamineWorkbook.from_path(tmp_path / "c.xlsx")
    header, row = book.get_sheet_by_index(0).to_python()
    found = dict(zip(header, row, strict=True))
    assert (found["people"], found["dose_unit"], found["registered"]) == (12, "mg", "yes")


def test_parquet_has_typed_columns(tmp_path: Path) -> None:
    write_cards([card()], tmp_path / "c.parquet")
    found = pq.read_table(tmp_path / "c.parquet")
    assert str(found.schema.field("people").type) == "double"
    assert str(found.schema.field("topics").type).startswith("list<")
    assert found.column("topics").to_pylist() == [["a", "b"]]


def test_without_own_fields_a_table_is_what_it_was(tmp_path: Path) -> None:
    write_cards([plain_card()], tmp_path / "c.parquet", tmp_path / "c.csv")
    assert "fields" not in pq.read_schema(tmp_path / "c.parquet").names
    assert list(table(tmp_path / "c.csv")[0]) == list(COLUMNS)


def test_a_database_has_columns_values_and_records(tmp_path: Path) -> None:
    write_cards([plain_card(id="x0"), card(), card(id="x2")], tmp_path / "c.db")
    with sqlite3.connect(tmp_path / "c.db") as database:
        query = "SELECT id, design, people, topics FROM papers WHERE people > 11 ORDER BY number"
        assert database.execute(query).fetchall()[1] == ("x2", "rct", 12.0, '["a", "b"]')
        query = "SELECT value, number, text FROM records WHERE paper = 2 AND part = 'score' ORDER BY position"
        assert database.execute(query).fetchall() == [("91.2", 91.2, "12 took part"), ("3", 3.0, None)]
        query = "SELECT missing FROM fields WHERE field = 'place'"
        assert database.execute(query).fetchall() == [("not-stated",)] * 2
    about = json.loads((tmp_path / "c.metadata.json").read_text())
    facets = about["databases"]["c"]["tables"]["papers"]["facets"]
    assert "design" in facets and {"array": "topics"} in facets and "people" not in facets


def test_cards_of_several_runs_share_a_table_if_its_file_is_known(tmp_path: Path) -> None:
    other = card(id="x3", fields={"venue_kind": FieldValue(type="label", value="ml")})
    write_cards([plain_card(id="x0"), card(), other], tmp_path / "all.jsonl")
    source = tmp_path / "all.jsonl"
    for name in ("c.csv", "c.parquet", "c.xlsx"):
        write_cards(read_cards(source), tmp_path / name, source=source)
    rows = table(tmp_path / "c.csv")
    assert [row["venue_kind"] for row in rows] == ["", "", "ml"]
    assert [row["design"] for row in rows] == ["", "rct", ""]
    assert list(read_cards(tmp_path / "c.parquet")) == list(read_cards(source))


def test_a_column_that_comes_too_late_is_an_error_and_no_loss(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match='has the field "design"'):
        write_cards([plain_card(id="x0"), card()], tmp_path / "c.csv")


def test_a_note_has_them_as_properties_and_with_their_sentences(tmp_path: Path) -> None:
    write_cards([card()], f"{tmp_path}/vault/")
    [note] = [file for file in (tmp_path / "vault").rglob("*.md") if "12 took part" in file.read_text()]
    front = yaml.safe_load(note.read_text().split("---\n")[1])
    assert (front["design"], front["topics"], front["people"]) == ("rct", ["a", "b"], 12)
    assert (front["dose"], front["dose_unit"]) == (2.5, "mg")
    assert "place" not in front
    assert "- People: **12\u201315** · “12 took part”" in note.read_text()


@pytest.mark.parametrize("name", ["c.md", "c.atom", "c.rss"])
def test_reading_outputs_show_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / name if name == "c.md" else tmp_path / f"feed.{name.partition('.')[2]}"
    write_cards([card()], path)
    assert "Beans" in path.read_text()


def test_what_was_not_asked_is_not_said_to_be_not_stated(tmp_path: Path) -> None:
    one = plain_card().model_copy(update={"flags": ("not-asked:data,weights",)})
    write_cards([one], tmp_path / "c.csv", tmp_path / "c.db")
    [row] = table(tmp_path / "c.csv")
    assert (row["data"], row["weights"]) == ("", "") and row["code"]
    with sqlite3.connect(tmp_path / "c.db") as database:
        assert database.execute("SELECT data, weights FROM papers").fetchall() == [(None, None)]
        assert database.execute("SELECT kind FROM artifacts").fetchall() == [("code",)]
