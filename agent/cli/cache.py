"""`papercards cache`: what is in the cache, why an answer is not, and rows that leave or enter it."""

import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..configuration.places import cache_directory
from ..errors import BadInput, UsageError, VerifyFailed
from ..runs.resources import choose_model
from ..text.wording import counted
from .command_help import Commands, example
from .shared import options, papers, terminal, wiring

if TYPE_CHECKING:
    from ..model.cache import Kept, Part
    from ..model.cache_rows import Choice, Stored
    from ..paper import Paper
    from ..reading.reader import Reader

app = typer.Typer(cls=Commands, help="Show, check, prune and move the cache.", no_args_is_help=True)

SHOWN = 20
"""Rows that are refused or damaged and are printed, at most."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which answers are meant."""

    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Only answers of this model.", metavar="MODEL")
    ] = None
    prompt: Annotated[
        str | None,
        typer.Option(help="Only answers to this prompt version; its beginning is enough.", metavar="NAME"),
    ] = None
    older_than: Annotated[
        float | None, typer.Option(min=0, help="Only answers that are older than DAYS.", metavar="DAYS")
    ] = None
    max_size: Annotated[
        float | None,
        typer.Option(min=0, help="Only the oldest answers beyond MB megabytes of answers.", metavar="MB"),
    ] = None

    def choice(self) -> "Choice":
        """The choice that these options make."""
        from ..model.cache_rows import Choice

        return Choice(
            timedelta(days=self.older_than) if self.older_than is not None else None,
            self.model,
            self.prompt,
            int(self.max_size * 1e6) if self.max_size is not None else None,
        )


@app.command("stats", epilog=example("papercards cache stats"))
def stats(
    cache_dir: options.CacheDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Print the size of the cache, and its answers by model and prompt.

    The cost is what the answers cost when they were given: what they save when they are wanted again.
    """
    from ..model.cache_rows import sums
    from .shared import eval_tables

    folder = cache_directory(wiring.settings(cache_dir=cache_dir))
    groups = sums(_stored(folder))
    if as_json:
        eval_tables.print_json(groups)
        return
    answers = sum(group.answers for group in groups)
    lines, _ = _lines(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {counted(answers, 'answer')}, {counted(lines, 'finished card')}, {size / 1e6:,.1f} MB")
    for group in groups:
        dates = " to ".join(dict.fromkeys((group.oldest[:10], group.newest[:10])))
        cost = f"{terminal.money(group.cost_usd)} saved" if group.priced else "cost unknown"
        cost = "free" if group.priced == group.answers and not group.cost_usd else cost
        if 0 < group.priced < group.answers:
            cost += f" (known for {group.priced:,})"
        print(
            terminal.clean(
                f"  {group.model or 'unknown model'}, {group.prompt or 'unknown prompt'}: "
                f"{counted(group.answers, 'answer')}, {group.bytes / 1e6:,.1f} MB, {dates}, {cost}"
            )
        )


@app.command(
    "explain",
    epilog=example("papercards cache explain arxiv:2401.03955 --source papers.jsonl -m openai/gpt-4.1"),
)
@options.grouped
def explain(
    paper_id: Annotated[str, typer.Argument(help="Id of a paper, as its card has it.", metavar="ID")],
    source: Annotated[
        str | None,
        typer.Option(help="Source of the paper, to compare its text too.", metavar="SOURCE"),
    ] = None,
    model: options.Model = None,
    *,
    flags: options.ModelFlags,
) -> None:
    """Show whether a paper's answer is in the cache, else what differs from the nearest one."""
    from ..model.cache_misses import nearest
    from ..reading.reader import names_of
    from ..text import identifiers

    name = identifiers.name(paper_id) or paper_id
    chosen = wiring.settings(flags, model=model)
    entry = choose_model(chosen)
    with wiring.resources(chosen) as session:
        reader = session.reader(entry)
        paper = _paper(name, source) if source is not None else None
        asked = _asked(reader, paper)
        if paper is not None and reader.wants(paper) is None:
            print(f"{name}: the answer of {entry.name} is in the cache; nothing would be sent")
            return
        names = {**names_of(reader, paper or _nobody(name)), "id": name}
    folder = cache_directory(chosen)
    rows = [one.row for one in _stored(folder) if one.row is not None]
    for fields, parts in asked.items():
        about = f"{name}: {fields}" if fields else name
        found = nearest(rows, parts, names)
        if len(asked) > 1 and found and not found[0].changes:
            continue
        if not found:
            print(f"{about}: no answer of any model or prompt is in {folder}")
        for one in found:
            answer = one.row.answer
            label = f"{one.row.names.get('model') or one.row.parts.get('model')}, {answer.created}"
            if not one.changes:
                print(terminal.clean(f"{about}: an answer is there ({label})"))
                continue
            print(terminal.clean(f"{about}: not used is the answer of {label}"))
            for line in one.changes:
                print(terminal.clean(f"  {line}"))
    if paper is None:
        terminal.note("the text of the paper was not compared; give it with --source")


@app.command("prune", epilog=example("papercards cache prune --older-than 365 --dry-run"))
@options.grouped
def prune(
    *,
    chosen: Chosen,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be deleted, and delete nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    cache_dir: options.CacheDir = None,
) -> None:
    """Delete answers by age, model, prompt or size; with several options, those that fit all of them."""
    from ..model.cache import Cache
    from ..model.cache_rows import Choice, sums
    from ..runs.card_lines import forget

    folder = cache_directory(wiring.settings(cache_dir=cache_dir))
    choice = chosen.choice()
    if choice == Choice():
        raise UsageError(
            "no choice of answers to delete", next_step="Use --older-than, --model, --prompt or --max-size"
        )
    meant = choice.of(_stored(folder), datetime.now(UTC))
    cost = sum(group.cost_usd for group in sums(meant))
    what = f"{counted(len(meant), 'answer')}, {sum(one.size for one in meant) / 1e6:,.1f} MB"
    what += f", which cost {terminal.money(cost)}" if cost else ""
    if dry_run or not meant:
        print(f"would delete {what}" if meant else "nothing to delete")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"would delete {what}", next_step="Run it with --yes, or see --dry-run")
        typer.confirm(f"Delete {what}?", abort=True, err=True)
    cache = Cache(folder)
    try:
        cache.delete(one.key for one in meant)
    finally:
        cache.close()
    # Finished cards are made again from the answers that are left.
    with suppress(sqlite3.Error):
        forget(folder)
        with closing(sqlite3.connect(folder / "answers" / "cache.db")) as table:
            table.execute("VACUUM")
    terminal.note(f"deleted {what}")


