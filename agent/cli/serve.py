"""`papercards serve`: cards to look at, in a browser on this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options, terminal, wiring
from .cards import CARDS

if TYPE_CHECKING:
    from ..paper import Paper
    from ..sources import Options

SOURCES = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        help="Where the papers came from, for their abstracts; may repeat. None: the shipped papers.",
        metavar="SOURCE",
    ),
]


def serve(
    cards: CARDS,
    source: SOURCES = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="None: 8765, or any that is free.", metavar="N"),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the URL and open nothing.")] = False,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = None,
    column: options.Columns = None,
    table: options.Table = None,
    sections: options.Sections = None,
) -> None:
    """Browse the cards of a file in a web browser on this machine."""
    import signal

    from ..errors import MissingExtra

    try:
        from ..pages import serving
        from ..pages.app import application
        from ..pages.guard import new_token
    except ModuleNotFoundError as error:
        raise MissingExtra("The web pages", "serve") from error
    from ..pages.following import Follower
    from ..pages.opening import open_index

    chosen = wiring.settings(cache_dir=cache_dir, no_cache=no_cache)
    asked = wiring.reading(chosen, column, table=table, sections=sections)
    origin = identity(source or [], asked)
    folder = wiring.cache_directory(chosen) / "pages" if chosen.cache else None
    with open_index(cards, folder) as index:
        follower = Follower(cards, index, abstracts(source or [], asked), origin)
        server = serving.listen(port)
        number = server.getsockname()[1]
        token = new_token()
        url = f"http://{serving.HOST}:{number}/?token={token}"
        print(url, flush=True)
        terminal.note(f"serving {cards}; Ctrl-C ends it")
        if not no_browser:
            _open(url)
        # So that what is passing is deleted then, too: the server raises again what ended it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            serving.serve(application(cards, index, follower, token, number), server)
        except KeyboardInterrupt:
            pass
        finally:
            follower.stop()
            server.close()


def abstracts(sources: list[str], asked: "Options") -> "Iterator[Paper]":
    """The papers of all sources that can be read, or the shipped ones where there is no source.

    Raises what opening a source raises, at the call.
    """
    from importlib import resources

    from ..sources import BadRecord
    from .running import papers

    shipped = resources.files("papercards.evals") / "corpus" / "hf-papers-listing.txt"
    records = papers(sources or [str(shipped)], asked)
    return (record for record in records if not isinstance(record, BadRecord))


def identity(sources: list[str], asked: "Options") -> str:
    """What the abstracts come from, in a word that changes when they do."""
    from ..text import digest

    parts = [repr((asked.columns, asked.table, asked.sections))]
    for spec in sources:
        path = Path(spec)
        try:
            status = path.stat()
        except OSError:
            parts.append(spec)
        else:
            parts.append(f"{path.resolve()} {status.st_size} {status.st_mtime_ns}")
    return digest(*parts)


def _open(url: str) -> None:
    import threading
    import webbrowser

    # Some browsers hold the caller until they are closed.
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
