"""The steps for one paper with the embedded model: lay out, read, take readings, summarize, combine, card.

Two calls a paper: one reads it, one writes the summary from where the first left off, if it is wanted; a
third where the summary is wrong. What they gave is kept in the cache as numbers and words, so that a rerun
asks nobody.

Knows no files and no other papers.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...card import Card, Provenance
from ...errors import UsageError
from ...fields.spec import NO_OWN, FieldSet
from ...fields.values import Value
from ...model.cache import Answer, Cache, Part
from ...model.catalogue import Model
from ...paper import Paper
from ...spent import Spent
from ...taxonomy import Taxonomy
from ...text.spans import digest
from .. import evidence
from ..baseline import Baseline, summarized
from ..kept import Answers, Bill, Named, answered, together
from ..question import provenance
from ..reader import Reading, Wanted, names_of
from ..reading_copy import ReadingCopy, reading_copy
from .own import LIKELY, OwnQuestions, told
from .readout import Probe, Readout, from_json, load_probe, to_json
from .stack import Stack, load_stack
from .summary import MOST_TOKENS, flags, tidy
from .transcript import Transcript, Typesetter, load_script

if TYPE_CHECKING:
    from ...local.engine import Engine, Written
    from .vocabulary import Directions

FOR_SUMMARY = 200
"""Tokens that are left free after a paper: the question, the summary, and both once more."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is needed to ask the model; made on the first paper that the cache does not know."""

    engine: "Engine"
    directions: "Mapping[str, Directions]"


