"""The client of an endpoint's file and batch API: upload, create, look up, download.

Every call is retried by the same policy. Creating takes extra care: a lost response may have been a success,
so the endpoint's list of batches is checked before trying again. Knows no papers and no files except the one
that it uploads.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import EndpointError, PapercardsError
from ...model.client import open_client
from ...model.endpoint import Endpoint
from ...model.endpoint_errors import explain, said_by
from ...model.retrying import RetryPolicy

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
RUNNING = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
_SAME_STATUS = {
    "succeeded": "completed",
    "success": "completed",
    "complete": "completed",
    "done": "completed",
    "ended": "completed",
    "partially_completed": "completed",
    "completed_with_errors": "completed",
    "error": "failed",
    "errored": "failed",
    "failure": "failed",
    "canceled": "cancelled",
    "timeout": "expired",
    "timeout_exceeded": "expired",
    "created": "validating",
    "queued": "validating",
    "pending": "validating",
    "submitted": "validating",
    "scheduled": "validating",
    "running": "in_progress",
    "processing": "in_progress",
    "canceling": "cancelling",
    "cancellation_requested": "cancelling",
}
"""Statuses of other providers, mapped to OpenAI's names."""
MARK = "papercards"
"""The metadata key that holds a batch's token."""

UPLOAD_TIMEOUT_S = 600.0
MAX_AGE_S = 30 * 86_400
"""Maximum age of batches to look for, in seconds; the results of older ones have expired."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A batch as reported by the endpoint."""

    id: str
    status: str
    """One of `ENDED` or `RUNNING`, or an unknown status of the endpoint in lower case."""
    created_at: int | None
    """Creation time, in seconds since the epoch."""
    done: int
    failed: int
    total: int
    files: tuple[str, ...]
    """Ids of the result files: answers, then errors, as far as they exist."""
    problem: str
    """What was wrong with the batch as a whole; empty if nothing was."""
    sent: int = 0
    """Number of requests in the batch, as far as the sender knows."""

    @property
    def ended(self) -> bool:
        """Whether the batch has ended."""
        return self.status in ENDED

    @property
    def known(self) -> bool:
        """Whether the status is a known one."""
        return self.status in ENDED or self.status in RUNNING

    @property
    def expected(self) -> int:
        """Minimum number of lines of all its result files together."""
        if self.status == "failed":
            return self.done if self.files else 0
        counted = self.done + self.failed
        return counted or (self.total or self.sent if self.status == "completed" else 0)


class Absent(EndpointError):
    """The endpoint does not have the requested batch or file."""


