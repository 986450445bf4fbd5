"""Which model is asked, where, with which key: nothing is spent unasked, and no secret gets out."""

import json
import os
from pathlib import Path

import pytest

from papercards.cli.shared import wiring
from papercards.errors import UsageError
from papercards.model import keys
from papercards.runs.resources import choose_model
from tests.cli.test_enrich import cards, some, write
from tests.conftest import KEY, Run
from tests.stub import Stub, error


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and none of the variables of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PAPERCARDS_MODEL", "PAPERCARDS_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OPENAI_API_KEY": KEY},
        {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"},
        {"OPENAI_API_KEY": KEY, "PAPERCARDS_MODEL": ""},
        {"OPENAI_API_KEY": KEY, "PAPERCARDS_MODEL": "  ", "PAPERCARDS_BASE_URL": ""},
    ],
)
def test_a_key_alone_chooses_no_hosted_model(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert choose_model(wiring.settings()).name == "local/qwen2.5-coder-1.5b"


@pytest.mark.parametrize("way", ["flag", "variable", "file"])
def test_a_hosted_model_is_chosen_by_naming_it(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if way == "variable":
        monkeypatch.setenv("PAPERCARDS_MODEL", "openai/m")
    if way == "file":
        (tmp_path / "papercards.toml").write_text('model = "openai/m"\n')
    entry = choose_model(wiring.settings(model="openai/m" if way == "flag" else None))

    assert wiring.named(entry) == "openai/m at api.openai.com"


@pytest.mark.parametrize("name", ["base_url", "model", "taxonomy", "cache_dir", "price"])
@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize("way", ["flag", "file"])
def test_an_empty_flag_is_an_error(name: str, value: str, way: str, tmp_path: Path) -> None:
    (tmp_path / "papercards.toml").write_text(f'{name} = "{value}"\n' if way == "file" else "")
    with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} is empty"):
        wiring.settings(**({name: value} if way == "flag" else {}))


def test_an_empty_address_sends_nothing_anywhere(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", *some(1))
    refused = run("enrich", source, "-m", "m", "--base-url", "", OPENAI_API_KEY=KEY)
    again = run("eval", "run", "-m", "", OPENAI_API_KEY=KEY)

    assert refused.returncode == 2 and "--base-url is empty" in refused.stderr
    assert again.returncode == 2 and "--model is empty" in again.stderr


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_counts_as_not_set(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", value)
    monkeypatch.setenv("OPENAI_API_KEY", value)
    entry = choose_model(wiring.settings(model="openai/m"))

    assert keys.endpoint_url(entry, os.environ) == "https://api.openai.com/v1"
    with pytest.raises(UsageError, match="needs a key"):
        keys.for_endpoint(entry, keys.endpoint_url(entry, os.environ), os.environ)


@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", " {} ", "\t{}", "{}\u00a0"])
def test_white_space_around_a_key_is_left_out(around: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", around.format(KEY))
    entry = choose_model(wiring.settings(model="openai/m"))

    assert keys.for_endpoint(entry, "https://api.openai.com/v1", os.environ) == KEY


@pytest.mark.parametrize("key", [f"{KEY}…", f"a\n{KEY}", f"a {KEY}", f"\ufeff{KEY}", f"a\x7f{KEY}"])
def test_a_key_that_cannot_be_sent_is_an_error_that_names_the_variable_and_not_the_key(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    entry = choose_model(wiring.settings(model="openai/m"))

    with pytest.raises(UsageError, match="the key in OPENAI_API_KEY has") as caught:
        keys.for_endpoint(entry, "https://api.openai.com/v1", os.environ)
    assert KEY not in str(caught.value)


def test_a_key_with_spaces_is_masked_where_the_endpoint_says_it(run: Run, tmp_path: Path, stub: Stub) -> None:
    stub.script = [error(401, f"Incorrect API key provided: {KEY}")] * 9
    source = write(tmp_path / "p.jsonl", *some(1))
    done = run("enrich", source, "-m", "m", "--base-url", stub.url, PAPERCARDS_API_KEY=f" {KEY} ")

    assert done.returncode == 2 and "Incorrect API key" in done.stderr
    assert KEY not in done.stderr + done.stdout


def test_the_first_line_names_model_and_host_and_nothing_keeps_the_secrets_of_an_address(
    run: Run, tmp_path: Path, stub: Stub
) -> None:
    source = write(tmp_path / "p.jsonl", *some(2))
    address = stub.url.replace("http://", "http://me:hush-hush@") + "?code=hush-hush"
    done = run("enrich", source, "-o", "c.jsonl", "-m", "m", "--base-url", address, OPENAI_API_KEY=KEY)

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == f"2 papers with m at {stub.url.split('/')[2]}"
    assert len(cards(tmp_path / "c.jsonl")) == 2
    assert json.loads((tmp_path / "c.run.json").read_text())["model"] == "m"
    for file in [*tmp_path.rglob("*.json*"), *tmp_path.rglob("*.db")]:
        assert b"hush-hush" not in file.read_bytes(), file
