"""A run: papers from sources to outputs, failures to the errors file, and a record of the run.

Knows sources, sinks and the batch. Knows no command line; progress is reported through `Watcher`.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..configuration.places import cache_directory
from ..errors import BudgetSpent, PapercardsError
from ..safety.redact import shown_url
from ..sinks import LineSink, RemarkingSink, Sink, destination, open_sink, output_named
from ..sinks.errors_file import ErrorsFile, errors_path
from ..sources import BadRecord, Options, count_records, is_file, judged, open_source
from ..sources.abstracts import filled
from ..sources.local_ids import LocalIds
from ..text.wording import counted
from .batch import Batch, Done, Duplicate, Failed, Finished, Outcome
from .counts import Counts
from .part import Part
from .record import Settings
from .same_paper import AHEAD_BYTES, ahead

if TYPE_CHECKING:
    from ..model.catalogue import Model
    from ..paper import Paper
    from ..reading.home import Distance, Survey
    from ..reading.reader import Reader
    from .recording import Status
    from .resources import Resources

COUNTED_BYTES = 64 << 20
"""Sources up to this size are counted first, so that the time left can be shown."""
NAMED = 5
"""Maximum number of papers without an abstract that are named."""
SHOWN_FAILURES = 20
"""Maximum number of failures printed, so that they do not push everything else off the screen."""

Drive = Callable[[Batch, Callable[[], Awaitable[None]]], None]
"""Runs a function to its end in an event loop; may stop the batch, which the function follows."""


class Watcher:
    """Observes a run; this base class only counts."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.distance: Distance | None = None
        """How far the papers are from the labelled ones, once the run has ended."""

    def took(self, outcomes: list[Outcome]) -> None:
        """Take outcomes that were written."""
        self.counts.add(outcomes)

    def say(self, text: str) -> None:
        """Take a sentence about the run."""

    def cluster(self, text: str) -> None:
        """Take what the workers of a cluster do now, in a few words."""

    def lines(self, lines: Sequence[bytes]) -> None:
        """Take the cards of a run without outputs, as lines of JSON."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is to do, independent of the model."""

    sources: tuple[str, ...]
    """Files, folders or names of papers, as for `open_source`."""
    outputs: tuple[Path, ...] = ()
    """Files or folders, as for `open_sink`; if there are none, the watcher gets the lines."""
    options: Options = field(default_factory=Options)
    """Options of the sources."""
    shards: int | None = None
    """Number of files that each output is split into."""
    record: bool = True
    """Whether `NAME.run.json` is written beside the first output."""
    part: Part | None = None
    """The part of the papers that is processed; None for all."""
    keep_duplicates: bool = False
    """Whether each of several records of one paper is asked about, instead of one for all of them."""

    @classmethod
    def of(
        cls, sources: str | Path | Iterable[str | Path], outputs: str | Path | Iterable[str | Path]
    ) -> "Job":
        """Make a job from one or several sources and outputs."""
        return cls(
            tuple(map(str, _several(sources))), tuple(output_named(str(one)) for one in _several(outputs))
        )

    def papers(self, ids: LocalIds | None = None) -> "Iterator[Paper | BadRecord]":
        """The records of all sources in order, at most `options.limit`.

        Opens all sources at the call. `ids` are the ids of earlier papers. Raises what `open_source` raises.
        """
        records = self._unjudged()
        whole = filled(judged(records) if self.options.judged else records, self.options)
        apart = (ids or LocalIds()).apart(whole)
        if self.part is None:
            return apart
        return self.part.deal(self.ordered(apart), by_id_only=self.keep_duplicates)

    def records(self) -> "Iterator[Paper | BadRecord]":
        """The same before they are judged and told apart, where a batch can do that itself."""
        # Parts are dealt, and papers ordered, by ids of their own; what is no abstract is judged before it
        # is filled.
        early = self.part is not None or self.options.fill_abstracts or self._reads_ahead()
        return self._unjudged() if self.options.judged and not early else self.papers()

    def _unjudged(self) -> "Iterator[Paper | BadRecord]":
        unjudged = replace(self.options, judged=False)
        opened = [open_source(source, unjudged) for source in self.sources]
        return islice(chain.from_iterable(opened), self.options.limit)

    def count(self) -> int | None:
        """Number of records up to `options.limit`; the limit (or None) if counting is slow or impossible."""
        limit = self.options.limit
        # A pipe can be read only once, what is named must be fetched, and a filter must see every paper.
        if self.part is not None:
            return None
        if self.options.categories or not all(is_file(source) for source in self.sources):
            return limit
        if self._size() > COUNTED_BYTES:
            return limit
        total = 0
        for source in self.sources:
            total += count_records(source, limit, self.options)
            if limit is not None and total >= limit:
                return limit
        return total

    def ordered(self, records: "Iterable[Paper | BadRecord]") -> "Iterable[Paper | BadRecord]":
        """The records in the order in which they are asked about.

        Of several records of one paper that with the longest text comes first, unless the sources are too
        large, or no files, so that they cannot be read whole before.
        """
        return ahead(records) if self._reads_ahead() else records

    def _reads_ahead(self) -> bool:
        if self.keep_duplicates or not self.sources or not all(map(is_file, self.sources)):
            return False
        return self._size() <= AHEAD_BYTES

    def _size(self) -> int:
        return sum(Path(source).stat().st_size for source in self.sources)

    def settings(self, resources: "Resources", model: "Model") -> Settings:
        """The settings of a run with this model, for its record."""
        chosen, options = resources.settings, self.options
        hosted = model.plan in ("one-call", "decide") and model.file is None
        return Settings(
            limit=options.limit,
            shards=self.shards,
            keep_duplicates=self.keep_duplicates,
            part=str(self.part) if self.part is not None else None,
            columns=dict(options.columns),
            table=options.table,
            categories=options.categories,
            sections=options.sections,
            fill_abstracts=options.fill_abstracts,
            taxonomy=chosen.taxonomy,
            fields=chosen.fields,
            only=chosen.only,
            tuned=chosen.tuned,
            endpoint=shown_url(resources.url(model)) if hosted else None,
            plan="decide" if model.plan == "decide" else None,
            cache_dir=str(cache_directory(chosen)) if chosen.cache else None,
            outputs=tuple(map(str, self.outputs)),
        )

    def run(
        self,
        resources: "Resources",
        model: "Model",
        drive: Drive,
        watcher: Watcher | None = None,
        papers: "Iterable[Paper | BadRecord] | None" = None,
        reader: "Reader | None" = None,
        finished: Finished | None = None,
        opened: Sequence[Sink] | None = None,
    ) -> bool:
        """Write a card for each paper to every output, and failures to the errors file beside the first.

        `papers` defaults to those of the sources, `reader` to the model's, `finished` to the cards that it
        finished earlier. `opened` are open sinks for the outputs, which their owner closes. Returns False if
        the run was stopped early. Raises BudgetSpent if the budget ended it, or the error that every paper
        met; all cards before it are kept.
        """
        from .recording import Recording

        watcher = watcher or Watcher()
        records = papers
        if records is None:
            records = self.records() if reader is None else self.papers()
        records = self.ordered(records)
        chosen = reader or resources.reader(model)
        resources.budget(model)
        record = None
        if self.record and self.outputs:
            record = Recording(resources, model, chosen, self.sources, self.settings(resources, model))
        sinks: list[Sink] = []
        errors: ErrorsFile | None = None
        status: Status = "failed"
        said: str | None = None
        try:
            for path in self.outputs if opened is None else ():
                sinks.append(open_sink(path, self.shards, self.sources))
            if self.outputs:
                errors = ErrorsFile(errors_path(destination(self.outputs[0])[1]))
            survey = resources.survey(model)
            writer = Writer(opened or sinks, errors, watcher, survey)
            # Whoever brings a reader or lines brings cards of runs that may have judged otherwise.
            judge = self.options.judged and reader is None and finished is None
            ids = LocalIds() if judge else None
            if reader is None and finished is None:
                finished = resources.finished(chosen, judged=judge)
            batch = Batch(
                chosen,
                resources.concurrency(model),
                finished,
                judge=judge,
                ids=ids,
                keep_duplicates=self.keep_duplicates,
            )
            drive(batch, lambda: _follow(batch, chosen, records, writer))
            writer.tell()
            if batch.ended is not None:
                raise batch.ended
            whole = not batch.stopped
            watcher.distance = survey.distance() if survey is not None else None
            if whole:
                for sink in sinks:
                    sink.close()
                    for remark in sink.remarks if isinstance(sink, RemarkingSink) else ():
                        watcher.say(f"papercards: {remark}")
            status = "complete" if whole else "interrupted"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        except PapercardsError as error:
            if self.outputs and opened is None and not error.next_step and not isinstance(error, BudgetSpent):
                error.next_step = "Run the same command again to continue"
            said = str(error)
            raise
        finally:
            watcher.counts.stop()
            for sink in sinks:
                sink.abandon()
            if errors is not None:
                errors.close()
            if sinks and record is not None:
                record.write(sinks, watcher.counts, status, said, watcher.distance)
        return whole