class StepwiseReader:
    """Cards from one reading pass of the embedded model a paper, every reading kept in the cache.

    `connect` is awaited on the first cache miss. `repeat` numbers independent readings of the same paper.
    """

    def __init__(
        self,
        model: Model,
        taxonomy: Taxonomy,
        connect: "Callable[[], Awaitable[Bench]]",
        cache: Cache | None,
        *,
        offline: bool = False,
        repeat: int = 0,
        summary: bool = True,
        tagger: Callable[[], Baseline] | None = None,
        tagger_version: str = "",
        probe: Probe | None = None,
        stack: Stack | None = None,
        fields: FieldSet = NO_OWN,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Without `summary` the model writes none, and a sentence of the abstract stands in its place.

        `tagger` makes what states are stacked with, at the first card (default: the baseline).

        `probe` and `stack` default to those that ship for the model. Of the `fields`, the own ones that the
        model answers are asked after the reading; `say` is told where that takes longer.
        """
        assert model.file is not None
        self._model = model
        self._taxonomy = taxonomy
        self._connect = connect
        self._writes = summary
        self._probe = probe or load_probe(model.model_id)
        self._stack = stack or load_stack(model.model_id)
        self._baseline = Baseline(taxonomy)
        self._make_tagger = tagger or (lambda: self._baseline)
        self._tagger: Baseline | None = None
        self._tagging = threading.Lock()
        self._script = load_script()
        self._bench: Bench | None = None
        self._typesetter: Typesetter | None = None
        self._connecting = asyncio.Lock()
        self._turn = asyncio.Semaphore(model.concurrency)
        fitted = digest(self._probe.version, self._baseline.version, repr(self._stack), tagger_version)
        self.prompt = f"{self._script.version}+{fitted[:8]}"
        """What the cards depend on beside the model: words, weights, baseline."""
        self._parts: dict[str, Part] = {
            "endpoint": "local",
            "model": model.model_id,
            "model_sha256": model.file.sha256,
            "mode": "stepwise",
            "prefix": self._script.version,
            "probe": self._probe.version,
            "taxonomy": taxonomy.version,
            "repeat": repeat,
        }
        about = {
            name: part for name, part in self._parts.items() if name not in ("mode", "probe", "taxonomy")
        }
        self._answers = Answers(cache, offline=offline)
        self.own = OwnQuestions(fields, taxonomy, about, self._answers, self._ask_own, say)
        """The own fields that the model answers."""
        self._types = {one.name: one.type for one in fields.own}
        self.made_by: Mapping[str, Part] = {
            **self._parts,
            "name": model.name,
            "context": model.context,
            "prompt": self.prompt,
            "summary": summary,
        }

    def wants(self, paper: Paper) -> Wanted | None:
        """Two calls, unless its answer is in the cache, and one for each own field without an answer."""
        copy = reading_copy(paper).paper
        calls = self.own.calls(copy)
        writes = calls
        if all(self._answers.found(one, self._sound) is None for one in self._rows(copy)):
            calls += 1 + self._writes
            writes += 2 * self._writes
        characters = len(paper.title) + len(paper.text)
        return Wanted(calls, calls * characters, writes * MOST_TOKENS) if calls else None

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper, from the cache where it was read before.

        Raises PaperFailed for this paper only, EndpointError or StorageError if no paper can be processed.
        """
        copy = reading_copy(paper).not_emptied()
        parts, *others = self._rows(copy.paper)
        named, bill = Named(paper.where, names_of(self, paper)), Bill()
        answer = await self._answers.get(
            parts, self._sound, lambda: self._ask(copy.paper), named, bill, others
        )
        readout, tldr = from_json(answer.text, self._taxonomy)
        own, made = await self.own.values(copy.paper, len(readout.sentences), named, bill)
        made_so = provenance(self._model, self.prompt, self._taxonomy, together(bill.answers), made)
        card = await asyncio.to_thread(self._card, paper, copy, made_so, readout, tldr, own)
        return Reading(card, bill.spent)

    def key_parts(self, paper: Paper) -> Mapping[str, Part]:
        """What the answer for a paper is stored under."""
        return self._rows(reading_copy(paper).paper)[0]

    def _rows(self, paper: Paper) -> list[dict[str, Part]]:
        """What the answer is stored under, then what does as well: without a summary, one that has it."""
        whole: dict[str, Part] = {**self._parts, "paper": digest(paper.title, paper.text)}
        return [whole] if self._writes else [{**whole, "summary": False}, whole]

    def _sound(self, answer: Answer) -> bool:
        try:
            from_json(answer.text, self._taxonomy)
        except ValueError:
            return False
        return True

    async def transcript(self, paper: Paper) -> Transcript:
        """The paper as it is read; starts what is needed for that."""
        async with self._connecting:
            if self._bench is None:
                self._bench = await self._connect()
                engine = self._bench.engine
                self._typesetter = Typesetter(engine.tokens, self._script, self._model.context or 2048)
        assert self._typesetter is not None
        return await self._typesetter.transcript(paper, FOR_SUMMARY)

    async def _ask(self, paper: Paper) -> Answer:
        laid_out = await self.transcript(paper)
        assert self._bench is not None and self._typesetter is not None
        async with self._turn:
            begin = time.monotonic()
            states = await self._bench.engine.hidden_states(laid_out.tokens)
            readout = self._probe.read(states, laid_out, self._bench.directions)
            del states
            tldr, written = await self._summarize(paper, laid_out) if self._writes else ("", [])
            seconds = time.monotonic() - begin
        return answered(
            to_json(readout, tldr, len(written)),
            self._model.model_id,
            sum(map(_spent, written), Spent(1, len(laid_out.tokens))),
            round(seconds, 3),
            reasked=max(0, len(written) - 1),
        )

    async def _ask_own(self, words: str, paper: Paper) -> Answer:
        laid_out = await self.transcript(paper)
        assert self._bench is not None and self._typesetter is not None
        question = await self._typesetter.own_question(self.own.script, words)
        if (over := len(question) - FOR_SUMMARY) >= 0:
            raise UsageError(
                f"this question is {over + 1} tokens too long for the embedded model: {words[:60]} …",
                next_step="Shorten it, or name other fields with --only",
            )
        async with self._turn:
            begin = time.monotonic()
            written = await self._bench.engine.write(
                [*laid_out.tokens, *question], most_tokens=1, stop=(), likely=LIKELY
            )
        seconds = round(time.monotonic() - begin, 3)
        return answered(told(written.first), self._model.model_id, _spent(written), seconds)

    async def _summarize(self, paper: Paper, laid_out: Transcript) -> "tuple[str, list[Written]]":
        """The summary, and every call that it took; asked for again once if something is wrong with it."""
        assert self._bench is not None and self._typesetter is not None
        source = f"{paper.title}\n{paper.text}"
        tokens = [*laid_out.tokens, *await self._typesetter.question("summary")]
        engine = self._bench.engine
        first = await engine.write(tokens, most_tokens=MOST_TOKENS)
        tldr = tidy(first.text)
        wrong = flags(tldr, source)
        if not wrong:
            return tldr, [first]
        again = await self._typesetter.question("again")
        said = await engine.tokens(first.text.strip(), False)
        second = await engine.write([*tokens, *said, *again], most_tokens=MOST_TOKENS)
        other = tidy(second.text)
        if len(flags(other, source)) < len(wrong):
            tldr = other
        return tldr, [first, second]

    def _card(
        self,
        paper: Paper,
        copy: ReadingCopy,
        made_so: Provenance,
        readout: Readout,
        tldr: str,
        own: Mapping[str, Value],
    ) -> Card:
        with self._tagging:
            if self._tagger is None:
                self._tagger = self._make_tagger()
        shown = copy.paper
        scores = self._stack.combine(
            self._tagger.scores(shown),
            readout,
            self._taxonomy,
            self._tagger.known,
            len(shown.parts[0][1]),
        )
        draft = self._tagger.draft(scores, self._stack)
        read = len(readout.sentences)
        if self._writes:
            draft = replace(draft, tldr=tldr, flags=flags(tldr, f"{shown.title}\n{shown.text}"))
        else:
            draft = summarized(draft, shown)
        if read < len(shown.sentences):
            draft = replace(draft, flags=(*draft.flags, shown.left_out(read + 1)))
        return evidence.build(
            paper,
            copy.renumbered(replace(draft, own=own)),
            made_so,
            withheld=copy.withheld,
            types=self._types,
        )

    def stop(self) -> None:
        """Nothing waits for anybody: a reading pass that has begun is finished."""

    async def close(self) -> None:
        """Close the connections."""
        self._answers.close()
        if self._bench is not None:
            await self._bench.engine.close()


def _spent(written: "Written") -> Spent:
    return Spent(1, written.prompt_tokens, written.cached_prompt_tokens, written.completion_tokens)
