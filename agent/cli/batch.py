"""`enrich --batch-api` and `papercards batch`: sends batches, and collects the answers later."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..configuration.places import cache_directory
from ..configuration.settings import Settings
from ..errors import UsageError
from ..model.catalogue import Model
from ..runs.resources import Resources, choose_model
from ..text.wording import counted
from .command_help import Commands, example
from .shared import agreeing, options, source_options, terminal, wiring

if TYPE_CHECKING:
    from ..reading.reader import ModelReader
    from ..runs.job import Job
    from ..runs.provider_batch.requests import Plan
    from ..runs.provider_batch.service import Remote, Service
    from ..runs.provider_batch.state import Command, State
    from ..sources import Options

LATE = "results are missing; collect again later, or use --give-up to continue without them"

app = typer.Typer(
    cls=Commands, help="Follow and collect batches sent with enrich --batch-api.", no_args_is_help=True
)

StateFile = Annotated[
    Path | None,
    typer.Argument(
        help="Path of the .batch.json beside the output (default: the one in this folder).", metavar="STATE"
    ),
]


def submit(
    chosen: "Settings",
    sources: Sequence[str],
    output: Sequence[Path],
    *,
    options: "Options",
) -> None:
    """Send requests that the cache cannot answer as batches, or continue an interrupted submission."""
    import asyncio
    from importlib import metadata

    from ..model.call import Caller
    from ..model.transport import Transport
    from ..runs.job import Job
    from ..runs.provider_batch import requests, submitting
    from ..runs.provider_batch.state import alone, requests_folder, state_path, take_up
    from ..sinks import destination, open_sink

    entry = choose_model(chosen)
    _refuse(chosen, entry, sources, output)
    path = state_path(destination(output[0])[1])
    folder = requests_folder(path)
    for file in output:
        open_sink(file).abandon()  # find out whether it can be written before paying for anything
    with wiring.resources(chosen) as session, alone(path):
        endpoint = session.endpoint(entry)
        reader = _reader(session, entry)
        job = Job(tuple(sources), tuple(output), options)
        command = _command(session, reader, job)
        state = take_up(path, command, metadata.version("papercards"))
        if any(sent.waiting for sent in state.batches) and not submitting.unsent(state, folder):
            terminal.note(
                f"{wiring.named(entry)}: already sent and not collected yet, so nothing is sent now"
            )
        elif submitting.unsent(state, folder):
            terminal.note(f"continuing the submission to {wiring.named(entry)}")
        else:
            caller = Caller(Transport(endpoint), reader.forms[-1])
            requests.forget_requests(folder)
            plan = requests.write_requests(
                job.ordered(job.papers()),
                reader,
                lambda asked: caller.body(asked.kind, asked.prefix, asked.content),
                folder,
                first=max((sent.number for sent in state.batches), default=0) + 1,
            )
            terminal.note(_tell(plan, entry))
            if not plan.batches:
                terminal.note("nothing left to send; run enrich without --batch-api to get the cards")
                return
            state.batches += plan.batches

        async def send() -> None:
            async with _service(session, entry) as service:
                await submitting.submit(service, state, path, folder, terminal.note)

        asyncio.run(send())
        requests.forget_requests(folder)
    if endpoint.base_url != endpoint.shown_url:
        terminal.note(
            "the address is stored without its secrets: set PAPERCARDS_BASE_URL to all of it to collect"
        )
    name = shlex.quote(str(path))
    terminal.note(f"progress:  papercards batch status {name}")
    terminal.note(f"cards:     papercards batch collect {name}")


@app.command("status", epilog=example("papercards batch status"))
def status(
    state: StateFile = None,
    base_url: options.BaseUrl = None,
    insecure: options.Insecure = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Print each batch: id, status, requests done/failed/total, age."""
    import asyncio

    from ..runs.provider_batch.collecting import watch
    from ..runs.provider_batch.state import load

    path = _find(state)
    known = load(path)
    remotes: dict[str, Remote] = {}
    if any(sent.waiting for sent in known.batches):
        asked = wiring.settings(base_url=base_url, insecure=insecure, cache_dir=cache_dir)
        with wiring.resources(_settings(path, known, asked)) as session:
            entry = choose_model(session.settings)
            terminal.note(_first_line(path, known, entry))

            async def ask() -> None:
                async with _service(session, entry) as service:
                    remotes.update({remote.id: remote for remote in await watch(service, known)})

            asyncio.run(ask())
    for sent in known.batches:
        print(_line(sent.batch_id, remotes.get(sent.batch_id or ""), sent.requests))


