"""The summary of a paper by a chat call of its own, since decisions have no words.

Knows papers as they are shown. Knows no decisions.
"""

from collections.abc import Sequence
from contextlib import suppress

from ...errors import PaperFailed
from ...model.cache import Answer
from ...model.call import Caller
from ...model.unwrapping import fit, readings
from ..answers import ADVICE, Wire, summary_flags
from ..prompting import Message, Shown
from ..question import answer_of


class Summary(Wire):
    """What the model fills in."""

    tldr: str


async def summarize(writer: Caller, prefix: Sequence[Message], shown: Shown) -> Answer:
    """The model's summary; raises PaperFailed if it writes none. Its faults are flags of the card."""

    def check(text: str) -> str | None:
        tldr = tldr_in(text)
        if not tldr:
            return "- write one JSON object with tldr, one sentence"
        return "\n".join(f"- {ADVICE[flag]}" for flag in summary_flags(tldr, shown.source)) or None

    try:
        reply = await writer.ask(Summary, prefix, f"<paper>\n{shown.content}\n</paper>", check)
    except PaperFailed as error:
        error.next_step = error.next_step or "Or leave the summary out with --no-summary"
        raise
    if not tldr_in(reply.text):
        raise PaperFailed(
            f"the model wrote no summary: {reply.wrong}",
            next_step="Leave it out with --no-summary",
            attempts=reply.requests,
            alike="wrong answer",
            spent=reply.spent,
        )
    return answer_of(reply)


def tldr_in(text: str) -> str | None:
    """The summary in an answer, out of its wrapping; None if there is none."""
    for value in readings(text):
        with suppress(ValueError):
            tldr = Summary.model_validate(fit(value, Summary.model_json_schema())).tldr
            return " ".join(tldr.encode(errors="ignore").decode().split()) or None
    return None
