"""`papercards serve`: browse, review and label in a browser."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..configuration.places import cache_directory
from ..errors import BadInput, UsageError, importing
from ..runs.resources import load_taxonomy
from .shared import options, source_options, terminal, wiring
from .shared.papers import SOURCES, abstracts, beside

if TYPE_CHECKING:
    from ..card import Card
    from ..pages.index.database import Index
    from ..pages.room import Room
    from ..paper import Paper
    from ..sources import Options
    from ..taxonomy import Taxonomy


_OPEN = (
    "papercards: not encrypted: others on this network could read along and take the token. Put a proxy with "
    "TLS in front and give its address with --url, or leave out --host and connect with: "
    "ssh -L {port}:localhost:{port} THIS-MACHINE"
)
_SHORTEST_TOKEN = 16


@options.grouped
def serve(
    cards: Annotated[
        Path | None,
        typer.Argument(help="A file with cards; optional with --label.", metavar="CARDS"),
    ] = None,
    source: SOURCES = None,
    review: Annotated[
        Path | None,
        typer.Option(help="File to save corrections to (default: beside the cards).", metavar="FILE.jsonl"),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Cards of another run; papers where the two differ are reviewed first.", metavar="CARDS"
        ),
    ] = None,
    reviewer: Annotated[
        str | None, typer.Option(help="Reviewer name (default: your user name).", metavar="NAME")
    ] = None,
    label: Annotated[
        Path | None,
        typer.Option(
            help="Label the papers of --source by hand and save the labels to this file.",
            metavar="WORK.jsonl",
        ),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(help="Annotator name (default: your user name).", metavar="NAME")
    ] = None,
    port: options.Port = None,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; with 0.0.0.0, other machines can connect if they have the token. "
            "[env: PAPERCARDS_SERVE_TOKEN, a token that stays; default: a new one at each start]",
            metavar="ADDRESS",
        ),
    ] = "127.0.0.1",
    url: Annotated[
        str | None,
        typer.Option(help="Address of a proxy with TLS in front of it.", metavar="https://NAME"),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the URL without opening a browser.")
    ] = False,
    taxonomy: options.Taxonomy = None,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = None,
    *,
    source_flags: options.SourceFlags,
    limit: options.Limit = None,
) -> None:
    """Browse, review and label papers in your browser."""
    import signal

    with importing("Serving pages", "serve"):
        from ..pages import serving
        from ..pages.app import application
        from ..pages.browse import routes as browse
        from ..pages.forwarding import forwarding
        from ..pages.guard import new_token
        from ..pages.reach import Reach, reached_by
    from ..pages.index.follow import Follower
    from ..pages.index.index_file import open_index

    _check(cards, label, {"--review": review, "--against": against, "--reviewer": reviewer}, annotator)
    chosen = wiring.settings(cache_dir=cache_dir, no_cache=no_cache, taxonomy=taxonomy)
    asked = source_options.asked(chosen, source_flags, limit=limit)
    folder = cache_directory(chosen) / "pages" if chosen.cache else None
    labels = load_taxonomy(chosen)
    index, follower, rooms = None, None, []
    with ExitStack() as stack:
        if cards is not None:
            index = stack.enter_context(open_index(cards, folder))
            follower = Follower(cards, index, abstracts(source or [], asked), identity(source or [], asked))
            stack.callback(follower.stop)
            rooms += [browse.ROOM, _review(stack, cards, index, labels, review, against, reviewer)]
        if label is not None:
            rooms.append(_label(label, abstracts(source or [], asked), labels, annotator, index))
        token, once = _token() or new_token(), new_token()
        server = serving.listen(port, host)
        stack.callback(server.close)
        reach = Reach(server.getsockname()[1], host, reached_by(url) if url is not None else "")
        print(f"{reach.address}/?token={token}", flush=True)
        if not reach.is_local and not reach.secure:
            terminal.note(_OPEN.format(port=reach.port))
        served = cards or label
        assert served is not None
        terminal.note(f"serving {served}; press Ctrl-C to stop")
        if not no_browser:
            _open(stack.enter_context(forwarding(f"{reach.address}/?token={once}")))
        # So that what is passing is deleted then, too: the server raises again what ended it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            serving.serve(application(served, index, follower, token, reach, rooms, once), server)


def _check(
    cards: Path | None, label: Path | None, of_review: Mapping[str, object], annotator: str | None
) -> None:
    if cards is None and label is None:
        raise UsageError("nothing to serve", next_step="Give a file with cards, or a label file with --label")
    for option, value in of_review.items():
        if cards is None and value is not None:
            raise UsageError(f"{option} needs a file with cards")
    if label is None and annotator is not None:
        raise UsageError("--annotator needs --label")


def _review(
    stack: ExitStack,
    cards: Path,
    index: "Index",
    taxonomy: "Taxonomy",
    review: Path | None,
    against: Path | None,
    reviewer: str | None,
) -> "Room":
    from ..pages.review import routes as reviewing
    from ..pages.review.desk import Desk
    from ..pages.review.queue import Queue
    from ..review.review_file import ReviewFile

    file = ReviewFile(review or beside(cards))
    queue = Queue(index, taxonomy, against)
    stack.callback(queue.close)
    return reviewing.room(Desk(index, queue, file, taxonomy, named(reviewer)))


def _label(
    work: Path,
    papers: "Iterator[Paper]",
    taxonomy: "Taxonomy",
    annotator: str | None,
    index: "Index | None",
) -> "Room":
    from dataclasses import replace

    from ..pages.label import routes as labelling
    from ..reading.tagger_reader import BaselineReader
    from ..review.passes import Passes

    # Labels are about abstracts.
    every = {paper.id: replace(paper, sections=()) for paper in papers}
    if not every:
        raise BadInput("no papers to label in the source", next_step="Give another source with --source")
    baseline = BaselineReader(taxonomy)

    def model(paper: "Paper") -> "Card":
        card = index.card(paper.id) if index is not None else None
        return card if card is not None else baseline.card(paper)

    bench = labelling.Bench(Passes(work), list(every.values()), taxonomy, named(annotator), model)
    return labelling.room(bench)


def _token() -> str:
    """The token of the environment; empty if there is none. Raises UsageError for one that can be guessed."""
    token = os.environ.get("PAPERCARDS_SERVE_TOKEN", "").strip()
    if token and (len(token) < _SHORTEST_TOKEN or not re.fullmatch(r"[\w-]+", token, re.ASCII)):
        raise UsageError(
            f"a token has at least {_SHORTEST_TOKEN} letters and digits",
            where="PAPERCARDS_SERVE_TOKEN",
            next_step="Make one with: openssl rand -hex 32",
        )
    return token


def named(given: str | None) -> str:
    """The given name, else the user's. Raises UsageError for an empty name."""
    import getpass

    if given is None:
        with suppress(OSError, KeyError, ImportError):
            given = getpass.getuser()
    name = " ".join((given or "somebody").split())[:60]
    if not name:
        raise UsageError("the name is empty", next_step="Give your name with --reviewer or --annotator")
    return name


def identity(sources: list[str], asked: "Options") -> str:
    """A fingerprint of the sources and options that the abstracts come from."""
    from ..text.spans import digest

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
