# ruff: noqa: E501
"""Fields files: what is read, and how each kind of mistake is told."""

import pytest

from papercards.fields import file
from papercards.fields.file import BadFields

RIGHT = """\
name: trials
fields:
  design:
    type: label
    question: Which design?
    options:
      rct: assigned by chance
      cohort: followed over time
  size:
    type: number
    question: How many?
"""

MISTAKES = [
    ("a tab", RIGHT.replace("    type: number", "\ttype: number"), 10, "not YAML", "spaces"),
    ("a colon in a text", RIGHT.replace("Which design?", "Design: which?"), 5, "not YAML", "quotes"),
    ("a misspelt type", RIGHT.replace("type: label", "type: labal"), 4, 'cannot be "labal"', "label?"),
    ("a misspelt key", RIGHT.replace("options:", "optoins:"), 6, '"optoins" is no part', "options?"),
    ("no question", RIGHT.replace("    question: How many?\n", ""), 9, "no question", "Add question:"),
    ("no type", RIGHT.replace("    type: number\n", ""), 9, "no type", "label, labels"),
    ("no options", RIGHT.split("    options:")[0], 3, "but no options", "Add options:"),
    ("a list of options", RIGHT.replace("      rct:", "    - rct:").replace("      cohort:", "    - cohort:"), 7,
     "no definitions", 'without "-"'),
    ("no definition", RIGHT.replace("rct: assigned by chance", "rct:"), 7, "rct in the options", "what it means"),
    ("one option", RIGHT.replace("      cohort: followed over time\n", ""), 7, "1 in number", "boolean"),
    ("the reserved option", RIGHT.replace("cohort:", "not-stated:"), 8, "always there", "Delete"),
    ("a name with a space", RIGHT.replace("  size:", "  Sample Size:"), 9, "no name for a field", "sample_size"),
    ("a shipped name", RIGHT.replace("  size:", "  code:"), 9, "shipped field", "--taxonomy"),
    ("a name of a column", RIGHT.replace("  size:", "  year:"), 9, "part of every card", "own_year"),
    ("a name twice", RIGHT.replace("  size:", "  design:"), 9, "given twice", "rename"),
    ("a unit for a number", f"{RIGHT}    unit: mg\n", 12, "has no unit", "type: quantity"),
    ("a quantity without a unit", RIGHT.replace("number", "quantity"), 9, "but no unit", "Add unit:"),
    ("a list of nothing", RIGHT.replace("number", "list"), 9, "but no of", "Add of:"),
    ("evidence of no kind", f"{RIGHT}    evidence: yes\n", 12, 'cannot be "yes"', "required, optional, none"),
    ("a condition on nothing", f"{RIGHT}    when: {{desing: rct}}\n", 12, "no other field", "design?"),
    ("a condition that is never true", f"{RIGHT}    when: {{design: rtc}}\n", 12, 'never "rtc"', "rct?"),
    ("a size for one label", RIGHT.replace("    options:", "    size: [1, 2]\n    options:"), 6, "no size", "labels"),
    ("an unknown shipped field", f"shipped: [task]\n{RIGHT}", 1, "no shipped field", "tasks?"),
    ("no fields", "name: x\n", 1, "no fields section", "Add fields:"),
    ("nothing", "", 1, "empty", "init"),
    ("fields that are a list", "fields:\n  - design\n", 2, "names with values", "name: value"),
    ("a label as a part of a list", "fields:\n  r:\n    type: list\n    question: q\n    of:\n      x:\n"
     "        type: labels\n        question: q\n        options: {a: one, b: two}\n", 6, "lies in a list", "single"),
    ("options that are none", f"{RIGHT.split('    options:')[0]}    options: {{}}\n", 6, "0 in number", "2 to 250"),
    ("ten thousand options", RIGHT.replace("      rct:", "".join(f"      o{n}: x\n" for n in range(10**4))
        + "      rct:"), 7, "10002 in number", "2 to 250"),
    ("an option twice", RIGHT.replace("cohort:", "rct:"), 8, "given twice", "rename"),
    ("a list without parts", "fields:\n  r: {type: list, question: q, of: {}}\n", 2, "no parts", "of:"),
    ("a part that is there", "fields:\n  r:\n    type: list\n    question: q\n    of:\n      sentence:\n"
        "        type: text\n        question: q\n", 6, "sentence of its own", "rename"),
    ("fields that are none", "fields: {}\n", 1, "fields is empty", "shipped"),
    ("a text in braces", "fields:\n  r: {type: text, question: Is it?, evidence: none}\n", 2, "not YAML", "{"),
    ("a second document", f"{RIGHT}---\n{RIGHT}", 12, "another document", "Delete"),
    ("a null character", f"{RIGHT}\0", 1, "#x0000", "init"),
    ("a control character", RIGHT.replace("How many?", '"How\\x07 many?"'), 11, "cannot be seen", "again"),
    ("a question of a page", RIGHT.replace("How many?", "why " * 600), 11, "2,399 characters", "2,000"),
    ("a condition in a circle", f"{RIGHT}    when: {{size: 3}}\n", 12, "no other field", "design"),
    ("too deep", "[" * 3000, 1, "nested too deeply", "init"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "what", "remedy"), [one[1:] for one in MISTAKES], ids=[one[0] for one in MISTAKES]
)
def test_a_mistake_has_one_line_with_its_place_and_remedy(
    text: str, line: int, what: str, remedy: str
) -> None:
    with pytest.raises(BadFields) as error:
        file.parse(text, name="mine", where="mine.yaml")
    (fault,) = error.value.faults
    assert (fault.line, what in fault.what, remedy in fault.remedy) == (line, True, True), fault
    assert "\n" not in str(error.value)


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = RIGHT.replace("type: label", "type: labal").replace("  size:", "  code:") + "    colour: red\n"
    with pytest.raises(BadFields) as error:
        file.parse(text, name="mine", where="mine.yaml")
    assert [one.line for one in error.value.faults] == [4, 9, 12]
    assert "lists all 3 mistakes" in str(error.value)


@pytest.mark.parametrize("name", file.EXAMPLES)
def test_what_is_shown_of_a_file_is_read_as_the_same_fields(name: str) -> None:
    fields = file.parse(file.example(name), name=name, where=name)
    again = file.parse(file.written(fields), name=name, where=name)
    assert (again.version, again.own) == (fields.version, fields.own)


def test_a_spec_changes_with_what_is_asked_and_with_nothing_else() -> None:
    def specs(text: str) -> list[str]:
        return [one.spec for one in file.parse(text, name="mine", where="mine.yaml").own]

    before = specs(RIGHT)
    assert specs(RIGHT.replace("How many?", "How many people?"))[0] == before[0]
    assert specs(RIGHT.replace("How many?", "How many people?"))[1] != before[1]
    assert specs(RIGHT.replace("cohort: followed", "cohort: watched")) != before
    assert specs(f"{RIGHT}    when: {{design: rct}}\n") == before
    assert specs(f"# a comment\n{RIGHT}") == before
