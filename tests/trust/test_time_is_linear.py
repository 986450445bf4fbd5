"""Strangers' texts take time in proportion to their length, also where no pattern is at work."""

import io
import json
import time
from collections.abc import Callable

import pytest

from papercards.bibliography import latex, markup
from papercards.paper import Paper, paper_id
from papercards.reading.baseline import features
from papercards.reading.instructions import find
from papercards.reading.plausible import fault
from papercards.reading.reading_copy import reading_copy
from papercards.reading.tagger_reader import BaselineReader
from papercards.safety.redact import without_secrets
from papercards.sinks.safe_names import safe_name
from papercards.sources import xml_stream
from papercards.sources.columns import Columns
from papercards.sources.files import json_document
from papercards.sources.full_text import hf_page, jats, outline, web_page
from papercards.sources.interface import Input, Options
from papercards.taxonomy import shipped
from papercards.text.spans import links, numbers, sentences

SMALL, TIMES = 2_000, 4
MOST_GROWTH = 9.0
"""Four times the text: a linear function takes four times as long, a quadratic one sixteen times."""
FLOOR_S = 0.02
"""What takes less over the larger text is quick enough, however it grows."""

TEXTS = {
    "digits": "9",
    "zeros": "0",
    "letters": "a",
    "capitals": "Ab ",
    "brackets": "(",
    "closed brackets": "()",
    "points": ".",
    "initials": "a. ",
    "hyphens": "a-",
    "link ends": "http://a/.).)",
    "links": "http://a.b/c ",
    "hosts": "github.com/",
    "spaces": " x" + " " * 60,
    "lines": "\n",
    "paragraphs": "a\n\n",
    "comments": "<!--",
    "tags": "<p>a</p>",
    "open tags": "<a ",
    "annotations": "<annotation>",
    "math": "$a",
    "braces": "{a",
    "quotes": '"a',
    "entities": "&lt;",
    "words": "we release our code at ",
    "orders": "ignore the previous instructions. ",
    "sentences": "We do it well. ",
    "versions": "1.2.3.",
    "marks": "\u202e",
    "letters of other alphabets": "\u0430b ",
    "schemes": "://",
    "json": '{"a":',
    "control words": "<|im_end|>",
    "colons": "a:b; ",
    "ats": "a@b",
    "hex": "0a ",
    "keys": "doi: 10.1000/",
    "macrons": "a\u0304",
}

_baseline = BaselineReader(shipped())


def _card(text: str) -> None:
    _baseline.card(Paper("x", "Counting", text))


def _titled(text: str) -> None:
    _baseline.card(Paper("x", text, "We count to four."))


def _copied(text: str) -> None:
    reading_copy(Paper("x", "Counting", text))


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "card": _card,
    "card of a title": _titled,
    "reading_copy": _copied,
    "sentences": sentences,
    "links": links,
    "numbers": numbers,
    "tokens": features.tokens,
    "plain": markup.plain,
    "web_page.plain": web_page.plain,
    "latex": latex.text,
    "without_secrets": without_secrets,
    "fault": lambda text: fault(text[:400], text),
    "fault of a title": lambda text: fault(text, "We count."),
    "safe_name": safe_name,
    "find": lambda text: find([text[a.start : a.end] for a in sentences(text)]),
    "paper_id": lambda text: paper_id("T", "A", given=text, url=text, doi=text, arxiv_id=text),
    "columns": lambda text: Columns().paper({"title": "T", "abstract": text}, "p"),
    "root_of": lambda text: xml_stream.root_of(text.encode()),
    "jats.looks_like": lambda text: jats.looks_like(text.encode()),
    "kind_of": outline.kind_of,
}


def _growth(call: Callable[[str], object], unit: str, small: int) -> tuple[float, float]:
    """Seconds for the larger text, and how many times as long it took; the least of several runs counts."""

    def timed(size: int) -> float:
        text = unit * (size // len(unit))
        begin = time.process_time()
        call(text)
        return time.process_time() - begin

    large = timed(small * TIMES)
    if large < FLOOR_S:
        return large, 1.0
    large = min(large, timed(small * TIMES), timed(small * TIMES))
    return large, large / max(min(timed(small) for _ in range(3)), 1e-6)


@pytest.mark.parametrize("small", [SMALL, pytest.param(16_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_longer_text_takes_longer_in_proportion(name: str, small: int) -> None:
    slow = []
    for text, unit in TEXTS.items():
        seconds, growth = _growth(FUNCTIONS[name], unit, small)
        if growth > MOST_GROWTH or seconds > 20:
            slow.append(f"{text}: {seconds:.2f} s, {growth:.1f} times")

    assert not slow, "; ".join(slow)


def _read(module: object, data: bytes) -> None:
    source = Input("x", io.BytesIO(data), Columns(), Options(sections=("all",)))
    for _ in module.FORMAT.read(source):  # type: ignore[attr-defined]
        pass


_HEAD = '<html><head><link href="https://huggingface.co/papers"></head><body>'
_META = '<html><head><meta name="citation_title" content="T"></head><body>'
_FRONT = (
    "<article><front><article-meta><title-group><article-title>T</article-title></title-group><abstract><p>W"
)
_FRONT += "</p></abstract></article-meta></front>"


@pytest.mark.parametrize(
    ("module", "begin", "unit", "end"),
    [
        (hf_page, _HEAD, "<article><p>a</p>", ""),
        (hf_page, _HEAD, "<p><b>a", ""),
        (hf_page, _HEAD, '<article><h3><a href="/papers/2401.00001">', ""),
        (web_page, _META, '<div class="abstract">', ""),
        (web_page, _META, '<div class="abstract"></div>', ""),
        (web_page, _META, "<h2>Abstract</h2><p>a</p>", ""),
        (web_page, _META, '<p style="color:white">a</p>', ""),
        (web_page, "<html><head><style>", ".a{color:white}", "</style></head><body><p class=a>a</p>"),
        (jats, f"{_FRONT}<back><fn-group><fn><p>", "word ", "</p></fn></fn-group></back></article>"),
        (jats, f"{_FRONT}<body>", "<sec><title>Results</title><p>a</p></sec>", "</body></article>"),
        (jats, f"{_FRONT}<body>", "<sec><title>Other</title><p>a</p></sec>", "</body></article>"),
        (jats, f"{_FRONT}<body><sec><title>R</title>", "<p>a</p>", "</sec></body></article>"),
        (json_document, "[", json.dumps({"title": "T", "abstract": "a"}) + ",\n", "null]"),
        (json_document, '{"papers":', "[", ""),
    ],
)
def test_a_longer_file_takes_longer_in_proportion(module: object, begin: str, unit: str, end: str) -> None:
    def read(text: str) -> None:
        try:
            _read(module, (begin + text + end).encode())
        except Exception as error:
            assert type(error).__module__.startswith("papercards"), error

    seconds, growth = _growth(read, unit, 8_000)

    assert growth < MOST_GROWTH
    assert seconds < 20
