"""Small pieces of messages: counts with the right plural, and the nearest known name for a typo."""

from collections.abc import Iterable, Mapping


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 card`, `1,200 cards`, `2 entries` with `plural="entries"`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def did_you_mean(word: str, known: Iterable[str] | Mapping[str, str]) -> str:
    """`Did you mean "baseline"?`, or an empty string if no known name is close. Ignores case.

    A mapping gives the text to show for each name.
    """
    from difflib import get_close_matches

    shown = known if isinstance(known, Mapping) else {name: name for name in known}
    names = {name.casefold(): text for name, text in shown.items()}
    near = get_close_matches(word.casefold(), names, n=1, cutoff=0.7)
    return f'Did you mean "{names[near[0]]}"?' if near else ""
