"""Providers by name: the shipped table, what users add to it, and where keys go."""

import json
from pathlib import Path
from typing import Any

import pytest

from papercards.errors import UsageError
from papercards.model import keys
from papercards.model.catalogue import resolve
from papercards.model.providers import check, known, shipped
from tests.conftest import KEY, Run
from tests.stub import Stub

FILLED = {"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com/", "CLOUDFLARE_ACCOUNT_ID": "abc"}
ADDRESSES = {
    "openai": ("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": ("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    "gemini": ("https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
    "azure": (
        "https://mine.openai.azure.com/openai/deployments/my%20model?api-version=2024-10-21",
        "AZURE_OPENAI_API_KEY",
    ),
    "xai": ("https://api.x.ai/v1", "XAI_API_KEY"),
    "together": ("https://api.together.ai/v1", "TOGETHER_API_KEY"),
    "fireworks": ("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "cerebras": ("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "openrouter": ("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "deepseek": ("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "groq": ("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": ("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "perplexity": ("https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
    "cloudflare": ("https://api.cloudflare.com/client/v4/accounts/abc/ai/v1", "CLOUDFLARE_API_TOKEN"),
    "ollama": ("http://127.0.0.1:11434/v1", None),
    "vllm": ("http://127.0.0.1:8000/v1", None),
    "lmstudio": ("http://127.0.0.1:1234/v1", None),
}
PAPER = {"title": "Counting", "abstract": "We count to four. It works well."}


def test_every_provider_has_its_address_and_its_own_key() -> None:
    assert set(ADDRESSES) == set(shipped())
    every = {variable: f"key-of-{name}" for name, (_, variable) in ADDRESSES.items() if variable}
    for name, (address, variable) in ADDRESSES.items():
        model = resolve(f"{name}/my model")
        url = keys.endpoint_url(model, FILLED)
        assert (url, model.key_variable) == (address, variable)
        key = keys.for_endpoint(model, url, {**every, **FILLED, "PAPERCARDS_API_KEY": "of-mine"})
        assert key == (f"key-of-{name}" if variable else keys.NO_KEY)


@pytest.mark.parametrize("name", [name for name, (_, variable) in ADDRESSES.items() if variable])
def test_without_its_key_a_provider_is_not_asked(name: str) -> None:
    model = resolve(f"{name}/m")
    url = keys.endpoint_url(model, FILLED)
    with pytest.raises(UsageError, match=f"Set {ADDRESSES[name][1]}"):
        keys.for_endpoint(model, url, {**FILLED, "PAPERCARDS_API_KEY": "of-mine"})


def test_a_variable_of_an_address_that_is_not_set_is_named() -> None:
    with pytest.raises(UsageError, match="AZURE_OPENAI_ENDPOINT is not set"):
        keys.endpoint_url(resolve("azure/m"), {})


def test_decisions_have_addresses_of_their_own() -> None:
    clef = resolve("cloudflare/clef", plan="decide")
    base = keys.endpoint_url(clef, FILLED)
    assert keys.decisions_url(clef, base, FILLED) == (
        "https://api.cloudflare.com/client/v4/accounts/abc/ai/run/@cf/cloudflare/clef"
    )
    assert keys.decisions_url(clef, "http://127.0.0.1:1/v1", FILLED) is None
    luna = resolve("openai/gpt-6-luna", plan="decide")
    assert keys.decisions_url(luna, keys.endpoint_url(luna, {}), {}) is None


def written(folder: Path, size: int = 1) -> Path:
    path = folder / "papers.jsonl"
    papers = [PAPER | {"title": f"{PAPER['title']} {number}"} for number in range(size)]
    path.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    return path


def test_azures_key_and_version_go_where_azure_reads_them(run: Run, stub: Stub, tmp_path: Path) -> None:
    root = stub.url.removesuffix("/v1")
    done = run(
        *("enrich", written(tmp_path, 3), "-m", "azure/cards", "--no-cache", "-o", "cards.jsonl"),
        AZURE_OPENAI_ENDPOINT=root,
        AZURE_OPENAI_API_KEY=KEY,
        OPENAI_API_VERSION="2025-01-01-preview",
    )
    assert done.returncode == 0, done.stderr
    for sent in stub.headers:
        headers = {name.lower(): value for name, value in sent}
        assert headers["api-key"] == KEY and "authorization" not in headers
    path = "/openai/deployments/cards/chat/completions?api-version=2025-01-01-preview"
    assert stub.paths == [path] * 3


def test_an_endpoint_that_only_has_an_address_gets_the_plain_name_and_ones_own_key(
    run: Run, stub: Stub, tmp_path: Path
) -> None:
    done = run(
        *("enrich", written(tmp_path), "-m", "openai-compatible/org/model", "--base-url", stub.url),
        *("--no-cache", "-o", "cards.jsonl"),
        PAPERCARDS_API_KEY="sk-of-mine-0123",
        OPENAI_API_KEY=KEY,
    )
    assert done.returncode == 0, done.stderr
    assert stub.bodies[0]["model"] == "org/model" and stub.keys == ["Bearer sk-of-mine-0123"]
    alone = run("enrich", written(tmp_path), "-m", "openai-compatible/m", "-o", "x.jsonl")
    assert alone.returncode == 2 and "--base-url" in alone.stderr


def toml(folder: Path, url: str, name: str = "house", key: str = "HOUSE_API_KEY") -> None:
    (folder / "papercards.toml").write_text(
        f'[providers.{name}]\nbase_url = "{url}"\nkey = "{key}"\nmode = "tools"\ntools = true\n',
        encoding="utf-8",
    )


def test_a_provider_of_ones_own_is_used_once_its_file_is_trusted(
    run: Run, stub: Stub, tmp_path: Path
) -> None:
    toml(tmp_path, stub.url)
    command = ("enrich", written(tmp_path), "-m", "house/m", "--no-cache", "-o", "cards.jsonl")

    refused = run(*command, HOUSE_API_KEY=KEY)
    assert refused.returncode == 2 and not stub.keys
    assert "papercards.toml:1: providers needs your trust" in refused.stderr

    assert run("trust").returncode == 0
    done = run(*command, HOUSE_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    assert stub.keys == [f"Bearer {KEY}"] and "tools" in stub.bodies[0]
    listed = run("models", "list", HOUSE_API_KEY=KEY).stdout
    assert "house/…" in listed and "HOUSE_API_KEY (set)" in listed and KEY not in listed


@pytest.mark.parametrize("name", ["openai", "house", "openai-mirror"])
def test_a_strangers_folder_takes_no_key(run: Run, stub: Stub, tmp_path: Path, name: str) -> None:
    toml(tmp_path, stub.url, name, "OPENAI_API_KEY")
    for plan in ((), ("--plan", "decide")):
        done = run("enrich", written(tmp_path), "-m", f"{name}/m", *plan, "-o", "x.jsonl", OPENAI_API_KEY=KEY)
        assert done.returncode == 2 and "needs your trust" in done.stderr
    assert not stub.bodies and not stub.keys


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"house": {"mode": "tools"}}, "[providers.house] base_url"),
        ({"house": {"base_url": "ftp://x"}}, "must start with https://"),
        ({"house": {"base_url": "https://x", "mode": "magic"}}, "[providers.house] mode"),
        ({"house": {"base_url": "https://x", "colour": 1}}, "colour: unknown field"),
        ({"house": {"base_url": "https://x", "key": "my key"}}, "'my key' is not a name"),
        ({"house": {"base_url": "https://x", "key_header": "a: b\r\nc"}}, "is not a name"),
        ({"house": {"base_url": "https://x?k={OPENAI_API_KEY}"}}, "must not stand in an address"),
        ({"house": {"base_url": "https://x", "decisions": {"questions": 65}}}, "must be 1 to 64"),
        ({"house": {"base_url": "https://x", "decisions": {"options": 1}}}, "must be 2 to 255"),
        ({"house": {"base_url": "https://x", "decisions": {"prices": {"m": -1}}}}, "below 0"),
        ({"house": {"base_url": "https://x", "decisions": {"url": "x"}}}, "decisions.url"),
        ({"My House": {"base_url": "https://x"}}, "not a name for a provider"),
        ({"local": {"base_url": "https://x"}}, "not a name for a provider"),
        ({"house": "https://x"}, "must be a table"),
    ],
)
def test_what_is_wrong_with_a_provider_is_said(table: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(table, "papercards.toml")
    assert said in str(caught.value)


def test_a_shipped_provider_can_be_changed_in_part() -> None:
    changed = known({"groq": {"mode": "json_schema"}})["groq"]
    assert (changed.mode, changed.key) == ("json_schema", "GROQ_API_KEY")
    assert shipped()["groq"].mode == "tools"


def test_a_provider_without_files_of_requests_is_told_from_one_with(run: Run, tmp_path: Path) -> None:
    done = run(
        *("enrich", written(tmp_path), "-m", "anthropic/claude", "--batch-api", "-o", "x.jsonl"),
        ANTHROPIC_API_KEY=KEY,
    )
    assert done.returncode == 2 and "anthropic has no batch API" in done.stderr
