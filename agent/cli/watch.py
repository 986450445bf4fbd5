"""`papercards watch`: polls sources and adds cards for new papers."""

import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..runs.resources import choose_model
from ..text.wording import counted
from .shared import options, source_options, terminal, wiring

if TYPE_CHECKING:
    from ..configuration.settings import Settings
    from ..errors import BadInput
    from ..paper import Paper
    from ..runs.batch import Outcome
    from ..runs.counts import Counts
    from ..runs.ledger import Ledger
    from ..sources import BadRecord, Options

LOOKED_AT = 200
"""Papers of a query that a round checks, unless --limit is given."""

FRESH_S = 300.0
"""Maximum age in seconds of a service's answer that a round may reuse, so that an interrupted round need not
fetch again.
"""

SHORTEST_S = 600.0
"""Minimum seconds between two rounds that query a service."""

ONCE_PATIENCE_S = 6 * 3600.0
"""Maximum seconds to wait for a service that throttles, if there is only one round (--once)."""

AGAIN_S = 600.0
"""Seconds until the next round after the source or the model was unavailable, if that is sooner."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@options.grouped
def watch(
    sources: Annotated[
        list[str],
        typer.Argument(help="Sources to poll, as for enrich; usually a query.", metavar="QUERY..."),
    ],
    output: Annotated[
        list[Path],
        options.outputs(
            "Output file; may be given several times. New cards are appended to the first JSONL file, "
            "and papers with a card in it are not new. The other outputs are written from it."
        ),
    ],
    every: Annotated[
        str, typer.Option(help="Time between two rounds, such as 30m, 12h, 1d or 1w.", metavar="TIME")
    ] = "1d",
    once: Annotated[bool, typer.Option("--once", help="Run one round now and exit, for cron.")] = False,
    limit: options.Limit = None,
    model: options.Model = None,
    *,
    flags: options.RunFlags,
    source_flags: options.SourceFlags,
    category: options.Categories = None,
    force: options.Force = False,
) -> None:
    """Poll a query and add cards for new papers.

    --limit is the number of papers of each QUERY that a round checks, newest first (default: 200; all papers
    of a file). --max-cost applies to one round.
    """
    from ..errors import UsageError
    from ..sources import is_named
    from .shared.check_outputs import check_outputs

    chosen = wiring.settings(flags, model=model)
    named = any(is_named(source) for source in sources)
    every_s = _seconds(every)
    if "-" in sources:
        raise UsageError("standard input can be read only once", where="watch")
    if named and not once and every_s < SHORTEST_S:
        raise UsageError(
            f"services can be polled every {SHORTEST_S / 60:.0f} minutes at most",
            where="--every",
            next_step="Most services update once a day",
        )
    asked = source_options.asked(
        chosen,
        source_flags,
        category=category,
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
        terminal.note("interrupted; run the same command again to continue")
        raise typer.Exit(130) from None


def _seconds(every: str) -> float:
    from ..errors import UsageError

    found = re.fullmatch(r"([1-9]\d{0,5})\s*([smhdw])", every.strip().lower())
    if found is None:
        raise UsageError(
            f'"{every}" is not a valid interval',
            where="--every",
            next_step="Use a form such as 30m, 12h, 1d or 1w",
        )
    return float(int(found[1]) * _UNITS[found[2]])


class Watch:
    """Runs rounds over the sources of one command."""

    def __init__(
        self, chosen: "Settings", sources: Sequence[str], asked: "Options", output: Sequence[Path]
    ) -> None:
        """Raises UsageError if no output is JSONL, or if the format of an output is unknown."""
        from ..errors import UsageError
        from ..runs.ledger import load, state_path
        from ..sinks import destination

        formats = [destination(path) for path in output]
        ledgers = [place for kind, place in formats if kind.name == "jsonl"]
        if not ledgers:
            raise UsageError(
                "watch needs a JSONL output to add cards to",
                where="-o",
                next_step="Add one, such as -o cards.jsonl; the other outputs are written from it",
            )
        self._chosen = chosen
        self._sources = tuple(sources)
        self._asked = asked
        self._path = ledgers[0]
        self._others = [spec for spec, (_, place) in zip(output, formats, strict=True) if place != self._path]
        self._state_path = state_path(self._path)
        self._state = load(self._state_path, self._sources)
        self._due: float | None = None
        """Unix time of the next round if the last one failed, else None."""
        self._rounds = 0

    def wait(self, every_s: float) -> None:
        """Wait until the next round is due."""
        last = self._state.last_round
        due = self._due if self._due is not None else (last + every_s if last is not None else 0.0)
        if not self._rounds and 0.0 < due - time.time() <= every_s:
            terminal.note(f"the last round was {_clock(last or 0.0)}; next {_clock(due)}")
        # Wall-clock time is checked repeatedly: the machine may sleep, and its clock may be set.
        while 0.0 < (left_s := due - time.time()) <= every_s:
            time.sleep(min(left_s, 30.0))

    def patient_round(self, every_s: float) -> None:
        """Run one round; if it fails, the next one comes soon.

        Raises errors of the command itself, which show in the first round.
        """
        from ..errors import PapercardsError, StorageError, UsageError

        self._due = None
        try:
            self.round(f"; next {_clock(time.time() + every_s)}")
        except PapercardsError as error:
            if self._rounds == 1 and isinstance(error, (UsageError, StorageError)):
                raise
            self._due = time.time() + min(every_s, AGAIN_S)
            terminal.note(f"papercards: {error}; next try {_clock(self._due)}")

    def round(self, after: str) -> int:
        """Check the sources once and add new cards; returns the exit code, 1 if papers failed.

        `after` is appended to the line that it prints. Raises typer.Exit with 130 if Ctrl-C ended it early.
        """
        from ..runs.ledger import ledger

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
        news = [f"{looked_at:,} checked", f"{counter.done:,} new"]
        if counter.failed:
            news.append(f"{counter.failed} failed")
        if counter.without_abstract:
            news.append(f"{counter.without_abstract:,} without an abstract")
        held = f"{self._path} ({counted(before + counter.done, 'card')})"
        terminal.note(f"{_clock(begin)}: {', '.join(news)} → {held}{after if whole and not lost else ''}")
        if not whole:
            terminal.note("interrupted; run the same command again and it will go on")
            raise typer.Exit(130)
        if lost:
            raise lost[0]
        return 1 if counter.failed else 0

    def _enrich(self, cards: "Ledger") -> "tuple[Counts, int, bool, list[BadInput]]":
        """Add cards for new papers.

        Returns the counts, the number of records checked, whether the round ended normally, and the errors
        of unavailable sources.
        """
        from ..errors import BadInput
        from ..paper import identity
        from ..runs.batch import Failed
        from ..runs.job import Job
        from ..runs.ledger import Failing
        from ..sources import BadRecord, NoPapers
        from .shared.drive import Screen

        entry = choose_model(self._chosen)
        state, failing = self._state, dict[str, Failing]()
        looked_at = 0
        lost: list[BadInput] = []

        def every() -> "Iterator[Paper | BadRecord]":
            for source in self._sources:
                try:
                    yield from Job((source,), options=self._asked).papers(cards.local_ids)
                except NoPapers:
                    # No new papers is not an error.
                    continue
                except BadInput as error:
                    # An unavailable service does not stop the others.
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

        class Round(Screen):
            def took(self, outcomes: "list[Outcome]") -> None:
                super().took(outcomes)
                for outcome in outcomes:
                    if isinstance(outcome, Failed):
                        name = outcome.where if outcome.without_abstract else outcome.id or outcome.where
                        rounds = state.failing[name].rounds if name in state.failing else 0
                        failing[name] = Failing(reason=outcome.message, rounds=rounds + 1)

        screen = Round(None, free=entry.plan == "baseline")
        job = Job(self._sources, (self._path,), self._asked, record=False)
        with wiring.resources(self._chosen) as session:
            whole = job.run(session, entry, screen.drive, screen, new(), opened=[cards])
        # An interrupted round has not seen all of them.
        state.failing = failing if whole and not lost else {**state.failing, **failing}
        return screen.counts, looked_at, whole, lost

    def _show_others(self) -> None:
        """Write those other outputs from the ledger that are not up to date."""
        from ..sinks import destination, open_sink, read_cards

        size = self._path.stat().st_size
        for spec in self._others:
            if not size or (self._state.shown.get(str(spec)) == size and destination(spec)[1].exists()):
                continue
            sink = open_sink(spec, None, self._sources, cards=self._path)
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
