"""A client for Zotero's API, version 3: reads the items of a library page by page, and changes them.

The desktop program serves it on this machine, zotero.org on the web. Reading locally needs no key. For
writing, Zotero 10 and later ask the user for permission, which a header carries (`Zotero-Server-ID` tells
that this is supported); earlier versions are read-only. On the web a key reads and writes.

Not through pyzotero: since 1.6.13 it wants bibtexparser 1, and the version before that knows nothing of local
writing, sends requests to this machine through proxies, and waits in timers that outlive the program.

A key goes to the address it was given for and nowhere else: redirects are not followed.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ..errors import BadInput, EndpointError, UsageError

if TYPE_CHECKING:
    from httpx2 import Response

LOCAL_URL = "http://localhost:23119/api"
WEB_URL = "https://api.zotero.org"

FORMS = ("zotero:", "zotero:collection/KEY", "zotero:tag/NAME", "zotero:group/ID/…")

_PLACE = re.compile(
    r"zotero:(?:group/(?P<group>\d+)/?)?(?:collection/(?P<collection>[A-Za-z0-9]{8})|tag/(?P<tag>.+))?"
)
_PAGE = 100
_WRITTEN_AT_ONCE = 50
_TIMEOUT_S = 30.0
_CONSENT_S = 120.0
"""Maximum seconds to wait for the user's answer to Zotero's question."""
_ATTEMPTS = 4
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """A Zotero library, or a part of it."""

    name: str
    """The name as given by the user."""
    group: str | None
    """Id of the group; None for the user's own library."""
    collection: str | None
    tag: str | None


def place(name: str) -> Place:
    """Parse a name: `zotero:`, `zotero:collection/KEY`, `zotero:tag/NAME`, each after `group/ID/` too.

    Raises UsageError for anything else.
    """
    match = _PLACE.fullmatch(name)
    if match is None:
        raise UsageError(
            "is not a Zotero library or part of one", where=name, next_step=f"Use one of: {', '.join(FORMS)}"
        )
    return Place(name, match["group"], match["collection"], match["tag"])


