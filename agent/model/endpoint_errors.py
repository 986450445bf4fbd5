"""Turns errors of an endpoint into one sentence for the user, without the key.

Knows errors of the client. Knows no papers and no prompts.
"""

import os
import re
import time

from ..errors import EndpointError, PapercardsError, PaperFailed
from .endpoint import Endpoint
from .refusals import Refused, refused
from .waiting import UNSAID_S, asked_wait_s

_SHOWN = 300
"""Maximum characters of an endpoint's own message that are shown."""


class TooSlow(Exception):
    """A request was cancelled after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
        self.seconds = seconds


class Unreadable(Exception):
    """A request was answered with something other than what it asked for.

    `may_pass`: it looks like a damaged answer, not like another kind of server. `once`: it may be only
    this answer.
    """

    def __init__(self, what: str, *, may_pass: bool, once: bool = False) -> None:
        super().__init__(what)
        self.may_pass = may_pass
        self.once = once or may_pass


def is_unreachable(error: BaseException | None) -> bool:
    """Whether no connection was made, so that nothing can have been billed."""
    import httpx2
    import openai

    if not isinstance(error, openai.APIConnectionError):
        return False
    cause = error.__cause__
    # aiohttp's refused connection reaches us as a time-out of connecting.
    return isinstance(
        cause,
        (
            httpx2.ConnectError,
            httpx2.ConnectTimeout,
            httpx2.PoolTimeout,
            httpx2.ProxyError,
            httpx2.UnsupportedProtocol,
            httpx2.LocalProtocolError,
        ),
    )


def explain(error: Exception, endpoint: Endpoint, sent: int, *, answered: bool = False) -> PapercardsError:
    """The error as one sentence for the user; its class depends on whether other papers are affected.

    `sent` is the number of requests sent; `answered` tells whether the endpoint has answered any request in
    this run.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        error = refused(error)
    if isinstance(error, Refused):
        return _explain_refusal(error, endpoint, sent, answered)
    place = endpoint.shown_url
    if is_unreachable(error):
        why = cause_of(error, endpoint)
        if answered:
            return PaperFailed(f"the endpoint can no longer be reached: {why}", attempts=sent, alike="gone")
        return EndpointError(
            f"cannot reach the endpoint: {why}",
            where=place,
            next_step="Check that it is running and that --base-url is right",
        )
    if isinstance(error, Unreadable):
        if answered or error.once:
            return PaperFailed(
                f"the endpoint answered with {error} instead of {endpoint.answers}",
                attempts=sent,
                alike="unreadable",
            )
        return EndpointError(
            f"the endpoint answered with {error} instead of {endpoint.answers}",
            where=place,
            next_step="Check --base-url: it usually ends in /v1",
        )
    if isinstance(error, (TooSlow, openai.APITimeoutError)):
        seconds = error.seconds if isinstance(error, TooSlow) else endpoint.timeout_s
        return PaperFailed(
            f"no answer within {seconds:g} s, several times",
            next_step="Increase --timeout",
            attempts=sent,
            alike="too slow",
        )
    if isinstance(error, openai.APIConnectionError):
        return PaperFailed(
            f"the answer broke off: {cause_of(error, endpoint)}", attempts=sent, alike="broken off"
        )
    return EndpointError(said_by(error, endpoint), where=place)


def _explain_refusal(error: Refused, endpoint: Endpoint, sent: int, answered: bool) -> PapercardsError:
    place, status, said = endpoint.shown_url, error.status, said_by(error, endpoint)
    if error.final:
        return PaperFailed(
            f"the endpoint rejects the request ({status}): {said}",
            attempts=sent,
            alike=f"{status} {_without_numbers(said)}",
        )
    if error.empty_account:
        return EndpointError(
            f"the account has no credit left ({status}): {said}",
            where=place,
            next_step="Add credit, or use another model; run the same command again to continue",
        )
    if error.moderated:
        return PaperFailed(f"the endpoint rejects this text ({status}): {said}", attempts=sent)
    if status == 401 or (status == 403 and not answered):
        variable = endpoint.model.key_variable or "the key"
        if status == 403 and error.body is None:
            return EndpointError(
                f"the endpoint denies access (403): {said}",
                where=place,
                next_step=f"Check {variable}, and whether a firewall or proxy is in between",
            )
        return EndpointError(
            f"the endpoint rejected the API key ({status}): {said}",
            where=place,
            next_step=f"Check {variable}",
        )
    if 300 <= status < 400:
        target = endpoint.without_key(error.headers.get("location", "another address"))
        return EndpointError(
            f"the endpoint redirects to {target} ({status})",
            where=place,
            next_step="If you trust that address, give it as --base-url",
        )
    if status in (404, 405) and not answered:
        return EndpointError(
            f"the endpoint does not know the model {endpoint.model.model_id} or the path ({status}): {said}",
            where=place,
            next_step="Check --model and --base-url",
        )
    if error.too_long:
        return PaperFailed(f"too long for the model's context: {said}", attempts=sent, alike="too long")
    failed = PaperFailed(
        f"the endpoint answered {status}: {said}", attempts=sent, alike=f"{status} {_without_numbers(said)}"
    )
    if status == 429:
        failed.retry_after_s = asked_wait_s(error.headers, error.body, error.said, time.time()) or UNSAID_S
    return failed


def said_by(error: Exception, endpoint: Endpoint) -> str:
    """The endpoint's own message in an error, at most 300 characters, without the key."""
    import openai

    if isinstance(error, openai.APIStatusError):
        error = refused(error)
    text = error.said if isinstance(error, Refused) else str(error)
    return " ".join(endpoint.without_key(text).split())[:_SHOWN]


def cause_of(error: BaseException, endpoint: Endpoint) -> str:
    """The innermost cause of a failed connection, with a hint where to look."""
    chain: list[BaseException] = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and inner not in chain:
        chain.append(inner)
    said = " ".join(endpoint.without_key(str(chain[-1]) or type(chain[-1]).__name__).split())[:_SHOWN]
    words = f"{said} {' '.join(type(one).__name__ for one in chain)}".lower()
    if "certificate" in words:
        return f"its certificate is not trusted ({said}); set SSL_CERT_FILE to the authority to trust"
    if "gaierror" in words or "name or service" in words or "nodename" in words or "dns" in words:
        return f"no such host: {endpoint.host} ({said})"
    if "decod" in words or "decompress" in words or "zliberror" in words or "encoding" in words:
        return f"its answer cannot be decoded ({said})"
    if (proxy := _proxy(endpoint)) is not None:
        return f"{said}, through the proxy set in {proxy}"
    return said


def _proxy(endpoint: Endpoint) -> str | None:
    """The environment variable that sets the proxy for this endpoint."""
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(endpoint.host):
        return None
    found = getproxies()
    for scheme in (endpoint.base_url.partition(":")[0], "all"):
        if scheme in found:
            names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
            return next((name for name in names if name in os.environ), "the system")
    return None


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "#", text)[:120]
