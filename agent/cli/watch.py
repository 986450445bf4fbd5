"""`papercards watch`: a source looked at again and again, and a card for what is new in it."""

import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..resources import choose_model
from . import options, reading, terminal, wiring

if TYPE_CHECKING:
    from ..batch import Outcome
    from ..counts import Counts
    from ..errors import BadInput
    from ..paper import Paper
    from ..settings import Settings
    from ..sources import BadRecord, Options
    from ..watching import Ledger

LOOKED_AT = 200
"""Papers of a name that a round looks at, where --limit says nothing."""

FRESH_S = 300.0
"""How old an answer may be that a round takes for new: one that was cut off need not ask again."""

SHORTEST_S = 600.0
"""Between two rounds that ask a service."""

ONCE_PATIENCE_S = 6 * 3600.0
"""How long a service that throttles is waited for where there is one round alone, as in cron's."""

AGAIN_S = 600.0
"""After a round in which the source or the model could not be had, if that is sooner."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def watch(
    sources: Annotated[
        list[str],
        typer.Argument(help="What to look at: as for enrich, most often a query.", metavar="QUERY..."),
    ],
    output: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            parser=options.output,
            help="Where the cards go; may repeat. The first JSONL file is added to, and what has a card "
            "there is not new; the others are written from it.",
            metavar="FILE",
        ),
    ],
    every: Annotated[
        str, typer.Option(help="From one round to the next, as 30m, 12h, 1d, 1w.", metavar="TIME")
    ] = "1d",
    once: Annotated[bool, typer.Option("--once", help="One round now, for cron.")] = False,
    limit: options.Limit = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    insecure: options.Insecure = None,
    taxonomy: options.Taxonomy = None,
    concurrency: options.Concurrency = None,
    timeout: options.Timeout = None,
    answer_tokens: options.AnswerTokens = None,
    reasoning_effort: options.ReasoningEffort = None,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    max_cost: options.MaxCost = None,
    price: options.Price = None,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = None,
    offline: options.Offline = None,
    column: options.Columns = None,
    table: options.Table = None,
    category: options.Categories = None,
    sections: options.Sections = None,
    force: options.Force = False,
) -> None:
    """Look at a query again and again, and add a card for every paper that is new.

    --limit is how many papers of each QUERY a round looks at, the newest first: 200 unless it says
    otherwise, all of a file. --max-cost is for one round.
    """
    from ..errors import UsageError
    from ..sources import is_named
    from .check_outputs import check_outputs

    chosen = wiring.settings(
        model=model,
        base_url=base_url,
        insecure=insecure,
        taxonomy=taxonomy,
        concurrency=concurrency,
        timeout_s=timeout,
        answer_tokens=answer_tokens,
        reasoning_effort=reasoning_effort,
        rpm=rpm,
        tpm=tpm,
        max_cost=max_cost,
        price=price,
        cache_dir=cache_dir,
        no_cache=no_cache,
        offline=offline,
    )
    named = any(is_named(source) for source in sources)
    every_s = _seconds(every)
    if "-" in sources:
        raise UsageError("standard input can be read only once", where="watch")
    if named and not once and every_s < SHORTEST_S:
        raise UsageError(
            f"a service is asked every {SHORTEST_S / 60:.0f} minutes at most",
            where="--every",
            next_step="Most have news once a day",
        )
    asked = reading.asked(
        chosen,
        column,
        table=table,
        category=category,
        sections=sections,
        limit=limit or (LOOKED_AT if named else None),
        newest=True,
        max_age_s=FRESH_S,
        # Rounds come again anyway, and the other sources of this one wait meanwhile.
        patience_s=ONCE_PATIENCE_S if once else None,
        judged=not force,
        outputs=output,
    )
    check_outputs(sources, output)
    entry = choose_model(chosen)
    if entry.plan != "baseline" and entry.file is None:
        terminal.note(f"new papers with {wiring.named(entry)}")
    watching = Watch(chosen, sources, asked, output)
    try:
        if once:
            raise typer.Exit(watching.round(""))
        while True:
            watching.wait(every_s)
            watching.patient_round(every_s)
    except KeyboardInterrupt:
        terminal.note("interrupted; run the same command again to go on")
        raise typer.Exit(130) from None


def _seconds(every: str) -> float:
    from ..errors import UsageError

    found = re.fullmatch(r"([1-9]\d{0,5})\s*([smhdw])", every.strip().lower())
    if found is None:
        raise UsageError(
            f'"{every}" is no time between rounds', where="--every", next_step="As 30m, 12h, 1d or 1w"
        )
    return float(int(found[1]) * _UNITS[found[2]])


class Watch:
    """Rounds over one command's sources."""

    def __init__(
        self, chosen: "Settings", sources: Sequence[str], asked: "Options", output: Sequence[Path]
    ) -> None:
        """Raises UsageError where no output is JSONL, or one is of no known format."""
        from ..errors import UsageError
        from ..sinks import destination
        from ..watching import load, state_path

        formats = [destination(path) for path in output]
        ledgers = [place for kind, place in formats if kind.name == "jsonl"]
        if not ledgers:
            raise UsageError(
                "a watch adds its cards to a JSONL file",
                where="-o",
                next_step="Name one too, as -o cards.jsonl; the other outputs are written from it",
            )
        self._chosen = chosen
        self._sources = tuple(sources)
        self._asked = asked
        self._path = ledgers[0]
        self._others = [spec for spec, (_, place) in zip(output, formats, strict=True) if place != self._path]
        self._state_path = state_path(self._path)
        self._state = load(self._state_path, self._sources)
        self._due: float | None = None
        """When the next round is, where the last one failed; Unix time."""
        self._rounds = 0

    def wait(self, every_s: float) -> None:
        """Until the next round is due."""
        last = self._state.last_round
        due = self._due if self._due is not None else (last + every_s if last is not None else 0.0)
        if not self._rounds and 0.0 < due - time.time() <= every_s:
            terminal.note(f"the last round was {_clock(last or 0.0)}; next {_clock(due)}")
        # Wall time, looked at again and again: a machine may sleep, and its clock may be set.
        while 0.0 < (left_s := due - time.time()) <= every_s:
            time.sleep(min(left_s, 30.0))

    def patient_round(self, every_s: float) -> None:
        """One round; where it fails, the next one is soon.

        Raises what is wrong with the command itself, which shows in the first round.
        """
        from ..errors import PapercardsError, StorageError, UsageError

        self._due = None
        try:
            self.round(f"; next {_clock(time.time() + every_s)}")
        except PapercardsError as error:
            if self._rounds == 1 and isinstance(error, (UsageError, StorageError)):
                raise
            self._due = time.time() + min(every_s, AGAIN_S)
            terminal.note(f"papercards: {error}; again {_clock(self._due)}")

    def round(self, after: str) -> int:
        """Look once and add what is new; gives the exit code, 1 where papers failed.

        `after` ends the line that it prints. Raises typer.Exit with 130 where Ctrl-C ended it early.
        """
        from ..watching import ledger

        begin = time.time()
        self._rounds += 1
        with ledger(self._path) as cards:
            before = len(cards.ids)
            counter, looked_at, whole, lost = self._enrich(cards)
        self._show_others()
        if whole and not lost:
            self._state.last_round = begin
        self._state.save(self._state_path)
        for error in lost[1:]:
            terminal.note(f"papercards: {error}")
        if lost and not looked_at:
            raise lost[0]
        news = [f"{looked_at:,} looked at", f"{counter.done:,} new"]
        if counter.failed:
            news.append(f"{counter.failed} failed")
        held = f"{self._path} ({before + counter.done:,} cards)"
        terminal.note(f"{_clock(begin)}: {', '.join(news)} → {held}{after if whole and not lost else ''}")
        if not whole:
            terminal.note("interrupted; run the same command again to go on where it stopped")
            raise typer.Exit(130)
        if lost:
            raise lost[0]
        return 1 if counter.failed else 0

    def _enrich(self, cards: "Ledger") -> "tuple[Counts, int, bool, list[BadInput]]":
        """Counts, records looked at, whether it went to its end, and why sources could not be had."""
        from ..batch import Failed
        from ..errors import BadInput
        from ..job import Job, Writer
        from ..paper import identity
        from ..sinks import errors_path
        from ..sinks.errors_file import ErrorsFile
        from ..sources import BadRecord, NoPapers
        from ..watching import Failing
        from .running import Screen, driving

        entry = choose_model(self._chosen)
        screen = Screen(None, free=entry.plan == "baseline")
        state, failing = self._state, dict[str, Failing]()
        looked_at = 0
        lost: list[BadInput] = []

        def every() -> "Iterator[Paper | BadRecord]":
            for source in self._sources:
                try:
                    yield from Job((source,), options=self._asked).papers(cards.local_ids)
                except NoPapers:
                    # Nothing new is no news, and no error.
                    continue
                except BadInput as error:
                    # One service that cannot be had leaves the others.
                    lost.append(error)

        def new() -> "Iterator[Paper | BadRecord]":
            nonlocal looked_at
            for record in every():
                looked_at += 1
                if isinstance(record, BadRecord):
                    if state.known(record.where, record.reason):
                        failing[record.where] = state.failing[record.where]
                        continue
                elif state.given_up(record.id):
                    failing[record.id] = state.failing[record.id]
                    continue
                elif identity(record.id, record.title) in cards.ids:
                    continue
                yield record

        def take(outcomes: "list[Outcome]") -> None:
            writer.take(outcomes)
            for outcome in outcomes:
                if isinstance(outcome, Failed):
                    name = outcome.id or outcome.where
                    rounds = state.failing[name].rounds if name in state.failing else 0
                    failing[name] = Failing(reason=outcome.message, rounds=rounds + 1)

        errors = ErrorsFile(errors_path(self._path))
        writer = Writer([cards], errors, screen)
        try:
            with wiring.resources(self._chosen) as session:
                reader = session.reader(entry)
                session.budget(entry)
                whole = driving(screen.progress)(
                    reader, new(), session.concurrency(entry), take, session.finished(reader)
                )
        finally:
            errors.close()
        # A round that was cut off has not met them all.
        state.failing = failing if whole and not lost else {**state.failing, **failing}
        return screen.counts, looked_at, whole, lost

    def _show_others(self) -> None:
        """Write the other outputs from the ledger, those that do not show all of it."""
        from ..sinks import destination, open_sink, read_cards

        size = self._path.stat().st_size
        for spec in self._others:
            if not size or (self._state.shown.get(str(spec)) == size and destination(spec)[1].exists()):
                continue
            sink = open_sink(spec, None, self._sources)
            try:
                for card in read_cards(self._path):
                    sink.write(card, None)
                sink.close()
            finally:
                sink.abandon()
            self._state.shown[str(spec)] = size
            self._state.save(self._state_path)


def _clock(when: float) -> str:
    return datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M")
