"""Secrets out of texts, and what is no secret left in them."""

import time

import pytest

from papercards.model.catalogue import resolve
from papercards.model.endpoint import NO_KEY, Endpoint
from papercards.safety.redact import shown_url, without_secrets


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("--base-url=https://me:pw@host:1/v1?api-key=x#y", "--base-url=https://host:1/v1"),
        ("no answer from https://me@host/v1, again", "no answer from https://host/v1, again"),
        ("https://me:p@ss@host/v1", "https://host/v1"),
        ("key sk-12345678 refused", "key *** refused"),
        ("Bearer sk-12345678", "Bearer ***"),
        ("at /v1?key=sk-12345678&x=1", "at /v1?key=***&x=1"),
        ("papers@home.jsonl?", "papers@home.jsonl?"),
        ("https://medium.com/@me/a-post", "https://medium.com/@me/a-post"),
    ],
)
def test_secrets_are_taken_out(text: str, left: str) -> None:
    assert without_secrets(text, ["sk-12345678", " sk-12345678 ", "a"]) == left


def test_a_key_is_found_as_an_address_spells_it() -> None:
    assert without_secrets("GET /v1?key=ab%2Fcd%2Bef12%3D", ["ab/cd+ef12="]) == "GET /v1?key=***"


def test_a_short_key_is_masked_as_a_word_only() -> None:
    assert without_secrets("a1b2c: not a1b2cd", ["a1b2c"]) == "***: not a1b2cd"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@host:1/v1?key=x", "https://host:1/v1"),
        ("https://host/v1?next=https://a:b@c/", "https://host/v1"),
        ("me:pw@host/v1?key=x#y", "host/v1"),
        ("http://[::1]:80/v1#x", "http://[::1]:80/v1"),
        (" https://host/v1 ", "https://host/v1"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def _endpoint(key: str, url: str = "http://host/v1") -> Endpoint:
    return Endpoint(resolve("m", base_url=url), url, key, 1.0, 1)


@pytest.mark.parametrize("key", [NO_KEY, "EMPTY", "ollama"])
def test_a_word_that_stands_for_no_key_stays_a_word(key: str) -> None:
    said = f"this nonexistent backend has none: {key}"
    assert _endpoint(key).without_key(said) == said


def test_what_an_address_hides_is_hidden_in_the_endpoint_s_words(
    url: str = "http://me:hunter22@host/v1?token=abcdefgh1",
) -> None:
    said = _endpoint("sk-12345678", url).without_key("hunter22, abcdefgh1 and sk-12345678 are wrong")
    assert said == "***, *** and *** are wrong"


def test_a_long_text_takes_no_long_time() -> None:
    begin = time.process_time()
    without_secrets("://" * 100_000 + "@?" * 100_000, ["sk-12345678"])
    shown_url("://" + "?#@" * 100_000)
    assert time.process_time() - begin < 10
