"""Keys and papers go only where the user said, by a flag, a variable, or a file that was trusted."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from papercards.errors import UsageError
from papercards.model import keys
from papercards.model.catalogue import resolve
from tests.trust.conftest import KEYS, Host, Program, refused

ASK = ("enrich", "p.jsonl", "-o", "c.jsonl", "-m", "openai/m")


def settings(text: str) -> None:
    Path("papercards.toml").write_text(text)


@pytest.mark.parametrize(
    "command",
    [
        ("enrich", "p.jsonl", "-o", "c.jsonl"),
        ("enrich", "p.jsonl", "-m", "openrouter/x"),
        ("enrich", "p.jsonl", "-o", "c.jsonl", "--batch-api"),
        ("summarize", "p.jsonl"),
        ("watch", "p.jsonl", "-o", "c.jsonl", "--once"),
        ("eval", "run", "--limit", "1"),
        ("models", "doctor"),
    ],
)
def test_an_untrusted_settings_file_names_no_host(
    command: tuple[str, ...], program: Program, host: Host
) -> None:
    settings(f'# ours\nmodel = "openai/m"\nbase_url = "{host.url}"\n')

    refused(program(*command), "papercards.toml:3", "base_url", "papercards trust", "--base-url")
    assert host.asked == []


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ('base_url = "http://127.0.0.1:9/v1"', "base_url", 1),
        ('"base_url" = "http://127.0.0.1:9/v1"', "base_url", 1),
        ('cache_dir = "cache"', "cache_dir", 1),
        ('models_dir = "models"', "models_dir", 1),
        ("insecure = true", "insecure", 1),
        ('[endpoint]\nmode = "text"\nextra_headers = {X-Route = "there"}', "endpoint.extra_headers", 3),
        ('endpoint.extra_headers.X-Route = "there"', "endpoint.extra_headers", 1),
        ('[endpoint.extra_headers]\nX-Route = "there"', "endpoint.extra_headers", 1),
        ('endpoint = {extra_headers = {X-Route = "there"}}', "endpoint.extra_headers", 1),
        ('[endpoint]\nextra_body = {provider = "there"}', "endpoint.extra_body", 2),
        ('taxonomy = "/etc/passwd"', "taxonomy", 1),
        ('taxonomy = "../labels.yaml"', "taxonomy", 1),
    ],
)
def test_each_risky_setting_is_named_with_its_line_until_the_file_is_trusted(
    text: str, name: str, line: int, program: Program
) -> None:
    settings(text + "\n")

    refused(program(*ASK[:4], "-m", "baseline"), f"papercards.toml:{line}: {name} ", "papercards trust")
    assert not Path("c.jsonl").exists()


def test_harmless_settings_hold_without_trust(program: Program) -> None:
    settings('model = "baseline"\nconcurrency = 2\nrpm = 60\n[endpoint]\ntemperature = 0\nmode = "text"\n')
    done = program("enrich", "p.jsonl", "-o", "c.jsonl")

    assert done.code == 0 and done.err.splitlines()[0] == "1 paper with baseline"


def test_a_taxonomy_of_the_folder_needs_no_trust_and_a_link_out_of_it_does(program: Program) -> None:
    from tests.test_taxonomy import SMALL

    Path("small.yaml").write_text(SMALL)
    Path("../elsewhere.yaml").write_text(SMALL)
    Path("link.yaml").symlink_to("../elsewhere.yaml")
    settings('model = "baseline"\ntaxonomy = "small.yaml"\n')
    assert program("enrich", "p.jsonl", "-o", "c.jsonl").code == 0
    settings('model = "baseline"\ntaxonomy = "link.yaml"\n')
    refused(program("enrich", "p.jsonl", "-o", "c.jsonl"), "papercards.toml:2: taxonomy")


def test_a_flag_or_a_variable_that_says_it_needs_no_trust(program: Program, host: Host) -> None:
    settings('base_url = "http://127.0.0.1:9/v1"\n')
    program(*ASK, "--base-url", host.url)
    program(*ASK, PAPERCARDS_BASE_URL=host.url)

    assert len(host.asked) >= 2 and all(KEYS["OPENAI_API_KEY"] in one for one in host.asked)
    refused(program(*ASK, OPENAI_BASE_URL=host.url), "papercards.toml:1: base_url")


def test_a_trusted_file_holds_until_it_changes_or_the_trust_is_taken_back(
    program: Program, host: Host
) -> None:
    settings(f'base_url = "{host.url}"\n')
    trusted = program("trust")
    assert trusted.code == 0 and host.url in trusted.out
    assert str(Path("papercards.toml").resolve()) in program("trust", "--list").out
    program(*ASK)
    assert len(host.asked) == 1

    settings(f'base_url = "{host.url}"\nrpm = 1\n')
    refused(program(*ASK), "base_url")
    assert "changed" in program("trust", "--list").out
    program("trust", ".")
    assert program("trust", "--undo").code == 0
    refused(program(*ASK), "base_url")
    refused(program("trust", "--undo"), "is not trusted")
    assert program("trust", "--list").out == "" and len(host.asked) == 1


def test_trust_holds_for_one_place_and_is_kept_with_the_user(
    program: Program, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(f'base_url = "{host.url}"\n')
    program("trust")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "papercards.toml").write_bytes(Path("papercards.toml").read_bytes())
    monkeypatch.chdir(copy)
    refused(program("models", "doctor", "-m", "openai/m"), "base_url")
    # A relative folder would be one of the working directory.
    kept = tmp_path / "home" / "config" / "papercards" / "trusted.json"
    (copy / "papercards").mkdir()
    (copy / "papercards" / "trusted.json").write_bytes(
        kept.read_bytes().replace(str(tmp_path / "work").encode(), str(copy).encode())
    )
    refused(program("models", "doctor", "-m", "openai/m", XDG_CONFIG_HOME="."), "base_url")
    assert host.asked == [] and kept.stat().st_mode & 0o777 == 0o600


def test_trust_says_so_where_there_is_nothing_to_trust(program: Program) -> None:
    refused(program("trust"), "papercards.toml: cannot read")
    settings("nonsense = 1\n")
    refused(program("trust"), 'unknown setting "nonsense"')


@pytest.mark.parametrize("name", ["anything", "acme/model", "openai-compatible"])
def test_a_name_of_no_known_provider_gets_only_the_key_that_was_set_for_it(
    name: str, program: Program, host: Host
) -> None:
    program("summarize", "p.jsonl", "-m", name, "--base-url", host.url)
    assert host.asked and not any(key in host.got for key in KEYS.values())
    program("summarize", "p.jsonl", "-m", name, "--base-url", host.url, PAPERCARDS_API_KEY="pc-0123456789")
    assert "pc-0123456789" in host.got


def test_the_key_of_another_provider_goes_to_no_base_url_by_a_file(program: Program, host: Host) -> None:
    settings('model = "openrouter/x"\n')

    refused(program("summarize", "p.jsonl", PAPERCARDS_BASE_URL=host.url), "papercards.toml:1: model")
    program("summarize", "p.jsonl", "-m", "openrouter/x", PAPERCARDS_BASE_URL=host.url)
    assert KEYS["OPENROUTER_API_KEY"] in host.got


def test_a_price_of_a_file_does_not_switch_off_the_users_limit(program: Program, host: Host) -> None:
    settings('price = "0/0"\n')

    refused(program(*ASK, "--max-cost", "1", "--base-url", host.url), "papercards.toml:1: price")
    assert host.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/v1",
        "HTTP://10.0.0.5:8000/v1",
        "http://127.0.0.1.nip.io/v1",
        "http://[2001:db8::1]/v1",
    ],
)
def test_a_key_leaves_no_machine_in_clear_text(
    url: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = program(*ASK, "--base-url", url)
    refused(ran, "OPENAI_API_KEY", "in clear text", "--insecure")

    model = resolve("openai/m", base_url=url)
    assert keys.for_endpoint(model, url, os.environ, insecure=True) == KEYS["OPENAI_API_KEY"]
    # No key, no harm; but what an address carries behind its ? may be one.
    assert keys.for_endpoint(resolve("vllm/m", base_url=url), url, os.environ) == "none"
    with pytest.raises(UsageError, match="the query of the address"):
        keys.for_endpoint(resolve("vllm/m", base_url=url), f"{url}?code=abc", os.environ)


@pytest.mark.parametrize("address", ["localhost", "LOCALHOST.", "127.8.9.1", "[::1]", "a.localhost"])
def test_a_key_may_go_to_this_machine(address: str, program: Program) -> None:
    url = f"http://{address}:8000/v1"
    assert keys.for_endpoint(resolve("openai/m", base_url=url), url, os.environ) == KEYS["OPENAI_API_KEY"]


def a_record(program: Program, host: Host, **settings: Any) -> dict[str, Any]:
    """A run record of a stranger, who had a server that answers."""
    program(*ASK, "--base-url", host.url, PAPERCARDS_CACHE_DIR="theirs")
    host.asked.clear()
    found: dict[str, Any] = json.loads(Path("c.run.json").read_text())
    found["settings"]["cache_dir"] = None
    found["settings"] |= settings
    Path("c.run.json").write_text(json.dumps(found))
    return found


def test_a_run_record_chooses_no_host(program: Program, host: Host) -> None:
    a_record(program, host)
    for extra in ((), ("--anyway",), ("--base-url", "http://127.0.0.1:9/v1"), ("-o", "d.jsonl")):
        refused(program("rerun", "c.run.json", *extra), "c.run.json", host.url, "--base-url")
    assert host.asked == []
    program("rerun", "c.run.json", "--anyway", "--base-url", host.url)
    program("rerun", "c.run.json", "--anyway", PAPERCARDS_BASE_URL=host.url)
    assert len(host.asked) == 2


def test_a_run_record_chooses_no_key(program: Program, host: Host) -> None:
    found = a_record(program, host)
    Path("c.run.json").write_text(json.dumps(found | {"model": "mistral/m"}))
    said = ("rerun", "c.run.json", "--anyway", "--base-url", host.url)

    refused(program(*said), "mistral/m", "PAPERCARDS_MODEL")
    assert host.asked == []
    program(*said, PAPERCARDS_MODEL="mistral/m")
    assert KEYS["MISTRAL_API_KEY"] in host.got


@pytest.mark.parametrize(
    "output", ["../victim.jsonl", "jsonl:../victim.jsonl", "link/victim.jsonl", "vault:../v"]
)
def test_a_run_record_writes_only_beside_itself(output: str, program: Program, host: Host) -> None:
    victim = Path("../victim.jsonl")
    victim.write_text("precious\n")
    Path("link").symlink_to("..")
    found = a_record(program, host)
    found["model"], found["settings"]["endpoint"] = "baseline", None
    found["settings"]["outputs"], found["outputs"] = [output], []
    Path("c.run.json").write_text(json.dumps(found))

    refused(program("rerun", "c.run.json", "--anyway"), "outside its own folder", "-o")
    assert victim.read_text() == "precious\n" and not Path("../v").exists()
    assert program("rerun", "c.run.json", "--anyway", "-o", "mine.jsonl").code == 0


def test_a_run_record_chooses_no_cache(program: Program, host: Host) -> None:
    a_record(program, host, cache_dir="theirs")
    refused(program("rerun", "c.run.json", "--anyway", "--base-url", host.url), "its cache is", "--cache-dir")


def state(host: Host, **command: Any) -> None:
    """A batch state of a stranger in the working directory."""
    asked = {"folder": str(Path.cwd()), "sources": ["p.jsonl"], "outputs": ["c.jsonl"], "limit": None}
    asked |= {"columns": {}, "model": "openai/m", "endpoint": host.url, "taxonomy": None}
    asked |= {"cache_dir": str(Path("../home/cache/papercards").resolve()), "prompt": "x", "labels": "y"}
    sent = {"number": 1, "requests": 1, "size": 1, "token": "t", "file_id": "f", "batch_id": "b"}
    whole = {"version": 1, "papercards": "0.1.0", "command": asked | command, "batches": [sent]}
    Path("c.jsonl.batch.json").write_text(json.dumps(whole))


@pytest.mark.parametrize("named", [(), ("c.jsonl.batch.json",)])
@pytest.mark.parametrize("command", ["status", "collect"])
def test_a_batch_state_chooses_no_host(
    command: str, named: tuple[str, ...], program: Program, host: Host
) -> None:
    state(host)
    refused(program("batch", command, *named), "c.jsonl.batch.json", host.url, "--base-url")
    assert host.asked == []
    said = program("batch", command, *named, "--base-url", host.url)
    assert host.url.split("/")[2] in said.err.splitlines()[0]
    assert host.asked or command == "collect", said.err  # whose prompt is another


def test_a_batch_state_chooses_neither_cache_nor_key_nor_outputs(program: Program, host: Host) -> None:
    said = ("batch", "collect", "--base-url", host.url)
    state(host, cache_dir="c9")
    refused(program(*said), "its cache is c9", "--cache-dir")
    state(host, model="groq/m")
    refused(program(*said), "groq/m", "PAPERCARDS_MODEL")
    state(host, outputs=["../victim.jsonl"])
    refused(program(*said), "victim.jsonl", "-o")
    assert host.asked == []


def test_a_folder_that_calls_itself_papercards_has_no_cache_that_is_used(program: Program) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "papercards"\n')
    Path("cache").mkdir()
    assert program("enrich", "p.jsonl", "-o", "c.jsonl", "-m", "baseline").code == 0
    assert list(Path("cache").iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ASK,
        ("summarize", "p.jsonl", "-m", "openai/m"),
        ("watch", "p.jsonl", "-o", "c.jsonl", "--once", "-m", "openai/m"),
        ("models", "doctor", "-m", "openai/m"),
        ("eval", "run", "--limit", "1", "-m", "openai/m"),
        (*ASK, "--batch-api"),
    ],
)
def test_the_first_line_names_the_host(command: tuple[str, ...], program: Program, host: Host) -> None:
    ran = program(*command, "--base-url", host.url)
    assert f"openai/m at {host.url.split('/')[2]}" in ran.err.splitlines()[0], ran.err
