"""`papercards models`: which there are, fetching their weights, and how an endpoint behaves."""

from typing import TYPE_CHECKING, Annotated

import typer

from .. import keys
from ..places import models_directory
from ..resources import LOCAL_TIMEOUT_S, choose_model
from . import options, reading, terminal, wiring

if TYPE_CHECKING:
    from ..models import Model
    from ..settings import Settings

app = typer.Typer(help="Embedded models and endpoints.", no_args_is_help=True)

USUAL_ANSWER_TOKENS = 180
"""What a card takes, measured on the seed corpus."""

CARD_TOKENS = 5_000
"""What prompt and answer of a card take of a context, with the shipped taxonomy."""


@app.command("list")
def list_() -> None:
    """List the embedded models and the providers."""
    from ..local.store import listing
    from ..models import DEFAULT_LOCAL, LOCAL, PROVIDERS

    directory = models_directory(wiring.settings())
    held = {one.file.name: one for one in listing(directory)}
    for name, model in LOCAL.items():
        assert model.file is not None
        one = held[model.file.name]
        size = f"{model.file.size / 1e6:,.0f} MB"
        default = "  (default)" if name == DEFAULT_LOCAL else ""
        print(f"{name:<26} {one.state:<8} {size:>9}  {model.file.licence}{default}")
    print(f"{'baseline':<26} {'built in':<8} {'':>9}  no model: similarity, rules, fitted weights")
    for provider, known in PROVIDERS.items():
        print(f"{provider + '/…':<26} {known.mode:<11} {known.base_url or keys.OPENAI_URL}")
    print(f"weights are kept in {directory}")


@app.command("pull")
def pull(
    name: Annotated[
        str, typer.Argument(help="An embedded model, as local/qwen2.5-coder-1.5b.")
    ] = "local/qwen2.5-coder-1.5b",
) -> None:
    """Fetch the weights of an embedded model, once, and check them by their hash."""
    from ..errors import UsageError
    from ..models import resolve

    model = resolve(name)
    if model.file is None:
        raise UsageError(f"{name} has no weights to fetch")
    with wiring.resources(wiring.settings()) as opened:
        print(opened.pull(model.file))


@app.command("doctor")
def doctor(
    source: Annotated[
        str | None,
        typer.Argument(help="A corpus: says how long it would take.", metavar="SOURCE"),
    ] = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    insecure: options.Insecure = None,
    column: options.Columns = None,
) -> None:
    """Say whether a model's endpoint answers, keeps to a schema, and how fast it is."""
    from ..endpoint import Endpoint
    from ..errors import EndpointError
    from ..form import ANSWER_TOKENS
    from ..probe import estimate, probe

    chosen = wiring.settings(model=model, base_url=base_url, insecure=insecure)
    entry = choose_model(chosen)
    if entry.plan == "baseline":
        print("baseline asks no endpoint")
        return
    if entry.plan == "encoder":
        _encoder_speed(chosen, entry)
        return
    with wiring.resources(chosen) as session:
        if entry.file is not None:
            server = session.server(entry)
            timeout_s = LOCAL_TIMEOUT_S
            endpoint = Endpoint(entry, server.base_url, server.api_key, timeout_s, ANSWER_TOKENS)
        else:
            terminal.note(f"trying {wiring.named(entry)}")
            endpoint = session.endpoint(entry)
        found = probe(endpoint, session.form(entry), say=terminal.note)
    print(f"{entry.name} at {'a server of our own' if entry.file else endpoint.shown_url}")
    for said in found.adapted:
        print(f"  adapted            it {said}")
    if not found.answers:
        raise EndpointError(endpoint.without_key(found.reason), where=endpoint.shown_url)
    assert found.form is not None
    yes = {True: "yes", False: "no"}
    print(f"  answers            {yes[found.answers]}")
    print(f"  keeps to a schema  {_schema(found.enforces_schema, found.form.mode)}")
    print(f"  logprobs           {yes[found.logprobs]}")
    print(f"  usage              {yes[found.usage]}")
    print(f"  answers may take   {found.form.answer_tokens:,} tokens (--answer-tokens)")
    print(f"  context            {_context(found.context_tokens, found.most_context_tokens)}")
    print(f"  reads              {_speed(found.prompt_tokens_per_second)}")
    print(f"  writes             {_speed(found.completion_tokens_per_second)}")
    if source is not None:
        from ..sources import BadRecord, open_source

        lengths = [
            len(record.title) + len(record.text)
            for record in open_source(source, reading.asked(chosen, column))
            if not isinstance(record, BadRecord)
        ]
        papers, characters = len(lengths), sum(lengths)
        if papers:
            # The prefix is read once; four characters are about a token of English.
            seconds = estimate(found, papers, characters // papers // 4, USUAL_ANSWER_TOKENS)
            took = "an unknown time" if seconds is None else terminal.duration(seconds)
            print(f"  {papers} papers would take about {took}, one at a time")


def _encoder_speed(chosen: "Settings", entry: "Model") -> None:
    """Read one made-up paper and say how long that takes."""
    import asyncio
    import time

    from ..paper import Paper

    sentence = "We propose a method that forecasts time series, and test it on public data. "
    paper = Paper("doctor", "Forecasting with a small network", sentence * 8)
    with wiring.resources(chosen) as session:
        reader = session.reader(entry)

        async def twice() -> float:
            await reader.read(paper)
            begin = time.monotonic()
            await reader.read(paper)
            return time.monotonic() - begin

        seconds = asyncio.run(twice())
    print(f"{entry.name}: asks no endpoint")
    print(f"  reads a paper in   {seconds:.2f} s")


def _schema(enforced: bool, mode: str) -> str:
    if enforced:
        return "yes"
    held = mode in ("json_schema", "tools")
    return "no: it takes one and ignores it; answers are checked, and asked for again" if held else "no"


def _context(tokens: int | None, most: int | None) -> str:
    could = f"; the model could take {most:,}" if most is not None and most != tokens else ""
    if tokens is None:
        return f"not known{could}"
    small = tokens < CARD_TOKENS
    advice = f": too small for a card, which takes about {CARD_TOKENS:,}" if small else ""
    if small and could:
        advice += " (Ollama: set OLLAMA_CONTEXT_LENGTH)"
    return f"{tokens:,} tokens{could}{advice}"


def _speed(tokens_per_second: float | None) -> str:
    return "not known" if tokens_per_second is None else f"{tokens_per_second:.0f} tokens/s"
