"""`papercards merge`: joins the parts of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadInput, UsageError
from ..runs.resources import choose_model
from .shared import options, recorded, source_options, terminal, wiring

if TYPE_CHECKING:
    from ..runs.part import Part
    from ..runs.record import RunRecord
    from ..spent import Spent


def merge(
    cards: Annotated[
        Path, typer.Argument(help="The output that enrich --part was given.", metavar="CARDS.jsonl")
    ],
    output: Annotated[
        list[Path] | None,
        options.outputs("Output file; may be given several times (default: CARDS.jsonl itself)."),
    ] = None,
    cache_dir: options.CacheDir = None,
    excel: options.Excel = False,
    name_notes: options.NameNotes = "title",
) -> None:
    """Join the parts of a run made with enrich --part, as if it had been one run.

    The sources are read again to check that no paper is missing; no model is used.
    """
    from ..runs.job import Job
    from ..runs.merging import Merged
    from ..runs.record import record_path
    from ..sinks import shaped
    from .shared.check_outputs import check_outputs
    from .shared.drive import Screen, finish

    parts = _parts(cards)
    records = {part: _record(part, path) for part, path in parts.items()}
    first, old = min(records.items(), key=lambda one: one[0].number)
    record = record_path(parts[first])
    outputs = list(shaped(output or [cards], excel=excel, name_notes=name_notes))
    # Nothing is sent, so the record may name the endpoint.
    chosen = wiring.settings(
        **recorded.made_with(old, record), base_url=old.settings.endpoint, cache_dir=cache_dir
    )
    entry = choose_model(chosen)
    sources = recorded.sources(old, record)
    if changed := recorded.changes(old, sources, old.made_by):
        raise BadInput(
            f"changed since: {'; '.join(changed)}",
            where=str(record),
            next_step="Restore the sources, or run the parts again",
        )
    for part, other in records.items():
        if (said := _alike(old, other)) is not None:
            raise BadInput(
                f"{said} differs from that of part {first}",
                where=str(record_path(parts[part])),
                next_step="Run all parts with the same command",
            )
    check_outputs(sources, outputs)
    job = Job(
        tuple(sources),
        tuple(outputs),
        source_options.again(chosen, old.settings, judged=True, outputs=outputs),
        keep_duplicates=old.settings.keep_duplicates,
    )
    merged = Merged(parts, old.made_by)
    with wiring.resources(chosen) as resources:
        screen = Screen(job.count(), free=entry.plan == "baseline")
        for one in records.values():
            screen.counts.cached -= one.counts.new
            screen.counts.spent += _spent(one)
        whole = job.run(resources, entry, screen.drive, screen, reader=merged, finished=merged)
    code = finish(screen.progress, job, whole=whole)
    for place in merged.left_over() if whole else ():
        terminal.note(f"papercards: {place}: belongs to no paper of the sources, or stands there twice")
        code = code or 1
    raise typer.Exit(code)


def _parts(cards: Path) -> "Mapping[Part, Path]":
    """The files of all parts. Raises UsageError if one is missing or there are parts of several runs."""
    from ..runs.part import Part, parts_of
    from ..sinks import destination

    place = destination(cards)[1]
    found = parts_of(place)
    numbers = {part.of for part in found}
    if len(numbers) != 1:
        raise UsageError(
            "has parts of several runs" if found else "has no parts",
            where=str(place),
            next_step="Delete those of the other run" if found else "Write them with enrich --part K/N",
        )
    of = numbers.pop()
    missing = [one for number in range(1, of + 1) if (one := Part(number, of)) not in found]
    if missing:
        raise UsageError(
            f"{len(missing)} of {of} parts are missing: {', '.join(map(str, missing[:10]))}"
            + (", ..." if len(missing) > 10 else ""),
            where=str(place),
            next_step=f"Run the command with --part {missing[0]}",
        )
    return found


def _record(part: "Part", path: Path) -> "RunRecord":
    """The record of a part. Raises UsageError if it does not belong to a whole part."""
    from ..runs.record import read_record, record_path

    place = record_path(path)
    record = read_record(place)
    if record.status != "complete" or record.settings.part != str(part):
        raise UsageError(
            f"part {part} is not complete",
            where=str(place),
            next_step=f"Run the command with --part {part} again; it will go on",
        )
    return record


def _alike(one: "RunRecord", other: "RunRecord") -> str | None:
    """What differs between two parts of a run that should not; None if nothing does."""
    for name in ("papercards", "made_by", "sources"):
        if getattr(one, name) != getattr(other, name):
            return {"papercards": "the version of papercards", "made_by": "how its cards were made"}.get(
                name, name
            )
    # Where a cache lies, and the number of the part, may differ.
    same = one.settings.model_copy(update={"part": None, "cache_dir": None, "outputs": ()})
    if same != other.settings.model_copy(update={"part": None, "cache_dir": None, "outputs": ()}):
        return "a setting"
    return None


def _spent(record: "RunRecord") -> "Spent":
    from ..spent import Spent

    return Spent(
        calls=record.counts.calls,
        prompt_tokens=record.tokens.prompt,
        completion_tokens=record.tokens.completion,
        known_usd=record.cost_usd or 0.0,
        unpriced=record.counts.calls if record.cost_usd is None else 0,
    )