@app.command("export", epilog=example("papercards cache export -o answers.jsonl"))
@options.grouped
def export(
    output: Annotated[
        Path | None,
        options.to_file("JSONL file to write (default: standard output)."),
    ] = None,
    *,
    chosen: Chosen,
    cache_dir: options.CacheDir = None,
) -> None:
    """Write answers as plain JSONL, one per line with the parts of its key.

    Damaged rows are left out, and those that hold a key: one of the environment, or a parameter named like
    one.
    """
    from ..model.cache_rows import line_of
    from ..safety.redact import PLACEHOLDERS, secrets_of
    from ..sinks.files import write_lines

    folder = cache_directory(wiring.settings(cache_dir=cache_dir))
    secrets = [one for one in secrets_of(os.environ) if one.lower() not in PLACEHOLDERS]
    left_out = written = 0

    def lines() -> Iterator[str]:
        nonlocal left_out, written
        for one in chosen.choice().of(_stored(folder), datetime.now(UTC)):
            line = line_of(one.row, secrets) if one.row is not None else None
            left_out += line is None
            written += line is not None
            if line is not None:
                yield line

    if output is None:
        for line in lines():
            print(line)
    else:
        write_lines(output, lines())
    terminal.note(f"{counted(written, 'answer')} → {output or 'standard output'}")
    if left_out:
        terminal.note(f"{counted(left_out, 'answer')} with a key, left out")


@app.command("import", epilog=example("papercards cache import answers.jsonl"))
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files of cache export.", metavar="FILE")],
    cache_dir: options.CacheDir = None,
) -> None:
    """Add exported answers to the cache; answers that it has already are kept.

    A row is refused if its key is not that of its parts or its answer is none that papercards writes; then
    the exit code is 1. Import only files of people whom you trust: cards are made from their answers.
    """
    from ..model.cache import Cache

    cache = Cache(cache_directory(wiring.settings(cache_dir=cache_dir)))
    refused: list[str] = []
    added = known = 0
    try:
        for file in files:
            rows: list[Kept] = []
            for row in _imported(file, refused):
                if cache.get(row.parts) is not None:
                    known += 1
                    continue
                rows.append(row)
                if len(rows) == AT_ONCE:
                    cache.put_all(rows)
                    added += len(rows)
                    rows.clear()
            cache.put_all(rows)
            added += len(rows)
    finally:
        cache.close()
    terminal.note(f"{counted(added, 'answer')} added, {known:,} there already, {len(refused):,} refused")
    for line in refused[:SHOWN]:
        terminal.note(f"  {line}")
    if refused:
        raise typer.Exit(1)


