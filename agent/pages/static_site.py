"""Writes the Browse room as files that open without a server.

A page opened from disk cannot fetch files or import modules, so the cards are a script that sets one
variable. Abstracts are split into marked pieces here; the page only joins them.

Knows cards, papers and files. Knows no server.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ..card import Card, FieldValue, Label
from ..errors import StorageError
from ..paper import Paper
from ..sinks.files import write_file
from ..taxonomy import LABEL_FIELDS
from ..text.wording import label_words
from .browse import charts, views
from .browse.marks import Passage, Piece, Saying
from .browse.selection import COLUMNS, PAGE_SIZE, VIEWS
from .index.database import Index
from .index.facets import FIELDS, NAMES, confidence_of, dated, tags_of
from .index.places import Places
from .rendering import ASSETS, environment, opened

DATA = "data.js"
SCRIPTS = ("help.js", "keys.js", "marks.js", "facets.js", "figures.js", "map.js", "site.js")


def export(name: str, index: Index, folder: Path, *, renewed: bool = False) -> int:
    """Write the site of all cards of an index into a folder; returns its size in bytes.

    `name` is the name of the card file shown on the page. Files of an earlier site are replaced, each in one
    step, and the cards are one file. With `renewed`, pages that are open say when there is a newer one.
    Raises StorageError if the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise StorageError("is a file, but a folder is needed", where=str(folder))
    found = index.find()
    drawn = charts.charts(index, found, lambda tags: f"#/?{urlencode(tags)}")
    page = environment().get_template("site.html")
    files = {f"assets/{asset}": (ASSETS / asset).read_text("utf-8") for asset in ("pages.css", *SCRIPTS)}
    files |= {f"charts/{chart.name}.{kind}": chart.file(kind) for chart in drawn for kind in ("svg", "csv")}
    written = 0
    for path, text in files.items():
        written += _write(folder / path, [text], folder)
    places = Places(index)
    places.update(wait=True)
    xs, ys = places.coordinates()

    def extra(card: Card) -> Mapping[str, Any]:
        row, changed = index.row(card.id), views.changed(index, card)
        at = {} if row is None or row >= len(xs) else {"at": [xs[row], ys[row]]}
        return at if changed is None else {**at, "changed": changed}

    cards = ((card, index.paper(card.id), extra(card)) for card in index.page(found))
    labels = {
        value: label_words(value)
        for field in (*FIELDS, *index.facets.own)
        if field not in NAMES
        for value, _ in index.counts(field, found)
        if label_words(value) != value.replace("-", " ")
    }
    table = {
        "columns": [[name, views.TITLES[name]] for name in dict.fromkeys((*COLUMNS, *index.facets.own))],
        "chosen": views.default_columns(index),
        "sorts": views.COLUMN_SORTS,
    }
    head, seen = {"renewed": renewed, "table": table}, hashlib.sha256()
    data = _data(head, cards, (*FIELDS, *index.facets.own), labels)
    written += _write(folder / DATA, _hashed(data, seen), folder)
    if renewed:  # pages that are open load this again and again
        news = {"is": seen.hexdigest(), "papers": found.count}
        written += _write(folder / "news.js", [f"window.PAPERCARDS_NEWS = {_script(news)};\n"], folder)
    # Last, so that a page which can be opened has all that it needs.
    html = page.render(
        name=name, charts=drawn, sort_titles=views.SORT_TITLES, scripts=SCRIPTS, count=found.count
    )
    return written + _write(folder / "index.html", [html], folder)


def _hashed(parts: Iterable[str], seen: "hashlib._Hash") -> Iterator[str]:
    for part in parts:
        seen.update(part.encode("utf-8", "replace"))
        yield part


