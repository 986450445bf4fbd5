"""From settings and the environment to the pieces of a run: model, taxonomy, cache, reader."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import platformdirs

from .. import models
from ..endpoint import NO_KEY
from ..errors import MissingExtra, UsageError
from ..redact import shown_url
from ..settings import FILE_NAME, Settings, merge

if TYPE_CHECKING:
    from ..adapting import Lesson
    from ..cache import Cache
    from ..call import Caller
    from ..encoder.reader import EncoderReader
    from ..encoder.tagger import EncodedTagger
    from ..endpoint import Endpoint
    from ..finished import Finished
    from ..form import Form
    from ..limits import Budget, Limiter
    from ..local.server import LocalServer
    from ..pricing import Price
    from ..reader import ModelReader, Reader
    from ..stepwise.reader import StepwiseReader
    from ..taxonomy import Taxonomy

OPENAI_URL = "https://api.openai.com/v1"
HOSTED_TIMEOUT_S = 60.0
LOCAL_TIMEOUT_S = 900.0
"""The first prompt on a slow machine takes minutes."""


def settings(**flags: object) -> Settings:
    """The settings of this invocation; a flag that is None was not given, and an empty variable is not set.

    Raises UsageError for a flag or a line of the file that is empty: mostly a variable that was not set.
    """
    if flags.get("no_cache"):
        flags["cache"] = False
    flags.pop("no_cache", None)
    variables = {name: value for name, value in os.environ.items() if value.strip()}
    chosen = merge(flags, variables, Path(FILE_NAME))
    for setting in fields(chosen):
        value = getattr(chosen, setting.name)
        if isinstance(value, str) and not value.strip():
            raise _empty(setting.name)
    return chosen


def _empty(name: str) -> UsageError:
    flag = f"--{name.replace('_', '-')}"
    return UsageError(f"{flag} is empty", next_step="Say a value, or leave it out")


def cache_directory(chosen: Settings) -> Path:
    """Flag or variable, else `cache/` of a checkout, else the user's cache directory."""
    if chosen.cache_dir:
        return _expanded(chosen.cache_dir)
    project = Path("pyproject.toml")
    if os.path.isdir("cache") and os.path.isfile(project):  # noqa: PTH112, PTH113  (never raises)
        with project.open(encoding="utf-8", errors="replace") as lines:
            if 'name = "papercards"\n' in lines:
                return Path("cache")
    return _user_cache()


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError("whose home folder that is is not known", where=path) from error


def _user_cache() -> Path:
    """The user's cache directory. Raises UsageError for a user without a home, as in many containers."""
    try:
        found = platformdirs.user_cache_path("papercards")
    except RuntimeError:  # as newer releases of platformdirs tell it
        found = Path()
    if found.is_absolute():
        return found
    raise UsageError(
        "there is no home folder to keep answers and models in",
        next_step="Name folders with --cache-dir and PAPERCARDS_MODELS, or set HOME",
    )


def models_directory(chosen: Settings) -> Path:
    """Where the weights of embedded models are kept."""
    if chosen.models_dir:
        return _expanded(chosen.models_dir)
    return _user_cache() / "models"


def load_taxonomy(chosen: Settings) -> "Taxonomy":
    """The taxonomy that was named, else the shipped one."""
    from ..taxonomy import load, shipped

    return load(Path(chosen.taxonomy)) if chosen.taxonomy else shipped()


def choose_model(chosen: Settings) -> models.Model:
    """The model that was named, else the embedded one: a key that happens to be there spends nothing."""
    if chosen.model is not None:
        if not chosen.model.strip():
            raise _empty("model")
        return models.resolve(chosen.model, base_url=chosen.base_url)
    if chosen.base_url:
        raise UsageError(
            "--base-url says where, not which model",
            next_step="Name it with --model provider/model",
        )
    return models.resolve(models.DEFAULT_LOCAL)


