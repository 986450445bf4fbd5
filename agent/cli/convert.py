"""`papercards convert`: converts cards from one format to others, without a model."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..text.wording import counted
from .shared import options, source_options, terminal, wiring
from .shared.progress import Progress

if TYPE_CHECKING:
    from ..card import Card
    from ..paper import Paper
    from ..publication import Publication
    from ..sources import Options


def convert(
    cards: Annotated[
        Path,
        typer.Argument(
            help="Cards in any format that can be read back (see papercards formats).", metavar="IN"
        ),
    ],
    output: Annotated[
        list[Path],
        typer.Argument(
            parser=options.output,
            help="Output files; the extension, or NAME: in NAME:PATH, sets the format.",
            metavar="OUT",
        ),
    ],
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="A source of the papers, for outputs that contain abstracts; may be given several times.",
            metavar="SOURCE",
        ),
    ] = None,
    limit: options.Limit = None,
    column: options.Columns = None,
    table: options.Table = None,
    excel: options.Excel = False,
    name_notes: options.NameNotes = "title",
) -> None:
    """Convert cards to other formats, without a model."""
    from itertools import islice

    from ..runs.counts import Counts
    from ..sinks import open_sink, read_cards, shaped
    from .shared.check_outputs import check_apart

    output = list(shaped(output, excel=excel, name_notes=name_notes))
    check_apart([cards], output)
    asked = source_options.asked(wiring.settings(), options.SourceFlags(column, table))
    found = islice(read_cards(cards), limit)
    counts = Counts()
    progress = Progress(counts, None, free=True)
    with_papers = _Papers(source or [], asked)
    sinks = []
    try:
        for path in output:
            sinks.append(open_sink(path, sources=tuple(source or ()), cards=cards))
        missing = 0
        for card in found:
            paper, publication = with_papers.paper(card)
            missing += paper is None
            card = card.model_copy(update={"publication": publication or card.about})
            for sink in sinks:
                sink.write(card, paper)
            counts.done += 1
            progress.show()
        for sink in sinks:
            sink.close()
    finally:
        progress.show(last=True)
        counts.stop()
        for sink in sinks:
            sink.abandon()
        with_papers.close()
    if source and missing:
        terminal.note(f"papercards: the papers of {counted(missing, 'card')} are in no source")
    terminal.note(progress.summary([str(path) for path in output]))


class _Papers:
    """Looks up papers of the sources by id; kept on disk once there are many."""

    def __init__(self, sources: Sequence[str], asked: "Options") -> None:
        import sqlite3

        from ..paper import identity
        from ..runs.job import Job
        from ..sources import BadRecord

        self._empty = not sources
        # Without a name it lies in memory up to a bound, then in a file that is gone when it is closed.
        self._database = sqlite3.connect("")
        self._database.execute(
            "CREATE TABLE papers (identity TEXT PRIMARY KEY, title, abstract, url, publication)"
        )
        bad = 0

        def rows() -> Iterator[tuple[str, str, str, str | None, str]]:
            nonlocal bad
            for one in Job(tuple(sources), options=asked).papers():
                if isinstance(one, BadRecord):
                    bad += 1
                else:
                    yield identity(one.id, one.title), one.title, one.abstract, one.url, one.publication_json

        self._database.executemany("INSERT OR IGNORE INTO papers VALUES (?, ?, ?, ?, ?)", rows())
        if bad:
            terminal.note(
                f"papercards: {counted(bad, 'record')} of the sources could not be read as a paper, skipped"
            )

    def paper(self, card: "Card") -> "tuple[Paper | None, Publication | None]":
        """The paper of a card, and what its source says of the publication; None if no source has it."""
        from ..paper import Paper, identity
        from ..publication import parsed

        if self._empty:
            return None, None
        row = self._database.execute(
            "SELECT * FROM papers WHERE identity = ?", (identity(card.id, card.title),)
        ).fetchone()
        if row is None:
            return None, None
        return Paper(id=card.id, title=row[1], abstract=row[2], url=row[3]), parsed(row[4])

    def close(self) -> None:
        """Delete the stored papers."""
        self._database.close()
