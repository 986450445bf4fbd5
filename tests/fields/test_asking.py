"""Only what is missing is asked: each field's answer stays good as long as its own question does."""

import asyncio
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from papercards.card import Card, parse_card
from papercards.errors import PaperFailed
from papercards.fields import file
from papercards.fields.spec import FieldSet
from papercards.model.cache import Cache
from papercards.paper import Paper, Section
from papercards.reading.evidence import check
from papercards.taxonomy import Taxonomy, parse
from tests.stub import Stub, answer
from tests.test_reader import GOOD, read, reader

PAPER = Paper(
    "x1",
    "Counting",
    "We study counting. On Beans, our method reaches 91.2% accuracy, 3 points more than guessing. "
    "Twelve people took part for 6 weeks. Code is at https://github.com/a/b.",
)
FIELDS = """\
name: mine
fields:
  people:
    type: number
    question: How many people took part?
  dataset:
    type: text
    question: Which data set?
  design:
    type: label
    question: Which design?
    options:
      trial: people were assigned
      survey: people were asked
"""
OWN = {"people": "12", "people_sentence": 3, "dataset": "Beans", "dataset_sentence": 2, "design": "trial",
       "design_sentence": 3}  # fmt: skip


def fields(text: str = FIELDS, only: frozenset[str] | None = None) -> FieldSet:
    own = file.parse(text, name="mine", where="mine.yaml")
    return FieldSet(own.name, own.shipped, own.own, only)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def everything(stub: Stub, **changes: Any) -> None:
    """Answer each request with those of its parts that are known."""
    said = GOOD | OWN | {"tldr": "A new method counts."} | changes

    def reply(record: dict[str, Any], _: str) -> str:
        return json.dumps({name: said.get(name, value) for name, value in record.items()})

    stub.reply = reply


def card(stub: Stub, taxonomy: Taxonomy, cache: Cache | None, **options: Any) -> Card:
    [reading] = read(reader(stub, taxonomy, cache, **options), options.pop("paper", PAPER))
    return parse_card(reading.card.to_json(), "")


def asked(stub: Stub) -> list[str]:
    """What the last request asked for."""
    schema = stub.bodies[-1]["response_format"]["json_schema"]["schema"]
    return [name for name in schema["properties"] if not name.endswith("_sentence")]


def test_one_request_asks_everything_and_every_value_has_its_sentence(stub: Stub, taxonomy: Taxonomy) -> None:
    everything(stub)
    made = card(stub, taxonomy, None, fields=fields())
    assert len(stub.bodies) == 1
    assert made.fields["people"].value == 12
    assert made.fields["people"].evidence is not None
    assert made.fields["people"].evidence.text == "Twelve people took part for 6 weeks."
    assert (made.fields["dataset"].value, made.fields["dataset"].words) == ("Beans", "paper")
    assert made.fields["design"].labels[0].label == "trial"
    assert made.tldr == "A new method counts."
    assert check(made, PAPER) == []
    [made_by] = made.provenance.answers
    assert set(made.provenance.specs) == set(fields().asked) and made_by.prompt == made.provenance.prompt
    assert stub.papers()[0].endswith("weights, people, dataset, design.")