def endpoint_url(model: models.Model) -> str:
    """Where a hosted model is asked. Raises UsageError for what is no address."""
    url = (model.base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(
            f"this is no address: {error}", where=shown_url(url), next_step="Check --base-url"
        ) from error
    return url


def with_secrets(stored: str | None) -> str | None:
    """The address behind one that a file has without its secrets, where the environment has all of it."""
    known = (settings().base_url, os.environ.get("OPENAI_BASE_URL", ""))
    return next((url for url in known if url and shown_url(url.rstrip("/")) == stored), stored)


def first_line(papers: int | None, model: models.Model) -> str:
    """`5 papers with openai/gpt-4.1-mini at api.openai.com`; None: nobody has counted them."""
    count = "some papers" if papers is None else "1 paper" if papers == 1 else f"{papers:,} papers"
    return f"{count} with {named(model)}"


def named(model: models.Model) -> str:
    """The model and, for a hosted one, where it is asked: `openai/gpt-4.1-mini at api.openai.com`."""
    if model.plan == "baseline" or model.file is not None:
        return model.name
    url = endpoint_url(model)
    return f"{model.name} at {urlsplit(shown_url(url)).netloc or shown_url(url)}"


def api_key(model: models.Model, url: str) -> str:
    """The key for a hosted model.

    Raises UsageError where the provider wants one and none is set, or for one that cannot be sent.
    """
    key = os.environ.get(model.key_variable or "", "").strip()
    if key:
        for place, character in enumerate(key, start=1):
            if not "!" <= character <= "~":
                what = "white space" if character.isspace() else f"U+{ord(character):04X}"
                raise UsageError(
                    f"the key in {model.key_variable} has {what} at character {place}, which no key has",
                    next_step=f"Set {model.key_variable} to the key alone",
                )
        return key
    provider = models.PROVIDERS.get(model.name.partition("/")[0])
    own = (provider.base_url if provider else None) or OPENAI_URL
    if model.key_variable is None or url != own:
        return NO_KEY
    raise UsageError(
        f"{model.name} needs a key",
        next_step=f"Set {model.key_variable}, or use -m {models.DEFAULT_LOCAL} or -m baseline",
    )


def is_near(host: str) -> bool:
    """Whether an endpoint is on this machine or in this network: likely one model on one device.

    It answers one request at a time or a few, and the first one once the model is loaded.
    """
    import ipaddress

    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        near = (".local", ".lan", ".internal", ".localhost", ".home.arpa")
        return "." not in host or host.endswith(near)
    return address.is_loopback or address.is_private or address.is_link_local


class Session:
    """What one invocation works with; servers and files are opened on first need and closed at the end."""

    def __init__(self, chosen: Settings) -> None:
        self.settings = chosen
        self.taxonomy = load_taxonomy(chosen)
        self._cache: Cache | None = None
        self._finished: Finished | None = None
        self._servers: dict[str, LocalServer] = {}
        self._budget: Budget | None = None
        self._limiters: dict[str, Limiter] = {}

    def cache(self) -> "Cache | None":
        """The cache, unless it was switched off."""
        from ..cache import Cache

        if self._cache is None and self.settings.cache:
            self._cache = Cache(cache_directory(self.settings), read_only=self.settings.offline)
        return self._cache

    def finished(self, reader: "Reader") -> "Finished | None":
        """The lines of cards that such a reader has finished, unless the cache was switched off."""
        from ..finished import Finished

        if self._finished is None and self.settings.cache:
            self._finished = Finished(cache_directory(self.settings), reader.made_by)
        return self._finished

    def reader(self, model: models.Model, *, repeat: int = 0) -> "Reader":
        """The reader for a model."""
        from ..reader import BaselineReader, ModelReader

        if model.plan == "baseline":
            return BaselineReader(self.taxonomy)
        if model.plan == "stepwise":
            return self.stepwise(model, repeat=repeat)
        if model.plan == "encoder":
            return self.encoder(model)
        return ModelReader(
            model,
            self.taxonomy,
            self._connect,
            self.cache(),
            endpoint="local" if model.file else shown_url(endpoint_url(model)),
            form=self.form(model),
            offline=self.settings.offline,
            repeat=repeat,
        )

    def encoder(self, model: models.Model) -> "EncoderReader":
        """The reader for a sentence encoder; weights that are missing are fetched at the first paper."""
        import importlib.util

        if importlib.util.find_spec("numpy") is None:
            raise self._no_local()
        # Two papers at a time, each in one thread: threads that share a paper's small products wait for each
        # other most of the time.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from ..encoder.reader import EncoderReader

        return EncoderReader(model, self.taxonomy, lambda: self._encoded(model))

    def _encoded(self, model: models.Model) -> "EncodedTagger":
        from ..encoder.tagger import connect

        assert model.file is not None
        store = models_directory(self.settings)
        return connect(model, pull(model.file, store), self.taxonomy, store)

    def stepwise(self, model: models.Model, *, repeat: int = 0) -> "StepwiseReader":
        """The reader for an embedded model whose states are read."""
        import importlib.util

        if importlib.util.find_spec("numpy") is None:
            raise self._no_local()
        from ..encoder.tagger import load_fit
        from ..stepwise.reader import Bench, StepwiseReader
        from ..stepwise.vocabulary import directions

        encoder = models.LOCAL[models.ENCODER]

        async def connect() -> Bench:
            import asyncio

            from ..local.engine import Engine

            assert model.file is not None
            server = await asyncio.to_thread(self.server, model)
            file = pull(model.file, models_directory(self.settings))
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
            tagger=lambda: self._encoded(encoder),
            tagger_version=load_fit(encoder.model_id)[1].version,
        )

    @staticmethod
    def _no_local() -> MissingExtra:
        error = MissingExtra("The embedded model", "local")
        error.next_step += (
            "; or name a hosted model with --model, or an endpoint with --base-url and --model, "
            "or use -m baseline, which needs no model"
        )
        return error

    def form(self, model: models.Model) -> "Form":
        """How the model is to be asked, as far as the settings say."""
        from ..form import Form

        chosen = self.settings
        wishes = dict(chosen.endpoint)
        if chosen.answer_tokens is not None:
            wishes["answer_tokens"] = chosen.answer_tokens
        if chosen.reasoning_effort is not None:
            wishes["reasoning_effort"] = chosen.reasoning_effort
        return Form.of(model, wishes)

    def concurrency(self, model: models.Model) -> int:
        """Papers in flight, at most."""
        wanted = self.settings.concurrency or ("auto" if model.plan == "one-call" else None)
        if wanted is None or (wanted == "auto" and model.file is not None):
            return model.concurrency
        from ..limits import MOST

        return MOST if wanted == "auto" else int(wanted)

    def price(self, model: models.Model) -> "Price | None":
        """What its tokens cost; None: not known."""
        from .. import pricing

        if self.settings.price is not None and model.file is None:
            return pricing.parse(self.settings.price)
        return pricing.published(model, "" if model.file else endpoint_url(model))

    def server(self, model: models.Model) -> "LocalServer":
        """The running server of an embedded model; its weights are fetched first where they are missing."""
        from ..local.server import LocalServer
        from . import terminal

        assert model.file is not None
        if model.name not in self._servers:
            import importlib.util

            if importlib.util.find_spec("xllamacpp") is None:
                raise self._no_local()
            path = pull(model.file, models_directory(self.settings))
            terminal.note(f"starting {model.name} …")
            self._servers[model.name] = LocalServer(
                path,
                context_tokens=model.context or 8192,
                model_id=model.model_id,
                slots=model.concurrency,
                hidden_states=model.plan == "stepwise",
            )
        return self._servers[model.name]

    async def _connect(self, reader: "ModelReader") -> "Caller":
        import asyncio

        from ..call import Caller
        from ..endpoint import Endpoint
        from ..form import ANSWER_TOKENS
        from ..limits import START, Limiter
        from ..transport import Transport
        from . import terminal

        model = reader.model
        if model.file is None:
            endpoint = self.endpoint(model)
        else:
            server = await asyncio.to_thread(self.server, model)
            timeout_s = self.settings.timeout_s or LOCAL_TIMEOUT_S
            endpoint = Endpoint(model, server.base_url, server.api_key, timeout_s, ANSWER_TOKENS)
        limiter = self._limiters.get(endpoint.base_url)
        if limiter is None:
            limiter = self._limiters[endpoint.base_url] = Limiter(
                self.concurrency(model),
                adaptive=model.file is None and self.settings.concurrency in (None, "auto"),
                start=1 if is_near(endpoint.host) else START,
                timeout_s=endpoint.timeout_s,
                rpm=self.settings.rpm,
                tpm=self.settings.tpm,
            )
        else:
            limiter.reopen()
        transport = Transport(
            endpoint, limiter=limiter, budget=self.budget(model), price=self.price(model), say=terminal.note
        )

        def learned(lesson: "Lesson") -> None:
            terminal.note(f"{endpoint.host} {lesson.said}")
            reader.learned(lesson.form)

        return Caller(transport, reader.forms[-1], learned=learned)

    def endpoint(self, model: models.Model) -> "Endpoint":
        """Where a hosted model is asked, and how."""
        from ..endpoint import Endpoint
        from ..form import ANSWER_TOKENS

        url = endpoint_url(model)
        wanted = self.settings.timeout_s
        return Endpoint(
            model,
            url,
            api_key(model, url),
            wanted or (LOCAL_TIMEOUT_S if is_near(urlsplit(url).hostname or "") else HOSTED_TIMEOUT_S),
            ANSWER_TOKENS,
            impatient=wanted is None,
            extra_headers=dict(self.settings.endpoint.get("extra_headers", {})),
        )

    def budget(self, model: models.Model) -> "Budget | None":
        """What the run may cost, with all its models.

        Raises UsageError where that cannot be kept, since no price is known.
        """
        from ..limits import Budget

        most = self.settings.max_cost
        if most is None or model.plan == "baseline":
            return None
        if self.price(model) is None:
            raise UsageError(
                f"the price of {model.name} is not known, so --max-cost cannot be kept",
                next_step="Say it with --price PROMPT/COMPLETION, in USD for a million tokens",
            )
        if self._budget is None:
            self._budget = Budget(most)
        return self._budget

    def close(self) -> None:
        """End the servers and close the cache."""
        for server in self._servers.values():
            server.close()
        if self._cache is not None:
            self._cache.close()
        if self._finished is not None:
            self._finished.close()


@contextmanager
def session(chosen: Settings) -> Iterator[Session]:
    """A session that is closed whatever happens."""
    opened = Session(chosen)
    try:
        yield opened
    finally:
        opened.close()


def pull(file: models.ModelFile, directory: Path) -> Path:
    """The weights on disk, fetched with a progress bar where they are missing."""
    from ..local import fetch, store
    from . import terminal

    found = store.find(file, directory)
    if found is not None:
        return found
    with terminal.bytes_bar(file.name, file.size) as progress:
        return fetch.fetch(file, directory, progress=progress, say=terminal.note)
