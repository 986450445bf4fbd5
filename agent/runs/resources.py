"""The resources of a run, opened on first use: taxonomy, cache, reader, server, limiter, budget.

Knows settings and their meaning. Knows no environment and no terminal: those are passed in `Surroundings`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..configuration.places import cache_directory, models_directory
from ..configuration.settings import Settings
from ..errors import MissingExtra, UsageError
from ..model import catalogue as models
from ..model import keys
from ..safety.redact import shown_url

if TYPE_CHECKING:
    from ..fields.spec import FieldSet
    from ..local.shared import SharedServer
    from ..model.adapting import Lesson
    from ..model.cache import Cache
    from ..model.call import Caller
    from ..model.endpoint import Endpoint
    from ..model.form import Form
    from ..model.limits import Budget, Limiter
    from ..model.pricing import Price
    from ..reading.baseline import Baseline
    from ..reading.encoder.reader import EncoderReader
    from ..reading.encoder.tagger import EncodedTagger
    from ..reading.home import Survey
    from ..reading.own_layer import OwnLayer
    from ..reading.reader import Reader
    from ..reading.stepwise.reader import StepwiseReader
    from ..taxonomy import Taxonomy
    from .card_lines import CardLines

HOSTED_TIMEOUT_S = 60.0
LOCAL_TIMEOUT_S = 900.0
"""Default timeout of local models: the first prompt takes minutes on a slow machine."""

Progress = Callable[[int, int], None]
"""Called with the bytes downloaded so far and the total."""


@contextmanager
def _unseen(name: str, size: int) -> Iterator[Progress]:
    yield lambda done, whole: None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the surrounding program provides to a run."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """Values of keys and `OPENAI_BASE_URL`, by the names of environment variables."""
    say: Callable[[str], None] = logging.getLogger("papercards").info
    """Called with messages for the user."""
    argv: tuple[str, ...] = ()
    """Words of the command line, for the record of a run."""
    fetching: Callable[[str, int], AbstractContextManager[Progress]] = _unseen
    """Shows a download, given its name and size in bytes."""


def load_taxonomy(chosen: Settings) -> "Taxonomy":
    """The taxonomy in the settings, else the shipped one."""
    from ..taxonomy import load, shipped

    return load(Path(chosen.taxonomy)) if chosen.taxonomy else shipped()


def load_fields(chosen: Settings) -> "FieldSet":
    """The fields in the settings, else the shipped ones."""
    from ..fields.spec import NO_OWN

    if chosen.fields is None and chosen.only is None:
        return NO_OWN
    from ..fields import file

    return file.chosen(chosen.fields, chosen.only)


def choose_model(chosen: Settings) -> models.Model:
    """The model in the settings, else the embedded one: an API key alone must not spend money."""
    if chosen.model is not None:
        if not chosen.model.strip():
            raise UsageError("--model is empty", next_step="Give a value, or leave it out")
        return models.resolve(chosen.model, base_url=chosen.base_url)
    if chosen.base_url:
        raise UsageError(
            "--base-url needs a model",
            next_step="Choose it with --model provider/model",
        )
    return models.resolve(models.DEFAULT_LOCAL)


class Resources:
    """The resources of one run; servers and files are opened on first use and closed at the end."""

    def __init__(
        self,
        chosen: Settings,
        surroundings: Surroundings | None = None,
        taxonomy: "Taxonomy | None" = None,
    ) -> None:
        """`taxonomy` defaults to the one in the settings. Raises UsageError if it cannot be read."""
        self.settings = chosen
        self.surroundings = surroundings or Surroundings()
        self.taxonomy = taxonomy or load_taxonomy(chosen)
        self.fields = load_fields(chosen)
        self._cache: Cache | None = None
        self._finished: CardLines | None = None
        self._servers: dict[str, SharedServer] = {}
        self._budget: Budget | None = None
        self._limiters: dict[str, Limiter] = {}

    def cache(self) -> "Cache | None":
        """The cache; None if it is switched off."""
        from ..model.cache import Cache

        if self._cache is None and self.settings.cache:
            self._cache = Cache(cache_directory(self.settings), read_only=self.settings.offline)
        return self._cache

    def finished(self, reader: "Reader") -> "CardLines | None":
        """Lines of cards that such a reader has finished; None if the cache is switched off."""
        from .card_lines import CardLines

        if self.fields.only is not None:
            return None  # what is not asked comes from whatever answer there is
        if self._finished is None and self.settings.cache:
            self._finished = CardLines(cache_directory(self.settings), reader.made_by)
        return self._finished

    def layer(self, model: models.Model) -> "OwnLayer | None":
        """The layer of own labels in the settings; None without one.

        Raises UsageError if it is for another model.
        """
        if self.settings.tuned is None:
            return None
        from ..reading.own_layer import read_layer

        layer = read_layer(Path(self.settings.tuned))
        if layer.model != model.name:
            raise UsageError(
                f"this layer of own labels is for {layer.model}, not for {model.name}",
                where=self.settings.tuned,
                next_step=f"Choose -m {layer.model}, or leave out --tuned",
            )
        return layer

    def reader(self, model: models.Model, *, repeat: int = 0, tuned: bool = True) -> "Reader":
        """The reader for a model; `tuned` is False to leave out the layer of own labels."""
        from ..reading.reader import ModelReader

        if model.plan != "one-call":
            return self._with_own_fields(model, self._tagged(model, repeat=repeat, tuned=tuned))
        if tuned:
            self.layer(model)
        return ModelReader(
            model,
            self.taxonomy,
            partial(self._connect, model),
            self.cache(),
            endpoint="local" if model.file else shown_url(self.url(model)),
            form=self.form(model),
            offline=self.settings.offline,
            repeat=repeat,
            fields=self.fields,
        )

    def _tagged(self, model: models.Model, *, repeat: int, tuned: bool) -> "Reader":
        """The reader for a model that is read and not asked."""
        from ..reading.tagger_reader import BaselineReader

        layer = self.layer(model) if tuned else None
        if model.plan == "baseline":
            return BaselineReader(self.taxonomy, layer)
        if model.plan == "encoder":
            return self.encoder(model, layer)
        return self.stepwise(model, repeat=repeat)

    def _with_own_fields(self, model: models.Model, reader: "Reader") -> "Reader":
        if not self.fields.own:
            return reader
        from ..reading.own_labels import OwnLabelsReader
        from ..reading.tagger_reader import BaselineReader

        if model.plan == "baseline":
            from ..reading.baseline import Baseline

            name = BaselineReader(self.taxonomy).tagger_name
            return OwnLabelsReader(reader, self.fields, Baseline, name)
        # The embedded model's labels are the encoder's and what its states add.
        encoder = models.LOCAL[models.ENCODER]
        name = self.encoder(encoder).tagger_name
        return OwnLabelsReader(reader, self.fields, lambda labels: self._encoded(encoder, labels), name)

    def survey(self, model: models.Model) -> "Survey | None":
        """Measures how far papers are from the labelled ones; None for hosted models, not fitted on any."""
        from ..reading.home import Survey
        from ..taxonomy import shipped

        if model.plan == "one-call":
            return None
        # The embedded model's labels are the encoder's and what its states add.
        name = models.LOCAL[models.ENCODER].name if model.plan == "stepwise" else model.name
        return Survey(name, shipped_taxonomy=self.taxonomy.version == shipped().version)

    def tagger(self, model: models.Model) -> "tuple[Baseline, str]":
        """The tagger that own labels can be fitted over, and its name in the layer's file.

        Raises UsageError for a model that is none.
        """
        from ..reading.baseline import Baseline
        from ..reading.tagger_reader import BaselineReader

        if model.plan == "baseline":
            return Baseline(self.taxonomy), BaselineReader(self.taxonomy).tagger_name
        if model.plan == "encoder":
            name = self.encoder(model).tagger_name
            return self._encoded(model), name
        raise UsageError(
            f"own labels cannot be fitted over {model.name}",
            next_step=f"Choose -m {models.BASELINE.name} or -m {models.LOCAL[models.ENCODER].name}",
        )

    def encoder(self, model: models.Model, layer: "OwnLayer | None" = None) -> "EncoderReader":
        """The reader for a sentence encoder; missing weights are downloaded at the first paper."""
        import importlib.util

        if importlib.util.find_spec("numpy") is None:
            raise self._no_local()
        from ..reading.encoder.reader import EncoderReader

        return EncoderReader(model, self.taxonomy, lambda: self._encoded(model), layer)

    def _encoded(self, model: models.Model, taxonomy: "Taxonomy | None" = None) -> "EncodedTagger":
        from ..reading.encoder.tagger import connect

        assert model.file is not None
        labels = taxonomy or self.taxonomy
        return connect(model, self.pull(model.file), labels, models_directory(self.settings))

    def stepwise(self, model: models.Model, *, repeat: int = 0) -> "StepwiseReader":
        """The reader for an embedded model whose states are read."""
        import importlib.util

        if importlib.util.find_spec("numpy") is None:
            raise self._no_local()
        from ..reading.encoder.tagger import load_fit
        from ..reading.stepwise.reader import Bench, StepwiseReader
        from ..reading.stepwise.vocabulary import directions

        encoder = models.LOCAL[models.ENCODER]

        async def connect() -> Bench:
            import asyncio

            from ..local.engine import Engine

            assert model.file is not None
            server = await asyncio.to_thread(self.server, model)
            file = self.pull(model.file)
            engine = Engine(server, self.settings.timeout_s or LOCAL_TIMEOUT_S)
            store = models_directory(self.settings)
            labels = await asyncio.to_thread(directions, file, model.file.sha256, self.taxonomy, store)
            return Bench(engine, labels)

        return StepwiseReader(
            model,
            self.taxonomy,
            connect,
            self.cache(),
            offline=self.settings.offline,
            repeat=repeat,
            summary=self.settings.summary,
            tagger=lambda: self._encoded(encoder),
            tagger_version=load_fit(encoder.model_id)[1].version,
        )

    @staticmethod
    def _no_local() -> MissingExtra:
        error = MissingExtra("The embedded model", "local")
        error.next_step += (
            "; or choose a hosted model with --model, or an endpoint with --base-url and --model, "
            "or use -m baseline, which needs no model"
        )
        return error

    def form(self, model: models.Model) -> "Form":
        """The request form for the model, as far as the settings define it."""
        from ..model.form import Form

        chosen = self.settings
        wishes = dict(chosen.endpoint)
        if chosen.answer_tokens is not None:
            wishes["answer_tokens"] = chosen.answer_tokens
        if chosen.reasoning_effort is not None:
            wishes["reasoning_effort"] = chosen.reasoning_effort
        return Form.of(model, wishes)

    def concurrency(self, model: models.Model) -> int:
        """Maximum number of papers in flight."""
        wanted = self.settings.concurrency or ("auto" if model.plan == "one-call" else None)
        if wanted is None or (wanted == "auto" and model.file is not None):
            return model.concurrency
        from ..model.limits import MOST

        return MOST if wanted == "auto" else int(wanted)

    def price(self, model: models.Model) -> "Price | None":
        """The token price of the model; None if unknown."""
        from ..model import pricing

        if self.settings.price is not None and model.file is None:
            return pricing.parse(self.settings.price)
        return pricing.published(model, "" if model.file else self.url(model))

    def server(self, model: models.Model) -> "SharedServer":
        """The running server of an embedded model; missing weights are downloaded first."""
        import importlib.util

        from ..local.shared import SharedServer

        assert model.file is not None
        if model.name not in self._servers:
            if importlib.util.find_spec("xllamacpp") is None:
                raise self._no_local()
            self._servers[model.name] = SharedServer.of(model, self.pull(model.file), self.surroundings.say)
        return self._servers[model.name]

    async def _connect(self, model: models.Model, form: "Form", keep: "Callable[[Form], None]") -> "Caller":
        import asyncio

        from ..model.call import Caller
        from ..model.limits import START, Limiter
        from ..model.transport import Transport

        if model.file is not None:
            await asyncio.to_thread(self.server, model)  # starting it takes seconds
        endpoint = self.endpoint(model)
        limiter = self._limiters.get(endpoint.base_url)
        if limiter is None:
            limiter = self._limiters[endpoint.base_url] = Limiter(
                self.concurrency(model),
                adaptive=model.file is None and self.settings.concurrency in (None, "auto"),
                start=1 if keys.is_near(endpoint.host) else START,
                timeout_s=endpoint.timeout_s,
                rpm=self.settings.rpm,
                tpm=self.settings.tpm,
            )
        else:
            limiter.reopen()
        say = self.surroundings.say
        transport = Transport(
            endpoint, limiter=limiter, budget=self.budget(model), price=self.price(model), say=say
        )

        def learned(lesson: "Lesson") -> None:
            say(f"{endpoint.host} {lesson.said}")
            keep(lesson.form)

        return Caller(transport, form, learned=learned)

    def endpoint(self, model: models.Model) -> "Endpoint":
        """The endpoint of a model; the server of an embedded one is started first."""
        from ..model.endpoint import Endpoint
        from ..model.form import ANSWER_TOKENS

        wanted = self.settings.timeout_s
        if model.file is not None:
            server = self.server(model)
            return Endpoint(model, server.base_url, server.api_key, wanted or LOCAL_TIMEOUT_S, ANSWER_TOKENS)
        url = self.url(model)
        return Endpoint(
            model,
            url,
            keys.for_endpoint(model, url, self.surroundings.variables, insecure=self.settings.insecure),
            wanted or (LOCAL_TIMEOUT_S if keys.is_near(urlsplit(url).hostname or "") else HOSTED_TIMEOUT_S),
            ANSWER_TOKENS,
            impatient=wanted is None,
            extra_headers=dict(self.settings.endpoint.get("extra_headers", {})),
        )

    def budget(self, model: models.Model) -> "Budget | None":
        """The budget of the run, shared by all its models; None without --max-cost.

        Raises UsageError if it cannot be enforced because no price is known.
        """
        from ..model.limits import Budget

        most = self.settings.max_cost
        if most is None or model.plan == "baseline":
            return None
        if self.price(model) is None:
            raise UsageError(
                f"the price of {model.name} is unknown, so --max-cost cannot be enforced",
                next_step="Give it with --price PROMPT/COMPLETION, in USD per million tokens",
            )
        if self._budget is None:
            self._budget = Budget(most)
        return self._budget

    def url(self, model: models.Model) -> str:
        """The address of a hosted model's endpoint. Raises UsageError if it is not a valid address."""
        return keys.endpoint_url(model, self.surroundings.variables)

    def pull(self, file: models.ModelFile) -> Path:
        """The weights on disk, downloaded if missing."""
        from ..local import fetch, store

        directory = models_directory(self.settings)
        if (found := store.find(file, directory)) is not None:
            return found
        with self.surroundings.fetching(file.name, file.size) as progress:
            return fetch.fetch(file, directory, progress=progress, say=self.surroundings.say)

    def close(self) -> None:
        """End the servers and close the cache."""
        for server in self._servers.values():
            server.close()
        if self._cache is not None:
            self._cache.close()
        if self._finished is not None:
            self._finished.close()
