"""An endpoint's files and batches: upload, create, look up, download.

Every call is retried by the one policy, and creating with care: an answer that got lost may have been a yes,
so before asking again the endpoint's own list is looked through. Knows no papers and no files of ours but
the one that it uploads.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..endpoint import Endpoint
from ..endpoint_errors import said_by
from ..errors import EndpointError, PapercardsError
from ..retrying import RetryPolicy
from ..transport import open_client

if TYPE_CHECKING:
    import openai
    from openai.types import Batch

T = TypeVar("T")

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
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
    """As OpenAI names them: `validating`, `in_progress`, `finalizing`, `cancelling`, and those of `ENDED`."""
    created_at: int | None
    """Seconds since the epoch."""
    done: int
    failed: int
    total: int
    files: tuple[str, ...]
    """Ids of the files with results: answers, then errors; each only if there is one."""
    problem: str
    """What was wrong with the batch as a whole, or nothing."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in ENDED


class Service:
    """One endpoint's batch API. Every method raises EndpointError, in one sentence and without the key."""

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy | None = None) -> None:
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
        asked = False

        async def send() -> str:
            nonlocal asked
            if asked:
                found = await self._find({token: file_id}, others)
                if token in found:
                    return found[token]
            asked = True
            made = await self._client.batches.create(
                input_file_id=file_id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={MARK: token},
            )
            return made.id

        return await self._run(send)

    async def find(self, tokens: dict[str, str | None], *, others: Collection[str]) -> dict[str, str]:
        """Batches that exist already, by token: told by their metadata or by their input file.

        `tokens` has the id of each token's uploaded file, where it is known. A batch that failed as a whole
        is not one: it holds nothing.
        """

        async def send() -> dict[str, str]:
            return await self._find(tokens, others)

        return await self._run(send)

    async def retrieve(self, batch_id: str) -> Remote:
        """How a batch is now."""

        async def send() -> Remote:
            return _remote(await self._client.batches.retrieve(batch_id))

        return await self._run(send, absent=f"there is no batch {batch_id}")

    async def download(self, file_id: str, take: Callable[[bytes], None]) -> None:
        """Hand each line of a file to `take`, as it comes; after a break it begins anew."""

        async def send() -> None:
            async with self._client.files.with_streaming_response.content(file_id) as response:
                async for line in _lines(_chunks(response.iter_bytes(), response.http_request)):
                    take(line)

        await self._run(send, absent=f"there is no file {file_id}")

    async def _find(self, tokens: dict[str, str | None], others: Collection[str]) -> dict[str, str]:
        import time

        found: dict[str, str] = {}
        by_file = {file: token for token, file in tokens.items() if file is not None}
        async for batch in self._client.batches.list(limit=100):
            created = batch.created_at
            if isinstance(created, int) and created < time.time() - MAX_AGE_S:
                break  # the newest come first
            token = (batch.metadata or {}).get(MARK) or by_file.get(batch.input_file_id)
            if token in tokens and batch.id not in others and batch.status != "failed":
                found.setdefault(token, batch.id)
                if len(found) == len(tokens):
                    break
        return found

    async def _run(self, send: Callable[[], Awaitable[T]], *, absent: str = "") -> T:
        """What `send` gives; `absent` says what a 404 means."""
        import openai

        try:
            return await self._policy.run(send)
        except openai.NotFoundError as error:
            if not absent:
                raise self._explain(error) from error
            raise EndpointError(
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


def _remote(batch: "Batch") -> Remote:
    counts = batch.request_counts
    problems = [fault.message or fault.code or "" for fault in (batch.errors and batch.errors.data) or []]
    created = batch.created_at
    return Remote(
        id=batch.id,
        status=batch.status,
        # Not every endpoint that speaks this protocol writes the time as a number.
        created_at=created if isinstance(created, int) else None,
        done=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        total=counts.total if counts else 0,
        files=tuple(file for file in (batch.output_file_id, batch.error_file_id) if file),
        problem="; ".join(problems[:3])[:300],
    )


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
