"""Own boolean fields as the embedded model answers them about a paper that it has read.

The answer is told by the probabilities of two tokens. A small model leans to one side, differently for each
question; so the question is first asked of a few reference papers, once, and the mean of their log odds is
taken off (batch calibration: Zhou et al. 2023). Near to it the field is null, `uncertain`.

Numbers, quantities and texts were tried in the same way and are not asked: docs/quality.md has the figures.

Knows fields, papers and answers. Knows no cards.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from pathlib import Path
from string import Template

from ...card import NOT_ASKED, NOT_IN_TEXT, UNCERTAIN, Answered
from ...fields.spec import Field, FieldSet
from ...fields.values import Value
from ...model.cache import Answer, Part, key_of
from ...paper import Paper
from ...taxonomy import Taxonomy
from ...text.spans import digest
from ..asking import Askings
from ..kept import Answers, Bill, Named
from ..question import made_by
from .transcript import load_script

LEAST = 0.4
"""Log odds apart from those of the reference papers from which a field is yes or no."""
LIKELY = 40
"""Number of likeliest tokens among which the two are looked for."""
_DATA = Path(__file__).parent.parent.parent / "data"
_NEVER = -20.0
"""Log probability of a token that is not among them."""

Ask = Callable[[str, Paper], Awaitable[Answer]]
"""Asks a question of a paper; the answer's text is what `odds` reads."""


def told(first: Mapping[str, float]) -> str:
    """The log odds of yes against no as an answer keeps them, from log probabilities of first tokens."""
    yes, no = (max(first.get(word, _NEVER) for word in (said, said.capitalize())) for said in ("yes", "no"))
    return json.dumps({"odds": round(yes - no, 4)})


def odds(answer: Answer) -> float:
    """The other way round. Raises ValueError for anything else."""
    body = json.loads(answer.text)
    if not isinstance(body, dict) or not isinstance(body.get("odds"), int | float):
        raise ValueError("no answer to a yes-or-no question")
    return float(body["odds"])


class OwnQuestions:
    """The own fields of a run that the embedded model answers, from the cache or by `ask`."""

    def __init__(
        self,
        fields: FieldSet,
        taxonomy: Taxonomy,
        parts: Mapping[str, Part],
        answers: Answers,
        ask: Ask,
        say: Callable[[str], None],
    ) -> None:
        """`parts` are those of every key; `say` is told when the reference papers are asked about."""
        # A sentence cannot be named, so a field that needs one is not asked.
        self._fields = tuple(
            one for one in fields.own if one.type == "boolean" and one.evidence != "required"
        )
        self._only = fields.only
        self._texts = Askings(taxonomy, fields)
        self.script = load_script("stepwise-own.v1")
        self._parts = {**parts, "mode": "stepwise-own", "own": self.script.version}
        self._answers = answers
        self._ask = ask
        self._say = say
        self._usual: dict[str, float] = {}
        self.specs = {one.name: one.spec for one in self._fields}
        """The spec of each field that is asked, by name."""

    def keys(self, paper: Paper) -> dict[str, Mapping[str, Part]]:
        """What the answers of a paper are stored under, by field."""
        return {one.name: self._about(self._words(one), paper) for one in self._fields}

    def calls(self, paper: Paper) -> int:
        """How many questions a paper takes."""
        asked = (one for one in self._fields if self._may_ask(one))
        return sum(self._answers.found(self._about(self._words(one), paper), _good) is None for one in asked)

    async def values(
        self, paper: Paper, read: int, named: Named, bill: Bill
    ) -> tuple[dict[str, Value], tuple[Answered, ...]]:
        """The values for a paper of which `read` sentences were read, and what made them."""
        values: dict[str, Value] = {}
        made = []
        text = self._texts.text(paper, read) if self._fields else None
        for one in self._fields:
            about = self._about(self._words(one), paper)
            if text is not None and text.allowed(one) == frozenset():
                values[one.name] = Value(missing=NOT_IN_TEXT)
            elif not self._may_ask(one) and self._answers.found(about, _good) is None:
                values[one.name] = Value(missing=NOT_ASKED)
            else:
                answer = await self._get(self._words(one), paper, named, bill)
                surplus = odds(answer) - await self._leaning(one, named)
                sure = abs(surplus) >= LEAST
                values[one.name] = Value(surplus > 0) if sure else Value(missing=UNCERTAIN)
                made.append(made_by(key_of(about), self.script.version, {one.name: one.spec}, answer.created))
        return values, tuple(made)

    async def _leaning(self, one: Field, named: Named) -> float:
        """The mean log odds of the reference papers."""
        if one.name not in self._usual:
            asked = [each for each in self._fields if each.name == one.name or self._may_ask(each)]
            papers = reference_papers()
            if any(
                self._answers.found(self._about(self._words(each), papers[-1]), _good) is None
                for each in asked
            ):
                self._say(
                    f"yes-or-no questions that are new are first asked of {len(papers)} other papers, once"
                )
            found: dict[str, list[float]] = {each.name: [] for each in asked}
            for paper in papers:
                # All questions of a paper together, while the engine still has it.
                for each in asked:
                    answer = await self._get(self._words(each), paper, named, Bill())
                    found[each.name].append(odds(answer))
            self._usual |= {name: sum(some) / len(some) for name, some in found.items()}
        return self._usual[one.name]

    async def _get(self, words: str, paper: Paper, named: Named, bill: Bill) -> Answer:
        return await self._answers.get(
            self._about(words, paper), _good, lambda: self._ask(words, paper), named, bill
        )

    def _may_ask(self, one: Field) -> bool:
        return self._only is None or one.name in self._only

    def _words(self, one: Field) -> str:
        return Template(self.script.sections["ask"]).substitute(question=one.question)

    def _about(self, words: str, paper: Paper) -> dict[str, Part]:
        return {**self._parts, "question": digest(words), "paper": digest(paper.title, paper.text)}


@lru_cache(maxsize=1)
def reference_papers() -> tuple[Paper, ...]:
    """Short papers of the seed corpus, from those on which `LEAST` was chosen."""
    lines = (_DATA / "reference-papers.jsonl").read_text(encoding="utf-8").strip().split("\n")
    return tuple(Paper("", one["title"], one["abstract"]) for one in map(json.loads, lines))


def _good(answer: Answer) -> bool:
    try:
        odds(answer)
    except ValueError:
        return False
    return True
