"""Sends request files, in steps that can be interrupted anywhere.

The state is saved before and after each step. After a crash it may be unknown whether the endpoint created a
batch; then the endpoint is asked: each batch carries the hash of its requests, and an existing batch with
that hash is used instead of creating another one.
"""

from collections.abc import Callable
from pathlib import Path

from ...text.wording import counted
from .requests import request_file
from .service import Service
from .state import Sent, State


def unsent(state: State, folder: Path) -> list[Sent]:
    """The batches still to be sent, as far as known.

    A batch whose request file was deleted before the upload is removed from the state; the next run sends its
    papers again.
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
    """Send everything that is not sent yet, and keep the state at `path` up to date.

    Raises EndpointError and StorageError; a second call continues where the first one stopped.
    """
    todo = unsent(state, folder)
    state.save(path)
    others = {sent.batch_id for sent in state.batches if sent.batch_id}
    there = await service.find({sent.token: sent.file_id for sent in todo}, others=others) if todo else {}
    for sent in todo:
        file = request_file(folder, sent.number)
        sent.batch_id = there.get(sent.token)
        if sent.batch_id is not None:
            say(f"{sent.batch_id}: already exists, {counted(sent.requests, 'request')}")
        else:
            if sent.file_id is None:
                sent.file_id = await service.upload(file, f"papercards-{sent.token[:16]}.jsonl")
                state.save(path)
            sent.batch_id = await service.create(sent.file_id, sent.token, others=others)
            say(f"{sent.batch_id}: {counted(sent.requests, 'request')} sent")
        state.save(path)
        file.unlink(missing_ok=True)


def _is_whole(file: Path, size: int) -> bool:
    return file.is_file() and file.stat().st_size == size
