"""Writes a digest of new papers: one page to read, as Markdown or HTML, the most interesting papers first.

The HTML is the Markdown as one file without scripts that a phone can show. All text from papers and models is
escaped, and only http and https addresses become links.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ..card import Card
from ..text.wording import counted
from .escaping import code, link, plain, text
from .passages import cited

MOST = 300
"""Maximum number of papers; the others are in the cards."""

_LABELS = ("tasks", "modalities", "contributions")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem;color:#1b1b1b;"
    "background:#fff;overflow-wrap:anywhere}h1{font-size:1.4rem}p{margin:.3rem 0}a{color:#0b57a4}"
    "h2{font-size:1.1rem;margin:1rem 0 0;border-top:1px solid #ccc;padding-top:1rem}"
    "em{color:#555;font-size:.9rem;font-style:normal}strong,code{display:inline-block;font:.8rem sans-serif;"
    "border-radius:.3rem;padding:.1rem .4rem;margin:.1rem .2rem .1rem 0;background:#eee}"
    "strong{background:#d9efdc;color:#124d1e}"
    "@media(prefers-color-scheme:dark){body{background:#16181b;color:#e6e6e6}a{color:#8ab8f0}"
    "h2{border-color:#444}em{color:#aaa}code{background:#2c2f34}strong{background:#1d4327;color:#d9efdc}}"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A new paper."""

    card: Card
    likeness: float | None = None
    """Likeness to the nearest paper of the library, from 0 to 1; None without a library."""
    nearest: str = ""
    """Title of that paper; empty if there is none."""
    there: bool = False
    """Whether the paper itself is in the library."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The papers that came since the last round."""

    date: str
    """Time of the round, for the heading."""
    since: str
    """Time of the round before; empty for the first one."""
    entries: Sequence[Entry]
    """The papers in order, at most `MOST`."""
    count: int
    """Number of all of them."""
    order: str = ""
    """How they are ordered, in words; empty for the order of the sources."""


def digest_place(spec: Path) -> Path | None:
    """The path of a digest, if an output of a watch is one: `digest.md`, any `.html`, `digest:FILE`."""
    name = str(spec)
    if name.startswith("digest:"):
        return Path(name.removeprefix("digest:")).expanduser()
    ending = spec.suffix.lower()
    if ending in (".html", ".htm") or (
        ending in (".md", ".markdown") and spec.stem.casefold().startswith("digest")
    ):
        return spec
    return None


def rendered(digest: Digest, path: Path) -> str:
    """The text of the digest, in the format of the file's extension."""
    return _html(digest) if path.suffix.lower() in (".html", ".htm") else _markdown(digest)


def _heading(digest: Digest) -> tuple[str, str]:
    since = f" since {digest.since}" if digest.since else ""
    said = f"{counted(digest.count, 'new paper')}{since}." if digest.count else f"No new papers{since}."
    if digest.count > len(digest.entries):
        said += f" The first {len(digest.entries):,} are shown; all are in the cards."
    return f"New papers, {digest.date}", f"{said} {digest.order}".rstrip()


def _released(card: Card) -> list[str]:
    made = card.reproducibility
    held = (("code", made.code), ("data", made.data), ("weights", made.weights))
    return [f"{name} {one.status}" for name, one in held if one.status != "not-stated"]


def _tags(card: Card) -> list[str]:
    return list(dict.fromkeys(one.label for field in _LABELS for one in card.labels(field)))


def _near(entry: Entry) -> str:
    """Why it is high in the list, as plain text."""
    if entry.there:
        return "This paper is in your library."
    if entry.likeness is None or not entry.nearest:
        return ""
    return f"Like “{plain(entry.nearest)}” in your library ({entry.likeness:.2f})"


def _markdown(digest: Digest) -> str:
    title, said = _heading(digest)
    blocks = [f"# {text(title)}", text(said)]
    for entry in digest.entries:
        card = entry.card
        tags = [f"**{text(one)}**" for one in _released(card)] + [code(one) for one in _tags(card)]
        blocks += [
            f"## {link(card.title if plain(card.title) else card.id, card.page)}",
            cited(card),
            text(card.tldr),
            " ".join(tags),
            f"*{text(near)}*" if (near := _near(entry)) else "",
        ]
    return "".join(f"{block}\n\n" for block in blocks if block).rstrip("\n") + "\n"


def _html(digest: Digest) -> str:
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).render(_markdown(digest))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(_heading(digest)[0])}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )
