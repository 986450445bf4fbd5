"""Detects from token counts whether an endpoint truncated a prompt or an answer.

Knows completions. Knows no forms of requests.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import PaperFailed
from .completion import Said, usage_of

_FEWEST_COUNTED = 500
_BYTES_PER_TOKEN = 8
"""Maximum bytes per token in any language: with a lower token count, the prompt was truncated. Counts below
`_FEWEST_COUNTED` tokens cannot be a context's size and are ignored.
"""
_CONTEXT_STEP = 1024
_USUAL_BYTES = 5.5
"""Typical bytes per token of English: a low count that equals a common context size means truncation."""
_THINKING = ("<think", "<thought", "<reason", "<|channel|>", "<|start|>")


def check_read_whole(
    completion: Mapping[str, Any], prefix: Sequence[Mapping[str, object]], last: str
) -> None:
    """Raise PaperFailed if the endpoint's token count shows that the prompt was truncated to its context."""
    used = usage_of(completion)
    if used is None or used.prompt < _FEWEST_COUNTED:
        return
    sent = len(last.encode()) + sum(len(str(message["content"]).encode()) for message in prefix)
    full = used.prompt % _CONTEXT_STEP in (0, _CONTEXT_STEP - 1) and used.prompt < sent / _USUAL_BYTES
    if full or used.prompt < sent / _BYTES_PER_TOKEN:
        raise PaperFailed(
            f"the endpoint read only {used.prompt:,} tokens of a prompt of about {sent // 4:,}",
            next_step="Increase its context (Ollama: OLLAMA_CONTEXT_LENGTH, or num_ctx in a Modelfile), or "
            "read fewer --sections",
            alike="cut prompt",
        )


def thinks(said: Said, completion: Mapping[str, Any]) -> bool:
    """Whether an answer was cut off during its reasoning."""
    used = usage_of(completion)
    text = said.text.lstrip("\ufeff \r\n")
    # Where a template opens the thinking, its tag is not in the text: what does not begin as JSON thinks.
    begun = text.startswith(("{", "[", '"', "```", "Here"))
    return said.thought or text.lower().startswith(_THINKING) or not begun or bool(used and used.reasoning)
