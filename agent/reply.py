"""What came back for a question: an answer to judge, or why there is none.

Knows completions and forms. Sends nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .completion import Said
from .cut_short import thinks
from .errors import PaperFailed
from .form import Form
from .refusals import Refused, error_of
from .spent import NOTHING, Spent


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, over all calls of one question."""

    text: str
    """The last answer, raw."""
    wrong: str | None
    """Why the last answer is still wrong; None: it is accepted."""
    model: str
    finish_reason: str
    seconds: float
    requests: int
    """All requests, those that were tried again included."""
    spent: Spent
    """What all requests took."""
    logprobs: tuple[tuple[tuple[str, float], ...], ...]
    form: Form
    """How it was asked in the end."""
    error: str = ""
    """The endpoint's words where it broke the last answer off."""


def reply_of(said: Said, completion: Mapping[str, Any], form: Form, spent: Spent, *, limited: bool) -> Reply:
    """The reply that a completion holds; nobody has checked it yet.

    `limited`: the endpoint allows no more tokens than the form does. Raises PaperFailed where the model
    refused or was cut off.
    """
    if said.refusal:
        raise PaperFailed(f"the model refused to answer: {said.refusal}")
    if said.ending == "filtered":
        raise PaperFailed("the endpoint's content filter held the answer back")
    if said.ending == "length":
        thought = ", used up by its thinking" if thinks(said, completion) else ""
        raise PaperFailed(
            f"the answer was cut off after {form.answer_tokens:,} tokens{thought}",
            next_step="The endpoint allows no more: let it think less with --reasoning-effort"
            if limited
            else "Allow more with --answer-tokens",
            alike="cut off",
        )
    if not said.text and said.error:
        raise broken_off(said.error)
    if not said.text and not said.finish_reason:
        raise PaperFailed("the endpoint answered, but with no text", alike="empty")
    return Reply(
        text=said.text,
        wrong=None,
        model=said.model or form.model_id,
        finish_reason=said.finish_reason,
        seconds=0.0,
        requests=1,
        spent=spent,
        logprobs=said.logprobs,
        form=form,
        error=said.error,
    )


def refused_generation(refusal: Refused, form: Form) -> Reply:
    """A generation that the endpoint itself judged wrong: it may be right when unwrapped."""
    text = error_of(refusal.body).get("failed_generation")
    return Reply(
        text=text if isinstance(text, str) else "",
        wrong=None,
        model=form.model_id,
        finish_reason=refusal.code,
        seconds=0.0,
        requests=1,
        spent=NOTHING,
        logprobs=(),
        form=form,
    )


def broken_off(said: str, requests: int = 0, spent: Spent = NOTHING) -> PaperFailed:
    """The error for an answer that the endpoint broke off, with its words."""
    return PaperFailed(
        f"the endpoint broke the answer off: {said}", attempts=requests, spent=spent, alike="broken off"
    )
