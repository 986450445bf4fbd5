"""The options that several commands share, each with its help text."""

from typing import Annotated

import typer

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
    typer.Option("--offline", help="Ask no model: a paper without a kept answer fails."),
]
Concurrency = Annotated[
    int | None,
    typer.Option("--concurrency", "-j", min=1, help="Papers in flight.", metavar="N"),
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
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first N papers.", metavar="N")]
