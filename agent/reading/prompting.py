"""Fills prompt templates, which are plain files with named fields and no logic.

A template is `NAME.vN.md`. A released template is never edited: a better wording becomes `vN+1`, so a card
can always be traced to its prompt. Everything shared by all papers comes first (instructions, labels, worked
examples) and the paper last, so that an endpoint's prompt cache can be used.

Knows papers and taxonomies. Knows no model, no cache, no HTTP.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from string import Template
from types import MappingProxyType
from typing import TypedDict

from ..errors import UsageError
from ..fields import wire
from ..fields.spec import ARTIFACTS, SHIPPED, Field
from ..paper import Paper
from ..taxonomy import LABEL_FIELDS, Size, Taxonomy
from ..text.invisible import visible
from ..text.spans import digest
from .defusing import defused

_SECTION = re.compile(r"^\[([\w-]+)\]\n", re.MULTILINE)


class Message(TypedDict):
    """One message of the chat-completions protocol."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A paper as shown to the model."""

    content: str
    """Content of the last message."""
    source: str
    """Title and text as shown, which an answer may take numbers from."""
    sentences: int
    """Number of sentences shown."""
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A filled template: the text shared by all papers, and a way to show a paper."""

    version: str
    """Version: `card@` and eight hex digits of the SHA-256 of its text, without the paper."""
    prefix: tuple[Message, ...]
    """All messages except the last."""
    prefix_digest: str
    user: Template
    tail: str = ""
    """What stands behind each paper: the fields that are asked, unless it is a whole card."""

    def show(self, paper: Paper, budget: int | None = None) -> Shown:
        """The last message for a paper.

        Whole sentences are dropped from the end until it has at most `budget` characters.
        """
        return _show(self.user, paper, budget)


def load(name: str) -> tuple[str, str]:
    """The system and user parts of a shipped template. Raises UsageError if the template does not exist."""
    try:
        text = _file(f"{name}.md")
    except OSError as error:
        raise UsageError(f'no prompt "{name}"') from error
    _, _, rest = text.partition("[system]\n")
    system, _, user = rest.partition("[user]\n")
    return system.strip(), user.strip()


def sections(name: str) -> tuple[dict[str, str], str]:
    """The texts of a shipped file, by the names in brackets above them, and its version.

    The version is the beginning of the name, `@` and eight hex digits of the file.
    """
    text = _file(f"{name}.md")
    parts = _SECTION.split(text)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return found, f"{name.partition('.')[0]}@{digest(text)[:8]}"


def card_prompt(
    taxonomy: Taxonomy,
    schema: object,
    name: str = "card.v1",
    *,
    shipped: Sequence[str] = SHIPPED,
    own: Sequence[Field] = (),
) -> Prompt:
    """The prompt for some fields in one answer, by default for a whole card.

    `schema` is the wire schema, which is part of the version.
    """
    introduction, parts = paragraphs(taxonomy, name)
    _, user = load(name)
    plain = tuple(shipped) == SHIPPED and not own
    tail = "" if plain else f"\n\nFill in: {', '.join([*shipped, *(field.name for field in own)])}."
    asked = [parts[field] for field in shipped if field not in ARTIFACTS]
    if artifacts := [field for field in shipped if field in ARTIFACTS]:
        asked.append(_availability(parts, artifacts))
    filled = "\n\n".join([introduction, *asked, *map(wire.paragraph, own)])
    template = Template(user)
    prefix: list[Message] = [Message(role="system", content=filled)]
    for example in _examples(name, taxonomy, shipped):
        shown = _show(template, Paper("", example.title, example.abstract), None)
        prefix += [
            Message(role="user", content=shown.content + tail),
            Message(role="assistant", content=example.answer),
        ]
    said = [part for message in prefix for part in (message["role"], message["content"])]
    words = digest(*said, *([tail] if tail else []))
    everything = digest(words, user, json.dumps(schema, sort_keys=True))
    return Prompt(f"{name.partition('.')[0]}@{everything[:8]}", tuple(prefix), words, template, tail)


@lru_cache(maxsize=8)
def paragraphs(taxonomy: Taxonomy, name: str = "card.v1") -> tuple[str, Mapping[str, str]]:
    """The introduction of a template, and the paragraph of each shipped field, filled in."""
    system, _ = load(name)
    filled = Template(system).substitute(
        tasks=_lines(taxonomy, "tasks"),
        modalities=_lines(taxonomy, "modalities"),
        contributions=_lines(taxonomy, "contributions"),
        kinds=_lines(taxonomy, "claim_kinds"),
        statuses=_lines(taxonomy, "artifact_status"),
        task_size=_range(taxonomy.sizes["tasks"]),
        modality_size=_range(taxonomy.sizes["modalities"]),
        contribution_size=_range(taxonomy.sizes["contributions"]),
    )
    introduction: list[str] = []
    found: dict[str, str] = {}
    for paragraph in filled.split("\n\n"):
        named = paragraph.partition(":")[0].split(", ")
        if all(field in SHIPPED for field in named):
            found |= dict.fromkeys(named, paragraph)
        else:
            introduction.append(paragraph)
    return "\n\n".join(introduction), MappingProxyType(found)


def shipped_spec(taxonomy: Taxonomy, field: str) -> str:
    """The spec of a shipped field: eight hex digits of a hash of its paragraph."""
    _, parts = paragraphs(taxonomy)
    words = _availability(parts, [field]) if field in ARTIFACTS else parts[field]
    return digest(words)[:8]


def _availability(parts: Mapping[str, str], asked: Sequence[str]) -> str:
    """The paragraph on code, data and weights, for some of them."""
    numbers = [f"{field}_sentence" for field in asked]
    words = parts[asked[0]].replace(", ".join(ARTIFACTS), ", ".join(asked))
    return words.replace(", ".join(f"{field}_sentence" for field in ARTIFACTS), ", ".join(numbers))


@dataclass(frozen=True, slots=True)
class _Example:
    title: str
    abstract: str
    answer: str


def _examples(name: str, taxonomy: Taxonomy, shipped: Sequence[str]) -> list[_Example]:
    """The worked examples whose every label this taxonomy has, with these fields of the answer."""
    examples = []
    for line in _file(f"{name}.examples.jsonl").splitlines() if shipped else ():
        record = json.loads(line)
        names = {*shipped, *(f"{field}_sentence" for field in shipped)}
        answer = {field: value for field, value in record["answer"].items() if field in names}
        known = all(
            label in taxonomy.labels[group] for group in LABEL_FIELDS for label in answer.get(group, ())
        ) and all(claim["kind"] in taxonomy.claim_kinds for claim in answer.get("claims", ()))
        if known:
            text = json.dumps(answer, ensure_ascii=False)
            examples.append(_Example(record["title"], record["abstract"], text))
    return examples


def _show(template: Template, paper: Paper, budget: int | None) -> Shown:
    title, hidden_title = visible(paper.title)
    lines: list[str] = []
    hidden, used, count = hidden_title, len(title), 0
    cut: tuple[str, ...] = ()
    for section, number in _numbered(paper):
        sentence, odd = visible(paper.sentence_text(number))
        line = f"[{number}] {' '.join(sentence.split())}"
        if section is not None:
            line = f"Section: {visible(section)[0]}\n{line}"
        if budget is not None and used + len(line) > budget:
            cut = (paper.left_out(number),)
            if not lines:
                lines.append(line[:budget])
                count = 1
            break
        hidden, used, count = hidden or odd, used + len(line) + 1, number
        lines.append(line)
    flags = (("hidden-characters",) if hidden else ()) + cut
    fenced_title, body = defused(" ".join(title.split())), defused("\n".join(lines))
    return Shown(
        content=template.substitute(title=fenced_title, sentences=body),
        source=f"{title}\n{body}",
        sentences=count,
        flags=flags,
    )


def _numbered(paper: Paper) -> Iterator[tuple[str | None, int]]:
    """The number of each sentence, with the name of the section that it starts."""
    number = 0
    for section, spans in paper.parts:
        heading = section.name if section is not None else None
        for _ in spans:
            number += 1
            yield heading, number
            heading = None


def _lines(taxonomy: Taxonomy, group: str) -> str:
    return "\n".join(f"{label}: {means}" for label, means in taxonomy.labels[group].items())


def _range(size: Size) -> str:
    return str(size.least) if size.least == size.most else f"{size.least} to {size.most}"


def _file(name: str) -> str:
    return (resources.files("papercards.prompts") / name).read_text(encoding="utf-8")