def test_the_schema_has_nothing_that_grammars_and_strict_mode_refuse(stub: Stub, taxonomy: Taxonomy) -> None:
    everything(stub)
    own = file.parse(file.example("ml-results"), name="ml-results", where="").own
    card(stub, taxonomy, None, fields=FieldSet("r", own=own))
    schema = stub.bodies[-1]["response_format"]["json_schema"]["schema"]
    text = json.dumps(schema)
    for word in ("$ref", "anyOf", "oneOf", "minimum", "maxItems", "pattern", "null", "default"):
        assert f'"{word}"' not in text

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert node["required"] == list(node["properties"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(schema)


def test_a_request_without_own_fields_and_its_answers_are_what_they_were(
    stub: Stub, taxonomy: Taxonomy, cache: Cache
) -> None:
    everything(stub)
    plain = card(stub, taxonomy, cache)
    assert "Fill in" not in stub.papers()[0]
    assert not plain.fields and not plain.provenance.answers and "fields" not in plain.to_json()


def test_a_field_that_is_added_is_the_only_one_that_is_asked(
    stub: Stub, taxonomy: Taxonomy, cache: Cache
) -> None:
    everything(stub)
    plain = card(stub, taxonomy, cache)
    made = card(stub, taxonomy, cache, fields=fields(FIELDS.split("  design:")[0]))
    assert asked(stub) == ["people", "dataset"]
    more = card(stub, taxonomy, cache, fields=fields())
    assert asked(stub) == ["design"] and len(stub.bodies) == 3
    assert (more.tldr, more.tasks, more.claims) == (plain.tldr, plain.tasks, plain.claims)
    assert more.fields["people"] == made.fields["people"]
    assert len(more.provenance.answers) == 3 and more.provenance.calls == 3
    again = card(stub, taxonomy, cache, fields=fields())
    assert (len(stub.bodies), again) == (3, more)
    assert card(stub, taxonomy, cache) == plain and len(stub.bodies) == 3


def test_a_word_in_one_question_asks_that_question_alone(
    stub: Stub, taxonomy: Taxonomy, cache: Cache
) -> None:
    everything(stub)
    card(stub, taxonomy, cache, fields=fields())
    changed = fields(FIELDS.replace("Which data set?", "Which data set was used?"))
    card(stub, taxonomy, cache, fields=changed)
    assert asked(stub) == ["dataset"]
    card(stub, taxonomy, cache, fields=fields())
    assert len(stub.bodies) == 2


def test_another_order_of_fields_or_options_asks_nothing(
    stub: Stub, taxonomy: Taxonomy, cache: Cache
) -> None:
    everything(stub)
    before = card(stub, taxonomy, cache, fields=fields())
    options = "      trial: people were assigned\n      survey: people were asked\n"
    other = FIELDS.replace(options, "".join(reversed(options.splitlines(keepends=True))))
    after = card(stub, taxonomy, cache, fields=fields(other))
    assert len(stub.bodies) == 1 and after.fields == before.fields


def test_a_label_that_is_added_to_tasks_asks_tasks_alone(
    stub: Stub, cache: Cache, taxonomy: Taxonomy
) -> None:
    everything(stub)
    before = card(stub, taxonomy, cache)
    text = (resources.files("papercards.prompts") / "taxonomies" / "ml-papers.yaml").read_text("utf-8")
    more = parse(
        text.replace("    dialogue:", "    poetry: poems\n    dialogue:", 1), name="ml-papers", where=""
    )
    after = card(stub, more, cache)
    assert asked(stub) == ["tasks"] and len(stub.bodies) == 2
    assert after.claims == before.claims and after.provenance.specs["tasks"] != ""


def test_only_asks_what_it_names_and_takes_the_rest_as_it_is(
    stub: Stub, taxonomy: Taxonomy, cache: Cache
) -> None:
    everything(stub)
    card(stub, taxonomy, cache, fields=fields())
    changed = FIELDS.replace("Which data set?", "Which data set was used?").replace("took part?", "came?")
    made = card(stub, taxonomy, cache, fields=fields(changed, frozenset({"people"})))
    assert asked(stub) == ["people"]
    assert made.fields["dataset"].value == "Beans"
    assert made.provenance.specs["dataset"] == fields().named("dataset").spec  # type: ignore[union-attr]


def test_what_was_never_answered_and_may_not_be_asked_says_so(stub: Stub, taxonomy: Taxonomy) -> None:
    everything(stub)
    made = card(stub, taxonomy, None, fields=fields(only=frozenset({"people", "tldr"})))
    assert asked(stub) == ["tldr", "people"]
    assert made.fields["dataset"].missing == "not-asked"
    assert "not-asked:tasks,modalities,contributions,claims,code,data,weights" in made.flags


def test_a_made_up_value_is_asked_again_and_then_set_aside_with_the_reason(
    stub: Stub, taxonomy: Taxonomy, cache: Cache
) -> None:
    everything(stub, people="13")
    made = card(stub, taxonomy, cache, fields=fields())
    assert len(stub.bodies) == 3
    assert 'people: "13" does not stand in sentence 3' in stub.bodies[1]["messages"][-1]["content"]
    assert (made.fields["people"].value, made.fields["people"].missing) == (None, "refused")
    assert "does not stand in sentence 3" in made.fields["people"].refused[0]
    assert made.fields["dataset"].value == "Beans" and made.tldr == "A new method counts."
    again = card(stub, taxonomy, cache, fields=fields())
    assert (len(stub.bodies), again) == (3, made)


def test_a_value_that_is_mended_when_asked_again_counts(stub: Stub, taxonomy: Taxonomy) -> None:
    everything(stub)
    stub.script = [answer(json.dumps(GOOD | OWN | {"people": "13"}))]
    made = card(stub, taxonomy, None, fields=fields())
    assert made.fields["people"].value == 12 and made.provenance.reasked == 1


def test_a_field_whose_condition_does_not_hold_is_null(stub: Stub, taxonomy: Taxonomy) -> None:
    everything(stub, design="survey", people="13")
    made = card(stub, taxonomy, None, fields=fields(FIELDS.replace(
        "    question: How many", "    when: {design: trial}\n    question: How many")))  # fmt: skip
    assert made.fields["people"].missing == "does-not-apply"
    assert len(stub.bodies) == 1


def test_a_condition_may_name_a_field_of_the_card(stub: Stub, taxonomy: Taxonomy) -> None:
    everything(stub)
    text = FIELDS.replace("    question: How many", "    when: {code: released}\n    question: How many")
    assert card(stub, taxonomy, None, fields=fields(text)).fields["people"].value == 12
    text = text.replace("code: released", "tasks: nothing-such")
    assert card(stub, taxonomy, None, fields=fields(text)).fields["people"].missing == "does-not-apply"


def test_a_field_from_a_section_that_was_not_read_is_null(stub: Stub, taxonomy: Taxonomy) -> None:
    everything(stub, people_sentence=5)
    text = FIELDS.replace("    question: How many", "    from: [methods]\n    question: How many")
    assert card(stub, taxonomy, None, fields=fields(text)).fields["people"].missing == "not-in-text"
    paper = Paper("x2", "Counting", PAPER.abstract, sections=(Section("2 Methods", "We asked 12 people."),))
    [reading] = read(reader(stub, taxonomy, None, fields=fields(text)), paper)
    value = reading.card.fields["people"]
    assert value.value == 12 and value.evidence is not None and value.evidence.section == "2 Methods"


def test_offline_says_what_is_missing_and_sends_nothing(stub: Stub, taxonomy: Taxonomy, cache: Cache) -> None:
    everything(stub)
    card(stub, taxonomy, cache)
    with pytest.raises(PaperFailed):
        card(stub, taxonomy, cache, fields=fields(), offline=True)
    assert len(stub.bodies) == 1


def test_papers_at_once_note_their_fields_once(stub: Stub, taxonomy: Taxonomy, cache: Cache) -> None:
    everything(stub)
    one = reader(stub, taxonomy, cache, fields=fields())
    papers = [Paper(f"x{n}", f"Counting {n}", PAPER.abstract) for n in range(8)]

    async def go() -> None:
        await asyncio.gather(*(one.read(paper) for paper in papers))
        await one.close()

    asyncio.run(go())
    assert len(stub.bodies) == 8
    assert all(one.wants(paper) is None for paper in papers)
