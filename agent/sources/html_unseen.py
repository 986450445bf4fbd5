"""Removes text that a browser does not show from the tree of a web page.

That is text that is `hidden`, `aria-hidden`, or hidden by styles: not displayed, invisible, transparent,
without size, far off the screen, clipped away, or in the colour of its background. Styles are those of the
elements and simple rules of the page's own `<style>`; no style sheet is fetched.

Knows trees and styles. Knows nothing of papers.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

_MOST_STYLE = 500_000
_MOST_RULES = 5_000
_MOST_COLOUR_DISTANCE = 40
_COMMENT = re.compile(r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|$)")
_COMPOUND = re.compile(r"(?P<tag>[a-z][\w-]*|\*)?(?P<marks>(?:[.#][\w-]+)*)", re.IGNORECASE)
_LENGTH = re.compile(r"(-?\d*\.?\d+)\s*(px|pt|em|rem|ex|ch|%|vw|vh|in|cm|mm)?", re.IGNORECASE)
_PIXELS = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
    "ch": 8.0,
    "%": 0.16,
    "in": 96.0,
}
_PIXELS |= {"vw": 10.0, "vh": 8.0, "cm": 38.0, "mm": 3.8}
"""Approximate pixels per unit; per cent refer to the font size."""
_LEAST_LETTERS = 4.0
"""Minimum visible font size in pixels, which is 3 points."""
_FAR = 500.0
_HASH = re.compile(r"#([0-9a-f]{3,8})\b", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(([^()]{1,80})\)", re.IGNORECASE)
_NAMES = {
    "white": (255, 255, 255),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240),
    "azure": (240, 255, 255),
    "mintcream": (245, 255, 250),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "navy": (0, 0, 128),
}
_SHOWN_TO_EYES = re.compile(r"katex|mjx|mathjax", re.IGNORECASE)
"""Formulas are written twice, once for eyes with `aria-hidden` and once for screen readers."""
_FOR_SCREEN_READERS = re.compile(
    r"\b(?:sr-only|screen-?reader|visually-?hidden|katex-mathml|mjx-assistive|skip-?(?:link|nav)|print-only)",
    re.I,
)

Colour = tuple[int, int, int]
Rule = tuple[tuple[re.Match[str], ...], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _State:
    """The inherited styles."""

    gone: bool = False
    invisible: bool = False
    small: bool = False
    colour: Colour | None = None
    """Text colour; None if not set, so black."""
    ground: Colour | None = (255, 255, 255)
    """Background colour; None for a picture."""

    @property
    def unseen(self) -> bool:
        """Whether text directly in the element is invisible."""
        same = self.colour is not None and self.ground is not None and _near(self.colour, self.ground)
        return self.gone or self.invisible or self.small or same


def take_out(page: Any) -> list[tuple[Any, str]]:
    """Remove invisible text from a page; returns each removed text with its element.

    Texts for screen readers, which repeat what a page shows, are removed too but not returned.
    """
    rules = _Rules(page)
    states: dict[Any, _State] = {}
    lost: list[tuple[Any, str]] = []
    roots: list[Any] = []
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        parent = element.getparent()
        above = states.get(parent, _State())
        state = above if above.gone else _state(element, above, rules)
        states[element] = state
        if state.gone:
            if not above.gone:
                roots.append(element)
            continue
        if state.unseen:
            lost += [(element, text) for text in (_taken(element),) if text.strip()]
    for element in roots:
        text = " ".join("".join(element.itertext()).split())
        marks = f"{element.get('class') or ''} {element.get('id') or ''}"
        if text and not _FOR_SCREEN_READERS.search(marks) and element.getparent() is not None:
            lost.append((element.getparent(), text))
        if element.getparent() is not None:
            element.drop_tree()
    return lost


def _taken(element: Any) -> str:
    """Blank the text directly in an element; that of visible children stays."""
    parts = [element.text or "", *(child.tail or "" for child in element)]
    element.text = None
    for child in element:
        child.tail = " " if child.tail else None
    return " ".join(parts)


def _state(element: Any, above: _State, rules: "_Rules") -> _State:
    style = _style(element, rules)
    marks = f"{element.get('class') or ''} {element.tag}"
    if (
        element.get("hidden") is not None
        or (element.get("aria-hidden") == "true" and not _SHOWN_TO_EYES.search(marks))
        or (element.tag == "dialog" and element.get("open") is None)
        or _is_gone(style)
    ):
        return replace(above, gone=True)
    state = above
    if visibility := style.get("visibility"):
        state = replace(state, invisible=visibility in ("hidden", "collapse"))
    size = style.get("font-size") or (style.get("font", "") if "px" in style.get("font", "") else "")
    if size and (pixels := _pixels(size)) is not None:
        state = replace(state, small=pixels < _LEAST_LETTERS)
    ground = style.get("background-color") or style.get("background") or element.get("bgcolor") or ""
    if "url(" in style.get("background", "") or "gradient" in ground or style.get("background-image"):
        state = replace(state, ground=None)
    elif (
        ground and ground not in ("none", "transparent", "inherit") and (shade := _colour(ground)) is not None
    ):
        state = replace(state, ground=shade)
    colour = style.get("-webkit-text-fill-color") or style.get("color") or element.get("color") or ""
    if colour in ("transparent",) or _is_clear(colour):
        state = replace(state, colour=state.ground)
    elif colour and (shade := _colour(colour)) is not None:
        state = replace(state, colour=shade)
    return state


def _is_gone(style: Mapping[str, str]) -> bool:
    if style.get("display") == "none" or style.get("content-visibility") == "hidden":
        return True
    opacity = _LENGTH.match(style.get("opacity", "1"))
    if opacity and float(opacity[1]) / (100 if opacity[2] == "%" else 1) < 0.1:
        return True
    if re.match(r"opacity\(\s*0", style.get("filter", "")):
        return True
    if style.get("position") in ("absolute", "fixed", "relative"):
        sides = (_pixels(style.get(side, "")) for side in ("left", "right", "top", "bottom"))
        if any(far is not None and (far <= -_FAR or far >= 10 * _FAR) for far in sides):
            return True
    moved = (_pixels(style.get(name, "")) for name in ("text-indent", "margin-left", "margin-top", "margin"))
    if any(far is not None and far <= -_FAR for far in moved):
        return True
    if style.get("overflow", "").startswith(("hidden", "clip")) and any(
        (length := _pixels(style.get(side, ""))) is not None and length <= 1
        for side in ("height", "width", "max-height", "max-width")
    ):
        return True
    shape = f"{style.get('clip', '')} {style.get('clip-path', '')} {style.get('transform', '')}"
    return (
        re.search(
            r"rect\(\s*[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?\s*\)"
            r"|inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0|scale[xy]?\(\s*0(?:\.0\d*)?\s*[,)]"
            r"|translate[xy]?\(\s*-\d{3,}",
            shape,
        )
        is not None
    )


class _Rules:
    """The style rules of a page, indexed by the last part of their selectors."""

    def __init__(self, page: Any) -> None:
        self._by_key: dict[str, list[tuple[int, Rule]]] = defaultdict(list)
        for number, rule in enumerate(_rules(page)):
            last = rule[0][-1]
            key = re.match(r"[.#][\w-]+", last["marks"])
            self._by_key[key.group() if key else (last["tag"] or "*").lower()].append((number, rule))

    def of(self, element: Any) -> Iterator[Mapping[str, str]]:
        """The rules that apply to an element, in order of precedence."""
        if not self._by_key:
            return
        keys = ["*", str(element.tag), f"#{element.get('id')}"]
        keys += [f".{name}" for name in set((element.get("class") or "").split())]
        found = [one for key in keys for one in self._by_key.get(key, ())]
        for _, (compounds, declarations) in sorted(found, key=lambda one: one[0]):
            if _fits(element, compounds):
                yield declarations


def _style(element: Any, rules: _Rules) -> dict[str, str]:
    found: dict[str, str] = {}
    for declarations in rules.of(element):
        found |= declarations
    return found | _declarations(element.get("style") or "")


def _declarations(text: str) -> dict[str, str]:
    found = {}
    for part in text[:_MOST_STYLE].split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip().lower()] = value.replace("!important", "").strip().lower()
    return found


_TELLING = re.compile(
    r"display|visibility|opacity|font|color|position|indent|margin|overflow|clip|transform|background|filter"
)


def _rules(page: Any) -> Iterator[Rule]:
    """The rules of the page's own styles outside of conditions as `@media print`, with what they say."""
    count = 0
    for sheet in page.iter("style"):
        text = _COMMENT.sub(" ", (sheet.text or "")[:_MOST_STYLE])
        depth, selectors, at = 0, "", 0
        for brace in re.finditer("[{}]", text):
            between, at = text[at : brace.start()], brace.end()
            if brace.group() == "{":
                depth += 1
                if depth == 1:
                    selectors = between.rpartition(";")[2].strip()
                continue
            if depth == 1 and not selectors.startswith("@") and _TELLING.search(between.lower()):
                declarations = _declarations(between)
                for selector in selectors.split(","):
                    compounds = [_COMPOUND.fullmatch(one) for one in selector.replace(">", " ").split()]
                    known = tuple(one for one in compounds if one is not None)
                    if known and len(known) == len(compounds) and count < _MOST_RULES:
                        count += 1
                        yield known, declarations
            depth = max(0, depth - 1)


