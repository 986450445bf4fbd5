"""What a decision endpoint answers, in the forms that are documented.

The forms are those of the public documentation of vLLM (structured_decisions.md, decisions.md), SGLang
(decision_models.mdx), Ollama, Fireworks and Cloudflare, and of OpenAI's client (types/decision.py).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.stub import Fault

Opinion = Callable[[str, str, list[str]], list[float]]
"""From the state, the question's name and its options to the probability of each option."""


def by_hash(state: str, name: str, options: list[str]) -> list[float]:
    """Probabilities that depend on the paper and the question and are the same each time."""
    seed = hashlib.sha256(f"{state}|{name}".encode()).digest()
    if options == ["yes", "no"]:
        yes = seed[0] / 255 * (0.9 if seed[1] > 200 else 0.3)
        return [yes, 1 - yes]
    weights = [
        1 + (9 if number == seed[2] % len(options) else seed[number % 32] / 255)
        for number in range(len(options))
    ]
    return [weight / sum(weights) for weight in weights]


@dataclass
class Decisions:
    """A decision endpoint: put its `answer` at `Stub.other`."""

    opinion: Opinion = by_hash
    form: str = "systemone"
    """`systemone` at /systemone, or `openai` at /decisions."""
    places: int = 4
    """Decimals that probabilities are rounded to."""
    envelope: bool = False
    usage: bool = True
    change: Callable[[dict[str, Any], dict[str, Any]], Any] = lambda answer, body: answer
    """From an answer and its request to what is sent."""
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any]) -> "Fault | dict[str, Any] | None":
        if not path.endswith("/systemone" if self.form == "systemone" else "/decisions"):
            return None
        self.bodies.append(body)
        listed = isinstance(body["questions"], list)
        state = body["input"] if listed else body["state"]
        named = (
            [(one["name"], one) for one in body["questions"]] if listed else list(body["questions"].items())
        )
        found = [(name, self._one(state, name, one)) for name, one in named]
        answers: Any = [{"name": name, **one} for name, one in found] if listed else dict(found)
        whole: dict[str, Any] = {"model": body["model"], "answers": answers}
        if self.usage:
            tokens = len(json.dumps(body)) // 4
            whole["usage"] = {"input_tokens": tokens, "output_tokens": len(found)}
        whole = self.change(whole, body)
        if self.envelope:
            return {"result": whole, "success": True, "errors": [], "messages": []}
        return whole

    def _one(self, state: str, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["type"] in ("noul", "predicate"):
            yes = round(self.opinion(state, name, ["yes", "no"])[0], self.places)
            return {"type": asked["type"], "noul" if asked["type"] == "noul" else "probability": yes}
        options = (
            [one["value"] for one in asked["choices"]] if "choices" in asked else list(asked["criteria"])
        )
        values = [round(value, self.places) for value in self.opinion(state, name, options)]
        best = options[values.index(max(values))]
        table: Any = dict(zip(options, values, strict=True))
        if "choices" in asked:
            table = [{"value": option, "probability": value} for option, value in table.items()]
        return {"type": "choice", "choice": best, "probabilities": table, "confidence": max(values)}
