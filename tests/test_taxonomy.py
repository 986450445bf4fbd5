"""A taxonomy of one's own is checked line by line."""

from pathlib import Path

import pytest

from papercards.errors import UsageError
from papercards.taxonomy import Size, Taxonomy, load, parse, shipped

SMALL = """\
version: 1
sizes: {tasks: [0, 2], contributions: [1, 1]}
tasks:
  plants: {oaks: about oaks, elms: about elms}
  stones: about stones
modalities: {text: words}
contributions: {new: a new thing, old: an old thing}
claim_kinds: {tall: says it is tall}
artifact_status:
  released: is there
  promised: will be
  not-stated: nothing said
"""


def test_reads_groups_sizes_and_definitions() -> None:
    small = parse(SMALL, name="small", where="small.yaml")

    assert small.ids("tasks") == ("oaks", "elms", "stones")
    assert small.groups["tasks"]["elms"] == "plants"
    assert small.sizes == {"tasks": Size(0, 2), "modalities": Size(1, 1), "contributions": Size(1, 1)}


def test_the_version_follows_every_word(taxonomy: Taxonomy) -> None:
    small = parse(SMALL, name="small", where="")

    assert parse(SMALL + "# a remark\n", name="small", where="").version == small.version
    assert parse(SMALL.replace("about elms", "on elms"), name="small", where="").version != small.version
    assert len(taxonomy.ids("tasks")) == 57


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("  stones: about stones", "  stones:"), "line 5: stones has no definition"),
        (("  stones: about stones", "  oaks: again"), "line 5: oaks is given twice"),
        (("stones:", "Big Stones:"), 'line 5: "Big Stones" is not a valid id'),
        (("modalities:", "modes:"), "line 6: unknown section modes"),
        (("[0, 2]", "[2, 1]"), "line 2: the size of tasks"),
        (("[0, 2]", "[1, 9]"), "line 2: tasks has only 3 labels"),
        (("  promised: will be\n", ""), "artifact_status must have the ids"),
        (("version: 1", "version: [1"), "bad.yaml:"),
    ],
)
def test_says_where_it_is_wrong(change: tuple[str, str], fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(SMALL.replace(*change), name="bad", where="bad.yaml")

    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the taxonomy"):
        load(tmp_path / "none.yaml")


def test_a_section_that_is_left_out_is_the_shipped_one() -> None:
    own = parse("tasks:\n  oaks: trees\n  elms: other trees\n", name="trees", where="trees.yaml")
    assert own.ids("tasks") == ("oaks", "elms")
    assert own.labels["claim_kinds"] == shipped().labels["claim_kinds"]
    assert own.version != shipped().version


def test_a_file_without_any_section_is_none() -> None:
    with pytest.raises(UsageError, match="section tasks is missing"):
        parse("name: empty\n", name="empty", where="empty.yaml")
