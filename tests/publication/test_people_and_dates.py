"""Names of authors and dates in the shapes in which sources give them."""

from typing import Any

import pytest

from papercards.bibliography.bibtex_names import BibtexNames
from papercards.publication import MOST_AUTHORS
from papercards.sources.people import people
from papercards.text.dates import date_of, iso


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Wei Zhang, Bo Li and Jan van der Berg", ["Zhang, Wei", "Li, Bo", "van der Berg, Jan"]),
        ("Zhang, Wei and Li, Bo", ["Zhang, Wei", "Li, Bo"]),
        ("Zhang, Wei; Li, Bo", ["Zhang, Wei", "Li, Bo"]),
        ("Zhang, W., Li, B.", ["Zhang, W.", "Li, B."]),
        ("Zhang W, Li B", ["Zhang, W", "Li, B"]),
        ("van der Berg, Jan Piet", ["van der Berg, Jan Piet"]),
        ("Zhang, Wei\nLi, Bo", ["Zhang, Wei", "Li, Bo"]),
        ("A. B. Cee, D. Eff, and G. H. Eye", ["Cee, A. B.", "Eff, D.", "Eye, G. H."]),
        ("Müller, Jürgen and García Márquez, Gabriel", ["Müller, Jürgen", "García Márquez, Gabriel"]),
        ("King, Jr, Martin Luther", ["King, Jr, Martin Luther"]),
        ("Martin Luther King Jr.", ["King, Jr., Martin Luther"]),
        ("Wei Zhang (MIT), Bo Li (CMU)", ["Zhang, Wei", "Li, Bo"]),
        ("['A. Bee', 'C. Dee']", ["Bee, A.", "Dee, C."]),
        ('["A. Bee", "C. Dee"]', ["Bee, A.", "Dee, C."]),
        ("OpenAI", ["OpenAI"]),
        ("The ATLAS Collaboration", ["The ATLAS Collaboration"]),
        ("张伟; 李波", ["张伟", "李波"]),
        ([["Balázs", "C.", ""], ["Li", "B.", "Jr"]], ["Balázs, C.", "Li, Jr, B."]),
        ([{"name": "Wei Zhang"}], ["Zhang, Wei"]),
        ([{"given": "Wei", "family": "Zhang", "sequence": "first"}], ["Zhang, Wei"]),
        ([{"non-dropping-particle": "van", "family": "Dam", "given": "A"}], ["van Dam, A"]),
        ([{"author": {"display_name": "Wei Zhang", "id": "A1"}}], ["Zhang, Wei"]),
        ([{"first": "Wei", "middle": ["B."], "last": "Zhang", "suffix": ""}], ["Zhang, Wei B."]),
        (
            [
                {"creatorType": "editor", "firstName": "E", "lastName": "D"},
                {"creatorType": "author", "lastName": "Zhang"},
            ],
            ["Zhang"],
        ),
        ([{"literal": "Team Rocket, Inc."}], ["Team Rocket, Inc."]),
        (None, []),
        ("", []),
        (17, []),
        ([None, 3, {}, []], []),
    ],
)
def test_authors_are_read_in_every_shape(value: object, expected: list[str]) -> None:
    found, more = people(value)

    assert ([one.inverted for one in found], more) == (expected, False)


@pytest.mark.parametrize("value", ["Wei Zhang et al.", "Zhang, Wei and others", ["Wei Zhang", "et al."]])
def test_others_are_noted_and_no_author(value: object) -> None:
    found, more = people(value)

    assert ([one.inverted for one in found], more) == (["Zhang, Wei"], True)


def test_a_list_without_end_is_cut_and_says_so() -> None:
    found, more = people([f"Wei Zhang{n}" for n in range(MOST_AUTHORS + 1)])

    assert (len(found), more) == (MOST_AUTHORS, True)
    assert people([f"Wei Zhang{n}" for n in range(MOST_AUTHORS)])[1] is False


@pytest.mark.parametrize(
    "hostile",
    ["a," * 200_000, " and " * 200_000, "(" * 300_000, "A B; " * 200_000, "[" * 100_000 + "]" * 100_000],
)
def test_hostile_lists_take_linear_time(hostile: str) -> None:
    people(hostile)


def test_a_name_has_no_characters_that_cannot_be_seen() -> None:
    (one,), _ = people({"literal": "Wei\u202e\x00\u200b  <b>Zhang</b>\n &amp; Söhne"})

    assert one.name == "Wei Zhang & Söhne"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Vaswani, Ashish and {von Neumann}, John", ["Vaswani, Ashish", "von Neumann, John"]),
        (r"G{\"o}del, Kurt and {\'E}variste Galois", ["Gödel, Kurt", "Galois, Évariste"]),
        (r"Maria {Garc{\'i}a M{\'a}rquez}", ["García Márquez, Maria"]),
        (
            "{Barnes and Noble, Inc.} and Ludwig van Beethoven",
            ["Barnes and Noble, Inc.", "van Beethoven, Ludwig"],
        ),
        ("King, Jr, Martin", ["King, Jr, Martin"]),
        (r"{\relax Ch}arles Darwin", ["Darwin, Charles"]),
    ],
)
def test_names_of_bibtex_keep_what_stands_in_braces(value: str, expected: list[str]) -> None:
    found, _ = people(BibtexNames(value))

    assert [one.inverted for one in found] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024", "2024"),
        (2024, "2024"),
        (2024.0, "2024"),
        ("2024-03-05", "2024-03-05"),
        ("2024-03", "2024-03"),
        ("2024/03/05/", "2024-03-05"),
        ("2024///", "2024"),
        ("2024-01-05T00:00:00Z", "2024-01-05"),
        ("Mon, 2 Apr 2007 19:18:42 GMT", "2007-04-02"),
        ("March 2024", "2024-03"),
        ("Mar 5, 2024", "2024-03-05"),
        ("5. März 2024", "2024-03-05"),
        ("3 de mayo de 2019", "2019-05-03"),
        ("2019 May 3", "2019-05-03"),
        ("2019 Jan-Feb", "2019-01"),
        ("2024-03-05 March 5, 2024", "2024-03-05"),
        ("c2001", "2001"),
        ("05/03/2024", "2024"),
        ("2024-13-45", "2024"),
        ("20240105", "2024-01-05"),
        (1704067200000, "2024-01-01"),
        ({"date-parts": [[2020, 1, 5]]}, "2020-01-05"),
        ({"date-parts": [["2020", "1"]]}, "2020-01"),
        ({"year": "2020", "month": "Feb", "day": "3"}, "2020-02-03"),
        ([{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}], "2007-04-02"),
        ("in press", None),
        ("May", None),
        (True, None),
        (None, None),
        ([], None),
        ({}, None),
        (float("nan"), None),
        ("9" * 10_000, None),
    ],
)
def test_dates_are_read_as_far_as_they_are_known(value: Any, expected: str | None) -> None:
    assert iso(date_of(value)) == expected
