"""A name is new once, for a million of them in little memory."""

from hypothesis import given
from hypothesis import strategies as st

from papercards.id_set import IdSet


@given(st.lists(st.text(st.characters())))
def test_it_says_what_a_set_says(names: list[str]) -> None:
    seen, known = IdSet(), set()
    for name in names:
        assert seen.add(name) == (name not in known)
        known.add(name)
    assert len(seen) == len(known)


def test_a_hundred_thousand_names_are_all_new_once_and_take_few_bytes() -> None:
    seen = IdSet()
    names = [f"arxiv:{n}" for n in range(100_000)]

    assert all(seen.add(name) for name in names)
    assert not any(seen.add(name) for name in names)
    assert len(seen) == 100_000
    assert seen.bytes <= 22 * len(seen)


def test_a_name_that_is_no_text_for_utf_8_is_a_name() -> None:
    seen = IdSet()

    assert seen.add("\udcff") and not seen.add("\udcff")
