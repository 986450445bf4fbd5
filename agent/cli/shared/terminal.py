"""Terminal output: notes and progress on standard error, cards and tables on standard output."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TextIO

from ...text.wording import counted, label_words

if TYPE_CHECKING:
    from rich.text import Text

    from ...card import Candidate, Card, Evidence

QUIET_S = 5.0
"""Seconds between two progress lines if standard error is not a terminal."""

_CONTROLS = re.compile(rb"\x7f|\xc2[\x80-\x9f]")
"""Control characters in UTF-8 that JSON does not escape."""


class Loudness(IntEnum):
    """How much is said on standard error."""

    QUIET = 0
    """Problems alone: the lines that begin with `papercards: `."""
    USUAL = 1
    VERBOSE = 2
    """Each paper as it is finished, too."""


loudness = Loudness.USUAL
"""Set by `main` from -q and -v."""

above: list[Callable[[str], None]] = []
"""The writer of lines while a progress bar is shown, which stays below them."""


waiting = ""
"""What the last note said is waited for: it ended in `…`. The progress bar shows it instead of a title."""


def note(text: str) -> None:
    """Print a line on standard error, without control characters from papers and endpoints."""
    global waiting
    waiting = text if text.endswith("…") else ""
    if loudness is Loudness.QUIET and not text.lstrip().startswith("papercards: "):
        return
    if above:
        above[-1](clean(text))
    else:
        tell(f"{clean(text)}\n")


def tell(text: str) -> None:
    """Write to standard error if possible: a lost note must not end a run."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Drop what a stream has buffered, which would fail again at exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def clean(text: str) -> str:
    """The text without terminal control sequences."""
    from ...text.invisible import visible

    return visible(text)[0]


def shown(line: bytes) -> bytes:
    """A line of JSON for standard output; on a terminal, control characters are escaped.

    JSON itself escapes control characters below 32, but not those from 127 to 159.
    """
    if not sys.stdout.isatty():
        return line
    return _CONTROLS.sub(lambda found: b"\\u00%02x" % found[0][-1], line)


def duration(seconds: float) -> str:
    """Format seconds as `8 s`, `2 min 10 s` or `3 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def money(usd: float | None) -> str:
    """Format dollars; `cost unknown` for None."""
    return "cost unknown" if usd is None else f"${usd:.4f}" if 0 < usd < 1 else f"${usd:.2f}"


@contextmanager
def bytes_bar(name: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for a download; the callback takes the bytes so far and the total."""
    if not sys.stderr.isatty():
        last = [0.0]

        def line(done: int, whole: int) -> None:
            if time.monotonic() - last[0] >= QUIET_S or done == whole:
                last[0] = time.monotonic()
                note(f"{name}: {done / 1e6:,.0f} of {whole / 1e6:,.0f} MB")

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=total)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def print_card(card: "Card") -> None:
    """Print a card for reading."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(clean(card.title), style="bold"))
    if cited := card.about.cited:
        console.print(Text(clean(cited), style="dim"))
    console.print(Text(clean(card.tldr)))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name in ("tasks", "modalities", "contributions"):
        given = [_label(item.label, item.confidence) for item in getattr(card, name)]
        if maybe := card.unsure_of(name):
            given.append(_uncertain(maybe))
        grid.add_row(name, Text(", ").join(given))
    for name in ("code", "data", "weights"):
        artifact = getattr(card.reproducibility, name)
        said = _label(artifact.status, artifact.confidence)
        if artifact.evidence is not None:
            said.append(_place(artifact.evidence), style="dim")
        grid.add_row(name, said)
    for link in card.reproducibility.links:
        grid.add_row("link", Text(clean(link.url)))
    console.print(Padding(grid, (1, 0)))
    for claim in card.claims:
        console.print(
            Text.assemble(
                (f"{clean(claim.kind)} ", "cyan"),
                (f"[{claim.evidence.sentence}] ", "dim"),
                clean(" ".join(claim.evidence.text.split())),
                (_place(claim.evidence), "dim"),
            ),
        )
    if card.flags:
        console.print(Text(clean(f"flags: {', '.join(card.flags)}"), style="yellow"))
    made = card.provenance
    console.print(
        Text(
            clean(f"{made.model} · {made.prompt} · {made.taxonomy}")
            + f" · {counted(made.calls, 'call')} · {duration(made.seconds)}",
            style="dim",
        )
    )


def _uncertain(candidates: Sequence["Candidate"]) -> "Text":
    from rich.text import Text

    from ...card import UNCERTAIN

    return Text.assemble(
        (UNCERTAIN, "yellow"), (clean(f" ({', '.join(one.shown for one in candidates)})"), "dim")
    )


def _place(evidence: "Evidence") -> str:
    return f" ({clean(evidence.place)})" if evidence.place else ""


def _label(name: str, confidence: float | None) -> "Text":
    from rich.text import Text

    return Text.assemble(
        clean(label_words(name)), (f" {confidence:.2f}", "dim") if confidence is not None else ""
    )


def print_table(columns: Iterable[tuple[str, Mapping[str, Any]]], rows: Iterable[Iterable[str]]) -> None:
    """Print rows under columns: their names, and how rich is to show them (arguments of `add_column`).

    The table fits the terminal; in a pipe it has its full width.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, how in columns:
        table.add_column(name, **how)
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    console = Console(highlight=False)
    (console if console.is_terminal else Console(highlight=False, width=150)).print(table)
