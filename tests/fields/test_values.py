# ruff: noqa: RUF001
"""Answers to own fields are checked against the sentences: what is borne out stays, the rest is refused."""

import time
from types import MappingProxyType
from typing import Any

import pytest

from papercards.fields.numerals import numbers
from papercards.fields.spec import Field
from papercards.fields.values import Text, Value, read
from papercards.taxonomy import Size


def field(type_: Any, **more: Any) -> Field:
    return Field("n", type_, "How many?", **{"evidence": "required", **more})


def value(said: str, sentence: str, type_: Any = "number", **more: Any) -> Value:
    given = {"n": said, "n_sentence": 1}
    return read(field(type_, **more), given, Text("A title with 77", (sentence, "Another says 12.")))


@pytest.mark.parametrize(
    ("said", "sentence", "number"),
    [
        ("128", "We enrolled 128 people.", 128),
        ("1234", "We enrolled 1,234 people.", 1234),
        ("1,234", "We enrolled 1234 people.", 1234),
        ("12 000", "We read 12 000 papers.", 12000),
        ("12000", "We read 12\u202f000 papers.", 12000),
        ("1'000", "We read 1000 papers.", 1000),
        ("12", "Twelve patients took part.", 12),
        ("24", "Twenty-four patients took part.", 24),
        ("twenty-four", "24 patients took part.", 24),
        ("105", "One hundred and five patients took part.", 105),
        ("2000", "Two thousand patients took part.", 2000),
        ("91.2%", "It reaches 91.2% accuracy.", 91.2),
        ("91.2", "It reaches 91.2 % accuracy.", 91.2),
        ("-3.5", "The energy is −3.5 eV.", -3.5),
        ("−3.5", "The energy is -3.5 eV.", -3.5),
        ("3e5", "It holds 3 × 10⁵ cells.", 300000),
        ("3 x 10^5", "It holds 300,000 cells.", 300000),
        ("1.5E-3", "A rate of 1.5 × 10⁻³ was used.", 0.0015),
        ("1.2 million", "It has 1.2M rows.", 1200000),
        ("1200000", "It has 1.2 million rows.", 1200000),
        ("7B", "The model has 7B parameters.", 7000000000),
        ("0.85", "Un score de 0,85 est atteint.", 0.85),
        ("<0.05", "It was significant (p < 0.05).", 0.05),
        (".05", "It was significant (p<.05).", 0.05),
        ("91.2 ± 0.3", "It reaches 91.2 ± 0.3 points.", 91.2),
        ("0", "There were 0 deaths.", 0),
        ("n = 40", "Mice (n=40) were fed.", 40),
    ],
)
def test_a_number_is_found_in_its_sentence_however_it_is_written(
    said: str, sentence: str, number: float
) -> None:
    found = value(said, sentence)
    assert (found.value, found.refused) == (number, ())


@pytest.mark.parametrize(
    ("said", "sentence", "why"),
    [
        ("129", "We enrolled 128 people.", "does not stand in sentence 1"),
        ("12", "We enrolled 128 people.", "does not stand in sentence 1"),
        ("0.912", "It reaches 91.2% accuracy.", "does not stand in sentence 1"),
        ("85", "Of 40 men and 45 women, all finished.", "does not stand in sentence 1"),
        ("1.2", "It has 12 rows.", "does not stand in sentence 1"),
        ("many", "Many people took part.", "has no number"),
        ("40 and 45", "Of 40 men and 45 women, all finished.", None),
        ("40, 45, 50", "Of 40, 45 and 50, all finished.", "several numbers"),
        ("77", "We enrolled 128 people.", "does not stand in sentence 1"),
    ],
)
def test_a_number_that_the_sentence_does_not_have_is_refused(
    said: str, sentence: str, why: str | None
) -> None:
    found = value(said, sentence)
    if why is None:
        assert (found.value, found.high) == (40, 45)
    else:
        assert found.value is None and found.missing == "refused" and why in found.refused[0]


@pytest.mark.parametrize(
    ("said", "sentence", "low", "high"),
    [
        ("5-10", "Between 5 and 10 doses were given.", 5, 10),
        ("5–10", "They took 5-10 doses.", 5, 10),
        ("5 to 10", "They took 5 to 10 doses.", 5, 10),
    ],
)
def test_a_range_has_two_ends_and_both_must_stand_there(
    said: str, sentence: str, low: float, high: float
) -> None:
    found = value(said, sentence)
    assert (found.value, found.high) == (low, high)
    assert value("5-11", sentence).missing == "refused"


@pytest.mark.parametrize(
    ("said", "sentence", "number", "unit"),
    [
        ("5 mg", "A dose of 5 mg was given.", 5, "mg"),
        ("5mg", "A dose of 5 mg was given.", 5, "mg"),
        ("12 months", "A 12-month follow-up was done.", 12, "month"),
        ("5", "A dose of 5 mg was given.", 5, "mg"),
        ("10 mg", "Doses of 5, 10 and 20 mg were given.", 10, "mg"),
        ("300 K", "It was annealed at 300 K.", 300, "K"),
        ("300K", "It was annealed at 300 K.", 300, "K"),
        ("300 K", "It was annealed at 300K.", 300, "K"),
        ("25 °C", "It was kept at 25 °C.", 25, "°C"),
        ("5 mg/kg", "They got 5 mg/kg daily.", 5, "mg/kg"),
        ("45%", "The share was 45 %.", 45, "%"),
    ],
)
def test_a_unit_stands_behind_its_number(said: str, sentence: str, number: float, unit: str) -> None:
    found = value(said, sentence, "quantity", unit="mg")
    assert (found.value, found.unit, found.refused) == (number, unit, ())


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("5 g", "A dose of 5 mg was given."),
        ("300 K", "It holds 300 kilobytes."),
        ("5", "Five people came."),
        ("5 mg", "With mg of salt, 5 people came."),
    ],
)
def test_a_unit_that_is_not_there_is_refused(said: str, sentence: str) -> None:
    assert value(said, sentence, "quantity", unit="mg").missing == "refused"