@app.command("collect", epilog=example("papercards batch collect --wait 3600"))
def collect(
    state: StateFile = None,
    wait: Annotated[
        float, typer.Option(help="Time to wait for unfinished batches.", min=0, metavar="SECONDS")
    ] = 0.0,
    give_up: Annotated[
        bool,
        typer.Option("--give-up", help="Do not wait for missing results; write the cards there are."),
    ] = False,
    output: Annotated[
        list[Path] | None,
        options.outputs(
            "Output file; may be given several times (default: the outputs of enrich --batch-api)."
        ),
    ] = None,
    base_url: options.BaseUrl = None,
    insecure: options.Insecure = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Download the answers of finished batches and write the cards.

    For safety, the state file cannot choose where keys are sent or what is overwritten. If you used
    --base-url, another cache, or outputs outside the file's folder, give them again here.
    """
    from ..runs.provider_batch.state import alone, load

    path = _find(state)
    load(path)
    asked = wiring.settings(base_url=base_url, insecure=insecure, cache_dir=cache_dir)
    with alone(path):
        _collect(path, load(path), asked, output, wait, give_up)


def _collect(
    path: Path, known: "State", said: "Settings", named: list[Path] | None, wait: float, give_up: bool
) -> None:
    import asyncio

    from ..model.call import Caller
    from ..model.transport import Transport
    from ..runs.job import Job
    from ..runs.provider_batch.collecting import (
        PRICE_FACTOR,
        CollectedReader,
        Lines,
        arrived,
        fetch,
        missing,
        watch,
    )
    from ..runs.provider_batch.state import requests_folder
    from ..sources import is_named
    from ..text.prefix import split
    from .shared.drive import Screen, finish

    asked = known.command
    output = named or [Path(form + asked.path(place)) for form, place in map(split, asked.outputs)]
    if not any(sent.waiting for sent in known.batches):
        terminal.note("all batches are collected; run enrich again for papers that failed")
        return
    if not named:
        agreeing.outputs(path, output)
    with (
        wiring.resources(_settings(path, known, said)) as session,
        Lines(requests_folder(path) / "results.sqlite") as lines,
    ):
        entry = choose_model(session.settings)
        terminal.note(_first_line(path, known, entry))
        reader = _reader(session, entry)
        known.check(reader.prompt.version, session.taxonomy.version)

        async def gather() -> "list[Remote]":
            async with _service(session, entry) as service:
                remotes = await watch(service, known, wait)
                if give_up:
                    remotes = [
                        remote if remote.known else replace(remote, status="completed") for remote in remotes
                    ]
                await fetch(service, [remote for remote in remotes if remote.ended], lines, terminal.note)
                return remotes

        remotes = asyncio.run(gather())
        running = {remote.id: remote for remote in remotes if not remote.ended}
        partly = {remote.id for remote in remotes if remote.ended and not arrived(remote, lines)}
        for sent in known.batches:
            if sent.batch_id in running:
                terminal.note(_line(sent.batch_id, running[sent.batch_id], sent.requests))
        unknown = [remote for remote in running.values() if not remote.known]
        for remote in unknown:
            terminal.note(
                f'{remote.id}: unknown status "{remote.status}"; '
                "if the batch has ended, use --give-up to take the results there are"
            )
        if lines.unreadable:
            terminal.note(
                f"cannot read {counted(lines.unreadable, 'line')} of the results; see {lines.odd_path}"
            )
        for remote in remotes:
            if remote.id in partly:
                terminal.note(missing(remote, lines))
        if len(running) == len(remotes):
            if len(unknown) < len(running):
                terminal.note("no batch has finished yet; collect again later, or use --wait SECONDS")
            raise typer.Exit(1)
        if (
            not give_up
            and len(partly) + len(running) == len(remotes)
            and not any(lines.count(remote.id) for remote in remotes)
        ):
            terminal.note(LATE)
            raise typer.Exit(1)
        sources = [name if is_named(name) else asked.path(name) for name in asked.sources]
        # Use the papers that were fetched then; a query may find others by now.
        papers = source_options.again(replace(session.settings, offline=True), asked)
        job = Job(tuple(sources), tuple(output), papers, record=False)
        screen = Screen(job.count(), free=False)
        listed = session.price(entry)
        price = listed.times(PRICE_FACTOR) if listed else None
        caller = Caller(Transport(session.endpoint(entry), price=price), reader.forms[-1])
        collected = CollectedReader(reader, caller, lines, remotes)
        whole = job.run(session, entry, screen.drive, screen, reader=collected)
        if whole:
            here = {remote.id for remote in remotes if remote.ended and (give_up or remote.id not in partly)}
            for sent in known.batches:
                sent.collected = sent.collected or sent.batch_id in here
            known.save(path)
            if not any(sent.waiting for sent in known.batches):
                lines.forget()
    if running:
        terminal.note(f"{counted(len(running), 'batch', 'batches')} not finished yet; collect again later")
    if partly and not give_up:
        terminal.note(LATE)
    elif not running and whole and screen.counts.failed:
        terminal.note(
            "run enrich again with --batch-api to resend failed requests, or without it to send them directly"
        )
    if code := finish(screen.progress, job, whole=whole):
        raise typer.Exit(code)


def _refuse(chosen: "Settings", entry: "Model", sources: Sequence[str], output: Sequence[Path]) -> None:
    """Raise UsageError for a command that cannot be sent as a batch."""
    if entry.plan != "one-call" or entry.file is not None:
        raise UsageError(
            f"--batch-api is only for hosted models with the plan one-call, not for {entry.name}",
            next_step="Choose one with --model, or leave out --batch-api",
        )
    if entry.provider is not None and not entry.provider.batch and entry.base_url is None:
        name = entry.name.partition("/")[0]
        raise UsageError(
            f"{name} has no batch API for files of requests as at OpenAI",
            next_step=f"Leave out --batch-api; if it has one now, set batch = true in [providers.{name}]",
        )
    if chosen.pool:
        raise UsageError("--batch-api takes one endpoint", next_step="Give one --base-url")
    if not output:
        raise UsageError(
            "--batch-api needs an output", next_step="Give one with -o; the batch state is stored beside it"
        )
    if not chosen.cache or chosen.offline:
        raise UsageError(
            "--batch-api stores its answers in the cache",
            next_step="Omit --no-cache and --offline",
        )
    for source in sources:
        if source == "-" or (Path(source).exists() and not Path(source).is_file()):
            raise UsageError(
                "--batch-api reads its sources again when the answers have arrived",
                where=source,
                next_step="Save the papers to a file first",
            )


def _reader(session: "Resources", entry: "Model") -> "ModelReader":
    from ..reading.reader import ModelReader

    reader = session.reader(entry)
    assert isinstance(reader, ModelReader)
    return reader


def _service(session: "Resources", entry: "Model") -> "Service":
    from ..runs.provider_batch.service import Service

    return Service(session.endpoint(entry), say=terminal.note)


def _command(session: "Resources", reader: "ModelReader", job: "Job") -> "Command":
    from ..runs.provider_batch.state import Command

    chosen, told = session.settings, job.settings(session, reader.model)
    given = told.model_dump(include=set(Command.model_fields))
    own: dict[str, Any] = {
        "folder": str(Path.cwd()),
        "sources": job.sources,
        "model": reader.model.name,
        "taxonomy": str(Path(chosen.taxonomy).absolute()) if chosen.taxonomy else None,
        "fields": _whole_path(chosen.fields),
        "cache_dir": str(cache_directory(chosen).absolute()),
        "price": chosen.price,
        "prompt": reader.prompt.version,
        "labels": session.taxonomy.version,
    }
    return Command(**given | own)


def _whole_path(fields: str | None) -> str | None:
    """The path of a fields file from any folder; the name of a shipped one stays."""
    from ..fields.file import EXAMPLES

    return fields if fields in (None, *EXAMPLES) else str(Path(fields).absolute())


def _settings(path: Path, known: "State", said: "Settings") -> "Settings":
    """The settings that give the same requests; `said` are those of this command.

    The address is kept without its secrets: where the one of the environment is the same, that has them.
    """
    asked, own = known.command, known.own
    return wiring.settings(
        model=asked.model,
        plan="one-call",
        base_url=agreeing.endpoint(path, asked.model, asked.endpoint, said, own=own),
        insecure=said.insecure,
        taxonomy=asked.taxonomy,
        fields=asked.fields,
        only=asked.only,
        cache_dir=str(agreeing.cache(path, Path(asked.cache_dir), said, own=own)),
        price=asked.price,
        cache=True,
        offline=False,
    )


def _find(path: Path | None) -> Path:
    if path is not None:
        return path
    found = sorted(Path().glob("*.batch.json"))
    if len(found) != 1:
        raise UsageError(
            "several batch states in this folder" if found else "no batch state in this folder",
            next_step="Give the .batch.json written by enrich --batch-api",
        )
    return found[0]


def _tell(plan: "Plan", entry: "Model") -> str:
    parts = [f"{wiring.first_line(plan.papers, entry)}: {counted(plan.requests, 'request')}"]
    parts += [f"{plan.kept:,} in the cache"] if plan.kept else []
    parts += [f"{plan.same:,} identical to another"] if plan.same else []
    parts += [f"{plan.too_large:,} too large to send"] if plan.too_large else []
    parts += [f"{counted(plan.unreadable, 'unreadable record')}"] if plan.unreadable else []
    return ", ".join(parts)


def _first_line(path: Path, known: "State", entry: "Model") -> str:
    return f"{path}: {counted(len(known.batches), 'batch', 'batches')} with {wiring.named(entry)}"


def _line(batch_id: str | None, remote: "Remote | None", requests: int) -> str:
    if batch_id is None:
        return f"{'-':<40} {'not sent':<12} {f'0/0/{requests}':>16}"
    if remote is None:
        return f"{batch_id:<40} {'collected':<12} {f'-/-/{requests}':>16}"
    age = "-" if remote.created_at is None else terminal.duration(max(0.0, time.time() - remote.created_at))
    counts = f"{remote.done}/{remote.failed}/{remote.total or requests}"
    problem = f"  {remote.problem}" if remote.problem else ""
    return f"{batch_id:<40} {remote.status:<12} {counts:>16}  {age}{problem}"
