"""The `papercards` program: its commands, and the place where an error becomes one line and an exit code."""

import errno
import gc
import io
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Annotated, NoReturn

import typer

from ..errors import PapercardsError, StorageError, UsageError
from . import (
    annotate,
    batch,
    cache,
    cards,
    convert,
    enrich,
    export,
    fields,
    formats,
    label,
    mcp,
    merge,
    models,
    rerun,
    review,
    serve,
    stale,
    stats,
    summarize,
    taxonomy,
    trust,
    tune,
    watch,
)
from . import eval as evaluation
from .command_help import Program, example
from .shared import terminal
from .shared.terminal import discard, note

app = typer.Typer(
    name="papercards",
    cls=Program,
    help="Read research papers and write a card for each: summary, tags, claims with evidence.",
    epilog=example("papercards enrich library.bib -o cards.jsonl", "papercards serve cards.jsonl"),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
_COMMANDS: Mapping[str, tuple[Callable[..., None], str]] = {
    "enrich": (enrich.enrich, "papercards enrich library.bib -o cards.jsonl -o cards.csv"),
    "summarize": (summarize.summarize, "papercards summarize arxiv:2401.03955"),
    "watch": (watch.watch, 'papercards watch "arxiv-query:cat:cs.LG" --every 1d -o cards.jsonl -o feed.xml'),
    "merge": (merge.merge, "papercards merge cards.jsonl -o cards.jsonl -o cards.parquet"),
    "rerun": (rerun.rerun, "papercards rerun cards.run.json --offline"),
    "serve": (serve.serve, "papercards serve cards.jsonl"),
    "mcp": (mcp.mcp, "papercards mcp cards.jsonl"),
    "show": (cards.show, "papercards show cards.jsonl"),
    "stats": (stats.stats, "papercards stats cards.jsonl --by year,task -o trends.csv -o trends.svg"),
    "convert": (convert.convert, "papercards convert cards.jsonl cards.parquet cards.csv"),
    "annotate": (annotate.annotate, "papercards annotate library.bib --cards cards.jsonl --dry-run"),
    "stale": (stale.stale, "papercards stale cards.jsonl\npapercards stale cards.jsonl --fields mine.yaml"),
    "verify": (cards.verify, "papercards verify cards.jsonl --source library.bib"),
    "trust": (trust.trust, "papercards trust\npapercards trust --list"),
    "formats": (formats.formats, "papercards formats"),
    "schema": (cards.schema, "papercards schema > card.schema.json"),
    "tune": (tune.tune, "papercards tune --labels mine.jsonl"),
}
"""Each command, and how it is called."""
for _name, (_command, _lines) in _COMMANDS.items():
    app.command(_name, epilog=example(*_lines.splitlines()))(_command)
app.add_typer(batch.app, name="batch")
app.add_typer(export.app, name="export")
app.add_typer(review.app, name="review")
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")
app.add_typer(taxonomy.app, name="taxonomy")
app.add_typer(fields.app, name="fields")
app.add_typer(evaluation.app, name="eval")
app.add_typer(label.app, name="label")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"papercards {metadata.version('papercards')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the full traceback of an error.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only problems and results.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print a line for each paper.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Options of all commands, in any place; `main` handles all but --version itself."""


def main() -> None:
    """Run the program."""
    debug = bool(_taken("--debug"))
    terminal.loudness = terminal.Loudness.USUAL
    if _taken("-v", "--verbose"):
        terminal.loudness = terminal.Loudness.VERBOSE
    if _taken("-q", "--quiet"):
        terminal.loudness = terminal.Loudness.QUIET
    _prepare_streams()
    # Cards and requests are trees without cycles: looking for these after every 700 objects costs a tenth.
    gc.set_threshold(10_000)
    try:
        try:
            _check_system()
            app()
        finally:
            sys.stdout.flush()
    except PapercardsError as error:
        if debug:
            _show_traceback(error)
        note(f"papercards: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        note(_INTERRUPTED)
        raise SystemExit(130) from None
    except SystemExit as error:
        # Typer turns Ctrl-C into an exit without a message.
        if isinstance(getattr(error.__context__, "__cause__", None), KeyboardInterrupt):
            note(_INTERRUPTED)
        raise
    except BrokenPipeError:
        # The reader of our output has closed the pipe, as `head` does.
        discard(sys.stdout)
        raise SystemExit(0) from None
    except OSError as error:
        # An error about a file has its name; the streams have none.
        if error.filename is not None and not debug:
            note(f"papercards: {os.fsdecode(error.filename)}: {error.strerror}")
            raise SystemExit(StorageError.exit_code) from None
        if debug or error.errno not in _STREAM_ERRORS:
            _end_with_fault(error, debug)
        discard(sys.stdout)
        closed = error.errno == errno.EBADF
        why = (
            "it is closed. Write to a file instead"
            if closed
            else f"{error.strerror}. Free disk space, or write to a file elsewhere"
        )
        note(f"papercards: cannot write to standard output: {why}")
        raise SystemExit(StorageError.exit_code) from None
    except Exception as error:
        _end_with_fault(error, debug)


def _taken(*names: str) -> bool:
    """Whether an option stands anywhere on the command line before `--`; it is removed."""
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    rest = [word for word in sys.argv[1:end] if word not in names]
    found = len(rest) < end - 1
    sys.argv[1:end] = rest
    return found


def _check_system() -> None:
    """Raises UsageError where file locks, signals and bounds on a process that reads PDFs are missing."""
    if sys.platform == "win32":
        raise UsageError(
            "Windows is not supported: it lacks the file locks and signals that protect paid results",
            next_step="Run papercards in WSL, the Windows Subsystem for Linux",
        )


_INTERRUPTED = "papercards: interrupted; run the same command again to continue"
_STREAM_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def _prepare_streams() -> None:
    """Let the standard streams take any text, and keep files from getting the number of a closed stream."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Lost output is an error; lost notes are not.
            if (opened := os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)) != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show_traceback(error: Exception) -> None:
    """Errors of libraries in it repeat addresses, and the words of endpoints, which may repeat keys."""
    from ..safety.redact import secrets_of, without_known_secrets

    text = "".join(traceback.format_exception(error))
    note(without_known_secrets(text, secrets_of(os.environ)))


def _end_with_fault(error: Exception, debug: bool) -> NoReturn:
    if debug:
        _show_traceback(error)
    line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    note(
        f"papercards: internal error (a bug in papercards): {line}. Run the command again with --debug and "
        "report the output."
    )
    raise SystemExit(1) from None