class Zotero:
    """A connection to one library. `key` is a key of zotero.org; without it the local program is used.

    Every method raises EndpointError, with a next step, if Zotero is unreachable or refuses.
    """

    def __init__(self, where: Place, url: str | None = None, key: str | None = None) -> None:
        import httpx2

        self.place = where
        self._name = where.name.rstrip(":")
        self.local = not key
        self._url = (url or (LOCAL_URL if self.local else WEB_URL)).rstrip("/")
        headers = {"Zotero-API-Version": "3", "User-Agent": "papercards"}
        if key:
            headers["Zotero-API-Key"] = key
        # No proxy of the environment stands between this machine and itself.
        self._client = httpx2.Client(headers=headers, timeout=_TIMEOUT_S, trust_env=not self.local)
        self._library = f"groups/{where.group}" if where.group else "users/0" if self.local else ""
        self._server = ""

    def items(self) -> Iterator[Mapping[str, Any]]:
        """The top-level items, oldest first: objects with `key`, `version` and `data`."""
        path = f"collections/{self.place.collection}/items/top" if self.place.collection else "items/top"
        query = "&".join(
            [
                f"format=json&limit={_PAGE}&sort=dateAdded&direction=asc",
                *([f"tag={_literal(self.place.tag)}"] if self.place.tag else []),
            ]
        )
        start = 0
        while True:
            page = self._json(self._ask("GET", f"{self._base()}/{path}?{query}&start={start}"))
            if not isinstance(page, list):
                raise self._refused("did not return a list of items")
            yield from _items(page)
            start += len(page)
            if len(page) < _PAGE:
                return

    def some_items(self, keys: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """The items with these keys that still exist."""
        for at in range(0, len(keys), _WRITTEN_AT_ONCE):
            wanted = ",".join(keys[at : at + _WRITTEN_AT_ONCE])
            query = f"format=json&itemKey={wanted}&limit={_PAGE}"
            yield from _items(self._json(self._ask("GET", f"{self._base()}/items?{query}")))

    def check_writable(self) -> None:
        """Raise UsageError if changes cannot be saved."""
        if not self.local or self._server:
            return
        self._ask("GET", f"{self._url}/")
        if not self._server:
            raise UsageError(
                "this version of Zotero is read-only for other programs",
                where=self._name,
                next_step="Update to Zotero 10 or later, or set ZOTERO_API_KEY to a key of "
                "https://www.zotero.org/settings/keys with write access, and let Zotero sync",
            )

    def save(self, changes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
        """Change fields of items: each has `key`, the `version` it was read as, and the fields' new values.

        Yields each key with the reason why it was not saved, or an empty string. Zotero may ask the user for
        permission.
        """
        self.check_writable()
        leave = ""
        for at in range(0, len(changes), _WRITTEN_AT_ONCE):
            some = changes[at : at + _WRITTEN_AT_ONCE]
            headers = {}
            if self.local:
                leave, lasting = (leave, True) if leave else self._leave()
                headers = {"Zotero-API-Key": leave, "Zotero-Server-ID": self._server}
                leave = leave if lasting else ""
            done = self._json(
                self._ask("POST", f"{self._base()}/items", json=[dict(one) for one in some], headers=headers)
            )
            failed = done.get("failed") if isinstance(done, dict) else None
            for index, one in enumerate(some):
                fault = failed.get(str(index)) if isinstance(failed, dict) else None
                yield str(one["key"]), "" if not fault else _why(fault)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _base(self) -> str:
        """Path prefix of the library; on the web the key determines the user."""
        if not self._library:
            owner = self._json(self._ask("GET", f"{self._url}/keys/current"))
            user = owner.get("userID") if isinstance(owner, dict) else None
            if not isinstance(user, int):
                raise self._refused("did not return the owner of the key")
            self._library = f"users/{user}"
        return f"{self._url}/{self._library}"

    def _leave(self) -> tuple[str, bool]:
        """A key for writing, granted by the user, and whether it lasts beyond one request."""
        answer = self._json(
            self._ask(
                "POST",
                f"{self._url}/local/authorize",
                json={"appName": "papercards"},
                headers={"Zotero-Server-ID": self._server},
                timeout=_CONSENT_S,
            )
        )
        key = answer.get("key") if isinstance(answer, dict) else None
        if not isinstance(key, str):
            raise self._refused("did not grant write access")
        return key, bool(answer.get("remember"))

    def _ask(self, method: str, url: str, **more: Any) -> "Response":
        """Send one request, and retry after the given time if the server is busy."""
        import httpx2

        from ..model.waiting import retry_after_s

        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = self._client.request(method, url, **more)
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                raise self._unreachable(error) from error
            self._server = self._server or response.headers.get("zotero-server-id", "")
            wait_s = retry_after_s(response.headers, time.time()) or 2.0 ** (attempt - 1)
            if response.status_code not in (429, 503) or attempt == _ATTEMPTS or wait_s > _LONGEST_WAIT_S:
                break
            time.sleep(wait_s)
        if response.status_code >= 300:
            raise self._refusal(response)
        return response

    def _json(self, response: "Response") -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise self._refused("did not return JSON") from error

    def _unreachable(self, error: Exception) -> EndpointError:
        step = "Check the address and the network"
        if self.local:
            step = (
                "Start Zotero, and under Settings, Advanced, allow other applications on this computer "
                "to communicate with it"
            )
        return EndpointError(
            f"Zotero does not respond at {_shown(self._url)}", where=self._name, next_step=step
        )

    def _refusal(self, response: "Response") -> EndpointError:
        status = response.status_code
        if self.local and status in (401, 403):
            asked = str(response.url).endswith("/local/authorize")
            return self._refused(
                "write access was denied" if asked else "does not allow access by other programs",
                "Allow it when Zotero asks"
                if asked
                else "Under Settings, Advanced, allow other applications on this computer to communicate "
                "with Zotero",
            )
        reasons = {
            403: ("does not accept this key", "Check the permissions of ZOTERO_API_KEY"),
            404: ("does not have this library, collection or item", "Check the name"),
            412: ("has a newer version of this library", "Run the same command again"),
            429: ("limits the rate of requests", "Wait, and run the same command again"),
        }
        why, step = reasons.get(status, (f"returned status {status}", ""))
        return self._refused(why, step)

    def _refused(self, why: str, step: str = "") -> EndpointError:
        return EndpointError(f"Zotero {why}", where=self._name, next_step=step)


def _items(page: object) -> Iterator[Mapping[str, Any]]:
    for item in page if isinstance(page, list) else ():
        if isinstance(item, dict) and isinstance(item.get("data"), dict):
            yield item


def key_of(item: Mapping[str, Any]) -> str:
    """The key of an item. Raises BadInput if it is not valid, since it becomes part of paths."""
    key = item.get("key")
    if not isinstance(key, str) or not re.fullmatch("[A-Za-z0-9]{1,32}", key):
        raise BadInput("Zotero returned an item without a valid key")
    return key


def _literal(tag: str) -> str:
    r"""Escape a tag's name for a query, where a leading `-` means "not" and ` || ` means "or"."""
    return quote(f"\\{tag}" if tag.startswith("-") else tag, safe="")


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _why(fault: object) -> str:
    if isinstance(fault, dict):
        if fault.get("code") == 412:
            return "was changed in the meantime"
        return " ".join(str(fault.get("message", "")).split())[:200] or "was refused"
    return "was refused"
