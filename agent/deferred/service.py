"""An endpoint's files and batches: upload, create, look up, download.

Every call is retried by the one policy, and creating with care: an answer that got lost may have been a yes,
so before asking again the endpoint's own list is looked through. Knows no papers and no files of ours but
the one that it uploads.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..endpoint import Endpoint
from ..endpoint_errors import said_by
from ..errors import EndpointError, PapercardsError
from ..retrying import RetryPolicy
from ..transport import open_client

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
"""What other providers call the statuses that OpenAI names."""
MARK = "papercards"
"""The metadata key that holds a batch's token."""

UPLOAD_TIMEOUT_S = 600.0
MAX_AGE_S = 30 * 86_400
"""Older batches are not looked for: their results are gone."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A batch as the endpoint tells of it."""

    id: str
    status: str
    """One of `ENDED` or `RUNNING`, or what the endpoint says in lower case where it is none of them."""
    created_at: int | None
    """Seconds since the epoch."""
    done: int
    failed: int
    total: int
    files: tuple[str, ...]
    """Ids of the files with results: answers, then errors; each only if there is one."""
    problem: str
    """What was wrong with the batch as a whole, or nothing."""
    sent: int = 0
    """Number of requests in it, as far as the sender knows."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in ENDED

    @property
    def known(self) -> bool:
        """Whether it is understood what the status means."""
        return self.status in ENDED or self.status in RUNNING

    @property
    def expected(self) -> int:
        """Number of lines that its result files must have together, at least."""
        if self.status == "failed":
            return self.done if self.files else 0
        counted = self.done + self.failed
        return counted or (self.total or self.sent if self.status == "completed" else 0)


class Absent(EndpointError):
    """The endpoint does not have the batch or file that was asked for."""


class Service:
    """One endpoint's batch API. Every method raises EndpointError, in one sentence and without the key.

    `say` is told what the endpoint cannot do and what that means.
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
        """The id of an uploaded request file, which is streamed."""

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
        """The id of the batch for an uploaded file; `others` are batches that cannot be it."""
        import openai

        asked = lost = False
        metadata: dict[str, dict[str, str]] = {"metadata": {MARK: token}}

        async def send() -> str:
            nonlocal asked, lost
            if asked:
                found = await self._find({token: file_id}, others)
                if found is None and lost:
                    raise EndpointError(
                        "whether the batch was made is not known: the answer got lost, "
                        "and the endpoint does not list its batches",
                        where=self._endpoint.shown_url,
                        next_step="If the provider's own page shows no batch, run the same command again",
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
                        "the endpoint takes no metadata: a batch is known again by its input file alone"
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
        """Batches that exist already, by token: told by their metadata or by their input file.

        `tokens` has the id of each token's uploaded file, where it is known. A batch that failed as a whole
        is not one: it holds nothing. Where the endpoint does not list its batches, none is found.
        """

        async def send() -> dict[str, str]:
            return await self._find(tokens, others) or {}

        return await self._run(send)

    async def retrieve(self, batch_id: str, sent: int = 0) -> Remote:
        """How a batch of `sent` requests is now."""

        async def send() -> Remote:
            return _remote(self._read(await self._client.batches.retrieve(batch_id)), batch_id, sent)

        return await self._run(send, absent=f"there is no batch {batch_id}")

    async def download(self, file_id: str, take: Callable[[bytes], None]) -> None:
        """Hand each line of a file to `take`, as it comes; after a break it begins anew."""

        async def send() -> None:
            async with self._client.files.with_streaming_response.content(file_id) as response:
                async for line in _lines(_chunks(response.iter_bytes(), response.http_request)):
                    take(line)

        await self._run(send, absent=f"there is no file {file_id}")

    async def _find(self, tokens: dict[str, str | None], others: Collection[str]) -> dict[str, str] | None:
        """What `find` gives; None: the endpoint does not list its batches."""
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
                "the endpoint does not list its batches: "
                "one that was made while the connection broke would not be found again"
            )
            return None
        return found

    def _read(self, batch: object) -> dict[str, Any]:
        """A batch as the endpoint wrote it, whatever types its fields have. Raises EndpointError for none."""
        from pydantic import BaseModel

        record = batch.model_dump(warnings=False) if isinstance(batch, BaseModel) else None
        if record is None or not isinstance(record.get("id"), str):
            raise EndpointError(
                "the endpoint answered with something else than a batch",
                where=self._endpoint.shown_url,
                next_step="Check --base-url",
            )
        return record

    async def _run(self, send: Callable[[], Awaitable[T]], *, absent: str = "") -> T:
        """What `send` gives; `absent` says what a 404 means."""
        import openai

        try:
            return await self._policy.run(send)
        except openai.NotFoundError as error:
            if not absent:
                raise self._explain(error) from error
            raise Absent(
                absent,
                where=self._endpoint.shown_url,
                next_step="Check that the key is of the account that sent it. If it is gone for good, "
                "remove the state file and run enrich --batch-api again",
            ) from error
        except openai.OpenAIError as error:
            raise self._explain(error) from error

    def _explain(self, error: "openai.OpenAIError") -> PapercardsError:
        import openai

        place = self._endpoint.shown_url
        if isinstance(error, openai.APIConnectionError):
            return EndpointError(
                "the endpoint cannot be reached",
                where=place,
                next_step="Run the same command again to go on; nothing is sent twice",
            )
        said = said_by(error, self._endpoint)
        if not isinstance(error, openai.APIStatusError):
            return EndpointError(said, where=place)
        if error.status_code in (401, 403):
            variable = self._endpoint.model.key_variable or "the key"
            return EndpointError(
                f"the endpoint refuses the key ({error.status_code}): {said}",
                where=place,
                next_step=f"Check {variable}",
            )
        if error.status_code in (404, 405, 501):
            return EndpointError(
                f"the endpoint has no batch API, or not what was sent to it: {said}",
                where=place,
                next_step="Run enrich without --batch-api, or check --base-url",
            )
        return EndpointError(f"the endpoint answered {error.status_code}: {said}", where=place)


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
    """What is wrong, whether it is told as a text, as a record or as a list of either."""
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
    """The same chunks; a connection that breaks off is the client's own error, so that it is retried."""
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
    """Lines that a line feed ends and nothing else: JSON text may hold U+2028 and its like as they are."""
    rest: list[bytes] = []
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        for part in others:
            yield b"".join(rest)
            rest = [part]
    if last := b"".join(rest):
        yield last