def _data(
    head: Mapping[str, Any],
    cards: Iterable[tuple[Card, Paper | None, Mapping[str, Any]]],
    fields: Sequence[str],
    labels: Mapping[str, str],
) -> Iterable[str]:
    head = {
        **head,
        "fields": [[field, views.TITLES[field]] for field in fields],
        "sorts": views.SORT_TITLES,
        "pageSize": PAGE_SIZE,
        "shown": views.SHOWN_VALUES,
        "labels": labels,
        "bars": [views.FEWEST_BARS, views.MOST_BARS],
        "views": {**VIEWS, "map": "Map"},
    }
    yield f'"use strict";\nwindow.PAPERCARDS = {_script(head)};\nwindow.PAPERCARDS.papers = [\n'
    for card, paper, extra in cards:
        yield f"{_script({**_entry(card, paper, fields), **extra})},\n"
    yield "];\n"


def _entry(card: Card, paper: Paper | None, fields: Sequence[str]) -> Mapping[str, Any]:
    """The data of a card for the page, without empty fields."""
    beside = views.beside(card, paper)
    held = card.reproducibility
    entry = {
        "id": card.id,
        "title": card.title,
        "tldr": card.tldr,
        "by": card.about.credits,
        "cited": _cited(card),
        "tags": _grouped(card, fields),
        "sure": [_sure(labels) for _, _, labels in beside.labels],
        "get": [opened(held.link(name)) for name in ("code", "data", "weights")],
        "held": [held.code.confidence, held.data.confidence, held.weights.confidence],
        "date": dated(card),
        "mean": confidence_of(card),
        "parts": [[part.heading, [_piece(one) for one in part.pieces]] for part in beside.parts],
        "passages": [_passage(one) for one in beside.passages],
        "links": [[link.url, link.kind, opened(link.url) is not None] for link in held.links],
        "ways": beside.ways,
        "maybe": [[[one.label, one.confidence] for one in card.unsure_of(name)] for name in LABEL_FIELDS],
        "own": [
            [title, _words(value, filters) or [value.missing or "none"], value.confidence]
            for _, title, value, filters in beside.own
        ],
        "flags": card.flags,
        "same": card.same_as,
        "made": [card.provenance.model, card.provenance.prompt, card.provenance.taxonomy],
    }
    return {
        key: value for key, value in entry.items() if value not in (None, "", (), [], [[]] * 3, [None] * 3)
    }


def _words(value: FieldValue, filters: bool) -> Sequence[str]:
    return [label_words(one) for one in value.texts] if filters else value.texts


def _cited(card: Card) -> str:
    about = card.about
    names = [one.name for one in about.authors[:30]]
    more = ["et al."] if about.more_authors or len(about.authors) > len(names) else []
    return " · ".join(filter(None, (", ".join([*names, *more]), about.venue, about.date)))


def _piece(piece: Piece) -> object:
    if not piece.sayings and not piece.url:
        return piece.text
    said = [_said(saying) for saying in piece.sayings]
    return [piece.text, said, [end.number for end in piece.ends], piece.url]


def _passage(passage: Passage) -> list[object]:
    """The statements, the place, the words; if they are not marked in the text, whether they should be."""
    said = [_said(saying) for saying in passage.sayings]
    if passage.placed:
        return [said, passage.place, passage.text]
    return [said, passage.place, passage.text, passage.placed is not None]


def _grouped(card: Card, fields: Sequence[str]) -> list[list[str]]:
    values: dict[str, list[str]] = {field: [] for field in fields}
    for tag in tags_of(card):
        values[tag.field].append(tag.value)
    return list(values.values())


def _sure(labels: Iterable[Label]) -> list[float | None]:
    """The confidences of labels, each label once, in the order of `tags_of`."""
    first: dict[str, float | None] = {}
    for one in labels:
        first.setdefault(one.label, one.confidence)
    return list(first.values())


def _said(saying: Saying) -> list[object]:
    return [saying.name, saying.style, saying.confidence]


def _script(value: object) -> str:
    """JSON that is also valid JavaScript and safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for odd in "<\u2028\u2029":
        text = text.replace(odd, f"\\u{ord(odd):04x}")
    return text.encode("utf-8", "replace").decode()


def _write(path: Path, parts: Iterable[str], folder: Path) -> int:
    return write_file(path, (part.encode("utf-8", "replace") for part in parts), within=folder)
