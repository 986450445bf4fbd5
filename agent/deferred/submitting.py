"""Sending what is written down, in steps that may break off anywhere.

The state is on disk before and after each step. What cannot be known after a kill (whether the endpoint made
the batch whose answer never came) is asked of the endpoint: each batch carries the hash of its requests, and
one with that hash is taken up instead of being made again.
"""

from collections.abc import Callable
from pathlib import Path

from .requests import request_file
from .service import Service
from .state import Sent, State


def unsent(state: State, folder: Path) -> list[Sent]:
    """What is still to be sent, as far as is known.

    A batch whose request file is gone before it was uploaded is struck off the state: its papers have no
    answer, so that the next run asks for them.
    """
    state.batches = [
        sent
        for sent in state.batches
        if sent.batch_id or sent.file_id or _is_whole(request_file(folder, sent.number), sent.size)
    ]
    return [sent for sent in state.batches if sent.batch_id is None]


async def submit(
    service: Service, state: State, path: Path, folder: Path, say: Callable[[str], None]
) -> None:
    """Send all that is not sent yet and keep the state at `path` true to it.

    Raises EndpointError and StorageError; a second call goes on where the first one ended.
    """
    todo = unsent(state, folder)
    state.save(path)
    others = {sent.batch_id for sent in state.batches if sent.batch_id}
    there = await service.find({sent.token: sent.file_id for sent in todo}, others=others) if todo else {}
    for sent in todo:
        file = request_file(folder, sent.number)
        sent.batch_id = there.get(sent.token)
        if sent.batch_id is not None:
            say(f"{sent.batch_id}: was there already, {sent.requests:,} requests")
        else:
            if sent.file_id is None:
                sent.file_id = await service.upload(file, f"papercards-{sent.token[:16]}.jsonl")
                state.save(path)
            sent.batch_id = await service.create(sent.file_id, sent.token, others=others)
            say(f"{sent.batch_id}: {sent.requests:,} requests sent")
        state.save(path)
        file.unlink(missing_ok=True)


def _is_whole(file: Path, size: int) -> bool:
    return file.is_file() and file.stat().st_size == size
