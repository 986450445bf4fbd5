"""Whether an endpoint cut a prompt or an answer short, by what it says of them.

Knows completions. Knows no forms of requests.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .completion import Said, usage_of
from .errors import PaperFailed

_FEWEST_COUNTED = 500
_BYTES_PER_TOKEN = 8
"""Text of any language has fewer: a prompt that was counted at less was not read whole. Counts below
`_FEWEST_COUNTED` tokens are no context's size, but a count of something else."""
_CONTEXT_STEP = 1024
_USUAL_BYTES = 5.5
"""A count that is a context's size to the token was cut to it, if it is also low for English."""
_THINKING = ("<think", "<thought", "<reason", "<|channel|>", "<|start|>")


def check_read_whole(
    completion: Mapping[str, Any], prefix: Sequence[Mapping[str, object]], last: str
) -> None:
    """Raises PaperFailed where the endpoint's count says that it cut the prompt to its context."""
    used = usage_of(completion)
    if used is None or used.prompt < _FEWEST_COUNTED:
        return
    sent = len(last.encode()) + sum(len(str(message["content"]).encode()) for message in prefix)
    full = used.prompt % _CONTEXT_STEP in (0, _CONTEXT_STEP - 1) and used.prompt < sent / _USUAL_BYTES
    if full or used.prompt < sent / _BYTES_PER_TOKEN:
        raise PaperFailed(
            f"the endpoint read only {used.prompt:,} tokens of a prompt of about {sent // 4:,}",
            next_step="Raise its context (Ollama: OLLAMA_CONTEXT_LENGTH, or num_ctx in a Modelfile), "
            "or read fewer --sections",
            alike="cut prompt",
        )


def thinks(said: Said, completion: Mapping[str, Any]) -> bool:
    """Whether an answer that was cut off had not come further than its thinking."""
    used = usage_of(completion)
    text = said.text.lstrip("\ufeff \r\n")
    # Where a template opens the thinking, its tag is not in the text: what does not begin as JSON thinks.
    begun = text.startswith(("{", "[", '"', "```", "Here"))
    return said.thought or text.lower().startswith(_THINKING) or not begun or bool(used and used.reasoning)
