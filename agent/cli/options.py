"""The options that several commands share, each with its help text."""

from pathlib import Path
from typing import Annotated

import typer


def output(word: str) -> Path:
    """An output as typed: a path would forget the `/` at its end."""
    from ..sinks import output_named

    return output_named(word)


Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="provider/model, as openai/gpt-4.1-mini or local/qwen2.5-coder-1.5b; or baseline, "
        "which asks no model. [env: PAPERCARDS_MODEL]",
        metavar="MODEL",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        help="provider/model, or baseline; may repeat. [env: PAPERCARDS_MODEL]",
        metavar="MODEL",
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        help="An OpenAI-compatible endpoint, usually ending in /v1. "
        "[env: PAPERCARDS_BASE_URL, OPENAI_BASE_URL]",
        metavar="URL",
    ),
]
Insecure = Annotated[
    bool | None,
    typer.Option(
        "--insecure",
        help="Let a key go to another machine over http, where others can read it. "
        "[env: PAPERCARDS_INSECURE]",
    ),
]
Taxonomy = Annotated[
    str | None,
    typer.Option(help="A taxonomy file of your own. [env: PAPERCARDS_TAXONOMY]", metavar="FILE"),
]
CacheDir = Annotated[
    str | None,
    typer.Option(help="Where answers are kept. [env: PAPERCARDS_CACHE_DIR]", metavar="DIR"),
]
NoCache = Annotated[bool | None, typer.Option("--no-cache", help="Neither read nor keep answers.")]
Offline = Annotated[
    bool | None,
    typer.Option("--offline", help="Ask no model and fetch no paper: what is not kept fails."),
]
Concurrency = Annotated[
    str | None,
    typer.Option(
        "--concurrency",
        "-j",
        help="Papers in flight; auto: as many as the endpoint bears. [env: PAPERCARDS_CONCURRENCY]",
        metavar="N|auto",
    ),
]
Rpm = Annotated[
    float | None, typer.Option(help="Requests a minute, at most. [env: PAPERCARDS_RPM]", metavar="N")
]
Tpm = Annotated[
    float | None, typer.Option(help="Tokens a minute, at most. [env: PAPERCARDS_TPM]", metavar="N")
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        help="Stop before the run may have cost more than this, in USD. [env: PAPERCARDS_MAX_COST]",
        metavar="USD",
    ),
]
Price = Annotated[
    str | None,
    typer.Option(
        help="USD for a million tokens, where the published price is not known or not yours. "
        "[env: PAPERCARDS_PRICE]",
        metavar="PROMPT/COMPLETION",
    ),
]
AnswerTokens = Annotated[
    int | None,
    typer.Option(
        min=100,
        help="The most tokens of an answer, thinking included (default: 900, and more for a model that "
        "thinks). [env: PAPERCARDS_ANSWER_TOKENS]",
        metavar="N",
    ),
]
ReasoningEffort = Annotated[
    str | None,
    typer.Option(
        help="How much a reasoning model may think: low, medium, high (default: the endpoint's). "
        "[env: PAPERCARDS_REASONING_EFFORT]",
        metavar="EFFORT",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", min=0.1, help="Seconds for one call.", metavar="S"),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="Which column holds what, as title=Name; may repeat. "
        "Ours are title, abstract, id, doi, arxiv_id, url.",
        metavar="OURS=THEIRS",
    ),
]
Table = Annotated[
    str | None,
    typer.Option(
        help="Which table of a database, or configuration of a data set, holds the papers.", metavar="NAME"
    ),
]
Categories = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        help="Only papers of this arXiv category, as cs.LG or cs.*, where a source tells; may repeat.",
        metavar="NAME",
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Also read records that do not look like a paper, instead of setting them aside.",
    ),
]

Sections = Annotated[
    str | None,
    typer.Option(
        help="What is read of a full text: abstract, conclusion, availability; or all.",
        metavar="NAME,NAME",
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first N papers.", metavar="N")]
