"""The questions about a paper, by part of the card, and how they are dealt out to requests.

Every label of a field is a yes-or-no question, since a paper may have several; which is the main one is a
choice, where the endpoint takes so many options. Each sentence, and each of code, data and weights, is a
choice.

Knows papers and taxonomies. Knows no answers and no endpoints.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Template

from ...card import NOT_STATED
from ...fields.spec import SHIPPED
from ...model.decisions import NO, YES, Question
from ...paper import Paper
from ...taxonomy import LABEL_FIELDS, Taxonomy
from ...text.spans import digest
from .. import prompting
from ..baseline import sentences_of
from ..baseline.offers import signals
from ..prompting import Prompt

ARTIFACTS = {"code": "code", "data": "data", "weights": "model weights"}
"""Things that may be available, by field of the card, as they are called in questions."""
MAIN = "main"
NONE = "_none"
"""Option for no claim and for no sentence; no label begins with `_`."""
_NAME = "decide.v1"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of the questions."""

    sections: dict[str, str]
    state: Prompt
    """Shows a paper; its version is that of all the words."""


@lru_cache(maxsize=1)
def words() -> Words:
    """The shipped words."""
    said = sections(_NAME)
    return Words(said, Prompt(prompting.sections(_NAME)[1], (), digest(), Template(said["state"])))


@lru_cache(maxsize=2)
def sections(name: str) -> dict[str, str]:
    """The texts of a shipped file, by name."""
    return {part: body.strip() for part, body in prompting.sections(name)[0].items()}


def questions(
    taxonomy: Taxonomy, paper: Paper, shown: int, most_options: int, asked: Sequence[str] = SHIPPED
) -> list[list[Question]]:
    """The questions about a paper of which `shown` sentences are shown, in groups that change together.

    `asked` are the fields of the card that are asked.
    """
    groups = [_labels(taxonomy, field, most_options) for field in LABEL_FIELDS if field in asked]
    groups.append(_availability(taxonomy, paper, shown, most_options, asked))
    groups.append(_sentences(taxonomy, shown) if "claims" in asked else [])
    return groups


def unasked(question: Question) -> dict[str, float]:
    """The chances that stand for a question that is not asked: that nothing is so."""
    if question.options is None:
        return {YES: 0.0, NO: 1.0}
    nothing = next((name for name in (NONE, NOT_STATED) if name in question.options), question.names[0])
    return {name: float(name == nothing) for name in question.names}


def requests(groups: Iterable[Sequence[Question]], most: int) -> list[list[Question]]:
    """The questions of each request, at most `most`; a group is cut only where it has more itself."""
    dealt: list[list[Question]] = []
    for group in groups:
        for start in range(0, len(group), most):
            part = list(group[start : start + most])
            if dealt and len(dealt[-1]) + len(part) <= most:
                dealt[-1] += part
            else:
                dealt.append(part)
    return dealt


def _labels(taxonomy: Taxonomy, field: str, most_options: int) -> list[Question]:
    ask, labels = Template(words().sections[field]), taxonomy.labels[field]
    found = [
        Question(f"{field}.{label}", ask.substitute(label=label, means=means))
        for label, means in labels.items()
    ]
    if 2 <= len(labels) <= most_options:
        found.append(Question(f"{MAIN}.{field}", words().sections[f"main-{field}"], dict(labels)))
    return found


def _availability(
    taxonomy: Taxonomy, paper: Paper, shown: int, most_options: int, asked: Sequence[str]
) -> list[Question]:
    said = words().sections
    found = []
    speaking = _speaking(paper, shown, most_options - 1)
    for name, thing in ARTIFACTS.items():
        if name not in asked:
            continue
        ask = Template(said["status"]).substitute(thing=thing)
        found.append(Question(f"{name}.status", ask, dict(taxonomy.labels["artifact_status"])))
        numbers = dict.fromkeys(map(str, speaking), "") | {NONE: said["no-sentence"]}
        found.append(Question(f"{name}.where", Template(said["where"]).substitute(thing=thing), numbers))
    return found


def _speaking(paper: Paper, shown: int, most: int) -> list[int]:
    """The sentences to choose from: all if there is room, else first those that speak of such things."""
    if shown <= most:
        return list(range(1, shown + 1))
    texts = [text for part in sentences_of(paper) for text in part][:shown]
    speaks = [number for number, text in enumerate(texts, start=1) if signals(text, number, len(texts))]
    rest = [number for number in range(shown, 0, -1) if number not in set(speaks)]
    return sorted([*speaks, *rest][:most])


def _sentences(taxonomy: Taxonomy, shown: int) -> list[Question]:
    said = words().sections
    options = {**taxonomy.labels["claim_kinds"], NONE: said["no-claim"]}
    return [
        Question(f"sentence.{number}", Template(said["sentence"]).substitute(number=number), options)
        for number in range(1, shown + 1)
    ]
