"""Settings of a file that could send a key or a paper elsewhere, or make papercards use untrusted files.

They only apply if the user trusts the file. What each could do:

| setting | untrusted | why |
|---|---|---|
| base_url, pool | no | choose where keys and papers are sent |
| providers | no | chooses which key is sent where |
| cache_dir, models_dir | no | cards and weights in them are used |
| insecure | no | allows sending a key in clear text |
| endpoint.extra_headers | no | is sent with each request: may choose an account, a route, a proxy |
| endpoint.extra_body | no | may choose another host behind a gateway, or paid extras |
| taxonomy, fields | inside the folder | a file elsewhere would be read and sent |
| tuned | inside the folder | a file elsewhere would be read |
| model | not if the user's own base_url would get another provider's key | chooses the key |
| price | not under a --max-cost of the user | 0/0 would switch that limit off |
| all others | yes | speed, length, output: data is sent to the provider only |

Knows names and values of settings. Knows no files of trust.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..model.providers import Provider, shipped


@dataclass(frozen=True, slots=True)
class Risk:
    """A setting that needs trust."""

    name: str
    """Name in the file; `endpoint.extra_headers` for one of the table."""
    why: str
    flag: str | None
    """The equivalent on the command line; None if there is none."""


def risks(file: Mapping[str, object], given: Mapping[str, object], folder: Path) -> Iterator[Risk]:
    """The risky settings of a file that is not trusted.

    `given` are those of flags and environment, which take precedence; `folder` is the file's own.
    """
    plain = (
        ("base_url", "it chooses where keys and papers are sent", "--base-url URL"),
        ("cache_dir", "cards and answers in it would be used", "--cache-dir DIR"),
        ("models_dir", "models in it would be loaded", "PAPERCARDS_MODELS=DIR"),
    )
    for name, why, flag in plain:
        if name not in given and str(file.get(name, "")).strip():
            yield Risk("pool" if name == "base_url" and file.get("pool") else name, why, flag)
    if file.get("providers"):
        yield Risk("providers", "it chooses where keys and papers are sent", None)
    if file.get("insecure") and "insecure" not in given:
        yield Risk("insecure", "it allows sending a key in clear text", "--insecure")
    for name in ("taxonomy", "fields"):
        path = file.get(name)
        if isinstance(path, str) and name not in given and not _inside(folder, path):
            yield Risk(name, "it is outside this folder and would be sent to the model", f"--{name}")
    tuned = file.get("tuned")
    if isinstance(tuned, str) and "tuned" not in given and not _inside(folder, tuned):
        yield Risk("tuned", "it is outside this folder", "--tuned FILE")
    table = file.get("endpoint")
    for name, why in (
        ("extra_headers", "they are sent with every request"),
        ("extra_body", "it can send requests elsewhere, or change their price"),
    ):
        if isinstance(table, Mapping) and table.get(name):
            yield Risk(f"endpoint.{name}", why, None)
    model = file.get("model")
    if isinstance(model, str) and "model" not in given and given.get("base_url") and foreign_key(model):
        yield Risk("model", "your base URL would be sent the key of another provider", "--model MODEL")
    if file.get("price") and "price" not in given and "max_cost" in given:
        yield Risk("price", "your --max-cost depends on it", "--price PROMPT/COMPLETION")


def foreign_key(model: str, providers: Mapping[str, Provider] | None = None) -> bool:
    """Whether a model's name selects a key of its own, other than the usual one of such endpoints.

    `providers` default to the shipped ones.
    """
    provider = (shipped() if providers is None else providers).get(model.partition("/")[0])
    return provider is not None and provider.key not in (None, "OPENAI_API_KEY")


def line_of(name: str, text: str) -> int | None:
    """The line number of a setting in a TOML file, from 1; None if it is not found."""
    table, _, key = name.rpartition(".")
    for wanted in filter(None, (key, table)):
        before = r"""\s*\[{0,2}\s*(?:["']?[\w-]+["']?\s*\.\s*)?["']?"""
        pattern = re.compile(before + re.escape(wanted) + r"""["']?\s*[.=\]]""")
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.match(line):
                return number
    return None


def _inside(folder: Path, path: str) -> bool:
    try:
        return (folder / path).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        return False