class Service:
    """One endpoint's batch API. Every method raises EndpointError, in one sentence and without the key.

    `say` receives notes about missing features of the endpoint and their consequences.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        policy: RetryPolicy | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._say = say
        self._lists = True
        self._endpoint = endpoint
        # Nothing is at stake but this: more likely a wrong address than a passing fault.
        self._policy = replace(policy or RetryPolicy(), connect_attempts=3)
        self._client = open_client(endpoint)

    async def __aenter__(self) -> "Service":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def upload(self, file: Path, name: str) -> str:
        """Upload a request file as a stream; returns its id."""

        async def send() -> str:
            with file.open("rb") as content:
                made = await self._client.files.create(
                    file=(name, content, "application/jsonl"),
                    purpose="batch",
                    timeout=max(self._endpoint.timeout_s, UPLOAD_TIMEOUT_S),
                )
            return made.id

        return await self._run(send)

    async def create(self, file_id: str, token: str, *, others: Collection[str]) -> str:
        """Create the batch of an uploaded file; returns its id. `others` are ids of other batches."""
        import openai

        asked = lost = False
        metadata: dict[str, dict[str, str]] = {"metadata": {MARK: token}}

        async def send() -> str:
            nonlocal asked, lost
            if asked:
                found = await self._find({token: file_id}, others)
                if found is None and lost:
                    raise EndpointError(
                        "unknown whether the batch was created: the response was lost, and the endpoint "
                        "does not list its batches",
                        where=self._endpoint.shown_url,
                        next_step="If the provider's website shows no batch, run the same command again",
                    )
                if found is not None and token in found:
                    return found[token]
            asked = True
            try:
                made = await self._client.batches.create(
                    input_file_id=file_id,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                    **metadata,  # type: ignore[arg-type]  # the client tells absent and None apart
                )
            except openai.APIStatusError as error:
                if metadata and error.status_code in (400, 422) and "metadata" in str(error).lower():
                    self._say(
                        "the endpoint accepts no metadata; batches are recognised by their input file only"
                    )
                    metadata.clear()
                    asked = False
                    return await send()
                lost = error.status_code != 429
                raise
            except openai.APIConnectionError:
                lost = True
                raise
            return str(self._read(made)["id"])

        return await self._run(send)

    async def find(self, tokens: dict[str, str | None], *, others: Collection[str]) -> dict[str, str]:
        """Batches that already exist, by token, recognised by their metadata or input file.

        `tokens` maps each token to the id of its uploaded file, if known. Batches that failed as a whole are
        ignored. Finds nothing if the endpoint does not list its batches.
        """

        async def send() -> dict[str, str]:
            return await self._find(tokens, others) or {}

        return await self._run(send)

    async def retrieve(self, batch_id: str, sent: int = 0) -> Remote:
        """The current state of a batch of `sent` requests."""

        async def send() -> Remote:
            return _remote(self._read(await self._client.batches.retrieve(batch_id)), batch_id, sent)

        return await self._run(send, absent=f"no batch {batch_id}")

    async def download(self, file_id: str, take: Callable[[bytes], None]) -> None:
        """Pass each line of a file to `take`; after a broken connection it starts again."""

        async def send() -> None:
            async with self._client.files.with_streaming_response.content(file_id) as response:
                async for line in _lines(_chunks(response.iter_bytes(), response.http_request)):
                    take(line)

        await self._run(send, absent=f"no file {file_id}")

    async def _find(self, tokens: dict[str, str | None], others: Collection[str]) -> dict[str, str] | None:
        """The result of `find`; None if the endpoint does not list its batches."""
        import time

        import openai

        if not self._lists:
            return None
        found: dict[str, str] = {}
        by_file = {file: token for token, file in tokens.items() if file is not None}
        try:
            async for listed in self._client.batches.list(limit=100):
                batch = self._read(listed)
                created = batch.get("created_at")
                if isinstance(created, int) and created < time.time() - MAX_AGE_S:
                    break  # the newest come first
                metadata = batch.get("metadata")
                mark = metadata.get(MARK) if isinstance(metadata, dict) else None
                token = mark or by_file.get(batch.get("input_file_id") or "")
                status = _status(batch.get("status"))
                if token in tokens and batch["id"] not in others and status != "failed":
                    found.setdefault(token, batch["id"])
                    if len(found) == len(tokens):
                        break
        except openai.APIStatusError as error:
            if error.status_code not in (404, 405, 501):
                raise
            self._lists = False
        except (AttributeError, TypeError):  # the client's, where the answer has another shape
            self._lists = False
        if not self._lists:
            self._say(
                "the endpoint does not list its batches; a batch created while the connection breaks could "
                "not be found again"
            )
            return None
        return found

    def _read(self, batch: object) -> dict[str, Any]:
        """A batch as sent by the endpoint, with fields of any type. Raises EndpointError otherwise."""
        from pydantic import BaseModel

        record = batch.model_dump(warnings=False) if isinstance(batch, BaseModel) else None
        if record is None or not isinstance(record.get("id"), str):
            raise EndpointError(
                "the endpoint did not return a batch",
                where=self._endpoint.shown_url,
                next_step="Check --base-url",
            )
        return record

    async def _run(self, send: Callable[[], Awaitable[T]], *, absent: str = "") -> T:
        """The result of `send`; `absent` is the message for a 404."""
        import openai

        try:
            return await self._policy.run(send)
        except openai.NotFoundError as error:
            if not absent:
                raise self._explain(error) from error
            raise Absent(
                absent,
                where=self._endpoint.shown_url,
                next_step="Check that the API key belongs to the account that sent the batch. If it no "
                "longer exists, delete the state file and run enrich --batch-api again",
            ) from error
        except openai.OpenAIError as error:
            raise self._explain(error) from error

    def _explain(self, error: "openai.OpenAIError") -> PapercardsError:
        import openai

        place = self._endpoint.shown_url
        if isinstance(error, openai.APIConnectionError):
            return EndpointError(
                "cannot reach the endpoint",
                where=place,
                next_step="Run the same command again to continue; nothing is sent twice",
            )
        if isinstance(error, openai.APIStatusError) and error.status_code in (404, 405, 501):
            return EndpointError(
                "the endpoint has no batch API, or does not support this request: "
                f"{said_by(error, self._endpoint)}",
                where=place,
                next_step="Run enrich without --batch-api, or check --base-url",
            )
        told = explain(error, self._endpoint, 1)
        return EndpointError(told.message, where=place, next_step=told.next_step)


def _remote(batch: dict[str, Any], batch_id: str, sent: int) -> Remote:
    counts = batch.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    created = batch.get("created_at")
    files = (batch.get("output_file_id"), batch.get("error_file_id"))
    return Remote(
        id=batch_id,
        status=_status(batch.get("status")),
        # Not every endpoint that speaks this protocol writes the time as a number.
        created_at=created if isinstance(created, int) else None,
        done=_number(counts.get("completed")),
        failed=_number(counts.get("failed")),
        total=_number(counts.get("total")),
        files=tuple(file for file in files if isinstance(file, str) and file),
        problem="; ".join(_problems(batch.get("errors"))[:3])[:300],
        sent=sent,
    )


def _status(said: object) -> str:
    word = " ".join(str(said or "").lower().split()).replace(" ", "_").replace("-", "_")[:40]
    return _SAME_STATUS.get(word, word) or "without a status"


def _number(said: object) -> int:
    return int(said) if isinstance(said, int) or (isinstance(said, str) and said.isdecimal()) else 0


def _problems(errors: object) -> list[str]:
    """The problems as texts, from a text, a record or a list of either."""
    if isinstance(errors, dict) and isinstance(errors.get("data"), list):
        errors = errors["data"]
    told = errors if isinstance(errors, list) else [errors]
    words = []
    for one in told:
        if isinstance(one, dict):
            one = one.get("message") or one.get("code")
        if one:
            words.append(" ".join(str(one).split()))
    return words


async def _chunks(chunks: AsyncIterator[bytes], request: object) -> AsyncIterator[bytes]:
    """The same chunks; a broken connection is raised as the client's own error, so that it is retried."""
    import openai

    while True:
        try:
            chunk = await anext(chunks, None)
        except Exception as error:
            raise openai.APIConnectionError(request=request) from error  # type: ignore[arg-type]
        if chunk is None:
            return
        yield chunk


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Split at line feeds only: JSON text may contain U+2028 and similar characters."""
    rest: list[bytes] = []
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        for part in others:
            yield b"".join(rest)
            rest = [part]
    if last := b"".join(rest):
        yield last
