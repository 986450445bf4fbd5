"""The reply to a request: an answer to check, or the reason why there is none.

Knows completions and forms. Sends nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import PaperFailed
from ..spent import NOTHING, Spent
from .completion import Logprobs, Said
from .cut_short import thinks
from .form import Form
from .refusals import Refused, error_of


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of all calls of one request."""

    text: str
    """Raw text of the last answer."""
    model: str
    finish_reason: str
    form: Form
    """The final form of the request."""
    spent: Spent = NOTHING
    """Tokens and cost of all requests."""
    wrong: str | None = None
    """Why the last answer is still invalid; None if it is accepted."""
    seconds: float = 0.0
    requests: int = 1
    """Number of requests, retries included."""
    logprobs: Logprobs = ()
    error: str = ""
    """The endpoint's message if the last answer broke off."""


def reply_of(said: Said, completion: Mapping[str, Any], form: Form, spent: Spent, *, limited: bool) -> Reply:
    """The unchecked reply in a completion.

    `limited`: the endpoint allows no more tokens than the form does. Raises PaperFailed if the model refused
    or was cut off.
    """
    if said.refusal:
        raise PaperFailed(f"the model refused to answer: {said.refusal}")
    if said.ending == "filtered":
        raise PaperFailed("the endpoint's content filter blocked the answer")
    if said.ending == "length":
        thought = ", used up by reasoning" if thinks(said, completion) else ""
        raise PaperFailed(
            f"the answer was cut off after {form.answer_tokens:,} tokens{thought}",
            next_step="The endpoint allows no more: lower --reasoning-effort"
            if limited
            else "Increase --answer-tokens",
            alike="cut off",
        )
    if not said.text and said.error:
        raise broken_off(said.error)
    if not said.text and not said.finish_reason:
        raise PaperFailed("the endpoint returned an empty answer", alike="empty")
    model = said.model or form.model_id
    return Reply(said.text, model, said.finish_reason, form, spent, logprobs=said.logprobs, error=said.error)


def refused_generation(refusal: Refused, form: Form) -> Reply:
    """A generation that the endpoint rejected as invalid; it may be valid when unwrapped."""
    text = error_of(refusal.body).get("failed_generation")
    return Reply(text if isinstance(text, str) else "", form.model_id, refusal.code, form)


def broken_off(said: str, requests: int = 0, spent: Spent = NOTHING) -> PaperFailed:
    """The error for an answer that broke off, with the endpoint's message."""
    return PaperFailed(
        f"the endpoint broke off the answer: {said}", attempts=requests, spent=spent, alike="broken off"
    )
