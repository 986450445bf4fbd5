"""An answer of an endpoint, read up to a bound: whoever sends without end fills no memory.

Counted after decompression, while it comes in, whatever its status. Knows HTTP. Knows no endpoints.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

MAX_BYTES = 8 << 20
"""A completion is seldom more than 100 kB; with the probabilities of tokens it may be some megabytes."""

_FILES = "/content"
"""What the addresses of files end in: results of batches, which are streamed to disk."""


class AnswerTooLong(Exception):
    """An answer has more than `MAX_BYTES`."""

    def __init__(self) -> None:
        super().__init__(f"an answer of more than {MAX_BYTES >> 20} MB")


async def bound(response: "httpx2.Response") -> None:
    """Let the body of a response, which is not read yet, end in AnswerTooLong where it is too long."""
    if response.request.url.path.endswith(_FILES):
        return
    whole = response.aiter_bytes

    async def bounded(chunk_size: int | None = None) -> AsyncGenerator[bytes, None]:
        size = 0
        async with aclosing(whole(chunk_size)) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > MAX_BYTES:
                    raise AnswerTooLong
                yield piece

    response.aiter_bytes = bounded  # type: ignore[method-assign]