def _fits(element: Any, compounds: Sequence[re.Match[str]]) -> bool:
    if not _is(element, compounds[-1]):
        return False
    rest = list(compounds[:-1])
    parent = element.getparent()
    while rest and parent is not None:
        if _is(parent, rest[-1]):
            rest.pop()
        parent = parent.getparent()
    return not rest


def _is(element: Any, compound: re.Match[str]) -> bool:
    tag = (compound["tag"] or "*").lower()
    if tag not in ("*", element.tag):
        return False
    classes = (element.get("class") or "").split()
    return all(
        mark[1:] in classes if mark[0] == "." else mark[1:] == element.get("id")
        for mark in re.findall(r"[.#][\w-]+", compound["marks"])
    )


def _pixels(text: str) -> float | None:
    match = _LENGTH.search(text)
    if match is None or text.startswith(("calc", "var", "max", "min", "clamp")):
        return None
    return float(match[1]) * _PIXELS[(match[2] or "").lower()]


def _colour(text: str) -> Colour | None:
    text = text.strip().lower()
    if found := _HASH.match(text):
        digits = found[1]
        pairs = [d * 2 for d in digits[:3]] if len(digits) < 6 else [digits[n : n + 2] for n in (0, 2, 4)]
        return int(pairs[0], 16), int(pairs[1], 16), int(pairs[2], 16)
    if found := _RGB.match(text):
        parts = re.findall(r"(\d+(?:\.\d+)?)(%?)", found[1])[:3]
        if len(parts) == 3:
            red, green, blue = (round(float(n) * (2.55 if percent else 1)) for n, percent in parts)
            return red, green, blue
    return _NAMES.get(text.split(" ")[0]) if text else None


def _is_clear(text: str) -> bool:
    found = _RGB.match(text)
    parts = re.findall(r"\d*\.?\d+", found[1]) if found else []
    return len(parts) == 4 and float(parts[3]) < 0.1


def _near(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) <= _MOST_COLOUR_DISTANCE for a, b in zip(one, other, strict=True))
