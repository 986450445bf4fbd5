"""`papercards models`: which there are, fetching their weights, and how an endpoint behaves."""

from typing import Annotated

import typer

from . import options, reading, terminal, wiring

app = typer.Typer(help="Embedded models and endpoints.", no_args_is_help=True)

USUAL_ANSWER_TOKENS = 180
"""What a card takes, measured on the seed corpus."""


@app.command("list")
def list_() -> None:
    """List the embedded models and the providers."""
    from ..local.store import listing
    from ..models import DEFAULT_LOCAL, LOCAL, PROVIDERS

    directory = wiring.models_directory(wiring.settings())
    held = {one.file.name: one for one in listing(directory)}
    for name, model in LOCAL.items():
        assert model.file is not None
        one = held[model.file.name]
        size = f"{model.file.size / 1e6:,.0f} MB"
        default = "  (default)" if name == DEFAULT_LOCAL else ""
        print(f"{name:<26} {one.state:<8} {size:>9}  {model.file.licence}{default}")
    print(f"{'baseline':<26} {'built in':<8} {'':>9}  no model: similarity, rules, fitted weights")
    for provider, known in PROVIDERS.items():
        print(f"{provider + '/…':<26} {known.mode:<11} {known.base_url or wiring.OPENAI_URL}")
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
    print(wiring.pull(model.file, wiring.models_directory(wiring.settings())))


@app.command("doctor")
def doctor(
    source: Annotated[
        str | None,
        typer.Argument(help="A corpus: says how long it would take.", metavar="SOURCE"),
    ] = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    column: options.Columns = None,
) -> None:
    """Say whether a model's endpoint answers, keeps to a schema, and how fast it is."""
    from ..endpoint import NO_KEY, shown_url
    from ..errors import EndpointError
    from ..probe import estimate, probe

    chosen = wiring.settings(model=model, base_url=base_url)
    entry = wiring.choose_model(chosen)
    if entry.plan == "baseline":
        print("baseline asks no endpoint")
        return
    with wiring.session(chosen) as session:
        if entry.file is not None:
            server = session.server(entry)
            url, key = server.base_url, server.api_key
        else:
            url = wiring.endpoint_url(entry)
            key = wiring.api_key(entry, url)
        found = probe(url, key, entry.model_id, form=session.form(entry), full_name=entry.name)
    shown = shown_url(url)
    print(f"{entry.name} at {'a server of our own' if entry.file else shown}")
    if not found.answers:
        reason = found.reason.replace(key, "***") if key != NO_KEY else found.reason
        raise EndpointError(reason or "no answer", where=shown)
    yes = {True: "yes", False: "no", None: "not known"}
    print(f"  answers            {yes[found.answers]}")
    print(f"  keeps to a schema  {yes[found.enforces_schema]}")
    print(f"  logprobs           {yes[found.logprobs]}")
    print(f"  usage              {yes[found.usage]}")
    for said in found.adapted:
        print(f"  adapted            it {said}")
    context = found.context_tokens
    print(f"  context            {f'{context:,} tokens' if context else 'not known'}")
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


def _speed(tokens_per_second: float | None) -> str:
    return "not known" if tokens_per_second is None else f"{tokens_per_second:.0f} tokens/s"