async def _follow(
    batch: Batch, reader: "Reader", records: "Iterable[Paper | BadRecord]", writer: "Writer"
) -> None:
    try:
        async for outcomes in batch.run(records):
            writer.take(outcomes)
    finally:
        await reader.close()


def _several(names: str | Path | Iterable[str | Path]) -> Iterable[str | Path]:
    return (names,) if isinstance(names, str | Path) else names


class Writer:
    """Writes outcomes to the sinks and to the errors file, and reports failures."""

    def __init__(
        self,
        sinks: Sequence[Sink],
        errors: ErrorsFile | None,
        watcher: Watcher,
        survey: "Survey | None" = None,
    ) -> None:
        """`survey` sees each paper with a card."""
        self._sinks = sinks
        self._errors = errors
        self._watcher = watcher
        self._survey = survey
        self._failed = 0
        self._abstractless = 0
        self._duplicates = 0
        self._named: list[Failed] = []

    def take(self, outcomes: list[Outcome]) -> None:
        """Write the outcomes in order."""
        done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
        lines = [outcome.reading.line for outcome in done]
        if self._survey is not None:
            for outcome in done:
                self._survey.see(outcome.paper.title, outcome.paper.abstract)
        for sink in self._sinks:
            if isinstance(sink, LineSink):
                sink.write_lines(lines)
            else:
                for outcome in done:
                    sink.write(outcome.reading.card, outcome.paper)
        if not self._sinks:
            self._watcher.lines(lines)
        if len(done) < len(outcomes):
            for other in outcomes:
                if not isinstance(other, Done):
                    self._set_aside(other)
        self._watcher.took(outcomes)

    def _set_aside(self, outcome: Outcome) -> None:
        say = self._watcher.say
        if isinstance(outcome, Duplicate):
            self._duplicates += 1
            if self._duplicates <= SHOWN_FAILURES:
                say(f"papercards: {outcome.where}: duplicate of {outcome.id}, skipped")
            elif self._duplicates == SHOWN_FAILURES + 1:
                say("papercards: further duplicates are skipped without a line")
        elif isinstance(outcome, Failed):
            errors = self._errors
            if errors is not None:
                errors.write(outcome.id, outcome.where, outcome.error, outcome.message, outcome.attempts)
            if outcome.without_abstract:
                self._abstractless += 1
                if len(self._named) < NAMED:
                    self._named.append(outcome)
                return
            self._failed += 1
            if errors is None or self._failed <= SHOWN_FAILURES:
                say(f"papercards: {outcome.where or outcome.id}: {outcome.message}")
            elif self._failed == SHOWN_FAILURES + 1:
                say(f"papercards: further failures are only in {errors.path}")

    def tell(self) -> None:
        """Report the papers without an abstract, all in one line, so that they do not drown failures."""
        if not self._abstractless:
            return
        names = ", ".join(one.id for one in self._named)
        more = self._abstractless - len(self._named)
        first = self._named[0]
        self._watcher.say(
            f"papercards: {counted(self._abstractless, 'paper')} without an abstract got no card: {names}"
            f"{f' and {more:,} more' if more else ''} (the first, {first.where}: {first.message})"
        )
