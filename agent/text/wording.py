"""Small pieces of messages: counts with the right plural, the nearest name for a typo, faults of data."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 card`, `1,200 cards`, `2 entries` with `plural="entries"`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


_ACRONYMS = {
    word.lower(): word
    for word in (
        *("2D", "3D", "AI", "API", "ASR", "AutoML", "CPU", "DNA", "GAN", "GPU", "LLM", "ML", "MRI", "NLP"),
        *("OCR", "ODE", "PDE", "QA", "RL", "RNA", "SQL", "TTS", "VQA"),
    )
}
_BETWEEN = re.compile(r"(?<!^[a-z])(?<!-[a-z])-")
"""Places where a label's id is cut: not after a single letter, as in `x-ray` and `k-means`."""
_PHRASES = {"vision-3d": "3D vision", "agnostic": "any data"}


def label_words(label: str) -> str:
    """A label's id as words: `time series`, `multilingual NLP`, `3D vision`, `x-ray`."""
    if label in _PHRASES:
        return _PHRASES[label]
    return " ".join(_ACRONYMS.get(word, word) for word in _BETWEEN.split(label))


def did_you_mean(word: str, known: Iterable[str] | Mapping[str, str]) -> str:
    """`Did you mean "baseline"?`, or an empty string if no known name is close. Ignores case.

    A mapping gives the text to show for each name.
    """
    from difflib import get_close_matches

    shown = known if isinstance(known, Mapping) else {name: name for name in known}
    names = {name.casefold(): text for name, text in shown.items()}
    near = get_close_matches(word.casefold(), names, n=1, cutoff=0.7)
    return f'Did you mean "{names[near[0]]}"?' if near else ""


def first_fault(error: "ValidationError") -> str:
    """The first fault of data that is not valid: `claims.0.end: Field required`."""
    return placed(error.errors(include_url=False)[0])


def placed(fault: Mapping[str, Any]) -> str:
    """A fault of a validation error with its place in the data, if it has one."""
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])
