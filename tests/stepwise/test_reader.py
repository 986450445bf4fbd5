"""The stepwise reader over a real llama.cpp with real, small weights and made-up probes."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from papercards.errors import PaperFailed, UsageError
from papercards.fields.spec import Field, FieldSet
from papercards.local.engine import Engine
from papercards.local.server import LocalServer
from papercards.model.cache import Cache
from papercards.model.catalogue import LOCAL, SMOLLM, Model
from papercards.paper import Paper
from papercards.reading.evidence import check
from papercards.reading.stepwise import own
from papercards.reading.stepwise.reader import Bench, StepwiseReader
from papercards.reading.stepwise.readout import Probe
from papercards.reading.stepwise.vocabulary import directions
from papercards.taxonomy import LABEL_FIELDS, Taxonomy
from tests.stepwise.test_stack import stack

PEOPLE = Field("people", "number", "How many?")
WIDTH = 576
MODEL = replace(LOCAL["local/smollm2-135m"], plan="stepwise", context=1024)


@pytest.fixture(scope="module")
def server(smollm_file: Path) -> Iterator[LocalServer]:
    with LocalServer(smollm_file, context_tokens=1024, hidden_states=True, slots=2) as one:
        yield one


def probe(taxonomy: Taxonomy) -> Probe:
    random = np.random.default_rng(1)
    return Probe(
        kinds=taxonomy.claim_kinds,
        claim=random.normal(size=3 * WIDTH + 1).astype(np.float32) / 50,
        kind=random.normal(size=(6, 3 * WIDTH + 1)).astype(np.float32) / 50,
        usual={field: np.zeros(WIDTH, dtype=np.float32) for field in LABEL_FIELDS},
        columns=(("tasks", "robotics"), ("tasks-main", "robotics")),
        labels=random.normal(size=(2, WIDTH + 1)).astype(np.float32) / 50,
        version="made-up",
    )


class Asked:
    """Makes readers, and counts how often the model was needed."""

    def __init__(self, taxonomy: Taxonomy, server: LocalServer, model: Path, cache: Cache | None) -> None:
        self.taxonomy, self.server, self.file, self.cache = taxonomy, server, model, cache
        self.times = 0

    def reader(self, model: Model = MODEL, **options: object) -> StepwiseReader:
        async def connect() -> Bench:
            self.times += 1
            labels = directions(self.file, SMOLLM.sha256, self.taxonomy, self.file.parent)
            return Bench(Engine(self.server, 60), labels)

        return StepwiseReader(
            model,
            self.taxonomy,
            connect,
            self.cache,
            probe=probe(self.taxonomy),
            stack=stack(self.taxonomy),
            **options,  # type: ignore[arg-type]
        )


@pytest.fixture
def asked(taxonomy: Taxonomy, server: LocalServer, smollm_file: Path, tmp_path: Path) -> Iterator[Asked]:
    cache = Cache(tmp_path / "cache")
    yield Asked(taxonomy, server, smollm_file, cache)
    cache.close()


def test_a_paper_gets_a_card_in_two_or_three_calls_and_a_rerun_asks_nobody(
    asked: Asked, paper: Paper
) -> None:
    async def go() -> None:
        reader = asked.reader()
        first = await reader.read(paper)
        await reader.close()
        assert first.spent.calls in (2, 3)
        made = first.card.provenance
        assert made.calls == first.spent.calls and made.reasked == first.spent.calls - 2
        assert made.tokens.cached_prompt > 0.7 * made.tokens.prompt / made.calls
        assert first.card.tldr and check(first.card, paper) == []
        assert (*first.card.tasks, *first.card.candidates)[0].confidence is not None

        again = await asked.reader().read(paper)
        assert (again.spent.calls, again.card) == (0, first.card)
        offline = await asked.reader(offline=True).read(paper)
        assert offline.card == first.card
        assert asked.times == 1

    asyncio.run(go())


def test_without_a_summary_there_is_one_call_and_a_sentence_of_the_abstract(
    asked: Asked, paper: Paper
) -> None:
    async def go() -> None:
        short = await asked.reader(summary=False).read(paper)
        assert short.spent.calls == 1 and short.spent.completion_tokens == 0
        assert short.card.tldr.rstrip(".") in paper.abstract and check(short.card, paper) == []

        whole = await asked.reader().read(paper)
        assert whole.spent.calls in (2, 3)
        assert whole.card.claims == short.card.claims and whole.card.tasks == short.card.tasks

    asyncio.run(go())


@pytest.mark.slow
def test_an_answer_with_a_summary_serves_those_who_want_none(asked: Asked, paper: Paper) -> None:
    async def go() -> None:
        await asked.reader().read(paper)
        reader = asked.reader(summary=False)
        assert reader.wants(paper) is None
        assert (await reader.read(paper)).spent.calls == 0

    asyncio.run(go())


@pytest.mark.slow
def test_the_states_are_the_same_every_time(asked: Asked, paper: Paper) -> None:
    async def go() -> None:
        reader = asked.reader(repeat=1)
        first = await reader.read(paper)
        second = await asked.reader(repeat=2).read(paper)
        assert second.spent.calls > 0
        assert second.card.tasks == first.card.tasks
        assert second.card.claims == first.card.claims
        assert second.card.tldr == first.card.tldr

    asyncio.run(go())


@pytest.mark.slow
def test_a_paper_that_is_too_long_is_cut_and_flagged(asked: Asked) -> None:
    abstract = " ".join(f"We count the {n}th of many things and find it to be large." for n in range(200))

    async def go() -> None:
        card = (await asked.reader().read(Paper("x", "Counting", abstract))).card
        assert "abstract-cut" in card.flags
        assert check(card, Paper("x", "Counting", abstract)) == []

    asyncio.run(go())


def test_offline_a_paper_that_was_never_read_fails_by_itself(asked: Asked, paper: Paper) -> None:
    with pytest.raises(PaperFailed, match="no answer in the cache"):
        asyncio.run(asked.reader(offline=True).read(paper))
    assert asked.times == 0


def test_a_server_that_has_gone_is_said_so(asked: Asked, paper: Paper, smollm_file: Path) -> None:
    from papercards.errors import EndpointError

    gone = LocalServer(smollm_file, context_tokens=1024, hidden_states=True)
    gone.close()
    asked.server = gone

    with pytest.raises(EndpointError, match="has stopped"):
        asyncio.run(asked.reader().read(paper))


def test_labels_are_read_from_the_model_file_once_and_kept(
    taxonomy: Taxonomy, smollm_file: Path, tmp_path: Path
) -> None:
    made = directions(smollm_file, "a" * 64, taxonomy, tmp_path)
    kept = directions(tmp_path / "not-there.gguf", "a" * 64, taxonomy, tmp_path)

    for field in LABEL_FIELDS:
        assert made[field].names.shape == (len(taxonomy.labels[field]), WIDTH)
        assert np.isfinite(made[field].definitions).all()
        assert np.allclose(made[field].names, kept[field].names)
    close = made["tasks"].names @ made["tasks"].names.T
    labels = list(taxonomy.labels["tasks"])
    same, other = labels.index("time-series-analysis"), labels.index("dialogue")
    forecasting = labels.index("time-series-forecasting")
    assert close[forecasting, same] > close[forecasting, other]


def test_a_yes_or_no_field_is_asked_once_and_of_the_reference_papers_before(
    asked: Asked, paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fields(question: str, **more: Any) -> FieldSet:
        return FieldSet("mine", own=(Field("proves", "boolean", question, **more), PEOPLE))

    async def go() -> None:
        said: list[str] = []
        plain = await asked.reader(summary=False).read(paper)
        reader = asked.reader(summary=False, fields=fields("Is it proved?"), say=said.append)
        wanted = reader.wants(paper)
        assert wanted is not None and wanted.calls == 1
        first = await reader.read(paper)
        assert first.spent.calls == 1 and first.card.provenance.calls == plain.card.provenance.calls + 1
        assert list(first.card.fields) == ["proves"] and len(said) == 1 and "2 other papers" in said[0]
        value = first.card.fields["proves"]
        assert isinstance(value.value, bool) or value.missing == "uncertain"
        (answered,) = first.card.provenance.answers
        assert answered.fields == (f"proves@{fields('Is it proved?').own[0].spec}",)

        again = await asked.reader(summary=False, fields=fields("Is it proved?"), offline=True).read(paper)
        assert again.card == first.card
        monkeypatch.setattr(own, "LEAST", 1e6)
        assert (await reader.read(paper)).card.fields["proves"].missing == "uncertain"
        needy = asked.reader(summary=False, fields=fields("Is it proved?", evidence="required"))
        assert needy.wants(paper) is None
        with pytest.raises(UsageError, match="tokens too long"):
            await asked.reader(summary=False, fields=fields("Is it really so? " * 60)).read(paper)

    others = (Paper("", "Beans", "We count beans."), Paper("", "Peas", "We prove that peas are round."))
    monkeypatch.setattr(own, "reference_papers", lambda: others)
    asyncio.run(go())


def test_log_odds_are_those_of_the_likelier_spelling() -> None:
    assert json.loads(own.told({"Yes": -1.0, "yes": -2.0, "No": -1.5, "not": -0.1})) == {"odds": 0.5}
    assert json.loads(own.told({"yes": -1.0})) == {"odds": 19.0}
    assert len(own.reference_papers()) == 8