AT_ONCE = 256
"""Rows that are stored in one transaction."""


def _imported(file: Path, refused: list[str]) -> "Iterator[Kept]":
    from ..model.cache_rows import row_of_line
    from ..sources.lines import raw_lines

    try:
        with file.open("rb") as stream:
            for number, line in enumerate(raw_lines(stream), start=1):
                if line is not None and not line.strip():
                    continue
                try:
                    if line is None:
                        raise ValueError("is too long")
                    yield row_of_line(line)
                except ValueError as error:
                    refused.append(f"{file}:{number}: {error}")
    except OSError as error:
        raise BadInput(f"cannot read: {error.strerror}", where=str(file)) from error


def _paper(name: str, source: str) -> "Paper":
    for paper in papers.of_source(source):
        if paper.id == name:
            return paper
    raise BadInput(f"no paper has the id {name}", where=source)


def _nobody(name: str) -> "Paper":
    from ..paper import Paper

    return Paper(name, "", "")


def _asked(reader: "Reader", paper: "Paper | None") -> "Mapping[str, Mapping[str, Part]]":
    """What the answers for a paper are stored under, by the fields that they are about."""
    from ..reading.decide.reader import DecideReader
    from ..reading.own_labels import OwnLabelsReader
    from ..reading.reader import ModelReader
    from ..reading.reading_copy import reading_copy
    from ..reading.stepwise.reader import StepwiseReader

    if isinstance(reader, OwnLabelsReader):
        reader = reader.inner
    if isinstance(reader, DecideReader):
        return reader.keys(paper)
    if not isinstance(reader, ModelReader | StepwiseReader):
        raise UsageError(
            f"{reader.made_by.get('name', 'this model')} has no answers that can be explained",
            next_step="Choose another with -m",
        )
    if paper is not None:
        own = reader.own.keys(reading_copy(paper).paper) if isinstance(reader, StepwiseReader) else {}
        return {"": reader.key_parts(paper), **own}
    names: tuple[str, ...] = ("name", "context", "prompt", "fields", "summary")
    if isinstance(reader, ModelReader):
        names = (*names, "taxonomy")
    return {"": {name: part for name, part in reader.made_by.items() if name not in names}}


@app.command("verify", epilog=example("papercards cache verify"))
def verify(cache_dir: options.CacheDir = None) -> None:
    """Find answers and cards in the cache that are damaged or were not written by papercards.

    Damaged entries are never used: answers are requested again, and cards are made again.
    """
    folder = cache_directory(wiring.settings(cache_dir=cache_dir))
    rows = list(_stored(folder))
    answers, damaged = len(rows), [(one.key, one.damage) for one in rows if one.damage]
    lines, strange = _lines(folder)
    print(f"{folder}")
    print(f"  {counted(answers, 'answer')}, {len(damaged):,} of them damaged")
    print(f"  {counted(lines, 'finished card')}, {strange:,} of them changed or made by another user")
    for key, why in damaged[:SHOWN]:
        print(f"  answer {key[:16]}: {why}")
    if strange:
        print(
            "  Finished cards that were changed or made by another user are not used: they are made again "
            "from the answers, without requests. To remove them, delete answers/finished.db."
        )
    if damaged:
        raise VerifyFailed(
            f"{counted(len(damaged), 'answer')} damaged and not used",
            where=str(folder),
            next_step="Nothing needs to be done: these answers are requested again when they are needed. "
            "If you did not expect this, delete the folder: someone else may have written to it",
        )
    print("no damage found" if not strange else "no damaged answers")


def _stored(folder: Path) -> "Iterator[Stored]":
    from ..model.cache_rows import stored

    try:
        yield from stored(folder)
    except sqlite3.Error as error:
        raise _unreadable(folder / "answers" / "cache.db", error) from error


def _lines(folder: Path) -> tuple[int, int]:
    from ..runs.card_lines import survey

    try:
        return survey(folder) or (0, 0)
    except sqlite3.Error as error:
        raise _unreadable(folder / "answers" / "finished.db", error) from error


def _unreadable(path: Path, error: sqlite3.Error) -> Exception:
    return VerifyFailed(
        f"cannot read: {error}",
        where=str(path),
        next_step="Delete this file; its content is requested or made again"
        if "locked" not in str(error)
        else "Another process is using it: try again when that has ended",
    )
