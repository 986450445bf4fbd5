"""`papercards watch`: polls sources and adds cards for new papers."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..configuration.settings import Settings
from ..errors import BadInput, PapercardsError, StorageError, UsageError, importing
from ..runs.resources import choose_model
from ..text.wording import counted
from .shared import options, source_options, terminal, wiring
from .shared.papers import beside

if TYPE_CHECKING:
    from ..pages.renewed_site import RenewedSite
    from ..paper import Paper
    from ..runs.batch import Outcome
    from ..runs.counts import Counts
    from ..runs.ledger import Ledger
    from ..runs.news import News
    from ..sources import BadRecord, Options

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


def _output(word: str) -> Path:
    """An output of a watch: `site/`, or any folder of that name, is a static site."""
    return Path(f"site:{word}") if re.search(r"(^|/)site/+$", word) else options.output(word)


@options.grouped
def watch(
    sources: Annotated[
        list[str],
        typer.Argument(help="Sources to poll, as for enrich; usually a query.", metavar="QUERY"),
    ],
    output: Annotated[
        list[Path],
        options.outputs(
            "Output file; may be given several times. New cards are appended to the first JSONL file, "
            "and papers with a card in it are not new. The other outputs are written from it; digest.md, or "
            "any .html, has only what is new since the last round; site/, or site:FOLDER, is a static site.",
            _output,
        ),
    ],
    every: Annotated[
        str, typer.Option(help="Time between two rounds, such as 30m, 12h, 1d or 1w.", metavar="TIME")
    ] = "1d",
    once: Annotated[bool, typer.Option("--once", help="Run one round now and exit, for cron.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="New papers of each source that a round reads; the next rounds read the rest.",
            metavar="N",
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            help="Order the digest by likeness to these papers: a library, another source, or cards.",
            metavar="SOURCE",
        ),
    ] = None,
    model: options.Model = None,
    *,
    flags: options.RunFlags,
    source_flags: options.SourceFlags,
    category: options.Categories = None,
    force: options.Force = False,
) -> None:
    """Poll a query and add cards for new papers.

    Each round reads a query from its newest paper back to the first known one. A new watch begins with the
    newest 200 papers of a query; with --limit it goes back to the first, N papers a round. --max-cost applies
    to one round.
    """
    from ..sinks.digest import digest_place
    from ..sources import is_named, open_source
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
    digests = [place for one in output if (place := digest_place(one)) is not None]
    if like is not None and not digests:
        raise UsageError(
            "nothing is ordered without a digest", where="--like", next_step="Add one, such as -o digest.html"
        )
    output = [one for one in output if digest_place(one) is None]
    sites = _sites(output)
    output = [one for one in output if not str(one).startswith("site:")]
    outputs = [
        *output,
        *(Path(f"markdown:{place}") for place in digests),
        *(Path(f"vault:{place}") for place in sites),
    ]
    check_outputs([*sources, *([like] if like is not None else [])], outputs)
    asked = source_options.asked(
        chosen,
        source_flags,
        category=category,
        newest=True,
        max_age_s=FRESH_S,
        # Rounds come again anyway, and the other sources of this one wait meanwhile.
        patience_s=ONCE_PATIENCE_S if once else None,
        judged=not force,
        outputs=outputs,
    )
    entry = choose_model(chosen)
    if entry.plan != "baseline" and entry.file is None:
        terminal.note(f"new papers with {wiring.named(entry, chosen.pool)}")
    if like is not None and not is_named(like):
        open_source(like, asked)  # a name with a typo is said before anything is asked
    watching = Watch(chosen, sources, asked, output, limit, digests, like, sites)
    try:
        if once:
            raise typer.Exit(watching.round(""))
        while True:
            watching.wait(every_s)
            watching.patient_round(every_s)
    except KeyboardInterrupt:
        terminal.note("interrupted; run the same command again to continue")
        raise typer.Exit(130) from None


def _sites(output: Sequence[Path]) -> list[Path]:
    """The folders of sites among the outputs. Raises MissingExtra without what they are made with."""
    if not any(str(one).startswith("site:") for one in output):
        return []
    with importing("The static site", "serve"):
        from ..pages.renewed_site import site_place
    return [place for one in output if (place := site_place(one)) is not None]


def _seconds(every: str) -> float:
    found = re.fullmatch(r"([1-9]\d{0,5})\s*([smhdw])", every.strip().lower())
    if found is None:
        raise UsageError(
            f'"{every}" is not a valid interval',
            where="--every",
            next_step="Use a form such as 30m, 12h, 1d or 1w",
        )
    return float(int(found[1]) * _UNITS[found[2]])


@dataclass(frozen=True, slots=True)
class _Round:
    """What a round did."""

    counts: "Counts"
    checked: int
    """Records that were looked at."""
    whole: bool
    """Whether it ended by itself."""
    lost: "list[BadInput]"
    """Errors of sources that could not be read."""
    more: bool
    """Whether new papers are left for the next round."""
    places: dict[str, tuple[str, ...]]
    """The new places of sources that were read to the known papers."""


@dataclass
class Watch:
    """Runs rounds over the sources of one command.

    Raises UsageError if no output is JSONL, or if the format of an output is unknown.
    """

    chosen: "Settings"
    sources: Sequence[str]
    asked: "Options"
    output: Sequence[Path]
    limit: int | None = None
    """Number of new papers of a source that a round reads."""
    digests: Sequence[Path] = ()
    like: str | None = None
    """What orders the digests."""
    sites: Sequence[Path] = ()

    def __post_init__(self) -> None:
        from ..runs.ledger import load, state_path
        from ..sinks import destination

        formats = [destination(path) for path in self.output]
        ledgers = [place for kind, place in formats if kind.name == "jsonl"]
        if not ledgers:
            raise UsageError(
                "watch needs a JSONL output to add cards to",
                where="-o",
                next_step="Add one, such as -o cards.jsonl; the other outputs are written from it",
            )
        self._sources, self._path = tuple(self.sources), ledgers[0]
        self._others = [
            spec for spec, (_, place) in zip(self.output, formats, strict=True) if place != self._path
        ]
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
        from ..runs.news import News

        begin = time.time()
        self._rounds += 1
        if self.limit is not None and not self._state.places.keys() >= set(self._sources):
            # A round without a limit, too, is to read all of what one with a limit has begun.
            self._state.places = dict.fromkeys(self._sources, ()) | self._state.places
            self._state.save(self._state_path)
        since = _clock(self._state.last_round) if self._state.last_round is not None else ""
        with ExitStack() as stack:
            with ledger(self._path) as cards:
                site = self._site(stack)
                news = News(self._path, cards.size, self._state, self.digests)
                if self.digests:
                    self._state.save(self._state_path)  # what a killed round adds is news, too
                before = len(cards.ids)
                done = self._enrich(cards, news, site)
            # Not before the cards are on disk: what the state calls known must have one.
            if done.whole and not done.lost:
                self._state.last_round = begin
            self._state.places |= done.places
            self._show_others()
            written = self._tell(news, _clock(begin), since)
            self._state.save(self._state_path)
            if site is not None:
                written += [site.write(place, beside(site.cards)) for place in self.sites]
        for error in done.lost[1:]:
            terminal.note(f"papercards: {error}")
        if done.lost and not done.checked:
            raise done.lost[0]
        counts = done.counts
        parts = [f"{done.checked:,} checked", f"{counts.done:,} new"]
        if counts.failed:
            parts.append(f"{counts.failed} failed")
        if counts.without_abstract:
            parts.append(f"{counts.without_abstract:,} without an abstract")
        if found := counts.filled.total():
            parts.append(f"{counted(found, 'abstract')} filled")
        if done.more:
            parts.append("more follow in the next round")
        held = f"{self._path} ({counted(before + counts.done, 'card')})"
        ended = done.whole and not done.lost
        terminal.note(f"{_clock(begin)}: {', '.join(parts)} → {held}{after if ended else ''}")
        for line in written:
            terminal.note(line)
        if not done.whole:
            terminal.note("interrupted; run the same command again and it will go on")
            raise typer.Exit(130)
        if done.lost:
            raise done.lost[0]
        return 1 if counts.failed else 0

    def _tell(self, news: "News", date: str, since: str) -> list[str]:
        """Write the digests; returns a line about each."""
        if not self.digests:
            return []
        with wiring.resources(self.chosen) as session:
            return news.write(session, self.like, replace(self.asked, newest=False), date, since)

    def _site(self, stack: ExitStack) -> "RenewedSite | None":
        from ..configuration.places import cache_directory

        if not self.sites:
            return None
        from ..pages.renewed_site import renewed_site

        kept = cache_directory(self.chosen) / "watch" if self.chosen.cache else None
        return stack.enter_context(renewed_site(self._path, kept))

    def _enrich(self, cards: "Ledger", news: "News", site: "RenewedSite | None") -> "_Round":
        """Add cards for new papers."""
        from ..id_set import IdSet
        from ..runs.batch import Done, Failed
        from ..runs.job import Job
        from ..runs.ledger import GIVEN_UP, Failing, KnownPapers
        from ..runs.walk import Walk
        from ..sources import NoPapers
        from .shared.drive import Screen

        entry = choose_model(self.chosen)
        state, failing, met = self._state, dict[str, Failing](), IdSet()
        walks = [Walk(one, self.asked, cards, state, self.limit, met) for one in self._sources]
        lost: list[BadInput] = []
        empty, again = set[str](), set[str]()

        def new() -> "Iterator[Paper | BadRecord]":
            for walk in walks:
                try:
                    yield from walk.papers()
                except NoPapers:
                    empty.add(walk.source)  # no papers is not an error
                except BadInput as error:
                    lost.append(error)  # an unavailable service does not stop the others

        class Round(Screen):
            def took(self, outcomes: "list[Outcome]") -> None:
                super().took(outcomes)
                news.take(outcomes)
                if site is not None:
                    site.take(outcome.paper for outcome in outcomes if isinstance(outcome, Done))
                for outcome in outcomes:
                    if isinstance(outcome, Failed):
                        name = outcome.where if outcome.without_abstract else outcome.id or outcome.where
                        rounds = state.failing[name].rounds if name in state.failing else 0
                        failing[name] = Failing(reason=outcome.message, rounds=rounds + 1)
                        if outcome.id and not outcome.without_abstract and rounds + 1 < GIVEN_UP:
                            again.add(name)

        screen = Round(None, free=entry.plan == "baseline")
        job = Job(self._sources, (self._path,), self.asked, record=False)
        with wiring.resources(self.chosen) as session:
            reader = session.reader(entry)
            known = KnownPapers(cards, session.finished(reader, judged=self.asked.judged))
            whole = job.run(session, entry, screen.drive, screen, new(), reader, known, opened=[cards])
        for walk in walks:
            failing |= {name: one for name, one in walk.failing.items() if name not in failing}
            if walk.begins:
                terminal.note(
                    f"{walk.source}: the watch begins with {walk.beginning}; with --limit N it goes back to "
                    "the first, N papers a round"
                )
            if walk.gap:
                terminal.note(
                    f"papercards: {walk.source}: shows only its newest {counted(walk.checked, 'paper')}, and "
                    "none of the last round: papers between may be missing; let rounds come more often"
                )
        through = whole and not again
        ended = whole and not lost and all(walk.through or walk.source in empty for walk in walks)
        # A round that has not seen all of them keeps what is known of the others.
        state.failing = failing if ended else {**state.failing, **failing}
        return _Round(
            counts=screen.counts,
            checked=sum(walk.checked for walk in walks),
            whole=whole,
            lost=lost,
            more=any(walk.more for walk in walks),
            places={walk.source: walk.place for walk in walks if through and walk.through},
        )

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
