"""Limits for untrusted files: sizes, expansion and time, the same for every source.

A record that is too large is a bad record with its place; a file that expands or computes without end is an
error with its name. Knows sizes and seconds. Knows no format.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from ..errors import BadInput

MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Maximum size of one record in its file; a paper with its full text is under a megabyte."""

TOO_LONG = f"is longer than {MAX_RECORD_BYTES >> 20} MB and was skipped"

MAX_TITLE = 2_000
"""Maximum characters of a title; the longest in PubMed have about 400. A longer one is a bad record."""

MAX_ABSTRACT = 100_000
"""Maximum characters of an abstract (thirty pages). The rest is cut, and the card gets the flag `CUT`."""

CUT = "abstract-cut"
"""Flag of a paper whose abstract was cut."""

MAX_RATIO = 250
"""Maximum expansion of compressed data; text shrinks to a tenth, rarely to a fiftieth."""

FREE_BYTES = 64 << 20
"""Up to so much compressed data may expand as it likes."""

COMPUTING_S = 20.0
"""The longest that a library may compute until it gives the next rows, in seconds."""

_ENDING_S = 1.0
"""How long a library that was told to stop is waited for, so that its file can be closed."""

Result = TypeVar("Result")


class TooLarge(Exception):
    """One record is larger than `MAX_RECORD_BYTES`; the next one may be read."""


def cut(abstract: str) -> str:
    """The beginning of a long abstract, up to a white space where there is one near the end."""
    if len(abstract) <= MAX_ABSTRACT:
        return abstract
    kept = abstract[:MAX_ABSTRACT]
    if not abstract[MAX_ABSTRACT].isspace():
        whole = kept.rsplit(maxsplit=1)[0]
        kept = whole if len(whole) > MAX_ABSTRACT - 1_000 else kept
    return kept.rstrip()


def expands(packed: int, unpacked: int) -> bool:
    """Whether so many bytes make so many that they are meant to fill memory or time."""
    return unpacked > FREE_BYTES and unpacked > MAX_RATIO * max(packed, 1)


def computed(
    call: Callable[[], Result],
    name: str,
    end: Callable[[], object] = lambda: None,
    *,
    seconds: float = COMPUTING_S,
) -> Result:
    """What a library gives that nothing can interrupt but itself: `end` is called to make it stop.

    It computes in a thread of its own, so that a Ctrl-C is heard meanwhile. Raises what the call raises, and
    BadInput, with `name` for the place, after so many seconds.
    """
    results: list[Result] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)
        done.set()

    # A daemon: a library that does not stop must not keep the program from ending.
    threading.Thread(target=run, name="computing", daemon=True).start()
    try:
        in_time = done.wait(seconds)
    except BaseException:
        end()
        done.wait(_ENDING_S)
        raise
    if not in_time:
        end()
        done.wait(_ENDING_S)
        raise BadInput(
            f"takes more than {seconds:g} s to compute a row",
            where=name,
            next_step="Export the table to CSV or JSONL and use that",
        )
    if errors:
        raise errors[0]
    return results[0]