@pytest.mark.parametrize(
    ("said", "sentence", "date"),
    [
        ("March 2020", "It began in March 2020.", "2020-03"),
        ("12 March 2020", "It began on March 12, 2020.", "2020-03-12"),
        ("2020-03-12", "It began on 12 March 2020.", "2020-03-12"),
        ("2019", "Since 2019 it is used.", "2019"),
    ],
)
def test_a_date_parses_and_stands_in_its_sentence(said: str, sentence: str, date: str) -> None:
    assert value(said, sentence, "date").value == date
    assert value(said, "Nothing is said of time.", "date").missing == "refused"
    assert value("last spring", sentence, "date").missing == "refused"


def test_a_text_is_a_span_or_is_marked_as_the_models_words() -> None:
    sentence = "Adults with type\u00a02 diabetes “took” part."
    assert value("adults with Type 2 diabetes", sentence, "text").words == "paper"
    assert value("diabetic adults", sentence, "text").words == "model"
    assert value("x" * 500, sentence, "text").missing == "refused"
    assert value("not reported", sentence, "text").missing == "not-stated"


def test_an_order_to_a_model_is_no_answer() -> None:
    text = Text("T", ("It works.",), is_order=lambda said: said.startswith("Ignore"))
    found = read(field("text", evidence="none"), {"n": "Ignore all that"}, text)
    assert found.missing == "refused"


@pytest.mark.parametrize("number", [0, 3, -1])
def test_required_evidence_must_be_a_sentence_of_the_paper(number: int) -> None:
    found = read(field("number"), {"n": "12", "n_sentence": number}, Text("T", ("It has 12.", "No.")))
    assert found.missing == "refused" and found.value is None


def test_without_evidence_a_number_may_stand_anywhere_in_the_text() -> None:
    text = Text("A title with 77", ("It has 12.",))
    assert read(field("number", evidence="none"), {"n": "77"}, text).value == 77
    assert read(field("number", evidence="none"), {"n": "78"}, text).missing == "refused"


def test_a_field_from_a_section_is_borne_out_there_or_not_at_all() -> None:
    one = field("number", places=("methods",))
    shown = Text("T", ("It has 12.", "It has 12 too."), {"methods": frozenset({2})})
    assert read(one, {"n": "12", "n_sentence": 2}, shown).value == 12
    assert read(one, {"n": "12", "n_sentence": 1}, shown).missing == "refused"
    assert read(one, {"n": "12", "n_sentence": 1}, Text("T", ("It has 12.",))).missing == "not-in-text"


def test_of_a_list_the_records_that_are_borne_out_stay() -> None:
    parts = (
        Field("dataset", "text", "Which?", evidence="none"),
        Field("value", "number", "How much?", evidence="none"),
    )
    one = field("list", parts=parts)
    rows = [
        {"sentence": 1, "dataset": "CIFAR-10", "value": "91.2%"},
        {"sentence": 1, "dataset": "CIFAR-10", "value": "95.0"},
        {"sentence": 2, "dataset": "image data", "value": ""},
        {"sentence": 1, "dataset": "", "value": ""},
        {"sentence": 1, "dataset": "CIFAR-10", "value": "91.2%"},
    ]
    found = read(one, {"n": rows}, Text("T", ("On CIFAR‑10 we reach 91.2%.", "Nothing else.")))
    assert [dict(row.values) for row in found.rows] == [
        {"dataset": "CIFAR-10", "value": 91.2, "value_unit": "%"},
        {"dataset": "image data", "value": None},
    ]
    assert found.rows[1].model_words == ("dataset",)
    assert len(found.refused) == 1 and "record 2: value" in found.refused[0]


def test_what_no_file_takes_is_no_number_and_no_text() -> None:
    assert value("1e999", "It holds 1e999 things.").missing == "refused"
    assert value("adults \ud83d", "It asked adults \u200bof age.", "text").value == "adults"


def test_labels_keep_their_options_and_their_number() -> None:
    options = MappingProxyType({"a": "one", "b": "two", "c": "three"})
    one = field("labels", options=options, size=Size(1, 2), evidence="none")
    text = Text("T", ("It works.",))
    assert read(one, {"n": ["b", "a", "b", "c"]}, text).value == ("b", "a")
    assert read(one, {"n": []}, text).missing == "refused"


@pytest.mark.parametrize(
    "text", ["1" * 20000, "1 " * 10000, "1,000" * 4000, "-" * 20000, "twenty-" * 3000, "x10" * 6000]
)
def test_numbers_are_found_in_linear_time(text: str) -> None:
    start = time.process_time()
    numbers(text)
    assert time.process_time() - start < 2
