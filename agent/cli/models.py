"""`papercards models`: lists models, downloads weights and tests endpoints."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..configuration.places import models_directory
from ..configuration.settings import Settings
from ..errors import EndpointError, UsageError
from ..model.catalogue import COMPATIBLE, DEFAULT_LOCAL, LOCAL, OWN_KEY, Model, resolve
from ..runs.resources import choose_model
from .command_help import Commands, example
from .shared import options, terminal, wiring
from .shared.papers import of_source

if TYPE_CHECKING:
    from ..model.decider import Decided
    from ..model.doctor import EndpointReport
    from ..model.endpoint import Endpoint

app = typer.Typer(cls=Commands, help="List, download and test models.", no_args_is_help=True)

USUAL_ANSWER_TOKENS = 180
"""Completion tokens for a card, measured on the seed corpus."""

CARD_TOKENS = 5_000
"""Context tokens for prompt and answer of a card, with the shipped taxonomy."""


@app.command("list", epilog=example("papercards models list"))
def list_() -> None:
    """List embedded models and providers."""
    from ..local.store import state_of
    from ..model.providers import known

    chosen = wiring.settings()
    directory = models_directory(chosen)
    states = {
        "whole": "downloaded",
        "partial": "incomplete",
        "absent": "not downloaded",
        "damaged": "damaged",
    }
    print("On this machine; papercards models pull NAME downloads one:")
    for name, model in LOCAL.items():
        assert model.file is not None
        state = states[state_of(model.file, directory)]
        size = f"{model.file.size / 1e6:,.0f} MB"
        default = "  (default)" if name == DEFAULT_LOCAL else ""
        print(f"{name:<26} {state:<14} {size:>9}  {model.file.licence}{default}")
    print(f"{'baseline':<26} {'built in':<14} {'':>9}  no language model: similarity, rules, fitted weights")
    print("\nProviders, as -m NAME/MODEL, with the variable of the key, the address and what is supported:")
    for name, provider in known(chosen.providers).items():
        print(f"{name + '/…':<26} {_key(provider.key):<29} {provider.base_url}")
        print(f"{'':<26} {', '.join(provider.supports)}")
    print(f"{COMPATIBLE + '/…':<26} {_key(OWN_KEY):<29} the address that you give with --base-url")
    print(f"\nweights are stored in {directory}")


@app.command("pull", epilog=example("papercards models pull local/qwen2.5-coder-1.5b"))
def pull(
    name: Annotated[
        str, typer.Argument(help="An embedded model, such as local/minilm.", metavar="MODEL")
    ] = "local/qwen2.5-coder-1.5b",
) -> None:
    """Download the weights of an embedded model and check their hash."""
    model = resolve(name)
    if model.file is None:
        raise UsageError(f"{name} has no weights to download")
    with wiring.resources(wiring.settings()) as opened:
        print(opened.pull(model.file))


@app.command("doctor", epilog=example("papercards models doctor -m openai/gpt-4.1-mini"))
def doctor(
    source: Annotated[
        str | None,
        typer.Argument(help="Papers to estimate the running time for.", metavar="SOURCE"),
    ] = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    plan: options.Plan = None,
    insecure: options.Insecure = None,
    column: options.Columns = None,
) -> None:
    """Test a model's endpoint: does it answer, does it follow a schema, how fast is it."""
    from ..model.doctor import estimate, probe

    chosen = wiring.settings(model=model, base_url=base_url, plan=plan, insecure=insecure)
    entry = choose_model(chosen)
    if entry.plan == "baseline":
        print("baseline uses no endpoint")
        return
    if entry.plan == "encoder":
        _encoder_speed(chosen, entry)
        return
    if entry.plan == "decide":
        _decisions(chosen, entry)
        return
    with wiring.resources(chosen) as session:
        if entry.file is None:
            terminal.note(f"trying {wiring.named(entry, chosen.pool)}")
        form = session.form(entry)
        probed = [(one, probe(one, form, say=terminal.note)) for one in session.endpoints(entry)]
    for endpoint, found in probed:
        _print_found(entry, endpoint, found)
    wrong = [
        f"{one.shown_url}: {one.without_key(found.reason)}" for one, found in probed if not found.answers
    ]
    if wrong and len(probed) == 1:
        raise EndpointError(endpoint.without_key(found.reason), where=endpoint.shown_url)
    if len({str(found.form) for _, found in probed if found.answers}) > 1:
        modes = ", ".join(f"{one.shown_url}: {found.form.mode}" for one, found in probed if found.form)
        wrong.append(
            f"they take different requests ({modes}), and one that refuses what the others take is left out "
            "of a pool: set in [endpoint] what all take, such as mode"
        )
    if wrong:
        raise EndpointError("; ".join(wrong), where=f"{len(probed)} endpoints")
    if source is not None:
        lengths = [len(paper.title) + len(paper.text) for paper in of_source(source, column, chosen)]
        if count := len(lengths):
            # The prefix is read once; four characters are about a token of English.
            seconds = estimate(found, count, sum(lengths) // count // 4, USUAL_ANSWER_TOKENS)
            took = "an unknown amount of time" if seconds is None else terminal.duration(seconds)
            print(f"  {count} papers would take about {took}, one at a time")


def _print_found(entry: "Model", endpoint: "Endpoint", found: "EndpointReport") -> None:
    """Print what one endpoint supports."""
    print(f"{entry.name} at {'a local server' if entry.file else endpoint.shown_url}")
    if entry.provider is not None:
        print(f"  documented         {', '.join(entry.provider.supports)}; key: {_key(entry.provider.key)}")
    for said in found.adapted:
        print(f"  adapted            it {said}")
    if found.form is None:
        return
    yes = {True: "yes", False: "no"}
    print(f"  answers            {yes[found.answers]}")
    print(f"  follows a schema   {_schema(found.enforces_schema, found.form.mode)}")
    print(f"  logprobs           {yes[found.logprobs]}")
    print(f"  usage              {yes[found.usage]}")
    print(f"  answer limit       {found.form.answer_tokens:,} tokens (--answer-tokens)")
    if entry.plan != "stepwise":
        print(f"  context            {_context(found.context_tokens, found.most_context_tokens)}")
    print(f"  reads              {_speed(found.prompt_tokens_per_second)}")
    print(f"  writes             {_speed(found.completion_tokens_per_second)}")


def _decisions(chosen: "Settings", entry: "Model") -> None:
    """Ask a decision endpoint two questions and print what comes back."""
    import asyncio
    from dataclasses import replace

    from ..model.decisions import Question

    asked = [
        Question("noon", "Is it noon?"),
        Question("sky", "Which colour has the sky?", {"blue": "", "green": "like grass"}),
    ]
    with wiring.resources(replace(chosen, summary=False)) as session:
        terminal.note(f"trying {wiring.named(entry, chosen.pool)}")

        async def ask() -> "Decided":
            decider = (await session.bench(entry)).decider
            try:
                return await decider.ask("At noon the clear sky is blue.", asked)
            finally:
                await decider.close()

        found = asyncio.run(ask())
        limits = session.decide(entry).limits
        print(f"{entry.name} at {session.endpoint(entry).shown_url}")
    said = found.chances
    print(f"  decides            yes: noon {said['noon']['yes']:.2f}, blue sky {said['sky']['blue']:.2f}")
    print(f"  limits             {limits.questions} questions a request, {limits.options} options a choice")
    print(f"  usage              {'yes' if found.spent.prompt_tokens else 'no'}")
    print(f"  answers in         {found.seconds:.2f} s")


def _encoder_speed(chosen: "Settings", entry: "Model") -> None:
    """Read one sample paper and print how long it takes."""
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
    print(f"{entry.name}: uses no endpoint")
    print(f"  reads a paper in   {seconds:.2f} s")


def _key(variable: str | None) -> str:
    """The variable of a key, and whether it is set."""
    import os

    if variable is None:
        return "no key"
    return f"{variable}{' (set)' if os.environ.get(variable, '').strip() else ''}"


def _schema(enforced: bool, mode: str) -> str:
    if enforced:
        return "yes"
    held = mode in ("json_schema", "tools")
    return (
        "no: it accepts a schema and ignores it; answers are checked, and requested again if wrong"
        if held
        else "no"
    )


def _context(tokens: int | None, most: int | None) -> str:
    could = f"; the model supports up to {most:,}" if most is not None and most != tokens else ""
    if tokens is None:
        return f"unknown{could}"
    small = tokens < CARD_TOKENS
    advice = f": too small for a card, which needs about {CARD_TOKENS:,}" if small else ""
    if small and could:
        advice += " (Ollama: set OLLAMA_CONTEXT_LENGTH)"
    return f"{tokens:,} tokens{could}{advice}"


def _speed(tokens_per_second: float | None) -> str:
    return "unknown" if tokens_per_second is None else f"{tokens_per_second:.0f} tokens/s"
