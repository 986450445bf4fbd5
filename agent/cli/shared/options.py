"""The options that several commands share, each with its help text, alone and in groups.

A parameter of a command whose type is a group stands for all options of the group; see `grouped`.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer


def output(word: str) -> Path:
    """Parse an output as typed: a Path would drop the `/` at the end."""
    from ...sinks import output_named

    return output_named(word)


Excel = Annotated[
    bool,
    typer.Option("--excel", help="Write CSV with a byte order mark, so that Excel reads it as UTF-8."),
]
NameNotes = Annotated[
    Literal["title", "citekey"],
    typer.Option(
        "--name-notes",
        help="Name new notes of a vault by title, or @KEY by citation key where there is one.",
        metavar="title|citekey",
    ),
]


def outputs(described: str, parser: Callable[[str], Path] = output) -> Any:
    """The option for outputs in any format, which may be given several times."""
    return typer.Option("--output", "-o", parser=parser, help=described, metavar="FILE")


def to_file(described: str, metavar: str = "FILE") -> Any:
    """The option for one file, or several, of a format that the command decides."""
    return typer.Option("--output", "-o", help=described, metavar=metavar)


Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="provider/model, such as openai/gpt-4.1-mini; local/qwen2.5-coder-1.5b, the default, runs on "
        "this machine; baseline needs no model. [env: PAPERCARDS_MODEL]",
        metavar="MODEL",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        help="provider/model, or baseline; may be given several times. [env: PAPERCARDS_MODEL]",
        metavar="MODEL",
    ),
]
BaseUrl = Annotated[
    list[str] | None,
    typer.Option(
        help="An OpenAI-compatible endpoint, usually ending in /v1. May be given several times, for "
        "replicas of one model. [env: PAPERCARDS_BASE_URL, OPENAI_BASE_URL]",
        metavar="URL",
    ),
]
Plan = Annotated[
    Literal["one-call", "decide"] | None,
    typer.Option(
        help="How a hosted model makes a card: one-call asks for all at once (default); decide asks typed "
        "questions of a decision endpoint, which answers with probabilities. [env: PAPERCARDS_PLAN]",
        metavar="one-call|decide",
    ),
]
Insecure = Annotated[
    bool | None,
    typer.Option(
        "--insecure",
        help="Allow sending a key to another machine over http, where others can read it. "
        "[env: PAPERCARDS_INSECURE]",
    ),
]
Taxonomy = Annotated[
    str | None,
    typer.Option(help="Your own taxonomy file. [env: PAPERCARDS_TAXONOMY]", metavar="FILE"),
]
CacheDir = Annotated[
    str | None,
    typer.Option(help="Folder of the answer cache. [env: PAPERCARDS_CACHE_DIR]", metavar="DIR"),
]
NoCache = Annotated[bool | None, typer.Option("--no-cache", help="Do not use the cache.")]
Offline = Annotated[
    bool | None,
    typer.Option("--offline", help="Use cached answers and papers only; anything not cached fails."),
]
Price = Annotated[
    str | None,
    typer.Option(
        help="Your price in USD per million tokens, if it is not the published one. [env: PAPERCARDS_PRICE]",
        metavar="PROMPT/COMPLETION",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="Map a column of the source to a field, such as title=Name; may be given several times. "
        "Fields: title, abstract, id, doi, arxiv_id, url, authors, year, date, venue, citation_key, ...",
        metavar="FIELD=COLUMN",
    ),
]
Table = Annotated[
    str | None,
    typer.Option(
        help="Table of a database, or configuration of a data set, that holds the papers.", metavar="NAME"
    ),
]
Categories = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        help="Only papers of this arXiv category, such as cs.LG or cs.*, if the source states it; may be "
        "given several times.",
        metavar="NAME",
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Also process records that do not look like a paper, instead of reporting them as errors.",
    ),
]

Where = Annotated[
    list[str] | None,
    typer.Option(
        help="Only cards that fulfil a condition: year>=2023, venue~neurips, author~zhang, "
        "code!=released. May be given several times; all must hold.",
        metavar="CONDITION",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, help="Port to listen on (default: 8765, or another free one).", metavar="N"
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Process only the first N papers.", metavar="N")]


@dataclass(frozen=True, kw_only=True)
class EndpointFlags:
    """How an endpoint is asked; fields are named as those of `Settings`."""

    base_url: BaseUrl = None
    plan: Plan = None
    insecure: Insecure = None
    taxonomy: Taxonomy = None
    fields: Annotated[
        str | None,
        typer.Option(
            help="Your own fields: a file, or the name of a shipped one (see papercards fields). "
            "[env: PAPERCARDS_FIELDS]",
            metavar="FILE",
        ),
    ] = None
    only: Annotated[
        str | None,
        typer.Option(
            help="Ask only for these fields, such as code,sample_size; take the others from earlier answers.",
            metavar="NAME,NAME",
        ),
    ] = None
    timeout_s: Annotated[
        float | None,
        typer.Option("--timeout", min=0.1, help="Timeout of one call in seconds.", metavar="S"),
    ] = None
    answer_tokens: Annotated[
        int | None,
        typer.Option(
            min=100,
            help="Maximum tokens of an answer, reasoning included (default: 900, more for reasoning models). "
            "[env: PAPERCARDS_ANSWER_TOKENS]",
            metavar="N",
        ),
    ] = None
    reasoning_effort: Annotated[
        str | None,
        typer.Option(
            help="Reasoning effort of a reasoning model: low, medium or high (default: the endpoint's). "
            "[env: PAPERCARDS_REASONING_EFFORT]",
            metavar="EFFORT",
        ),
    ] = None
    cache_dir: CacheDir = None
    no_cache: NoCache = None
    offline: Offline = None


@dataclass(frozen=True, kw_only=True)
class ModelFlags(EndpointFlags):
    """How a card is made."""

    tuned: Annotated[
        str | None,
        typer.Option(
            help="A file written by papercards tune: a model fitted to your labels. [env: PAPERCARDS_TUNED]",
            metavar="FILE",
        ),
    ] = None
    no_summary: Annotated[
        bool | None,
        typer.Option(
            "--no-summary",
            help="Use a sentence of the abstract as the summary, which is faster (embedded model and plan "
            "decide only). [env: PAPERCARDS_SUMMARY=0]",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PaceFlags:
    """How many papers at a time, and for how much."""

    concurrency: Annotated[
        str | None,
        typer.Option(
            "--concurrency",
            "-j",
            help="Papers processed in parallel; auto adapts to rate limits. [env: PAPERCARDS_CONCURRENCY]",
            metavar="N|auto",
        ),
    ] = None
    rpm: Annotated[
        float | None, typer.Option(help="Maximum requests per minute. [env: PAPERCARDS_RPM]", metavar="N")
    ] = None
    tpm: Annotated[
        float | None, typer.Option(help="Maximum tokens per minute. [env: PAPERCARDS_TPM]", metavar="N")
    ] = None
    max_cost: Annotated[
        float | None,
        typer.Option(
            help="Stop before the run could cost more than this many USD. [env: PAPERCARDS_MAX_COST]",
            metavar="USD",
        ),
    ] = None
    price: Price = None


@dataclass(frozen=True, kw_only=True)
class RunFlags(PaceFlags, ModelFlags):
    """How cards of many papers are made."""


@dataclass(frozen=True, slots=True)
class SourceFlags:
    """How papers are read from a source."""

    column: Columns = None
    table: Table = None
    sections: Annotated[
        str | None,
        typer.Option(
            help="Sections to read from full texts: abstract, conclusion, availability; or all.",
            metavar="NAME,NAME",
        ),
    ] = None
    fill_abstracts: Annotated[
        bool,
        typer.Option(
            "--fill-abstracts",
            help="Look up missing abstracts by id or title in arXiv, OpenAlex, Semantic Scholar, Crossref "
            "and Europe PMC.",
        ),
    ] = False


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command for Typer: each parameter whose type is a group is replaced by the options of the group."""
    signature = inspect.signature(command, eval_str=True)
    flat: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        kind: Any = parameter.annotation
        if not is_dataclass(kind):
            flat.append(parameter)
            continue
        groups[name] = kind
        hints = get_type_hints(kind, include_extras=True)
        flat += [
            parameter.replace(name=one.name, default=one.default, annotation=hints[one.name])
            for one in fields(kind)
        ]

    spread = signature.replace(parameters=flat)

    @wraps(command)
    def run(*words: Any, **named: Any) -> None:
        given = spread.bind(*words, **named).arguments
        for name, group in groups.items():
            options = {one.name: given.pop(one.name) for one in fields(group) if one.name in given}
            given[name] = group(**options)
        command(**given)

    run.__dict__["__signature__"] = spread
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in flat} | {"return": None}
    return run
