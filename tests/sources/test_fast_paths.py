"""What is read in less time reads the same: ids of papers, lines of JSON, statements of rights."""

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from papercards.sources import rights
from papercards.sources.files.jsonl import parsed
from papercards.text import identifiers

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.lists(
    st.sampled_from(
        "2401.00001 0704.0001 1412.9999 1501.00001 0701.12345 hep-th/9901001 v2 arXiv: "
        "10.48550/ 10.1000/ 10. abc / . "
        "% https://doi.org/ https://arxiv.org/abs/ "
        "https://aclanthology.org/P19-1001 %2f ( ) \\url{ } \u0661 & ?".split()
    ),
    max_size=4,
).map("".join)
ENDS = st.lists(
    st.sampled_from(
        [
            "We study tides. ",
            "PsycINFO ",
            "Database Record ",
            "database record",
            "(c) ",
            "(C) ",
            "\u00a9 ",
            "Copyright ",
            "2021 ",
            "APA, ",
            "all rights reserved. ",
            "by the authors ",
            "Elsevier B.V. ",
            "[",
            "]",
            "(PUBLICATION ABSTRACT)",
            "\n",
        ]
    ),
    max_size=9,
).map("".join)


def result(call: Any, *given: Any) -> object:
    """What a call gives or raises, so that NaN is like itself."""
    try:
        return repr(call(*given))
    except ValueError as error:
        return type(error), str(error)


@given(VALUES, st.booleans(), st.sampled_from(["", "x", ",", "\ufeff"]), st.integers(0, 40))
def test_a_line_of_json_is_read_as_the_standard_library_reads_it(
    value: object, ascii_only: bool, odd: str, at: int
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    line = (text[:at] + odd + text[at:]).encode("utf-8", "surrogatepass")

    assert result(parsed, line, from_json) == result(lambda: json.loads(line.decode()))


def test_numbers_and_names_that_come_twice_are_read_alike() -> None:
    for line in (b'{"b": 1, "a": 2, "b": 3}', b"[-0, -0.0, 1e999, 0.1]", b'"\\ud800"', b"9" * 5000):
        assert result(parsed, line, from_json) == result(json.loads, line.decode())
    nan = parsed(b"NaN", from_json)
    assert isinstance(nan, float) and math.isnan(nan)


@given(WORDS)
def test_a_plain_id_is_named_as_any_other_spelling_of_it(word: str) -> None:
    bare = identifiers._bare(word)
    slow = identifiers._PLAIN.fullmatch(bare) or (
        identifiers._ARXIV.fullmatch(bare) if identifiers._MARKED.search(bare) else None
    )
    found = identifiers.name(word)

    if slow is not None and ("." in word or "/" in word or "%" in word):
        assert found == f"arxiv:{identifiers.unversioned(identifiers._plain(slow[1]))}"
    else:
        assert found is None or not found.startswith("arxiv:")


@given(st.lists(WORDS, max_size=4))
def test_of_several_ids_that_of_arxiv_counts_then_a_doi(words: list[str]) -> None:
    names = [name for name in map(identifiers.name, words) if name]
    kinds = [name.partition(":")[0] for name in names]
    best = next((names[kinds.index(kind)] for kind in ("arxiv", "doi") if kind in kinds), None)

    assert identifiers.first_name(words) == (best or next(iter(names), None))


@given(ENDS)
def test_a_statement_of_rights_is_found_with_and_without_the_name_of_a_database(end: str) -> None:
    both = [[one.span() for one in p.finditer(end)] for p in (rights._START, rights._START_OF_RECORD)]

    if "database record" not in end.lower():
        assert both[0] == both[1]
    whole = rights._START_OF_RECORD.sub("", end)
    assert len(whole) <= len(rights._START.sub("", end))
