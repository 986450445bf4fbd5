"""What went wrong on the way to an endpoint and back, as one sentence for the user, without the key.

Knows errors of the client. Knows no papers and no prompts.
"""

import os
import re

from .endpoint import Endpoint
from .errors import EndpointError, PapercardsError, PaperFailed
from .refusals import Refused, refused

_SHOWN = 300
"""Characters of an endpoint's own words in a message."""


class TooSlow(Exception):
    """A request was cut off after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
        self.seconds = seconds


class Unreadable(Exception):
    """A request was answered with something that is no chat completion.

    `may_pass`: it looks like a completion that broke on the way, not like another kind of server. `once`: it
    may be this one answer alone.
    """

    def __init__(self, what: str, *, may_pass: bool, once: bool = False) -> None:
        super().__init__(what)
        self.may_pass = may_pass
        self.once = once or may_pass


def is_unreachable(error: BaseException | None) -> bool:
    """Whether no connection came about, so that nobody can have been billed."""
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
    """The error as one sentence for the user, by what it means for the other papers.

    `sent` requests were sent; `answered`: the endpoint answered somebody in this run, so that it is there.
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
            return PaperFailed(f"the endpoint cannot be reached any more: {why}", attempts=sent, alike="gone")
        return EndpointError(
            f"the endpoint cannot be reached: {why}",
            where=place,
            next_step="Check that it runs and that --base-url is right",
        )
    if isinstance(error, Unreadable):
        if answered or error.once:
            return PaperFailed(
                f"the endpoint answered with {error}, not with a chat completion",
                attempts=sent,
                alike="unreadable",
            )
        return EndpointError(
            f"the endpoint answered with {error}, not with a chat completion",
            where=place,
            next_step="Check --base-url: it usually ends in /v1",
        )
    if isinstance(error, (TooSlow, openai.APITimeoutError)):
        seconds = error.seconds if isinstance(error, TooSlow) else endpoint.timeout_s
        return PaperFailed(
            f"no answer within {seconds:g} s, several times",
            next_step="Give it longer with --timeout",
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
            f"the endpoint does not take the request ({status}): {said}",
            attempts=sent,
            alike=f"{status} {_without_numbers(said)}",
        )
    if error.empty_account:
        return EndpointError(
            f"the account has no credit left ({status}): {said}",
            where=place,
            next_step="Add credit, or use another model; the same command goes on from here",
        )
    if error.moderated:
        return PaperFailed(f"the endpoint does not take this text ({status}): {said}", attempts=sent)
    if status == 401 or (status == 403 and not answered):
        variable = endpoint.model.key_variable or "the key"
        if status == 403 and error.body is None:
            return EndpointError(
                f"the endpoint forbids access (403): {said}",
                where=place,
                next_step=f"Check {variable}, and whether a firewall or proxy stands in between",
            )
        return EndpointError(
            f"the endpoint refuses the key ({status}): {said}", where=place, next_step=f"Check {variable}"
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
            f"the endpoint knows no {endpoint.model.model_id} or no such path ({status}): {said}",
            where=place,
            next_step="Check --model and --base-url",
        )
    if error.too_long:
        return PaperFailed(f"too long for the model's context: {said}", attempts=sent, alike="too long")
    return PaperFailed(
        f"the endpoint answered {status}: {said}", attempts=sent, alike=f"{status} {_without_numbers(said)}"
    )


def said_by(error: Exception, endpoint: Endpoint) -> str:
    """The endpoint's own words in an error, at most 300 characters, without the key."""
    import openai

    if isinstance(error, openai.APIStatusError):
        error = refused(error)
    text = error.said if isinstance(error, Refused) else str(error)
    return " ".join(endpoint.without_key(text).split())[:_SHOWN]


def cause_of(error: BaseException, endpoint: Endpoint) -> str:
    """The innermost cause of a failed connection, in words that say where to look."""
    chain: list[BaseException] = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and inner not in chain:
        chain.append(inner)
    said = " ".join(endpoint.without_key(str(chain[-1]) or type(chain[-1]).__name__).split())[:_SHOWN]
    words = f"{said} {' '.join(type(one).__name__ for one in chain)}".lower()
    if "certificate" in words:
        return f"its certificate is not trusted ({said}); SSL_CERT_FILE can name the authority to trust"
    if "gaierror" in words or "name or service" in words or "nodename" in words or "dns" in words:
        return f"no such host: {endpoint.host} ({said})"
    if "decod" in words or "decompress" in words or "zliberror" in words or "encoding" in words:
        return f"its answer cannot be decoded ({said})"
    if (proxy := _proxy(endpoint)) is not None:
        return f"{said}, through the proxy that {proxy} names"
    return said


def _proxy(endpoint: Endpoint) -> str | None:
    """The environment variable that names the proxy for this endpoint."""
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
