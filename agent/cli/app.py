"""The `papercards` program: its commands, and where an error becomes one line and an exit code."""

import errno
import io
import os
import sys
import traceback
from importlib import metadata
from typing import Annotated, NoReturn

import typer

from ..errors import PapercardsError, StorageError, UsageError
from . import (
    annotate,
    caching,
    cards,
    convert,
    deferring,
    enrich,
    evaluation,
    export,
    formats,
    label,
    models,
    rerun,
    review,
    serve,
    summarize,
    taxonomy,
    trusting,
    watch,
)
from .terminal import discard, note

app = typer.Typer(
    name="papercards",
    help="Read research papers and write a card for each: summary, tags, claims with evidence.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("summarize")(summarize.summarize)
app.command("enrich")(enrich.enrich)
app.command("watch")(watch.watch)
app.add_typer(deferring.app, name="batch")
app.command("rerun")(rerun.rerun)
app.add_typer(evaluation.app, name="eval")
app.command("annotate")(annotate.annotate)
app.command("show")(cards.show)
app.command("verify")(cards.verify)
app.command("schema")(cards.schema)
app.command("convert")(convert.convert)
app.command("formats")(formats.formats)
app.command("serve")(serve.serve)
app.command("trust")(trusting.trust)
app.add_typer(export.app, name="export")
app.add_typer(review.app, name="review")
app.add_typer(label.app, name="label")
app.add_typer(models.app, name="models")
app.add_typer(caching.app, name="cache")
app.add_typer(taxonomy.app, name="taxonomy")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"papercards {metadata.version('papercards')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options that stand before a command; `main` looks at --debug itself."""


def main() -> None:
    """Run the program."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    _prepare_streams()
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
        # Typer makes an exit of a Ctrl-C, and says nothing.
        if isinstance(getattr(error.__context__, "__cause__", None), KeyboardInterrupt):
            note(_INTERRUPTED)
        raise
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does.
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
        why = "it is closed. Name a file" if closed else f"{error.strerror}. Free the disk, or name a file"
        note(f"papercards: standard output cannot be written: {why}")
        raise SystemExit(StorageError.exit_code) from None
    except Exception as error:
        _end_with_fault(error, debug)


def _check_system() -> None:
    """Raises UsageError where file locks, signals and bounds on a process that reads PDFs are missing."""
    if sys.platform == "win32":
        raise UsageError(
            "Windows is not supported: it lacks the file locks and signals that keep what was paid for",
            next_step="Run papercards in WSL, the Windows Subsystem for Linux",
        )


_INTERRUPTED = "papercards: interrupted; run the same command again to go on"
_STREAM_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def _prepare_streams() -> None:
    """Make the standard streams fit for any text, and see that no file gets the number of a closed one."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Output that goes nowhere is an error; notes that do are none.
            if (opened := os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)) != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show_traceback(error: Exception) -> None:
    """Errors of libraries in it repeat addresses, and the words of endpoints, which may repeat keys."""
    from ..redact import secrets_of, without_known_secrets

    text = "".join(traceback.format_exception(error))
    note(without_known_secrets(text, secrets_of(os.environ)))


def _end_with_fault(error: Exception, debug: bool) -> NoReturn:
    if debug:
        _show_traceback(error)
    line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    note(
        f"papercards: this is a fault of papercards: {line}. "
        "Run it again with --debug and report what it prints."
    )
    raise SystemExit(1) from None
