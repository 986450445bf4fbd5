"""Writes the `README.md` of a data set folder: YAML for the Hugging Face Hub, contents, and provenance.

Text that a person adds is kept: only the block between two marks is rewritten, and in the YAML only the list
of files and the number of cards. The user chooses the licence. Fields of the YAML:
https://huggingface.co/docs/hub/datasets-cards.
"""

import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import Any

import yaml

from ..card import SCHEMA_VERSION
from ..errors import UsageError
from ..fields.spec import ARTIFACTS
from .escaping import code, text
from .facts import Facts, measured

BEGIN = "<!-- papercards: begin. What stands between here and the end is written anew with every run. -->"
END = "<!-- papercards: end -->"

DATA_FILES = "data/cards-*.parquet"

_FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
_UNKNOWN = "license: unknown"
_FILL_IN = "  # to be filled in: the licence under which you publish these cards"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LABELLED = ("tasks", "modalities", "contributions", "claims")
_SHOWN = 50
"""Maximum labels of each kind in the counts."""

_FIELDS = (
    ("id", "`arxiv:…`, `doi:…`, or `sha256:` and 16 hex digits of title and abstract"),
    ("title", "as its source has it"),
    ("tldr", "one sentence"),
    ("tasks, modalities, contributions", "labels with confidence, the main one first"),
    ("claims", "kind, confidence, and the sentence of the abstract that makes the claim, with its offsets"),
    ("reproducibility", "whether code, data and weights are released, promised or not stated; links"),
    ("flags", "what a reader should know of the card"),
    ("provenance", "model, prompt, taxonomy, time, tokens and cost of the answer"),
)


def check(old: str, where: str) -> None:
    """Raise UsageError for a README that was not written by papercards."""
    if BEGIN not in old or END not in old.partition(BEGIN)[2]:
        raise UsageError(
            "was not written by papercards and was not changed",
            where=where,
            next_step="Choose another folder",
        )
    _front(old, where)


def readme(facts: Facts, sources: Iterable[str], old: str | None, where: str) -> str:
    """The content of the file; parts of an `old` one that are not ours are kept."""
    block = "\n\n".join([BEGIN, *_sections(facts, sources), END])
    if old is None:
        return f"{_yaml({}, facts)}\n# Paper cards\n\n{block}\n"
    check(old, where)
    front, rest = _front(old, where)
    # What stands between may quote the marks.
    before, after = rest.partition(BEGIN)[0], rest.rpartition(END)[2]
    return f"{_yaml(front, facts)}{before}{block}{after}"


def _front(old: str, where: str) -> tuple[dict[str, Any], str]:
    match = _FRONT.match(old)
    if match is None:
        return {}, old
    try:
        front = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError("the front matter is not YAML", where=where, next_step="Fix it") from error
    return front if isinstance(front, dict) else {}, old[match.end() :]


def _yaml(front: dict[str, Any], facts: Facts) -> str:
    ours = {
        "config_name": "default",
        "data_files": [{"split": "train", "path": DATA_FILES}],
    }
    configs = front.get("configs")
    others = [
        one
        for one in (configs if isinstance(configs, list) else [])
        if not (isinstance(one, dict) and one.get("config_name") == "default")
    ]
    whole = {
        "license": "unknown",
        "language": ["en"],
        "pretty_name": "Paper cards",
        "task_categories": ["text-classification", "summarization"],
        "tags": ["papercards", "research-papers", "metadata"],
        **front,
        "size_categories": [next((name for most, name in _SIZES if facts.cards < most), "n>1M")],
        "configs": [ours, *others],
    }
    dumped = yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=10_000)
    dumped = re.sub(rf"^{_UNKNOWN}$", _UNKNOWN + _FILL_IN, dumped, count=1, flags=re.MULTILINE)
    return f"---\n{dumped}---\n"


def _sections(facts: Facts, sources: Iterable[str]) -> Iterator[str]:
    yield (
        f"{facts.cards:,} research papers, a card each, made by papercards: a sentence, tags, what the "
        "authors claim with the sentence that claims it, and what is there to reuse."
    )
    yield "## What is in it"
    yield _table(("field", "what it holds"), _FIELDS)
    yield "Offsets count code points of the abstract, from 0 and half-open. The abstracts are not in it."
    yield "## Counts"
    yield "How many papers have it; a paper may have several of a kind."
    for name in _LABELLED:
        counted = facts.labels.get(name)
        if counted:
            rest = len(counted) - _SHOWN
            shown = [(code(label), f"{count:,}") for label, count in counted.most_common(_SHOWN)]
            yield _table((name, "papers"), [*shown, *([(f"and {rest:,} more", "")] if rest > 0 else [])])
    statuses = ("released", "promised", "not-stated")
    yield _table(
        ("", *statuses),
        [
            (name, *(f"{facts.labels[name][status]:,}" for status in statuses))
            for name in ARTIFACTS
            if name in facts.labels
        ],
    )
    yield "## How it was made"
    yield _table(
        ("model", "its weights", "prompt", "taxonomy", "cards"),
        [
            (
                code(made.model),
                code(made.model_sha256[:12]) if made.model_sha256 else "",
                code(made.prompt),
                code(made.taxonomy),
                f"{count:,}",
            )
            for made, count in facts.makers.most_common(_SHOWN)
        ],
    )
    said = [f"papercards {metadata.version('papercards')}, card format {SCHEMA_VERSION}."]
    if facts.first:
        said.append(f"Answers from {text(facts.first[:10])} to {text(facts.last[:10])}.")
    if sources:
        said.append(f"Papers from {', '.join(code(source) for source in sources)}.")
    yield " ".join(said)
    yield "## How good it is"
    for made, _ in facts.makers.most_common(_SHOWN):
        name = f"{code(made.model)} with {code(made.prompt)} and {code(made.taxonomy)}"
        if (found := measured(made)) is None:
            yield f"{name}: not measured."
        else:
            yield (
                f"{name}, against hand labels of {found.papers} machine-learning papers "
                f"({found.split} split, {found.date}; brackets are 95% intervals over papers):"
            )
            yield _table(("figure", "value"), list(found.figures.items()))
    yield "## Licence"
    yield (
        "Titles and quoted sentences are the authors'; what may be done with them depends on where they come "
        "from. Say under `license`, at the top, under which licence you publish the rest."
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
