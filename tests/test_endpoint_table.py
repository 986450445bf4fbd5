"""The `[endpoint]` table of a settings file: what is in it reaches the request, and what is wrong is told."""

import json
from pathlib import Path

import pytest

from papercards.configuration.settings import merge
from papercards.configuration.trust import trust
from papercards.errors import UsageError
from papercards.model.catalogue import resolve
from papercards.model.form import Form

MODEL = resolve("openai/m")


@pytest.fixture(autouse=True)
def list_of_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one than that of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def form(tmp_path: Path, table: str) -> Form:
    file = tmp_path / "papercards.toml"
    file.write_text(f"[endpoint]\n{table}\n")
    trust(file, file.read_bytes())
    return Form.of(MODEL, merge({}, {}, file).endpoint)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("temperature = 0.7", "temperature", 0.7),
        ("temperature = 1", "temperature", 1),
        ('temperature = "default"', "temperature", None),
        ('tokens_name = "max_tokens"', "tokens_name", "max_tokens"),
        ("answer_tokens = 5000", "answer_tokens", 5000),
        ("answer_tokens = 5000", "most_tokens", 5000),
        ('mode = "text"', "mode", "text"),
        ("system_role = false", "system_role", False),
        ('reasoning_effort = "low"', "reasoning_effort", "low"),
        (
            "extra_body = {k = 1, chat = {thinking = false}}",
            "extra_body",
            {"k": 1, "chat": {"thinking": False}},
        ),
        ('extra_headers = {X-Title = "cards"}', "extra_body", {}),
    ],
)
def test_a_line_changes_the_request(tmp_path: Path, line: str, name: str, value: object) -> None:
    assert getattr(form(tmp_path, line), name) == value


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('temperature = "x"', "temperature: use a number from 0 to 2"),
        ("temperature = nan", "temperature: use a number from 0 to 2"),
        ("temperature = true", "temperature: use a number from 0 to 2"),
        ('mode = "xml"', "mode: Input should be 'json_schema'"),
        ("answer_tokens = 5", "answer_tokens: Input should be greater than or equal to 100"),
        ("answer_tokens = 900.5", "answer_tokens"),
        ("max_tokens = 900", "max_tokens: unknown setting"),
        ('system_role = "no"', "system_role"),
        ('reasoning_effort = ""', "reasoning_effort"),
        ('extra_headers = {Authorization = "Bearer x"}', "Authorization would hold a key"),
        ('extra_headers = {api-key = "x"}', "api-key would hold a key"),
        ('extra_headers = {"a b" = "x"}', "is not a valid header"),
        ('extra_headers = {X-A = "a\\r\\nX-B: b"}', "is not a valid header"),
        ('extra_headers = {Content-Type = "text/plain"}', "set by papercards itself"),
        ("extra_body = {when = 2020-01-01}", "extra_body"),
        ("extra_body = {x = nan}", "extra_body"),
        ("extra_body = {stream = true}", "stream is set by papercards itself"),
        ("extra_body = 3", "extra_body"),
    ],
)
def test_a_wrong_line_is_told_with_its_file_and_key(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        form(tmp_path, line)
    assert words in str(caught.value) and "papercards.toml: [endpoint] " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_as_usual_leaves_no_trace_in_the_key_of_an_answer() -> None:
    plain = Form.of(MODEL, {})
    assert plain.parts() == {"model": "m", "mode": "json_schema", "temperature": 0, "max_tokens": 900}
    assert Form.of(MODEL, {"answer_tokens": 900}).parts() == plain.parts()
    assert Form.of(MODEL, {"extra_body": {"top_k": 1}}).parts() != plain.parts()
    kept = Form.from_json(
        json.loads(Form.of(MODEL, {"extra_body": {"a": [1]}, "temperature": "default"}).to_json())
    )
    assert kept.temperature is None and kept.extra_body == {"a": [1]}
