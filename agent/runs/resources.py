"""The resources of a run, opened on first use: taxonomy, cache, reader, server.

Knows settings and their meaning. Knows no environment and no terminal: those are passed in `Surroundings`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..configuration.places import cache_directory, models_directory
from ..configuration.settings import Settings
from ..errors import MissingExtra, UsageError
from ..model import catalogue as models
from ..model.providers import Decisions, known
from ..safety.redact import shown_url
from .connections import LOCAL_TIMEOUT_S, Connections, Surroundings

if TYPE_CHECKING:
    from ..fields.spec import FieldSet
    from ..local.shared import SharedServer
    from ..model.cache import Cache
    from ..reading.baseline import Baseline
    from ..reading.confidence import Confidences
    from ..reading.decide.reader import DecideReader
    from ..reading.encoder.reader import EncoderReader
    from ..reading.encoder.tagger import EncodedTagger
    from ..reading.home import Survey
    from ..reading.likeness import Likeness, Text
    from ..reading.own_layer import OwnLayer
    from ..reading.reader import ModelReader, Reader
    from ..reading.stepwise.reader import StepwiseReader
    from ..taxonomy import Taxonomy
    from .card_lines import CardLines


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
        return models.resolve(
            chosen.model,
            base_url=chosen.base_url,
            plan=cast("models.HostedPlan | None", chosen.plan),
            providers=known(chosen.providers),
        )
    if chosen.base_url:
        raise UsageError(
            "--base-url needs a model",
            next_step="Choose it with --model provider/model",
        )
    return models.resolve(models.DEFAULT_LOCAL)


class Resources(Connections):
    """The resources of one run; servers and files are opened on first use and closed at the end."""

    def __init__(
        self,
        chosen: Settings,
        surroundings: Surroundings | None = None,
        taxonomy: "Taxonomy | None" = None,
        cache: "Cache | None" = None,
    ) -> None:
        """`taxonomy` and `cache` default to those in the settings.

        Raises UsageError if the taxonomy cannot be read.
        """
        super().__init__(chosen, surroundings, self.server)
        self.taxonomy = taxonomy or load_taxonomy(chosen)
        self.fields = load_fields(chosen)
        self._cache = cache
        self._finished: dict[bool, CardLines] = {}
        self._servers: dict[str, SharedServer] = {}

    def cache(self) -> "Cache | None":
        """The cache; None if it is switched off."""
        from ..model.cache import Cache

        if self._cache is None and self.settings.cache:
            self._cache = Cache(cache_directory(self.settings), read_only=self.settings.offline)
        return self._cache

    def finished(self, reader: "Reader", *, judged: bool) -> "CardLines | None":
        """Lines of cards that such a reader has finished; None if the cache is switched off.

        `judged`: of runs that set implausible papers aside, as this one does; their lines need no new look.
        """
        from .card_lines import CardLines

        if self.fields.only is not None:
            return None  # what is not asked comes from whatever answer there is
        if judged not in self._finished and self.settings.cache:
            scope = {**reader.made_by, "judged": judged}
            self._finished[judged] = CardLines(cache_directory(self.settings), scope)
        return self._finished.get(judged)

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
        if model.plan not in ("one-call", "decide"):
            return self._with_own_fields(model, self._tagged(model, repeat=repeat, tuned=tuned))
        if model.plan == "decide":
            if self.fields.only is not None:
                raise UsageError(
                    f"the decision endpoint of {model.name} is asked all fields that have no answer yet",
                    where="--only",
                    next_step="Leave out --only, or name fewer fields in shipped: of the fields file",
                )
            return self.decide(model, repeat=repeat, tuned=tuned)
        fit = self._confidences() if tuned else None
        return self._chat_reader(model, repeat, fit)

    def raw_reader(self, model: models.Model) -> "ModelReader":
        """The reader of a chat model whose confidences are the uncorrected probabilities of tokens."""
        from ..reading.confidence import Confidences

        return self._chat_reader(model, 0, Confidences.raw(model.name, model.plan))

    def _chat_reader(self, model: models.Model, repeat: int, fit: "Confidences | None") -> "ModelReader":
        from ..fields.spec import NO_OWN
        from ..reading.asking import Askings
        from ..reading.reader import ModelReader

        asks = fit is not None and (model.provider is None or model.provider.logprobs)
        reader = ModelReader(
            model,
            self.taxonomy,
            partial(self._connect, model),
            self.cache(),
            endpoint="local" if model.file else shown_url(self.url(model)),
            form=replace(self.form(model), logprobs=asks),
            offline=self.settings.offline,
            repeat=repeat,
            fields=self.fields,
            fit=fit,
        )
        # A fit is of the card's own fields, which are asked alike whatever is asked beside them.
        self._check(fit, model, Askings(self.taxonomy, NO_OWN).whole.prompt.version if fit else "")
        return reader

    def _confidences(self) -> "Confidences | None":
        """The fit for a hosted model in the settings; None without one."""
        from ..reading.confidence import read_confidences

        return read_confidences(Path(self.settings.tuned)) if self.settings.tuned is not None else None

    def _check(self, fit: "Confidences | None", model: models.Model, prompt: str) -> None:
        """Raise UsageError if a fit is for something else."""
        if fit is not None and fit.fields and fit.papers:
            fit.check(model.name, model.plan, prompt, self.taxonomy.version, self.settings.tuned or "")

    def decide(self, model: models.Model, *, repeat: int = 0, tuned: bool = True) -> "DecideReader":
        """The reader for a model that answers typed questions with probabilities."""
        from ..reading.decide.questions import words
        from ..reading.decide.reader import DecideReader, Limits

        fit = self._confidences() if tuned else None
        self._check(fit, model, words().state.version)
        known = model.provider.decisions if model.provider is not None else None
        decisions = known or Decisions()
        return DecideReader(
            model,
            self.taxonomy,
            partial(self.bench, model),
            self.cache(),
            endpoint=shown_url(self.url(model)),
            form=self.form(model),
            limits=Limits(decisions.questions, decisions.options),
            summary=self.settings.summary,
            offline=self.settings.offline,
            repeat=repeat,
            fit=fit,
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

        return OwnLabelsReader(reader, self.fields, *self._tagger(model))

    def _tagger(self, model: models.Model) -> "tuple[Callable[[Taxonomy], Baseline], str]":
        """What tags with any labels for a model that is not asked, and its name in files."""
        if model.plan == "baseline":
            from ..reading.baseline import Baseline
            from ..reading.tagger_reader import BaselineReader

            return Baseline, BaselineReader(self.taxonomy).tagger_name
        # The embedded model's labels are the encoder's and what its states add.
        encoder = model if model.plan == "encoder" else models.LOCAL[models.ENCODER]
        return partial(self._encoded, encoder), self.encoder(encoder).tagger_name

    def survey(self, model: models.Model) -> "Survey | None":
        """Measures how far papers are from the labelled ones; None for hosted models, not fitted on any."""
        from ..reading.home import Survey
        from ..taxonomy import shipped

        if model.plan in ("one-call", "decide"):
            return None
        # The embedded model's labels are the encoder's and what its states add.
        name = models.LOCAL[models.ENCODER].name if model.plan == "stepwise" else model.name
        return Survey(name, shipped_taxonomy=self.taxonomy.version == shipped().version)

    def tagger(self, model: models.Model) -> "tuple[Baseline, str]":
        """The tagger that own labels can be fitted over, and its name in the layer's file.

        Raises UsageError for a model that is none.
        """
        if model.plan in ("baseline", "encoder"):
            tag, name = self._tagger(model)
            return tag(self.taxonomy), name
        raise UsageError(
            f"own labels cannot be fitted over {model.name}",
            next_step=f"Choose -m {models.BASELINE.name} or -m {models.LOCAL[models.ENCODER].name}",
        )

    def encoder(self, model: models.Model, layer: "OwnLayer | None" = None) -> "EncoderReader":
        """The reader for a sentence encoder; missing weights are downloaded at the first paper."""
        self._need("numpy")
        from ..reading.encoder.reader import EncoderReader

        return EncoderReader(model, self.taxonomy, lambda: self._encoded(model), layer)

    def _encoded(self, model: models.Model, taxonomy: "Taxonomy | None" = None) -> "EncodedTagger":
        from ..reading.encoder.tagger import connect

        assert model.file is not None
        labels = taxonomy or self.taxonomy
        return connect(model, self.pull(model.file), labels, models_directory(self.settings))

    def likeness(self, library: "Sequence[Text]") -> "Likeness":
        """Compares papers with a library: with the sentence encoder if it is there, else by their words."""
        from ..local import store
        from ..reading.likeness import Encoded, Words
        from ..text.spans import digest

        file = models.LOCAL[models.ENCODER].file
        place = store.find(file, models_directory(self.settings)) if file is not None else None
        if file is None or place is None or find_spec("numpy") is None:
            return Words(library)
        from ..reading.encoder.bert import Bert
        from ..reading.encoder.embedding import Encoder

        kept = None
        if self.settings.cache:
            kept = cache_directory(self.settings) / f"likeness-{digest(file.sha256)[:16]}.npz"
        return Encoded(library, Encoder(Bert(place)), models.ENCODER, kept)

    def stepwise(self, model: models.Model, *, repeat: int = 0) -> "StepwiseReader":
        """The reader for an embedded model whose states are read."""
        self._need("numpy")
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
            fields=self.fields,
            say=self.surroundings.say,
        )

    @staticmethod
    def _need(package: str) -> None:
        """Raises MissingExtra without a package of the extra `local`."""
        if find_spec(package) is not None:
            return
        error = MissingExtra("The embedded model", "local")
        error.next_step += (
            "; or choose a hosted model with --model, or an endpoint with --base-url and --model, "
            "or use -m baseline, which needs no model"
        )
        raise error

    def server(self, model: models.Model) -> "SharedServer":
        """The running server of an embedded model; missing weights are downloaded first."""
        from ..local.shared import SharedServer

        assert model.file is not None
        if model.name not in self._servers:
            self._need("xllamacpp")
            self._servers[model.name] = SharedServer.of(model, self.pull(model.file), self.surroundings.say)
        return self._servers[model.name]

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
        for finished in self._finished.values():
            finished.close()
