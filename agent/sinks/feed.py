"""Writes Atom and RSS feeds of newly read papers: each run adds to the existing file.

The newest entries come first, and at most `MOST` are kept. Entries are matched by id; an unchanged entry
keeps its date. A card without a creation date gets the date of the run that first adds it; so that it does
not come back as new after it dropped out, the feed remembers dropped entries. Memory is bounded, however many
cards come.
"""

import uuid
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

from ..card import Card
from ..errors import BadInput
from ..paper import Paper
from ..safety.redact import without_secrets
from ..text.spans import digest
from .escaping import address, named, plain
from .feed_xml import ATOM, MOST_BYTES, RSS, Dialect, Entry, NoFeed, laid_out, moment, parse, same
from .file_sink import FileSink
from .files import refuse
from .interface import Format, Output

MOST = 100
"""Maximum number of entries."""

_MOST_AUTHORS = 100
"""Maximum number of authors of an entry."""

_REMEMBERED = 10_000
"""Maximum number of remembered dropped entries, as eight hex digits each."""

_FALLEN = "{urn:papercards:feed}fallen"


class FeedSink(FileSink):
    """Writes cards as the entries of a feed."""

    def __init__(self, output: Output, dialect: Dialect) -> None:
        self._dialect = dialect
        self._now = datetime.now(UTC).replace(microsecond=0)
        super().__init__(output)
        try:
            self._root = _read(output.path) or dialect.new(*_origin(output))
            self._home = dialect.holder(self._root)
        except NoFeed as error:
            self._file.abandon()
            raise BadInput(
                f"an existing file {error}, so the feed cannot be written there",
                where=str(output.path),
                next_step="Choose another file with -o, or remove this one",
            ) from error
        except BaseException:
            self._file.abandon()
            raise
        self._new: dict[str, ET.Element] = {}
        self._undated: set[str] = set()
        self._old: dict[str, ET.Element] = {}
        for number, entry in enumerate(self._home.findall(dialect.entry)):
            self._old.setdefault(dialect.id_of(entry) or f"#{number}", entry)
        self._fallen = dict.fromkeys((self._home.findtext(_FALLEN) or "").split()[-_REMEMBERED:])

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add or update an entry; a paper has one, however many records there are of it."""
        if card.same_as is not None:
            return
        id_ = f"urn:papercards:paper:{quote(card.id, safe=':/()')}"
        old = self._new.get(id_, self._old.get(id_))
        made = moment(card.provenance.created)
        if old is None and made is None and _short(id_) in self._fallen:
            return
        before = self._dialect.updated_of(old) if old is not None else self._now
        entry = self._dialect.element(_entry(id_, card, made or before), old)
        if old is not None and same(entry, old):
            return
        if made is None:
            entry = self._dialect.element(_entry(id_, card, self._now), old)
            self._undated.add(id_)
        self._old.pop(id_, None)
        self._new[id_] = entry
        if len(self._new) >= 4 * MOST:
            self._new = self._newest(self._new)

    def close(self) -> None:
        """Rename the feed into place."""
        if self._file.whole:
            return
        # Of entries of the same moment, those of this run come first, in the order of the source.
        kept = self._newest({**self._new, **self._old})
        for entry in self._home.findall(self._dialect.entry):
            self._home.remove(entry)
        self._remember()
        self._home.extend(kept.values())
        last = max(map(self._dialect.updated_of, kept.values()), default=self._now)
        self._dialect.set_stamp(self._home, last)
        self._file.commit(laid_out(self._root))

    def _newest(self, entries: dict[str, ET.Element]) -> dict[str, ET.Element]:
        order = sorted(entries, key=lambda id_: self._dialect.updated_of(entries[id_]), reverse=True)
        for id_ in order[MOST:]:
            if id_ in self._old or id_ in self._undated:
                self._fallen[_short(id_)] = None
        while len(self._fallen) > _REMEMBERED:
            del self._fallen[next(iter(self._fallen))]
        return {id_: entries[id_] for id_ in order[:MOST]}

    def _remember(self) -> None:
        found = self._home.find(_FALLEN)
        if self._fallen:
            if found is None:
                found = ET.SubElement(self._home, _FALLEN)
            found.text = " ".join(self._fallen)


def _entry(id: str, card: Card, updated: datetime) -> Entry:  # noqa: A002
    url = address(card.page)
    about = card.about
    labels = (*card.tasks, *card.modalities, *card.contributions)
    return Entry(
        id=id,
        title=plain(card.title) or card.id,
        html=_html(card),
        url=url.replace("&amp;", "&") if url else None,
        labels=tuple(dict.fromkeys(plain(label.label) for label in labels)),
        updated=updated,
        authors=tuple(plain(one.name) for one in about.authors[:_MOST_AUTHORS]),
        published=about.date,
    )


def _html(card: Card) -> str:
    """The content as HTML: paragraphs and a list, with the paper's text escaped."""
    claims = "".join(
        f"<li><b>{escape(plain(claim.kind))}</b>: “{escape(plain(claim.evidence.text))}”</li>"
        for claim in card.claims
    )
    made = card.reproducibility
    reuse = " · ".join(
        f"{name}: {artifact.status}"
        for name, artifact in (("Code", made.code), ("Data", made.data), ("Weights", made.weights))
        if artifact.status != "not-stated"
    )
    own = "".join(
        f"<li>{escape(plain(named(name)))}: {escape(plain(', '.join(value.texts)))}</li>"
        for name, value in card.fields.items()
        if value.texts
    )
    parts = (
        f"<p>{cited}</p>" if (cited := escape(plain(card.about.cited))) else "",
        f"<p>{escape(plain(card.tldr))}</p>",
        f"<ul>{claims}</ul>" if claims else "",
        f"<p>{reuse}</p>" if reuse else "",
        f"<ul>{own}</ul>" if own else "",
    )
    return "".join(parts)


def _short(id: str) -> str:  # noqa: A002
    return digest(id)[:8]


def _read(path: Path) -> ET.Element | None:
    """The existing feed; None if there is none. Raises NoFeed."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        refuse(path, error)
    return parse(data) if data.strip() else None


def _origin(output: Output) -> tuple[str, str | None]:
    """A stable id for a new feed, and the web page that it is about."""
    name = "\n".join(("papercards", output.path.name, *output.sources))
    pages = [without_secrets(source) for source in output.sources if address(source)]
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}", pages[0] if pages else None


FORMATS = (
    Format("atom", (".atom", ".xml"), lambda output: FeedSink(output, ATOM)),
    Format("rss", (".rss",), lambda output: FeedSink(output, RSS)),
)
